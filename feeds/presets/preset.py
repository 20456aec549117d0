"""How a site generator reads its articles. This module has the rules of a plain folder. No I/O.

A preset turns the front matter of one file into this project's vocabulary, finds the URL of its
page, and knows which files its generator does not publish. Each generator is a subclass in a module
of this room.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar
from urllib.parse import quote, urljoin

from feeds.presets import ids, permalink, vocabulary
from feeds.presets.matter import Matter, Value, fold
from feeds.presets.permalink import DateZone, PageFacts
from feeds.presets.reading import Dialect, Format, Location, Options, Reading
from feeds.util import dates

# What a date in front of a file name looks like.
NAME_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[-_ ]+|$)")
_HEADING = re.compile(r"\s*#[ \t]+(.+?)[ \t#]*(?:\{[^}\n]*\})?[ \t]*(?:\n|\Z)")
_SETEXT = re.compile(r"\s*([^\s#>*+-][^\n]*)\n=+[ \t]*(?:\n|\Z)")
# Keys that cannot hold anything but a date.
_NAMES_DATE = re.compile(r"date|pub.*at|publishedOn", re.IGNORECASE)
# Seconds or milliseconds since 1970, from 2001 on.
_EPOCH = re.compile(r"\d{10}(\d{3})?", re.ASCII)
_MARKUP = re.compile(r"[`*]|\[([^\]]*)\]\([^)]*\)")
# Markers in a body that end its summary.
MORE = re.compile(r"<!--\s*(?:more|truncate|excerpt|end excerpt)\s*-->", re.IGNORECASE)
# Names that mean another thing elsewhere: the kind of a page, the bytes of a file, a shop's price.
_AMBIGUOUS = ("category", "type", "length", "related", "levels", "price", "actions", "video")


class Preset:
    """The rules of a plain folder of Markdown, and the base of those of all generators."""

    name: ClassVar[str] = "plain"
    title: ClassVar[str] = "plain folder"
    formats: ClassVar[tuple[Format, ...]] = ("yaml", "toml", "json", "none")
    extensions: ClassVar[tuple[str, ...]] = (".md", ".markdown", ".html", ".htm")
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    permalink: ClassVar[str] = "/{path}/"
    zone_of_permalink: ClassVar[DateZone] = "utc"
    dialect: ClassVar[Dialect] = Dialect()
    rules: ClassVar[Mapping[str, Any]] = {}
    """The options of this preset (`articles.rules`), with their defaults."""
    split: ClassVar[str] = ""
    """The character that separates terms in one text; empty if a text is one term."""
    name_date: ClassVar[re.Pattern[str]] = NAME_DATE
    is_foreign: ClassVar[bool] = True
    """Whether articles are another tool's: no category and type but their own."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.rule: Mapping[str, Any] = {**self.rules, **options.rules}
        names = {**vocabulary.COMMON, **self.fields, **options.fields}
        self._names: Mapping[str, tuple[str, ...]] = names

    # What a subclass may say differently.

    def skip(self, path: str, matter: Matter) -> str:  # noqa: ARG002
        """Return why the generator makes no page of the file; empty if it does."""
        name = PurePosixPath(path).name
        return f"{name} is not an article" if name.lower() in ("readme.md", "index.html") else ""

    def slug(self, path: str, matter: Matter, title: str) -> str:  # noqa: ARG002
        """Return the last part of the page's path, before `clean`."""
        slug = matter.get("slug")
        return str(slug.value) if slug else self.bare_name(path)

    def clean(self, name: str, text: str) -> str:  # noqa: ARG002
        """Return the text of a placeholder of the permalink, as the generator writes it in URLs."""
        return text

    def topics(self, matter: Matter) -> list[Any]:
        """Return the terms of the article."""
        return vocabulary.terms(matter.all(self._names["topics"]), self.split)

    def categories(self, matter: Matter, path: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the categories that a permalink names."""
        values = matter.all(("category", "categories"))
        return tuple(term for term in vocabulary.terms(values, self.split) if isinstance(term, str))

    def moment(self, value: Any) -> datetime:
        """Return the time that a value means, in its own zone. Raises `dates.BadDateError`."""
        if isinstance(value, str | int) and (epoch := _EPOCH.fullmatch(str(value).strip())):
            return dates.from_timestamp(int(epoch[0][:10]))
        return dates.parse_aware(value, self.options.zone)

    def name_moment(self, path: str) -> datetime | None:
        """Return the date in the file's name or path, midnight in the site's zone."""
        name = PurePosixPath(path).stem
        return self._midnight(self.name_date.match(name) or self.name_date.match(_bundle(path)))

    def page_url(self, matter: Matter, path: str, facts: PageFacts) -> str | None:  # noqa: ARG002
        """Return the URL of the page, from the front matter or by the site's pattern."""
        address = next(iter(matter.all(self._names["url"])), None)
        if address is not None and isinstance(address.value, str):
            return self.absolute(address.value)
        return self.absolute(self.expand(facts))

    def base_url(self, path: str, url: str) -> str:  # noqa: ARG002
        """Return the URL to which relative references in the body of an article are relative."""
        return url

    # What all presets have in common.

    def bare_name(self, path: str) -> str:
        """Return the file name without extension and date; the folder's for `index.md`."""
        name = PurePosixPath(path).stem
        if name.lower() == "index":
            name = _bundle(path) or name
        return self.name_date.sub("", name, count=1) or name

    def expand(self, facts: PageFacts) -> str:
        """Return the pattern of the article's folder, filled in."""
        pattern = permalink.pattern_for(self.options.permalink, facts.path) or self.permalink
        return permalink.expand(pattern, facts, self.clean)

    def absolute(self, address: str) -> str:
        """Return a URL or a path below the site as an absolute URL."""
        if "://" in address.split("?")[0]:
            return address
        return urljoin(self.options.url, quote(address.lstrip("/"), safe="/!$&'()*+,;=:@~%?#"))

    def read(self, path: str, data: Mapping[str, Any], body: str) -> Reading:
        """Return an article as its generator reads it; `path` is below the article folder."""
        data = self._with_defaults(path, data)
        reading = Reading(data=dict(data), body=body, matter=Matter(data))
        for name in _AMBIGUOUS:
            reading.data.pop(name, None)
        reading.skipped = self.skip(path, reading.matter)
        if not reading.skipped:
            for read in self.readers.values():
                read(self, reading, path)
        return reading

    def locate(
        self, path: str, reading: Reading, title: str, published: datetime, category: str | None
    ) -> Location:
        """Return where the page of an article is, and was; `published` is its date in feeds."""
        facts = self.page_facts(path, reading, title, reading.moment or published, category)
        url = self.page_url(reading.matter, path, facts)
        if url is None:
            return Location()
        aliases = vocabulary.terms(reading.matter.all(self._names["aliases"]))
        former = tuple(urljoin(url, alias) for alias in aliases if isinstance(alias, str))
        return Location(url, former, self._id(reading, url, published))

    def _id(self, reading: Reading, url: str, published: datetime) -> str | None:
        own = next(iter(reading.matter.all(self.options.fields.get("id", ()))), None)
        if own is not None:
            return str(own.value).strip()
        number = reading.matter.get("wordpress_id")
        local = published.astimezone(self.options.zone)
        return ids.mint(self.options.ids, url, local, str(number.value) if number else "")

    def _with_defaults(self, path: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        if not self.options.defaults:
            return data
        folder = path.rpartition("/")[0]
        merged = dict(data)
        known = {fold(name) for name in data if isinstance(name, str)}
        while True:
            for name, value in self.options.defaults.get(folder or "*", {}).items():
                if fold(name) not in known:
                    merged[name] = value
                    known.add(fold(name))
            if not folder:
                return merged
            folder = folder.rpartition("/")[0]

    def read_title(self, reading: Reading, path: str) -> None:
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
        """Read the recording, with its size and duration of the article."""
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

    def page_facts(
        self, path: str, reading: Reading, title: str, moment: datetime, category: str | None
    ) -> PageFacts:
        """Return the facts from which the URL of an article's page is made."""
        stem = str(PurePosixPath(path).with_suffix(""))
        if "/" in stem and PurePosixPath(stem).name.lower() == "index":
            stem = stem.rpartition("/")[0]
        categories = self.categories(reading.matter, path)
        people = reading.data.get("authors") or [{}]
        author = people[0].get("name", "") if isinstance(people[0], dict) else ""
        return PageFacts(
            path=stem,
            name=self.bare_name(path),
            slug=self.slug(path, reading.matter, title),
            title=title,
            date=self.local(moment),
            category=category or (categories[0] if categories else ""),
            categories=categories,
            language=str(reading.data.get("language") or self.options.language),
            author=str(author),
        )

    def local(self, moment: datetime) -> datetime:
        """Return a time in the zone in which permalinks count days."""
        zone = self.options.permalink_zone or self.zone_of_permalink
        if zone == "own":
            return moment
        return moment.astimezone(UTC if zone == "utc" else self.options.zone)

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
    readers: ClassVar[Mapping[str, Callable[["Preset", Reading, str], None]]] = {
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
