"""Eleventy: data of folders, collections by tag, permalink templates (11ty.dev/docs)."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec

from feeds.presets import eleventy_permalinks, permalink, slugs, vocabulary
from feeds.presets.eleventy_permalinks import UnknownFilterError, UnknownValueError
from feeds.presets.matter import Matter, fold
from feeds.presets.permalink import DateZone, PageFacts
from feeds.presets.preset import Preset
from feeds.presets.reading import Dialect, Format, Options, Reading
from feeds.util import dates

# src/TemplateFileSlug.js: what is in front of the date disappears, too.
_DATE_IN_NAME = re.compile(r".*?\d{4}-\d{2}-\d{2}-(.*)", re.DOTALL)
_DATE_IN_PATH = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_UTC = ZoneInfo("UTC")
_EXCLUDED = "eleventyExcludeFromCollections"
# Values of `date` that stand for a time of the file.
DATES_OF_FILES = frozenset({"last modified", "created", "git last modified", "git created"})
_PLUMBING = frozenset({"all", "post", "posts", "blog", "nav"})


class Eleventy(Preset):
    """Eleventy, with the feeds of @11ty/eleventy-plugin-rss.

    The rule `collection` is the tag of the articles; it is no topic. `slugFilter` is the filter
    that permalinks apply to titles. The other rules have the names of Eleventy's and markdown-it's
    settings.
    """

    name: ClassVar[str] = "eleventy"
    title: ClassVar[str] = "Eleventy"
    formats: ClassVar[tuple[Format, ...]] = ("yaml", "toml", "json", "none")
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "published": ("date",),
        "created": (),
        "slug": (),
        "url": ("permalink",),
    }
    zone_of_permalink: ClassVar[DateZone] = "utc"
    rules: ClassVar[Mapping[str, Any]] = {
        "collection": "",
        "markdownTemplateEngine": "liquid",
        "slugFilter": "slugify",
        "linkify": False,
        "typographer": False,
    }

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        engine = {"njk": "nunjucks", "liquid": "liquid"}.get(self.rule["markdownTemplateEngine"])
        templates: Any = (engine,) if engine else ()
        # The rules of a site decide it.
        self.dialect = Dialect(  # type: ignore[misc]
            templates=templates, linkify=self.rule["linkify"], smart=self.rule["typographer"]
        )

    def read(self, path: str, data: Mapping[str, Any], body: str) -> Reading:
        """Return an article; a list of collections that leave it out withholds it from those."""
        reading = super().read(path, data, body)
        excluded = reading.data.get(_EXCLUDED)
        if isinstance(excluded, list) and self.rule["collection"]:
            reading.data.pop(_EXCLUDED)
        return reading

    def skip(self, path: str, matter: Matter) -> str:  # noqa: ARG002
        """Return why the file is no article: it makes several pages, or is in no collection."""
        if matter.get("pagination"):
            return "makes the pages of a list"
        collection = self.rule["collection"]
        excluded = matter.get(_EXCLUDED)
        if excluded and isinstance(excluded.value, list) and collection in excluded.value:
            return f"{_EXCLUDED}: {collection}"
        if collection and collection not in _tags(matter.data):
            return f"is not in the collection {collection}"
        return ""

    def topics(self, matter: Matter) -> list[Any]:
        """Return the tags and categories that are no collections of the site's own lists."""
        terms = vocabulary.terms(matter.all(self._names["topics"]))
        hidden = (*_PLUMBING, self.rule["collection"])  # terms may be lists and mappings
        return [term for term in terms if term not in hidden]

    def moment(self, value: Any) -> datetime:
        """Return the time that a value means: without a zone, in UTC."""
        return dates.parse_aware(value, _UTC)

    def read_published(self, reading: Reading, path: str) -> None:
        """Read the date of publication, but not the time of a file, which any copy changes."""
        value = reading.matter.get("date")
        if value is None or not is_of_file(value.value):
            super().read_published(reading, path)
            return
        reading.data.pop(value.keys[0], None)
        reading.names["publishedDateTime"] = value.keys
        reading.remarks["publishedDateTime"] = (
            f"is {value.value}, which every copy of the file may have differently, so that it is "
            "not read; write the date of publication"
        )

    def name_moment(self, path: str) -> datetime | None:
        """Return the first date anywhere in the path, midnight in UTC."""
        match = _DATE_IN_PATH.search(path)
        moment = self._midnight(match)
        return moment and moment.replace(tzinfo=_UTC)

    def read_image(self, reading: Reading, path: str) -> None:
        """Read the image, if it has a URL; only templates know where a bare file name is."""
        super().read_image(reading, path)
        for image in reading.data.get("images", ()):
            if "://" not in image["url"] and not image["url"].startswith("/"):
                del reading.data["images"]
                return

    def slug(self, path: str, matter: Matter, title: str) -> str:  # noqa: ARG002
        """Return `page.fileSlug`: the name, or that of the folder of an `index` file."""
        return self.bare_name(path)

    def bare_name(self, path: str) -> str:
        """Return the file name without extension and date; the folder's for an `index` file."""
        parts = PurePosixPath(path)
        name = _without_date(parts.stem)
        return _without_date(parts.parent.name) if name == "index" else name

    def clean(self, name: str, text: str) -> str:
        """Return the text of a placeholder: titles become slugs, all else stays."""
        if name in ("title", "category", "author"):
            by_slug = self.rule["slugFilter"] == "slug"
            return slugs.slug_filter(text) if by_slug else slugs.slugify(text)
        return super().clean(name, text)

    def page_facts(
        self, path: str, reading: Reading, title: str, moment: datetime, category: str | None
    ) -> PageFacts:
        """Return the facts about the page; its path is `page.filePathStem`, without `index`."""
        facts = super().page_facts(path, reading, title, moment, category)
        parts = PurePosixPath(path)
        name = _without_date(parts.stem)
        is_folder = name == "index"
        stem = parts.parent if is_folder else parts.parent / name
        return msgspec.structs.replace(facts, path="" if str(stem) == "." else str(stem))

    def page_url(self, matter: Matter, path: str, facts: PageFacts) -> str | None:
        """Return the URL by the article's permalink, the folder's pattern, or its place."""
        value = next(iter(matter.all(self._names["url"])), None)
        address = str(value.value) if value and not isinstance(value.value, bool | dict) else ""
        pattern = permalink.pattern_for(self.options.permalink, path)
        if eleventy_permalinks.is_template(address):
            try:
                pattern = eleventy_permalinks.translate(address, matter.data)
            except (UnknownFilterError, UnknownValueError):
                address = ""  # The folder's pattern has the setting that replaces the filter.
                if pattern is None:
                    return None
        elif address:
            return self.absolute(_page(address))
        if pattern is None:
            return self.absolute(_place(path))
        is_index = PurePosixPath(path).stem == "index"
        if is_index and pattern.endswith("{path}.html"):
            pattern = pattern.removesuffix(".html") + "/"
        return self.absolute(_page(permalink.expand(pattern, facts, self.clean)))

    def _with_defaults(self, path: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the data of the article, its data file and its folders; tags of all of them."""
        merged = dict(data)
        names = {fold(name) for name in data if isinstance(name, str)}
        override = next((name for name in data if fold(str(name)) == "override:tags"), None)
        tags = _listed(data[override]) if override is not None else _tags(data)
        parents = [str(parent) for parent in PurePosixPath(path).parents][:-1]
        for folder in (path, *parents, "*"):
            values = self.options.defaults.get(folder, {})
            if is_of_file(merged.get("date")) and "date" in values:
                names.discard("date")  # `feeds init` writes the date of a file
            new = {key: value for key, value in values.items() if fold(key) not in names}
            merged |= new
            names |= {fold(key) for key in new}
            if override is None:
                tags += [tag for tag in _tags(values) if tag not in tags]
        return {**merged, "tags": tags} if tags or override is not None else merged


def is_of_file(value: object) -> bool:
    """Return whether a date stands for a time of the file."""
    return isinstance(value, str) and value.lower() in DATES_OF_FILES


def _tags(data: Mapping[Any, Any]) -> list[Any]:
    value = Matter(data).get("tags")
    return _listed(value.value) if value else []


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value in (None, "") else [value]


def _without_date(name: str) -> str:
    match = _DATE_IN_NAME.fullmatch(name)
    return match[1] if match else name


def _place(path: str) -> str:
    """Return the URL of a file without permalink, with its date: `a/a.md` is the page of `a`."""
    file = PurePosixPath(path)
    is_folder = file.stem in ("index", file.parent.name)
    stem = file.parent if is_folder else file.with_suffix("")
    return "/" if str(stem) == "." else f"/{permalink.of_file(str(stem))}/"


def _page(address: str) -> str:
    """Return the URL of an output file."""
    return re.sub(r"(^|/)index\.html$", r"\1", address)
