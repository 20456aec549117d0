"""How a site generator reads its articles. This module has the rules of a plain folder. No I/O.

A preset turns the front matter of one file into this project's vocabulary, finds the URL of its
page, and knows which files its generator does not publish. Each generator is a subclass in a module
of this room.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, ClassVar

from feeds.presets import ids, permalink, vocabulary
from feeds.presets.field_reader import FieldReader
from feeds.presets.matter import Matter, fold
from feeds.presets.permalink import DateZone, PageFacts
from feeds.presets.reading import Dialect, Format, Location, Options, Reading, SummarySource
from feeds.presets.source_hash import SourceHash
from feeds.util import dates, urls

# Markers in a body that end its summary.
MORE = re.compile(
    r"<!--\s*(?:more|truncate|excerpt|end excerpt|(?:teaser_end|end_teaser)(?::[^\n]*?)?)\s*-->",
    re.IGNORECASE,
)
# Names that mean another thing elsewhere: the kind of a page, the bytes of a file, a shop's price.
_AMBIGUOUS = ("category", "type", "length", "related", "levels", "price", "actions", "video")


class Preset(FieldReader):
    """The rules of a plain folder of Markdown, and the base of those of all generators."""

    name: ClassVar[str] = "plain"
    title: ClassVar[str] = "plain folder"
    formats: ClassVar[tuple[Format, ...]] = ("yaml", "toml", "json", "none")
    extensions: ClassVar[tuple[str, ...]] = (".md", ".markdown", ".html", ".htm")
    permalink: ClassVar[str] = "/{path}/"
    zone_of_permalink: ClassVar[DateZone] = "utc"
    dialect: ClassVar[Dialect] = Dialect()
    summary_order: ClassVar[tuple[SummarySource, ...]] = ("field", "more")
    """Where the summary comes from: the first of these that there is."""
    has_markdown_summary: ClassVar[bool] = False
    """Whether the summary in front matter is Markdown, as the body is."""
    rules: ClassVar[Mapping[str, Any]] = {}
    """The options of this preset (`articles.rules`), with their defaults."""
    has_leaf_bundles: ClassVar[bool] = False
    """Whether a folder with an `index` file is one article, and its other files belong to it."""
    is_foreign: ClassVar[bool] = True
    """Whether articles are another tool's: no category and type but their own."""
    has_status_badges: ClassVar[bool] = False
    """Whether a `status` is a badge, unless it is a word that withholds."""

    also_read: ClassVar[tuple[str, ...]] = ()
    """Names of front matter that are read besides `fields` and our own; see `shown_names`."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.rule: Mapping[str, Any] = {**self.rules, **options.rules}

    @cached_property
    def source_hash(self) -> SourceHash:
        """The hash of what authors write."""
        dates = ("published", "created")
        return SourceHash(
            self.shown_names(),
            ("publishedDateTime", *(name for key in dates for name in self._names[key])),
            (*vocabulary.UNSHOWN - {"publishedDateTime"}, *self._names["updated"]),
            has_templates=bool(self.dialect.templates),
        )

    # What a subclass may say differently.

    @classmethod
    def rule_mistake(cls, name: str, value: Any) -> str:  # noqa: ARG003
        """Return what is wrong with the value of a rule; empty if nothing is."""
        return ""

    def shown_names(self) -> Iterator[str]:
        """Yield the names of front matter, other than dates, from which an entry is made."""
        for key, names in self._names.items():
            if key not in ("published", "created", "updated"):
                yield from names
        yield from vocabulary.SHOWN
        yield from ("tags", "categories", "wordpress_id", *self.also_read)

    def skip(self, path: str, matter: Matter) -> str:  # noqa: ARG002
        """Return why the generator makes no page of the file; empty if it does."""
        name = PurePosixPath(path).name
        return f"{name} is not an article" if name.lower() in ("readme.md", "index.html") else ""

    def slug(self, path: str, matter: Matter, title: str) -> str:  # noqa: ARG002
        """Return the last part of the page's path, before `clean`."""
        slug = matter.get("slug")
        return str(slug.value) if slug else self.bare_name(path)

    def clean(self, name: str, text: str) -> str:
        """Return the text of a placeholder of the permalink, as the generator writes it in URLs."""
        return permalink.of_file(text) if name in permalink.FROM_FILE else text

    def categories(self, matter: Matter, path: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the categories that a permalink names."""
        values = matter.all(("category", "categories"))
        return tuple(term for term in vocabulary.terms(values, self.split) if isinstance(term, str))

    def page_url(self, matter: Matter, path: str, facts: PageFacts) -> str | None:  # noqa: ARG002
        """Return the URL of the page, from the front matter or by the site's pattern."""
        address = next(iter(matter.all(self._names["url"])), None)
        if address is not None and isinstance(address.value, str):
            return self.absolute(address.value)
        return self.absolute(self.expand(facts))

    def base_url(self, path: str, url: str) -> str:  # noqa: ARG002
        """Return the URL to which relative references in the body of an article are relative."""
        return url

    def is_summary(self, html: str) -> bool:
        """Return whether the HTML of the first paragraphs is long enough for a summary."""
        return bool(html)

    def first_words(self, text: str, count: int) -> str:
        """Return the first words of a text, with an ellipsis if there are more."""
        words = text.split(" ", count)
        return " ".join(words[:count]) + ("…" if len(words) > count else "")

    def file_url(self, url: str) -> str:
        """Return the URL of a file of the site, from the URL that its source path would have."""
        return url

    def page_at(self, path: str) -> str | None:
        """Return the URL of the page of a file that is no article; None if it is one."""
        folder, _, name = path.rpartition("/")
        if not name.startswith("_index."):
            return None
        return self.absolute(f"/{folder}/".replace("//", "/"))

    # What all presets have in common.

    def expand(self, facts: PageFacts) -> str:
        """Return the pattern of the article's folder, filled in."""
        pattern = permalink.pattern_for(self.options.permalink, facts.path) or self.permalink
        return permalink.expand(pattern, facts, self.clean)

    def read(self, path: str, data: Mapping[str, Any], body: str) -> Reading:
        """Return an article as its generator reads it; `path` is below the article folder."""
        data = self._with_defaults(path, data)
        reading = Reading(data=dict(data), body=body, matter=Matter(data))
        for name in _AMBIGUOUS:
            reading.data.pop(name, None)
        reading.skipped = self.skip(path, reading.matter)
        if not reading.skipped:
            for read in self.readers.values():
                read(self, reading, path)
        return reading

    def locate(
        self, path: str, reading: Reading, title: str, published: datetime, category: str | None
    ) -> Location:
        """Return where the page of an article is, and was; `published` is its date in feeds."""
        facts = self.page_facts(path, reading, title, reading.moment or published, category)
        url = self.page_url(reading.matter, path, facts)
        if url is None:
            return Location()
        try:
            urls.absolute(url)
        except urls.BadURLError as error:
            given = next(iter(reading.matter.all(self._names["url"])), None)
            return Location(mistake=str(error), key=given.keys[0] if given else "")
        aliases = vocabulary.terms(reading.matter.all(self._names["aliases"]))
        former = (urls.join(url, alias) for alias in aliases if isinstance(alias, str))
        return Location(url, tuple(filter(None, former)), self._id(reading, url, published))

    def _id(self, reading: Reading, url: str, published: datetime) -> str | None:
        own = next(iter(reading.matter.all(self.options.fields.get("id", ()))), None)
        if own is not None:
            return str(own.value).strip()
        number = reading.matter.get("wordpress_id")
        local = dates.in_zone(published, self.options.zone)
        return ids.mint(self.options.ids, url, local, str(number.value) if number else "")

    def _with_defaults(self, path: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        if not self.options.defaults:
            return data
        folder = path.rpartition("/")[0]
        merged = dict(data)
        known = {fold(name) for name in data if isinstance(name, str)}
        while True:
            for name, value in self.options.defaults.get(folder or "*", {}).items():
                if fold(name) not in known:
                    merged[name] = value
                    known.add(fold(name))
            if not folder:
                return merged
            folder = folder.rpartition("/")[0]

    def page_facts(
        self, path: str, reading: Reading, title: str, moment: datetime, category: str | None
    ) -> PageFacts:
        """Return the facts from which the URL of an article's page is made."""
        stem = str(PurePosixPath(path).with_suffix(""))
        if "/" in stem and PurePosixPath(stem).name.lower() == "index":
            stem = stem.rpartition("/")[0]
        categories = self.categories(reading.matter, path)
        return PageFacts(
            path=stem,
            name=self.bare_name(path),
            slug=self.slug(path, reading.matter, title),
            title=title,
            date=self.local(moment),
            category=category or (categories[0] if categories else ""),
            categories=categories,
            language=str(reading.data.get("language") or self.options.language),
            author=_first_name(reading.data.get("authors")),
        )

    def local(self, moment: datetime) -> datetime:
        """Return a time in the zone in which permalinks count days."""
        zone = self.options.permalink_zone or self.zone_of_permalink
        if zone == "own":
            return moment
        return dates.in_zone(moment, UTC if zone == "utc" else self.options.zone)


def _first_name(authors: Any) -> str:
    """Return the name of the first author; empty if the value has none."""
    first = authors[0] if isinstance(authors, list) and authors else None
    return str(first.get("name", "")) if isinstance(first, dict) else ""
