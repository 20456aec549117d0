"""Pelican: articles with `Key: value` lines, or reStructuredText (docs.getpelican.com)."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar

from feeds.presets import slugs, vocabulary
from feeds.presets.matter import Matter, Value
from feeds.presets.permalink import DateZone
from feeds.presets.preset import Preset
from feeds.presets.reading import Dialect, Format, Reading

# The default of FILENAME_METADATA: a date in front of the name, which stays in the slug.
_NAME_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


class Pelican(Preset):
    """Pelican. The rules have the names of its settings in lower case."""

    name: ClassVar[str] = "pelican"
    title: ClassVar[str] = "Pelican"
    formats: ClassVar[tuple[Format, ...]] = ("headers", "rst")
    extensions: ClassVar[tuple[str, ...]] = (".md", ".markdown", ".mkd", ".mdown", ".rst")
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "title": ("title",),
        "published": ("date",),
        "created": (),
        "updated": ("modified",),
        "summary": ("summary", "description"),
        "authors": ("authors", "author"),
        "url": ("url",),
    }
    permalink: ClassVar[str] = "/{slug}.html"
    zone_of_permalink: ClassVar[DateZone] = "site"
    dialect: ClassVar[Dialect] = Dialect(templates=("pelican",), references="source")
    name_date: ClassVar[re.Pattern[str]] = _NAME_DATE
    rules: ClassVar[Mapping[str, Any]] = {
        "default_category": "misc",
        "use_folder_as_category": True,
        "slugify_source": "title",
        "default_date": "",
        "default_status": "published",
    }

    def read(self, path: str, data: Mapping[str, Any], body: str) -> Reading:
        """Return the article; without a status it has the site's default."""
        if not any(isinstance(name, str) and name.lower() == "status" for name in data):
            data = {**data, "status": self.rule["default_status"]}
        return super().read(path, data, body)

    def read_title(self, reading: Reading, path: str) -> None:
        """Read the title, of which Pelican takes no heading of the body."""
        if self._first(reading, "title") is None:
            reading.data["title"] = self.bare_name(path)
        else:
            super().read_title(reading, path)

    def read_published(self, reading: Reading, path: str) -> None:
        """Read the date; Pelican does not publish an article without one."""
        super().read_published(reading, path)
        if "publishedDateTime" not in reading.data and (default := self.rule["default_date"]):
            reading.moment = self.moment(default)
            reading.data["publishedDateTime"] = reading.moment
        if "publishedDateTime" not in reading.data:
            reading.skipped = "has no date, so that Pelican does not publish it"

    def moment(self, value: Any) -> datetime:
        """Return the time that a value means; `_` stands for a space."""
        return super().moment(value.replace("_", " ") if isinstance(value, str) else value)

    def bare_name(self, path: str) -> str:
        """Return the file name without extension."""
        return PurePosixPath(path).stem

    def slug(self, path: str, matter: Matter, title: str) -> str:
        """Return the slug of the front matter, else one of the title or the file name."""
        if slug := matter.get("slug"):
            return str(slug.value)
        is_by_name = self.rule["slugify_source"] == "basename"
        return slugs.pelican(self.bare_name(path) if is_by_name else title)

    def topics(self, matter: Matter) -> list[Any]:
        """Return the tags; `read_topics` adds the category."""
        return vocabulary.terms(_split(matter.all(("tags",))))

    def read_topics(self, reading: Reading, path: str) -> None:
        """Read the category and the tags."""
        super().read_topics(reading, path)
        category = self.categories(reading.matter, path)
        reading.data["topics"] = list(dict.fromkeys([*category, *reading.data["topics"]]))

    def read_authors(self, reading: Reading, path: str) -> None:  # noqa: ARG002
        """Read the authors, separated like tags; `Last, First` is one if there is a semicolon."""
        if (authors := self._first(reading, "authors")) is not None:
            [split] = _split([authors])
            people = vocabulary.people(split.value, self.options.people)
            self._put(reading, "authors", people, authors)

    def categories(self, matter: Matter, path: str) -> tuple[str, ...]:
        """Return the category: of the front matter, the folder, or the site's default."""
        if category := matter.get("category"):
            return (str(category.value),)
        folder = PurePosixPath(path).parent.name
        if folder and self.rule["use_folder_as_category"]:
            return (folder,)
        return (self.rule["default_category"],) if self.rule["default_category"] else ()

    def clean(self, name: str, text: str) -> str:
        """Return the text of a placeholder; names of categories and authors become slugs."""
        return slugs.pelican(text) if name in ("category", "author", "title") else text


def _split(values: Any) -> list[Value]:
    """Return values whose text is split at semicolons, or else at commas."""
    split = []
    for value in values:
        if isinstance(value.value, str):
            separator = ";" if ";" in value.value else ","
            parts = [part.strip() for part in value.value.split(separator) if part.strip()]
            split.append(Value(value.keys, parts))
        else:
            split.append(value)
    return split
