"""Nikola: posts with lines `.. title: A` (getnikola.com/handbook.html)."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar

import msgspec

from feeds.presets import slugs, vocabulary
from feeds.presets.matter import Matter
from feeds.presets.permalink import DateZone, PageFacts
from feeds.presets.preset import Preset
from feeds.presets.reading import Dialect, Format, Reading

_WITHHELD = ("draft", "private")
# Nikola reads this as an offset to the east; other readers of dates turn it round.
_OFFSET = re.compile(r" UTC([+-]\d\d:\d\d)")
_LANGUAGE = re.compile(r"(.+)\.([a-z]{2,3}(?:[_@-][A-Za-z]{2,8})?)")


class Nikola(Preset):
    """Nikola 8. The rules have the names of Nikola's settings, in lower case."""

    name: ClassVar[str] = "nikola"
    title: ClassVar[str] = "Nikola"
    formats: ClassVar[tuple[Format, ...]] = ("headers", "rst", "yaml", "toml", "none")
    extensions: ClassVar[tuple[str, ...]] = (
        ".md", ".mdown", ".markdown", ".rst", ".html", ".htm",
    )  # fmt: skip
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "title": ("title",),
        "published": ("date",),
        "updated": ("updated",),
        "created": (),
        "summary": ("description",),
        "topics": ("tags", "category"),
        "authors": ("author",),
        "image": ("previewimage",),
        "url": (),
        "audio": ("enclosure",),
    }
    split: ClassVar[str] = ","
    permalink: ClassVar[str] = "/posts/{folder}/{slug}/"
    zone_of_permalink: ClassVar[DateZone] = "site"
    dialect: ClassVar[Dialect] = Dialect(templates=("nikola",))
    also_read: ClassVar[tuple[str, ...]] = ("pretty_url",)
    rules: ClassVar[Mapping[str, Any]] = {
        "default_lang": "en", "languages": (), "strip_indexes": True,
    }  # fmt: skip

    def skip(self, path: str, matter: Matter) -> str:
        """Return why Nikola makes no post of the file, or this project cannot read it."""
        folder, _, name = path.rpartition("/")
        meta = str(PurePosixPath(self._without_language(path)).with_suffix(".meta"))
        beside = self.options.names(folder)
        for sidecar in (f"{PurePosixPath(name).stem}.meta", PurePosixPath(meta).name):
            if sidecar in beside:
                return "has its metadata in a .meta file beside it, which is not read"
        marks = [str(term).lower() for term in vocabulary.terms(matter.all(("tags",)), ",")]
        marks += [str(value.value).strip().lower() for value in matter.all(("status",))]
        return next((f"is marked as {mark}" for mark in marks if mark in _WITHHELD), "")

    def read(self, path: str, data: Mapping[str, Any], body: str) -> Reading:
        """Return an article as Nikola reads it; warn of a slug that only Nikola can make."""
        reading = super().read(path, data, body)
        if not reading.matter.get("slug") and not slugs.is_latin(self.bare_name(path)):
            reading.remarks["slug"] = (
                "is missing, and Nikola transliterates the name of the file; write the slug that "
                "the page has"
            )
        return reading

    def read_title(self, reading: Reading, path: str) -> None:
        """Read the title, or else take the name of the file as it is."""
        if reading.matter.get("title"):
            super().read_title(reading, path)
        else:
            reading.data["title"] = self.bare_name(path)

    def moment(self, value: Any) -> datetime:
        """Return the time that a value means. Raises `dates.BadDateError`."""
        return super().moment(_OFFSET.sub(r"\1", value) if isinstance(value, str) else value)

    def read_published(self, reading: Reading, path: str) -> None:
        """Read the date; Nikola makes no post without one. A featured post is a public one."""
        super().read_published(reading, path)
        if "publishedDateTime" not in reading.data:
            reading.skipped = "has no date, so that it is no post"
        status = reading.matter.get("status")
        if status and str(status.value).strip().lower() in ("featured", "published"):
            reading.data.pop(status.keys[0], None)

    def topics(self, matter: Matter) -> list[Any]:
        """Return the tags, and the category, which may have commas."""
        terms = vocabulary.terms(matter.all(("tags",)), ",")
        terms += vocabulary.terms(matter.all(("category",)))
        return [term for index, term in enumerate(terms) if term not in terms[:index]]

    def read_language(self, reading: Reading, path: str) -> None:
        """Read the language from the file name: `post.es.md`."""
        if language := self._language(path):
            reading.data["language"] = language

    def bare_name(self, path: str) -> str:
        """Return the name of the file without language and extension; a date in it is kept."""
        return PurePosixPath(self._without_language(path)).stem

    def slug(self, path: str, matter: Matter, title: str) -> str:  # noqa: ARG002
        """Return the slug of the front matter as it is, or else that of the file name."""
        own = matter.get("slug")
        return str(own.value) if own else slugs.nikola(self.bare_name(path))

    def page_facts(
        self, path: str, reading: Reading, title: str, moment: datetime, category: str | None
    ) -> PageFacts:
        """Return the facts for the URL; a file `index` is a page of its folder like others."""
        facts = super().page_facts(path, reading, title, moment, category)
        return msgspec.structs.replace(facts, path=str(PurePosixPath(path).with_suffix("")))

    def page_url(self, matter: Matter, path: str, facts: PageFacts) -> str | None:
        """Return the URL of the page, in the folder of its language."""
        pattern = self.expand(facts)
        stem = pattern.removesuffix("/").removesuffix(".html")
        own = matter.get("pretty_url")
        is_pretty = pattern.endswith("/") and facts.slug != "index"
        if own is not None:
            is_pretty = str(own.value).strip().lower() in ("true", "yes", "1")
        address = f"{stem}/index.html" if is_pretty else f"{stem}.html"
        if self.rule["strip_indexes"] and address.endswith("/index.html"):
            address = address.removesuffix("index.html")
        language = self._language(path)
        return self.absolute(f"/{language}{address}" if language else address)

    def _language(self, path: str) -> str:
        """Return the language that the file name ends with, if it is not the default one."""
        match = _LANGUAGE.fullmatch(path.removesuffix(PurePosixPath(path).suffix))
        known = match is not None and match[2] in self.rule["languages"]
        return match[2] if match and known and match[2] != self.rule["default_lang"] else ""

    def _without_language(self, path: str) -> str:
        suffix = PurePosixPath(path).suffix
        language = self._language(path)
        return path.removesuffix(suffix).removesuffix(f".{language}") + suffix
