"""MkDocs with Material's blog plugin (squidfunk.github.io/mkdocs-material/plugins/blog)."""

import posixpath
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import PurePosixPath
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import msgspec

from feeds.presets import slugs, vocabulary
from feeds.presets.matter import Matter, fold
from feeds.presets.permalink import DateZone, PageFacts
from feeds.presets.preset import Preset
from feeds.presets.reading import Dialect, Format, Options, Reading, SummarySource

_HEADING = re.compile(r"(?:[ \t]*\r?\n)*[ \t]*# *([^\r\n]+)")
_ICON = re.compile(r" ?:(?:octicons|material|fontawesome|simple)-[a-z0-9-]+:(?:\{[^{}\n]*\})?")
_INDEXES = ("index", "README")


class Mkdocs(Preset):
    """MkDocs with the blog plugin of Material. The article folder is its `docs_dir`.

    The rules have the names of the plugin's settings. `posts` are folders of posts, with the folder
    of the blog in URLs: `blog/posts=blog`.
    """

    name: ClassVar[str] = "mkdocs"
    title: ClassVar[str] = "MkDocs Material blog"
    formats: ClassVar[tuple[Format, ...]] = ("yaml",)
    extensions: ClassVar[tuple[str, ...]] = (".md", ".markdown", ".mdown", ".mkdn", ".mkd")
    has_status_badges: ClassVar[bool] = True  # `new` and `deprecated`, for example
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "title": ("title",),
        "published": ("date", "date.created"),
        "updated": ("date.updated",),
        "summary": ("description",),
        "topics": ("categories", "tags"),
        "image": ("image", "cover", "thumbnail"),
        "url": (),
        "aliases": (),
    }
    permalink: ClassVar[str] = "/blog/{date:%Y/%m/%d}/{slug}/"
    zone_of_permalink: ClassVar[DateZone] = "own"
    dialect: ClassVar[Dialect] = Dialect(templates=("mkdocs",), references="source")
    summary_order: ClassVar[tuple[SummarySource, ...]] = ("field", "more", "paragraph")
    rules: ClassVar[Mapping[str, Any]] = {
        "posts": ("blog/posts=blog",),
        "use_directory_urls": True,
        "post_slugify": "lower",
        "post_slugify_separator": "-",
        "post_url_max_categories": 1,
        "categories_slugify": "lower",
        "categories_slugify_separator": "-",
        "post_excerpt_separator": "",
        "default_time": "00:00",
    }

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        pairs = (item.partition("=") for item in self.rule["posts"])
        self._blogs = {folder.strip("/"): blog.strip("/.") for folder, _, blog in pairs}
        if more := self.rule["post_excerpt_separator"]:
            self.dialect = msgspec.structs.replace(self.dialect, more=more)  # type: ignore[misc]

    def skip(self, path: str, matter: Matter) -> str:  # noqa: ARG002
        """Return why the file is no post of the blog; empty if it is one."""
        return "" if self._posts_folder(path) is not None else "is a page, but no post of the blog"

    def read(self, path: str, data: Mapping[str, Any], body: str) -> Reading:
        """Return the post. Its `hide` are parts of the page."""
        reading = super().read(path, _with_utc(data), body)
        for name in list(reading.data):
            if fold(str(name)) in ("hide", "search", "pin"):
                del reading.data[name]
        return reading

    def read_title(self, reading: Reading, path: str) -> None:
        """Read the title; the first heading is not part of the body."""
        heading = _HEADING.match(reading.body)
        reading.heading = heading[1].strip().lstrip("# ") if heading else ""
        body = reading.body
        super().read_title(reading, path)
        if heading and reading.body == body:
            reading.body = body[heading.end() :]
        title = reading.data.get("title")
        if isinstance(title, str):
            reading.data["title"] = _ICON.sub("", title).strip() or title

    def title_from_name(self, path: str) -> str:
        """Return the title of a post without one, as MkDocs makes it."""
        title = re.sub(r"[-_]", " ", _name(path))
        return title.capitalize() if title.lower() == title else title

    def moment(self, value: Any) -> datetime:
        """Return the time of a date; without a time of day, it is the site's default one."""
        default = time.fromisoformat(self.rule["default_time"])
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, default)
        return super().moment(value)

    def name_moment(self, path: str) -> datetime | None:  # noqa: ARG002
        """Return None: dates in names mean nothing."""
        return None

    def read_published(self, reading: Reading, path: str) -> None:
        """Read the date of publication, and the one in URLs, which is the post's `date`."""
        super().read_published(reading, path)
        own = reading.matter.get("date.created") or reading.matter.get("date")
        if own is not None and isinstance(own.value, date):
            reading.moment = self.moment(own.value)
            reading.data.pop(own.keys[0], None)

    def categories(self, matter: Matter, path: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the slugs of those categories that are part of the URL."""
        names = vocabulary.terms(matter.all(("categories",)))
        case, separator = self.rule["categories_slugify"], self.rule["categories_slugify_separator"]
        return tuple(
            slugs.pymdownx(str(name), separator, case)
            for name in names[: self.rule["post_url_max_categories"]]
        )

    def page_facts(
        self,
        path: str,
        reading: Reading,
        title: str,  # noqa: ARG002
        moment: datetime,
        category: str | None,
    ) -> PageFacts:
        """Return the facts about the page of a post; its slug is made from the heading's text."""
        own_title = reading.matter.get("title")
        text = str(own_title.value) if own_title else reading.heading or self.title_from_name(path)
        facts = super().page_facts(path, reading, text, moment, category)
        return msgspec.structs.replace(facts, path=str(PurePosixPath(path).with_name(_name(path))))

    def slug(self, path: str, matter: Matter, title: str) -> str:  # noqa: ARG002
        """Return the slug of the front matter as it is, or that of the title."""
        slug = matter.get("slug")
        if slug is not None:
            return str(slug.value)
        return slugs.pymdownx(title, self.rule["post_slugify_separator"], self.rule["post_slugify"])

    def bare_name(self, path: str) -> str:
        """Return the file name without extension."""
        return _name(path)

    def clean(self, name: str, text: str) -> str:  # noqa: ARG002
        """Return the text of a placeholder, percent-encoded."""
        return quote(text)

    def expand(self, facts: PageFacts) -> str:
        """Return the path of the page: that of a file, as MkDocs makes an address of it."""
        pattern = super().expand(facts)
        if "://" in pattern:
            return pattern
        stem = pattern.rstrip("/").removesuffix(".html")
        return self._address(posixpath.normpath(stem or "/").lstrip("/"))

    def page_at(self, path: str) -> str | None:
        """Return the URL of a page that is no post."""
        if self._posts_folder(path) is not None:
            return None
        stem = str(PurePosixPath(path).with_name(_name(path)))
        return self.absolute(self._address(quote(stem)))

    def base_url(self, path: str, url: str) -> str:  # noqa: ARG002
        """Return the URL that the folder of the source file would have."""
        return self.absolute(f"/{posixpath.dirname(path)}/")

    def file_url(self, url: str) -> str:
        """Return the URL of a file; those in the folder of posts are in that of the blog."""
        if not url.startswith(self.options.url):
            return url
        below = url.removeprefix(self.options.url)
        folder = self._posts_folder(urlsplit(below).path)
        if folder is None:
            return url
        return self.absolute(posixpath.join(self._blogs[folder], below[len(folder) + 1 :]))

    def _posts_folder(self, path: str) -> str | None:
        return next((folder for folder in self._blogs if path.startswith(f"{folder}/")), None)

    def _address(self, stem: str) -> str:
        """Return the address of a page, from the path of its file without extension."""
        folder, _, name = stem.rpartition("/")
        if not self.rule["use_directory_urls"]:
            return f"/{posixpath.join(folder, 'index' if name in _INDEXES else name)}.html"
        return f"/{folder if name in _INDEXES else stem}/".replace("//", "/")

    def _with_defaults(self, path: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the front matter with that of `.meta.yml` files, whose lists come first."""
        merged = dict(super()._with_defaults(path, data))
        folder = path.rpartition("/")[0]
        folders = [str(parent) for parent in PurePosixPath(folder, "_").parents]
        values = [self.options.defaults.get("*" if name == "." else name, {}) for name in folders]
        for name, value in merged.items():
            if isinstance(value, list):
                inherited = [level[name] for level in reversed(values) if name in level]
                lists = [item for item in (*inherited, data.get(name)) if isinstance(item, list)]
                merged[name] = [item for items in lists for item in items]
        return merged


def _with_utc(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return front matter in which a mapping of dates is in UTC, as the blog plugin leaves it.

    A single date stays as it is, and gets the default time and zone of mkdocs-rss-plugin.
    """
    dates = data.get("date")
    if not isinstance(dates, Mapping):
        return data
    return {**data, "date": {name: _in_utc(value) for name, value in dates.items()}}


def _in_utc(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    is_naive = isinstance(value, datetime) and value.tzinfo is None
    return value.replace(tzinfo=UTC) if is_naive else value


def _name(path: str) -> str:
    name = PurePosixPath(path).stem
    return "index" if name in _INDEXES else name
