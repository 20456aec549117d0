"""Reads front matter of other tools into this project's vocabulary, one value at a time. No I/O."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar
from urllib.parse import quote, urljoin

from feeds.presets import vocabulary
from feeds.presets.matter import Matter, Value
from feeds.presets.reading import Options, Reading
from feeds.util import dates, urls

# What a date in front of a file name looks like.
NAME_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[-_ ]+|$)")
_HEADING = re.compile(r"\s*#[ \t]+(.+?)[ \t#]*(?:\{[^}\n]*\})?[ \t]*(?:\n|\Z)")
_SETEXT = re.compile(r"\s*([^\s#>*+-][^\n]*)\n=+[ \t]*(?:\n|\Z)")
# Keys that cannot hold anything but a date.
_NAMES_DATE = re.compile(r"date|pub.*at|publishedOn", re.IGNORECASE)
# Seconds or milliseconds since 1970, from 2001 on.
_EPOCH = re.compile(r"\d{10}(\d{3})?", re.ASCII)
_MARKUP = re.compile(r"[`*]|\[([^\]]*)\]\([^)]*\)")


class FieldReader:
    """Readers of the values of an article. Presets say differently what their generators do."""

    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    split: ClassVar[str] = ""
    """The character that separates terms in one text; empty if a text is one term."""
    name_date: ClassVar[re.Pattern[str]] = NAME_DATE

    def __init__(self, options: Options) -> None:
        self.options = options
        names = {**vocabulary.COMMON, **self.fields, **options.fields}
        self._names: Mapping[str, tuple[str, ...]] = names

    # Rules of a generator.

    def topics(self, matter: Matter) -> list[Any]:
        """Return the terms of the article."""
        return vocabulary.terms(matter.all(self._names["topics"]), self.split)

    def moment(self, value: Any) -> datetime:
        """Return the time that a value means, in its own zone. Raises `dates.BadDateError`."""
        if isinstance(value, str | int) and (epoch := _EPOCH.fullmatch(str(value).strip())):
            return dates.from_timestamp(int(epoch[0][:10]))
        return dates.parse_aware(value, self.options.zone)

    def name_moment(self, path: str) -> datetime | None:
        """Return the date in the file's name or path, midnight in the site's zone."""
        name = PurePosixPath(path).stem
        return self._midnight(self.name_date.match(name) or self.name_date.match(_bundle(path)))

    def bare_name(self, path: str) -> str:
        """Return the file name without extension and date; the folder's for `index.md`."""
        name = PurePosixPath(path).stem
        if name.lower() == "index":
            name = _bundle(path) or name
        return self.name_date.sub("", name, count=1) or name

    def absolute(self, address: str) -> str:
        """Return a URL or a path below the site as an absolute URL."""
        if urls.is_absolute(address):
            return address
        path = quote(address.lstrip("/"), safe="/!$&'()*+,;=:@~%?#")
        return urljoin(self.options.url, f"./{path}")  # a colon in it does not end a scheme

    # One value each.

    def read_title(self, reading: Reading, path: str) -> None:
        """Read the title, or else take it from the first heading or the file name."""
        value = self._first(reading, "title")
        if value is not None and isinstance(value.value, str | int | float):
            self._put(reading, "title", str(value.value), value)
            return
        heading = _HEADING.match(reading.body) or _SETEXT.match(reading.body)
        if heading:
            reading.body = reading.body[heading.end() :]
        title = _MARKUP.sub(r"\1", heading[1]) if heading else self.title_from_name(path)
        reading.data["title"] = title

    def title_from_name(self, path: str) -> str:
        """Return the title of an article without one."""
        words = re.sub(r"[-_]+", " ", self.bare_name(path)).strip()
        return words[:1].upper() + words[1:]

    def read_published(self, reading: Reading, path: str) -> None:
        """Read the date of publication, from the front matter or else from the file's name."""
        reading.moment = self._read_date(reading, "publishedDateTime", "published")
        if reading.moment is not None:
            reading.dated = "front matter"
        elif "publishedDateTime" not in reading.data:
            reading.moment = self.name_moment(path)
            if reading.moment is not None:
                reading.data["publishedDateTime"] = reading.moment
                reading.dated = "file name"
            else:
                self._read_created(reading)

    def _read_created(self, reading: Reading) -> None:
        reading.moment = self._read_date(reading, "publishedDateTime", "created")
        reading.dated = "front matter" if reading.moment else ""

    def read_updated(self, reading: Reading, path: str) -> None:  # noqa: ARG002
        """Read the date of the last change."""
        self._read_date(reading, "updatedDateTime", "updated")

    def _read_date(self, reading: Reading, ours: str, name: str) -> datetime | None:
        """Read the first name that has a date; if none has, a wrong date is left to be reported."""
        wrong: Value | None = None
        own = reading.matter.get(ours)
        for value in [own] if own else reading.matter.all(self._names[name]):
            if isinstance(value.value, bool | dict | list):
                continue
            try:
                moment = self.moment(value.value)
            except dates.BadDateError:
                if _NAMES_DATE.search(value.keys[-1]):
                    wrong = wrong or value
                continue
            self._put(reading, ours, moment, value)
            return moment
        if wrong is not None:
            self._put(reading, ours, wrong.value, wrong)
        return None

    def read_topics(self, reading: Reading, path: str) -> None:  # noqa: ARG002
        """Read the terms of the article."""
        values = list(reading.matter.all(self._names["topics"]))
        topics = self.topics(reading.matter)
        for value in values:
            self._put(reading, "topics", topics, value)
        reading.data["topics"] = topics

    def read_authors(self, reading: Reading, path: str) -> None:  # noqa: ARG002
        """Read the authors of the article."""
        authors = self._first(reading, "authors")
        if authors is not None:
            people = vocabulary.people(authors.value, self.options.people, self.split)
            self._put(reading, "authors", people, authors)

    def read_summary(self, reading: Reading, path: str) -> None:  # noqa: ARG002
        """Read the summary."""
        self._read_text(reading, "excerpt", "summary")

    def read_language(self, reading: Reading, path: str) -> None:  # noqa: ARG002
        """Read the language."""
        self._read_text(reading, "language", "language")

    def _read_text(self, reading: Reading, ours: str, name: str) -> None:
        value = self._first(reading, name)
        if value is not None and isinstance(value.value, str):
            self._put(reading, ours, value.value, value)

    def read_canonical(self, reading: Reading, path: str) -> None:  # noqa: ARG002
        """Read the URL at which the article was published first."""
        value = self._first(reading, "canonical")
        if value is not None and isinstance(value.value, str):
            self._put(reading, "originalUrl", self.absolute(value.value), value)

    def read_image(self, reading: Reading, path: str) -> None:  # noqa: ARG002
        """Read the first image of the article."""
        for value in reading.matter.all(self._names["image"]):
            if image := vocabulary.picture(value.value):
                self._put(reading, "images", [image], value)
                return
        reading.data.pop("images", None)

    def read_audio(self, reading: Reading, path: str) -> None:  # noqa: ARG002
        """Read the recording, with its size and duration."""
        audio = self._first(reading, "audio")
        if audio is None:
            return
        size, duration = (self._first(reading, f"audio_{name}") for name in ("size", "duration"))
        recording = vocabulary.recording(
            audio.value, size and size.value, duration and duration.value
        )
        if recording is not None:
            self._put(reading, "audio", recording, audio)

    def _first(self, reading: Reading, name: str) -> Value | None:
        return next(iter(reading.matter.all(self._names[name])), None)

    def _put(self, reading: Reading, ours: str, value: Any, read: Value) -> None:
        """Put a value under our name, in place of the author's key."""
        if read.keys[0] != ours:
            if len(read.keys) == 1:
                reading.data.pop(read.keys[0], None)
            reading.names[ours] = read.keys
        reading.data[ours] = value

    def _midnight(self, match: re.Match[str] | None) -> datetime | None:
        if match is None:
            return None
        year, month, day = (int(part) for part in match.groups()[:3])
        try:
            return datetime(year, month, day, tzinfo=self.options.zone)
        except ValueError:
            return None

    # By our names: how each is read.
    readers: ClassVar[Mapping[str, Callable[["FieldReader", Reading, str], None]]] = {
        "title": lambda self, *file: self.read_title(*file),
        "publishedDateTime": lambda self, *file: self.read_published(*file),
        "updatedDateTime": lambda self, *file: self.read_updated(*file),
        "topics": lambda self, *file: self.read_topics(*file),
        "authors": lambda self, *file: self.read_authors(*file),
        "excerpt": lambda self, *file: self.read_summary(*file),
        "language": lambda self, *file: self.read_language(*file),
        "originalUrl": lambda self, *file: self.read_canonical(*file),
        "images": lambda self, *file: self.read_image(*file),
        "audio": lambda self, *file: self.read_audio(*file),
    }


def _bundle(path: str) -> str:
    """Return the name of the folder of an `index` file; empty for other files."""
    parts = PurePosixPath(path)
    return parts.parent.name if parts.stem.lower() == "index" else ""
