"""Docusaurus with its blog plugin (docusaurus.io/docs/blog)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from feeds.presets import docusaurus_excerpt, javascript_dates
from feeds.presets.matter import Matter
from feeds.presets.permalink import DateZone, PageFacts
from feeds.presets.preset import Preset
from feeds.presets.reading import Dialect, Format, Options, Reading, SummarySource

# plugin-content-blog, blogUtils.ts: DATE_FILENAME_REGEX.
_DATED = re.compile(
    r"(?P<folder>.*)(?P<date>\d{4}[-/]\d{1,2}[-/]\d{1,2})[-/]?(?P<text>.*?)(?:/index)?\.mdx?",
    re.ASCII,
)
_UNDATED = re.compile(r"(?:/index)?\.mdx?\Z")
# docusaurus-utils, markdownUtils.ts: parseMarkdownContentTitle.
_IMPORTS = re.compile(r"\s*(?:import\s(?:.|\r?\n(?!\r?\n))*(?:\r?\n){2,})*\s*")
_HEADING = re.compile(r"#[ \t]+([^ \t\r\n].*)(?:\r?\n|\Z)")
_SETEXT = re.compile(r"(.*)\r?\n=+(?:\r?\n|\Z)")
_HEADING_ID = re.compile(r"\s*(?:\{#*[\w-]+\}|#+)\Z")
_CODE = re.compile(r"`([^`]*)`")
_ABSENT = re.compile(r"(?:.*/)?(?:_[^/]*|__tests__/.*|[^/]*\.test\.[jt]sx?)(?:/.*)?")


class Docusaurus(Preset):
    """Docusaurus 3. The article folder is that of the blog.

    The rule `trailingSlash` is `always` or `never` if the site says so. `tags` are the labels of
    `tags.yml`, each as `key=label`.
    """

    name: ClassVar[str] = "docusaurus"
    title: ClassVar[str] = "Docusaurus"
    formats: ClassVar[tuple[Format, ...]] = ("yaml", "none")
    extensions: ClassVar[tuple[str, ...]] = (".md", ".mdx")
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "title": ("title",),
        "published": ("date",),
        "updated": ("last_update.date",),
        "summary": ("description",),
        "topics": ("tags",),
        "image": ("image",),
        "url": (),
        "aliases": (),
    }
    permalink: ClassVar[str] = "/blog/{slug}"
    zone_of_permalink: ClassVar[DateZone] = "utc"
    dialect: ClassVar[Dialect] = Dialect(
        templates=("docusaurus",), linkify=True, emoji=True, more="{/* truncate */}"
    )
    also_read: ClassVar[tuple[str, ...]] = (
        "author_url", "authorURL", "author_image_url", "authorImageURL",
    )  # fmt: skip
    summary_order: ClassVar[tuple[SummarySource, ...]] = ("field", "more", "paragraph")
    rules: ClassVar[Mapping[str, Any]] = {"trailingSlash": "keep", "tags": ()}

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        pairs = (item.partition("=") for item in self.rule["tags"])
        self._labels = {key: label for key, _, label in pairs}

    def skip(self, path: str, matter: Matter) -> str:  # noqa: ARG002
        """Return why the file is no post: names that begin with `_` are parts of others."""
        return "is a part of pages, but no page" if _ABSENT.fullmatch(path) else ""

    def read_title(self, reading: Reading, path: str) -> None:
        """Read the title, else the first heading, which is in neither case part of the body."""
        body = reading.body
        imports = _IMPORTS.match(body)
        start = imports.end() if imports else 0
        heading = _HEADING.match(body, start) or _SETEXT.match(body, start)
        if heading:
            reading.heading = heading[1].strip()
            reading.body = body[: heading.start()] + body[heading.end() :]
        value = self._first(reading, "title")
        if value is not None and isinstance(value.value, str | int | float):
            self._put(reading, "title", str(value.value), value)
            return
        title = _CODE.sub(r"\1", _HEADING_ID.sub("", reading.heading)).strip()
        reading.data["title"] = title or self.bare_name(path)

    def moment(self, value: Any) -> datetime:
        """Return the time that a value means to JavaScript: without a zone, in UTC."""
        return javascript_dates.parse(value)

    def read_published(self, reading: Reading, path: str) -> None:
        """Read the date of publication; one that does not exist is that of the next month."""
        super().read_published(reading, path)
        javascript_dates.remark_rolled_over(reading, self._names["published"])

    def read_updated(self, reading: Reading, path: str) -> None:
        """Read the date of the last change, in `last_update`."""
        super().read_updated(reading, path)
        for value in reading.matter.all(("last_update",)):
            reading.data.pop(value.keys[0], None)

    def read_summary(self, reading: Reading, path: str) -> None:
        """Read the description, else the first line of the text."""
        super().read_summary(reading, path)
        if not reading.matter.get("description"):
            reading.data["excerpt"] = docusaurus_excerpt.excerpt(reading.body)

    def read_authors(self, reading: Reading, path: str) -> None:
        """Read the authors; with the old key `author`, its URL and picture have keys, too."""
        super().read_authors(reading, path)
        authors = reading.data.get("authors")
        if reading.matter.get("authors") or not isinstance(authors, list) or len(authors) != 1:
            return
        if not isinstance(authors[0], dict):
            return
        for ours, names in (
            ("url", ("author_url", "authorURL")),
            ("avatar", ("author_image_url", "authorImageURL")),
        ):
            for value in reading.matter.all(names):
                authors[0].setdefault(ours, value.value)

    def topics(self, matter: Matter) -> list[Any]:
        """Return the labels of the tags."""
        terms = super().topics(matter)
        labels = (self._labels.get(t, t) if isinstance(t, str) else t for t in terms)
        return list({repr(label): label for label in labels}.values())

    def name_moment(self, path: str) -> datetime | None:
        """Return the date in the path, which is a day in UTC."""
        match = _DATED.fullmatch(path)
        if match is None:
            return None
        year, month, day = (int(part) for part in re.split("[-/]", match["date"]))
        try:
            return datetime(year, month, day, tzinfo=UTC)
        except ValueError:
            return None

    def slug(self, path: str, matter: Matter, title: str) -> str:  # noqa: ARG002
        """Return the slug: a path below the blog, from the front matter or the file's path."""
        slug = matter.get("slug")
        if slug is not None:
            return str(slug.value).lstrip("/")
        match = _DATED.fullmatch(path)
        if match is None:
            return _UNDATED.sub("", path)
        return f"{match['date'].replace('-', '/')}/{match['folder']}{match['text']}"

    def bare_name(self, path: str) -> str:
        """Return what the path has after its date, or the path without its extension."""
        match = _DATED.fullmatch(path)
        return match["text"] if match and match["text"] else _UNDATED.sub("", path)

    def expand(self, facts: PageFacts) -> str:
        """Return the path of the page, with a slash at its end if the site has one."""
        path = super().expand(facts)
        rule = self.rule["trailingSlash"]
        if rule == "keep" or path == "/":
            return path
        return path.rstrip("/") + ("/" if rule == "always" else "")
