"""Astro: entries of a content collection (docs.astro.build/en/guides/content-collections)."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar

import msgspec

from feeds.presets import javascript_dates, permalink, slugs
from feeds.presets.matter import Matter
from feeds.presets.permalink import DateZone, PageFacts
from feeds.presets.preset import Preset
from feeds.presets.reading import Dialect, Format, Reading

# JavaScript reads the month first.
_AMERICAN = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})( .*)?")


class Astro(Preset):
    """Astro, with the feed of @astrojs/rss.

    The rule `collections` has the folders of the collections below the article folder if there are
    several. `slugger` is false for pages in `src/pages`, whose URLs are the names of their files.
    """

    name: ClassVar[str] = "astro"
    title: ClassVar[str] = "Astro"
    formats: ClassVar[tuple[Format, ...]] = ("yaml", "toml", "none")
    extensions: ClassVar[tuple[str, ...]] = (
        ".md", ".mdx", ".markdown", ".mdown", ".mkdn", ".mkd",
    )  # fmt: skip
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "published": (
            "pubDate", "pubDatetime", "publishDate", "date", "published", "publishedAt",
            "publishedDate", "publishedOn", "datePublished", "postDate",
        ),
        "url": (),
        "aliases": (),
    }  # fmt: skip
    permalink: ClassVar[str] = "/blog/{path}/"
    zone_of_permalink: ClassVar[DateZone] = "utc"
    dialect: ClassVar[Dialect] = Dialect(templates=("mdx",), linkify=True, smart=True)
    rules: ClassVar[Mapping[str, Any]] = {"collections": (), "slugger": True}

    def skip(self, path: str, matter: Matter) -> str:  # noqa: ARG002
        """Return no reason: the settings name the files of the collection."""
        return ""

    def moment(self, value: Any) -> datetime:
        """Return the time that a value means to JavaScript: without a zone, in UTC."""
        if isinstance(value, str) and (match := _AMERICAN.fullmatch(value.strip())):
            value = f"{match[3]}-{match[1]:0>2}-{match[2]:0>2}{match[4] or ''}"
        return javascript_dates.parse(value)

    def read_published(self, reading: Reading, path: str) -> None:
        """Read the date of publication; one that does not exist is that of the next month."""
        super().read_published(reading, path)
        javascript_dates.remark_rolled_over(reading, self._names["published"])

    def name_moment(self, path: str) -> datetime | None:  # noqa: ARG002
        """Return no date: Astro reads none from names."""
        return None

    def slug(self, path: str, matter: Matter, title: str) -> str:  # noqa: ARG002
        """Return the id of the entry: its `slug`, or its path as github-slugger writes it."""
        slug = matter.get("slug")
        if slug is not None:
            return str(slug.value).strip("/")
        parts = PurePosixPath(self._below(path)).with_suffix("").parts
        names = [slugs.github(part) if self.rule["slugger"] else part for part in parts]
        if len(names) > 1 and names[-1] == "index":
            names.pop()
        return "/".join(names)

    def _below(self, path: str) -> str:
        """Return the path below the folder of its collection."""
        folders = (f"{folder}/" for folder in self.rule["collections"])
        return path.removeprefix(next(filter(path.startswith, folders), ""))

    def clean(self, name: str, text: str) -> str:
        """Return the text of a placeholder: titles as github-slugger writes them."""
        return slugs.github(text) if name in ("title", "category", "author") else text

    def page_facts(
        self, path: str, reading: Reading, title: str, moment: datetime, category: str | None
    ) -> PageFacts:
        """Return the facts about the page, whose path is the id of the entry."""
        facts = super().page_facts(path, reading, title, moment, category)
        return msgspec.structs.replace(facts, path=facts.slug)

    def page_url(self, matter: Matter, path: str, facts: PageFacts) -> str | None:  # noqa: ARG002
        """Return the URL of the page, by the pattern of its folder."""
        pattern = permalink.pattern_for(self.options.permalink, path) or self.permalink
        return self.absolute(permalink.expand(pattern, facts, self.clean))
