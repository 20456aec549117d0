"""Jekyll: posts in `_posts`, dated by their names (jekyllrb.com/docs/permalinks)."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar

from feeds.presets import slugs, vocabulary
from feeds.presets.matter import Matter
from feeds.presets.permalink import DateZone
from feeds.presets.preset import Preset
from feeds.presets.reading import Dialect, Format, SummarySource

# lib/jekyll/document.rb: DATE_FILENAME_MATCHER.
_POST = re.compile(r"(\d{2,4})-(\d{1,2})-(\d{1,2})-(.+)")


class Jekyll(Preset):
    """Jekyll, with jekyll-feed."""

    name: ClassVar[str] = "jekyll"
    title: ClassVar[str] = "Jekyll"
    formats: ClassVar[tuple[Format, ...]] = ("yaml", "none")
    extensions: ClassVar[tuple[str, ...]] = (
        ".md",
        ".markdown",
        ".mkd",
        ".mkdn",
        ".mkdown",
        ".html",
    )
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "published": ("date",),
        "updated": ("last_modified_at",),
        "summary": ("description", "excerpt"),
        "url": ("permalink",),
    }
    permalink: ClassVar[str] = "/{categories}/{date:%Y/%m/%d}/{title}.html"
    zone_of_permalink: ClassVar[DateZone] = "site"
    dialect: ClassVar[Dialect] = Dialect(templates=("liquid",), smart=True)
    summary_order: ClassVar[tuple[SummarySource, ...]] = ("field", "more", "paragraph")

    def skip(self, path: str, matter: Matter) -> str:  # noqa: ARG002
        """Return why a file is no post: it has no date in its name."""
        folders = PurePosixPath(path).parts[:-1]
        in_collection = any(folder.startswith("_") and folder != "_posts" for folder in folders)
        if in_collection or _POST.fullmatch(PurePosixPath(path).stem):
            return ""
        return "has no date in its name, so that it is no post"

    def slug(self, path: str, matter: Matter, title: str) -> str:  # noqa: ARG002
        """Return the slug of the front matter, or the file name without its date."""
        slug = matter.get("slug")
        return slugs.jekyll(str(slug.value) if slug else self.bare_name(path))

    def bare_name(self, path: str) -> str:
        """Return the file name without extension and date."""
        stem = PurePosixPath(path).stem
        match = _POST.fullmatch(stem)
        return match[4] if match else stem

    def clean(self, name: str, text: str) -> str:
        """Return the text of a placeholder, as Jekyll's `Utils.slugify` leaves it."""
        if name == "title":
            return slugs.jekyll_pretty(text)
        return text

    def topics(self, matter: Matter) -> list[Any]:
        """Return categories and tags; text in their plural keys is split at spaces."""
        plural = vocabulary.terms(matter.all(("categories", "tags")), " ")
        singular = vocabulary.terms(matter.all(("category", "tag")))
        return list(dict.fromkeys([*plural, *singular]))

    def categories(self, matter: Matter, path: str) -> tuple[str, ...]:
        """Return the folders above `_posts`, and the categories of the front matter."""
        parts = PurePosixPath(path).parts[:-1]
        above = parts[: parts.index("_posts")] if "_posts" in parts else ()
        terms = vocabulary.terms(matter.all(("category",))) + vocabulary.terms(
            matter.all(("categories",)), " "
        )
        return tuple(dict.fromkeys(str(term).lower() for term in (*above, *terms)))

    def name_moment(self, path: str) -> datetime | None:
        """Return the date in the file name; a year of two digits is of this century."""
        match = _POST.fullmatch(PurePosixPath(path).stem)
        if match is None:
            return None
        year, month, day = (int(part) for part in match.groups()[:3])
        try:
            return datetime(
                year + (2000 if year < 100 else 0), month, day, tzinfo=self.options.zone
            )
        except ValueError:
            return None
