"""Zola: pages below `content`, with TOML front matter (getzola.org/documentation/content)."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar

from feeds.presets import slugs, vocabulary
from feeds.presets.matter import Matter
from feeds.presets.permalink import PageFacts
from feeds.presets.preset import Preset
from feeds.presets.reading import Dialect, Format, Reading
from feeds.util import dates

# A date, or a time of RFC 3339 with underscores or colons, in front of a file name.
_NAME_DATE = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(T\d{2}[:_-]?\d{2}[:_-]?\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}[:_-]?\d{2}))?"
    r"(?:_|-|\s+)(?=.)"
)
_PATH_DATE = re.compile(r"/(\d{4})/(\d{1,2})/(\d{1,2})(?:/|$)")
_LANGUAGE = re.compile(r"(.+)\.([a-z]{2,3}(?:-[A-Za-z]{2,4})?)")


class Zola(Preset):
    """Zola, with its own templates of feeds. The rules have the names of Zola's settings."""

    name: ClassVar[str] = "zola"
    title: ClassVar[str] = "Zola"
    formats: ClassVar[tuple[Format, ...]] = ("toml", "yaml")
    extensions: ClassVar[tuple[str, ...]] = (".md",)
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "title": ("title",),
        "published": ("date",),
        "updated": ("updated",),
        "created": (),
        "summary": ("description",),
        "authors": ("authors", "extra.author", "extra.authors"),
        "image": (
            "extra.image", "extra.cover", "extra.cover_image", "extra.thumbnail", "extra.banner",
        ),
        "url": ("path",),
        "aliases": ("aliases",),
    }  # fmt: skip
    permalink: ClassVar[str] = "/{folder}/{slug}/"
    dialect: ClassVar[Dialect] = Dialect(templates=("zola",))
    also_read: ClassVar[tuple[str, ...]] = ("taxonomies",)
    name_date: ClassVar[re.Pattern[str]] = _NAME_DATE
    rules: ClassVar[Mapping[str, Any]] = {
        "default_language": "en",
        "languages": (),
        "slugify_paths": "on",
        "paths_keep_dates": False,
    }

    def skip(self, path: str, matter: Matter) -> str:  # noqa: ARG002
        """Return why Zola makes no page of the file, or none that its feeds show."""
        if PurePosixPath(path).name.partition(".")[0] == "_index":
            return "is the page of a section"
        return ""

    def read_published(self, reading: Reading, path: str) -> None:
        """Read the date, if need be from the page's path; without one it is in no feed of Zola."""
        super().read_published(reading, path)
        if "publishedDateTime" not in reading.data:
            self._read_path_date(reading, path)

    def _read_path_date(self, reading: Reading, path: str) -> None:
        """Read a date such as 2024/05/31 from `path` in the front matter, or from the folders."""
        own = reading.matter.get("path")
        match = _PATH_DATE.search(f"/{own.value}" if own else f"/{path}")
        reading.moment = self._midnight(match)
        if reading.moment is None:
            reading.skipped = "has no date, so that it is in no feed"
        else:
            reading.data["publishedDateTime"], reading.dated = reading.moment, "path"

    def name_moment(self, path: str) -> datetime | None:
        """Return the date or the time in front of the name of the file or its folder."""
        match = self.name_date.match(self._own_name(path))
        if match is None or match[4] is None:
            return self._midnight(match)
        day, clock = match[0][:10], match[4].replace("_", ":").rstrip(":")
        try:
            return self.moment(f"{day}{clock}")
        except dates.BadDateError:
            return None

    def bare_name(self, path: str) -> str:
        """Return the name of the file or its folder, without language and date."""
        name = self._own_name(path)
        return name if self.rule["paths_keep_dates"] else self.name_date.sub("", name, count=1)

    def _own_name(self, path: str) -> str:
        """Return the name of the file without extension and language, or that of its folder."""
        stem = path.removesuffix(".md")
        if language := self._language(path):
            stem = stem.removesuffix(f".{language}")
        return stem.removesuffix("/index").rpartition("/")[2]

    def topics(self, matter: Matter) -> list[Any]:
        """Return the terms of all taxonomies but authors; old sites have them at the top."""
        table = matter.get("taxonomies")
        if table is None or not isinstance(table.value, Mapping):
            return super().topics(matter)
        inner = Matter(table.value)
        names = [str(name) for name in table.value]
        names = [name for name in names if name.lower() not in ("authors", "author")]
        return vocabulary.terms(inner.all(names))

    def read_topics(self, reading: Reading, path: str) -> None:
        """Read the terms of the article, and authors that are a taxonomy."""
        super().read_topics(reading, path)
        authors = reading.matter.get("taxonomies.authors") or reading.matter.get(
            "taxonomies.author"
        )
        if authors is not None:
            people = vocabulary.people(authors.value, self.options.people)
            self._put(reading, "authors", people, authors)

    def read_language(self, reading: Reading, path: str) -> None:
        """Read the language from the file name: `page.fr.md`."""
        if language := self._language(path):
            reading.data["language"] = language

    def clean(self, name: str, text: str) -> str:
        """Return the text of a placeholder as `slugify.paths` writes it."""
        mode = self.rule["slugify_paths"]
        if name not in ("slug", "sections", "section", "folder", "path", "name") or mode == "off":
            return text
        if mode == "safe":
            return re.sub(r"[<>:|?*#\\()\[\]\s]+", "_", text)
        return "/".join(slugs.zola(part) for part in text.split("/"))

    def page_url(self, matter: Matter, path: str, facts: PageFacts) -> str | None:
        """Return the URL of the page, in the folder of its language, with `/` at the end."""
        own = matter.get("path")
        address = f"{str(own.value).strip('/')}/" if own else self.expand(facts).lstrip("/")
        if (language := self._language(path)) not in ("", self.rule["default_language"]):
            address = f"{language}/{address}"
        return self.absolute(f"/{address}")

    def _language(self, path: str) -> str:
        """Return the language that the file name ends with; empty if there is none."""
        match = _LANGUAGE.fullmatch(path.removesuffix(".md"))
        return match[2] if match and match[2] in self.rule["languages"] else ""
