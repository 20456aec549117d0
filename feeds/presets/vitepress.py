"""VitePress: a folder of posts among the pages (vitepress.dev/guide/routing)."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar

import msgspec

from feeds.presets import javascript_dates, permalink
from feeds.presets.matter import Matter
from feeds.presets.permalink import DateZone, PageFacts
from feeds.presets.preset import Preset
from feeds.presets.reading import Dialect, Format, Options, Reading, SummarySource


class Vitepress(Preset):
    """VitePress. The article folder is its `srcDir`.

    The rule `excerpt` is the marker that ends the summary, `cleanUrls` is the site's setting.
    """

    name: ClassVar[str] = "vitepress"
    title: ClassVar[str] = "VitePress"
    formats: ClassVar[tuple[Format, ...]] = ("yaml", "none")
    extensions: ClassVar[tuple[str, ...]] = (".md",)
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {"url": (), "aliases": ()}
    permalink: ClassVar[str] = "/{path}"
    zone_of_permalink: ClassVar[DateZone] = "utc"
    dialect: ClassVar[Dialect] = Dialect(templates=("vitepress",), linkify=True, emoji=True)
    summary_order: ClassVar[tuple[SummarySource, ...]] = ("field", "more", "paragraph")
    rules: ClassVar[Mapping[str, Any]] = {"cleanUrls": False, "excerpt": ""}

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        if more := self.rule["excerpt"]:
            self.dialect = msgspec.structs.replace(self.dialect, more=more)  # type: ignore[misc]

    def skip(self, path: str, matter: Matter) -> str:
        """Return why the file is no post: it makes many pages, or has no date."""
        if "[" in path:
            return "is a dynamic route"
        layout = matter.get("layout")
        if layout is not None and str(layout.value) == "home":
            return "is a home page"
        names = (*self._names["published"], *self._names["created"])
        if self.name_moment(path) is None and not any(True for _ in matter.all(names)):
            return "has no date, so that it is a page, but no post"
        return ""

    def moment(self, value: Any) -> datetime:
        """Return the time that a value means to JavaScript: without a zone, in UTC."""
        return javascript_dates.parse(value)

    def read_published(self, reading: Reading, path: str) -> None:
        """Read the date of publication; one that does not exist is that of the next month."""
        super().read_published(reading, path)
        javascript_dates.remark_rolled_over(reading, self._names["published"])

    def page_facts(
        self, path: str, reading: Reading, title: str, moment: datetime, category: str | None
    ) -> PageFacts:
        """Return the facts about a page; `index` is part of its path."""
        facts = super().page_facts(path, reading, title, moment, category)
        return msgspec.structs.replace(facts, path=str(PurePosixPath(path).with_suffix("")))

    def expand(self, facts: PageFacts) -> str:
        """Return the path of the page."""
        return self._address(super().expand(facts).removesuffix(".html"))

    def page_at(self, path: str) -> str | None:
        """Return the URL of the page of any file."""
        stem = permalink.of_file(str(PurePosixPath(path).with_suffix("")))
        return self.absolute(self._address(f"/{stem}"))

    def _address(self, stem: str) -> str:
        if stem.endswith("/index"):
            return stem.removesuffix("index")
        return stem if self.rule["cleanUrls"] or stem.endswith("/") else f"{stem}.html"
