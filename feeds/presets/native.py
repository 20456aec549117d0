"""Articles in this project's own vocabulary, in which common names of other tools count, too."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, cast
from urllib.parse import quote

from feeds.presets import vocabulary
from feeds.presets.matter import Matter, fold
from feeds.presets.permalink import PageFacts
from feeds.presets.preset import Preset
from feeds.presets.reading import Format, Location, Options, Reading, SummarySource
from feeds.util import dates
from feeds.util.text import slug

# Names that our vocabulary has, with a meaning that need not be that of `vocabulary.COMMON`.
_OURS = frozenset({"category", "excerpt", "length", "locale", "language", "authors", "audio"})
# Names of ours that are common names in other tools, and mean the same there.
_ALWAYS_OURS = frozenset({"title", "name", "published", "images", "topics"})
_EMPTY, _NOWHERE = Matter({}), Location()
_MAX_PLAIN = 1_000  # names
_COMMON: Mapping[str, tuple[str, ...]] = {
    ours: tuple(name for name in names if name not in _OURS)
    for ours, names in vocabulary.COMMON.items()
}


class Native(Preset):
    """Our vocabulary. A key of ours is read as it stands; an absent one, by its common names."""

    name: ClassVar[str] = ""
    title: ClassVar[str] = "the vocabulary of this project"
    formats: ClassVar[tuple[Format, ...]] = ("yaml", "toml", "json")
    is_foreign: ClassVar[bool] = False
    summary_order: ClassVar[tuple[SummarySource, ...]] = ("field",)
    split: ClassVar[str] = ","

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._names = {**_COMMON, **options.fields}
        names = (name for candidates in self._names.values() for name in candidates)
        self._common = frozenset(fold(name.partition(".")[0]) for name in names)
        # Names of the articles so far that are no common ones.
        self._plain = set(_ALWAYS_OURS)

    def read(self, path: str, data: Mapping[str, Any], body: str) -> Reading:
        """Return the article; most have only our names, and are returned as they are."""
        data = self._with_defaults(path, data)
        if self._is_plain(data):
            return Reading(data=cast("dict[str, Any]", data), body=body, matter=_EMPTY)
        reading = Reading(data=dict(data), body=body, matter=Matter(data))
        for ours, read in self.readers.items():
            value = data.get(ours)
            is_list_of_text = isinstance(value, list) and any(isinstance(i, str) for i in value)
            if value in (None, "", []) or (ours == "images" and is_list_of_text):
                read(self, reading, path)
        return reading

    def _is_plain(self, data: Mapping[str, Any]) -> bool:
        """Return whether no key of the front matter is a common name of another tool."""
        images = data.get("images")
        if not isinstance(data.get("published", True), bool) or (
            isinstance(images, list) and any(isinstance(image, str) for image in images)
        ):
            return False  # a date and plain URLs, in other tools
        if data.keys() <= self._plain:
            return True
        others = [name for name in data if name not in self._plain and isinstance(name, str)]
        if not self._common.isdisjoint(map(fold, others)):
            return False
        if len(self._plain) < _MAX_PLAIN:
            self._plain.update(others)
        return True

    def locate(
        self, path: str, reading: Reading, title: str, published: datetime, category: str | None
    ) -> Location:
        """Return where the page is; most sites link to the sources of their articles."""
        if reading.matter is _EMPTY and not self.options.permalink:
            return _NOWHERE
        return super().locate(path, reading, title, published, category)

    def read_title(self, reading: Reading, path: str) -> None:  # noqa: ARG002
        """Read the title, but not from a heading or a file name."""
        value = self._first(reading, "title")
        if value is not None and value.keys[0] != "name":
            self._put(reading, "title", value.value, value)

    def read_published(self, reading: Reading, path: str) -> None:
        """Read the date of publication; the parser reads the one in the file name."""
        reading.moment = self._read_date(reading, "publishedDateTime", "published")
        reading.dated = "front matter" if reading.moment else ""
        has_date = reading.data.get("publishedDateTime") not in (None, "")
        if not has_date and not dates.in_name(path.rpartition("/")[2], self.options.zone):
            self._read_created(reading)

    def read_topics(self, reading: Reading, path: str) -> None:
        """Read the terms, if there are any."""
        if self._first(reading, "topics"):
            super().read_topics(reading, path)

    def page_url(self, matter: Matter, path: str, facts: PageFacts) -> str | None:
        """Return the URL of the page; None unless the article or the site's pattern gives it."""
        if any(isinstance(value.value, str) for value in matter.all(self._names["url"])):
            return super().page_url(matter, path, facts)
        return super().page_url(matter, path, facts) if self.options.permalink else None

    def clean(self, name: str, text: str) -> str:
        """Return the text of a placeholder, percent-encoded; categories and titles as slugs."""
        if name in ("category", "categories", "title", "author"):
            text = "/".join(slug(part) for part in text.split("/")) if text else ""
        return quote(text)

    def bare_name(self, path: str) -> str:
        """Return the file name without extension and date."""
        return dates.without_date(path.rpartition("/")[2].rpartition(".")[0])
