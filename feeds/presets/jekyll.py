"""Jekyll: posts in `_posts`, dated by their names (jekyllrb.com/docs/permalinks)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar

import msgspec

from feeds.presets import ruby_dates, slugs, vocabulary
from feeds.presets.matter import Matter
from feeds.presets.permalink import DateZone, PageFacts
from feeds.presets.preset import Preset
from feeds.presets.reading import Dialect, Format, Reading, SummarySource

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
        "topics": ("categories", "category", "tags", "tag"),
        "authors": ("author", "authors"),
        "url": ("permalink",),
    }
    permalink: ClassVar[str] = "/{categories}/{date:%Y/%m/%d}/{title}.html"
    zone_of_permalink: ClassVar[DateZone] = "site"
    dialect: ClassVar[Dialect] = Dialect(templates=("liquid",), smart=True)
    summary_order: ClassVar[tuple[SummarySource, ...]] = ("field", "more", "paragraph")

    rules: ClassVar[Mapping[str, Any]] = {"collections": (), "slugified_categories": False}

    def skip(self, path: str, matter: Matter) -> str:  # noqa: ARG002
        """Return why Jekyll makes no post of a file; empty if it does."""
        folders = PurePosixPath(path).parts[:-1]
        if folders and folders[0].removeprefix("_") in self.rule["collections"]:
            return ""
        if "_posts" not in folders:
            return "is not below _posts, so that it is no post"
        if any(folder[0] in "_.#~" for folder in folders[: folders.index("_posts")]):
            return "is in a folder that Jekyll does not read"
        return "" if _name(path) else "has no date in its name, so that it is no post"

    def page_facts(
        self, path: str, reading: Reading, title: str, moment: datetime, category: str | None
    ) -> PageFacts:
        """Return the facts for the URL; Jekyll's `:title` is the slug in its own case."""
        facts = super().page_facts(path, reading, title, moment, category)
        return msgspec.structs.replace(facts, title=facts.slug)

    def bare_name(self, path: str) -> str:
        """Return the file name without extension and date."""
        match = _name(path)
        return match[4] if match else PurePosixPath(path).stem

    def clean(self, name: str, text: str) -> str:
        """Return the text of a placeholder, as Jekyll's `Utils.slugify` leaves it."""
        if name == "title":
            return slugs.jekyll_pretty(text)
        if name in ("slug", "file"):
            return slugs.jekyll(text)
        if name == "categories" and self.rule["slugified_categories"]:
            return "/".join(slugs.jekyll(part) for part in text.split("/"))
        return text

    def title_from_name(self, path: str) -> str:
        """Return the words of the file name, each with a capital (`Utils.titleize_slug`)."""
        return " ".join(word.capitalize() for word in self.bare_name(path).split("-"))

    def read_title(self, reading: Reading, path: str) -> None:
        """Read the title, or else take it from the file name; headings stay in the body."""
        value = self._first(reading, "title")
        if value is not None and isinstance(value.value, str | int | float):
            self._put(reading, "title", str(value.value), value)
        else:
            reading.data["title"] = self.title_from_name(path)

    def read_topics(self, reading: Reading, path: str) -> None:
        """Read categories and tags as jekyll-feed does: `category`, or else all categories."""
        super().read_topics(reading, path)
        if not reading.matter.get("category"):
            topics = reading.data["topics"]
            reading.data["topics"] = _unique([*_folders_above(path), *topics])

    def topics(self, matter: Matter) -> list[Any]:
        """Return categories and tags; text in their plural keys is split at spaces."""
        category = vocabulary.terms(matter.all(("category",)))
        terms = category or _terms(matter, "categories", "category")
        return _unique(terms + _terms(matter, "tags", "tag"))

    def categories(self, matter: Matter, path: str) -> tuple[str, ...]:
        """Return the folders above `_posts`, and the categories of the front matter."""
        terms = [*_folders_above(path), *_terms(matter, "categories", "category")]
        return tuple(dict.fromkeys(str(term).lower() for term in terms))

    def moment(self, value: Any) -> datetime:
        """Return the time that a value means; Ruby reads a YAML time without a zone as UTC."""
        if isinstance(value, datetime) and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        if isinstance(value, str) and (moment := ruby_dates.parse(value, self.options.zone)):
            return moment
        return super().moment(value)

    def name_moment(self, path: str) -> datetime | None:
        """Return the date in the file name; a year of two digits is of this century."""
        match = _name(path)
        if match is None:
            return None
        year, month, day = (int(part) for part in match.groups()[:3])
        try:
            return datetime(
                year + (2000 if year < 100 else 0), month, day, tzinfo=self.options.zone
            )
        except ValueError:
            return None


def _name(path: str) -> re.Match[str] | None:
    return _POST.fullmatch(PurePosixPath(path).stem)


def _folders_above(path: str) -> tuple[str, ...]:
    parts = PurePosixPath(path).parts[:-1]
    return parts[: parts.index("_posts")] if "_posts" in parts else ()


def _terms(matter: Matter, plural: str, singular: str) -> list[Any]:
    """Return the terms of both keys; only text in the plural one is split at spaces."""
    return _unique(
        vocabulary.terms(matter.all((singular,))) + vocabulary.terms(matter.all((plural,)), " ")
    )


def _unique(terms: list[Any]) -> list[Any]:
    """Return each term once; wrong items, which may have no hash, are kept."""
    return [term for index, term in enumerate(terms) if term not in terms[:index]]
