"""Quarto: posts of a website, in `.qmd` and Markdown (quarto.org/docs/websites)."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar

from feeds.presets import permalink
from feeds.presets.matter import Matter
from feeds.presets.permalink import DateZone, PageFacts
from feeds.presets.preset import Preset
from feeds.presets.reading import Dialect, Format
from feeds.util import dates

# Dates that Quarto takes from the clock or the file, and that change with every build.
_MOVING = frozenset({"today", "now", "lastmodified"})


class Quarto(Preset):
    """Quarto, with the feeds of its listings."""

    name: ClassVar[str] = "quarto"
    title: ClassVar[str] = "Quarto"
    formats: ClassVar[tuple[Format, ...]] = ("yaml",)
    extensions: ClassVar[tuple[str, ...]] = (".qmd", ".md")
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "published": ("date",),
        "updated": ("date-modified",),
        "summary": ("description", "abstract"),
        "topics": ("categories", "keywords"),
        "authors": ("author", "authors"),
        "image": ("image",),
        "url": (),
    }
    zone_of_permalink: ClassVar[DateZone] = "site"
    dialect: ClassVar[Dialect] = Dialect(templates=("quarto",), references="source")

    def skip(self, path: str, matter: Matter) -> str:
        """Return why a file is no post: Quarto does not render it, or it lists others."""
        if any(part.startswith(("_", ".")) for part in PurePosixPath(path).parts):
            return "begins with _, so that Quarto does not render it"
        if "listing" in matter:
            return "is the page of a listing"
        return super().skip(path, matter)

    def moment(self, value: Any) -> datetime:
        """Return the time that a value means; `today` and `last-modified` are none."""
        if isinstance(value, str) and value.replace("-", "").strip().lower() in _MOVING:
            raise dates.BadDateError(
                f"{value!r} changes with every build; write the date, such as 2024-05-31"
            )
        return super().moment(value)

    def page_url(self, matter: Matter, path: str, facts: PageFacts) -> str | None:
        """Return the URL of the page: a folder for `index.qmd`, else the name with `.html`."""
        if self.options.permalink:
            return super().page_url(matter, path, facts)
        is_index = PurePosixPath(path).stem == "index"
        page = permalink.of_file(facts.path)
        return self.absolute(f"{page}/" if is_index else f"{page}.html")
