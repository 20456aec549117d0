"""Pelican: articles with `Key: value` lines, reStructuredText or HTML (docs.getpelican.com)."""

import re
from collections.abc import Mapping
from datetime import datetime
from html import unescape
from pathlib import PurePosixPath
from typing import Any, ClassVar

from msgspec.structs import replace

from feeds.presets import permalink, slugs, vocabulary
from feeds.presets.matter import Matter, Value, fold
from feeds.presets.permalink import DateZone, PageFacts
from feeds.presets.preset import Preset
from feeds.presets.reading import Dialect, Format, Options, Reading, SummarySource
from feeds.util import dates

_TAG = re.compile(r"<[^<>]*>")
# A word, as Pelican counts them: of Chinese, Japanese and Korean, each character is one.
_WORD = re.compile(
    r"[一-鿿㐀-䶿豈-﫿\U00020000-\U0002a6df\U0002f800-\U0002fa1f぀-ヿᄀ-ᇿ가-퟿㄰-㆏]|\w[\w'-]*"
)


class Pelican(Preset):
    """Pelican. The rules have the names of its settings in lower case.

    `slug_regex_substitutions` has the patterns and their replacements in turn.
    """

    name: ClassVar[str] = "pelican"
    title: ClassVar[str] = "Pelican"
    formats: ClassVar[tuple[Format, ...]] = ("headers", "rst", "html")
    extensions: ClassVar[tuple[str, ...]] = (
        ".md", ".markdown", ".mkd", ".mdown", ".rst", ".html", ".htm",
    )  # fmt: skip
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "title": ("title",),
        "published": ("date",),
        "created": (),
        "updated": ("modified",),
        "summary": ("summary",),
        "authors": ("authors", "author"),
        "url": ("url",),
    }
    permalink: ClassVar[str] = "/{slug}.html"
    zone_of_permalink: ClassVar[DateZone] = "site"
    dialect: ClassVar[Dialect] = Dialect(
        templates=("pelican",), references="source", more="<!-- PELICAN_END_SUMMARY -->"
    )
    summary_order: ClassVar[tuple[SummarySource, ...]] = ("field", "more", "50 words")
    has_markdown_summary: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Any]] = {
        "article_lang_url": "/{slug}-{language}.html",
        "author": "",
        "default_category": "misc",
        "default_date": "",
        "filename_metadata": r"(?P<date>\d{4}-\d{2}-\d{2}).*",
        "path_metadata": "",
        "slug_regex_substitutions": (),
        "slugify_preserve_case": False,
        "slugify_source": "title",
        "slugify_use_unicode": False,
        "summary_max_length": 50,
        "use_folder_as_category": True,
    }

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        parts = self.rule["slug_regex_substitutions"]
        self._substitutions = tuple(zip(parts[::2], parts[1::2], strict=False))

    @classmethod
    def rule_mistake(cls, name: str, value: Any) -> str:
        """Return what is wrong with the value of a rule: a pattern that is none."""
        patterns = value[::2] if name == "slug_regex_substitutions" else (value,)
        if name not in ("slug_regex_substitutions", "filename_metadata", "path_metadata"):
            return ""
        try:
            for pattern in patterns:
                re.compile(pattern)
        except re.error as error:
            return f"{error.pattern!r} is not a regular expression: {error.msg}"
        return ""

    def skip(self, path: str, matter: Matter) -> str:  # noqa: ARG002
        """Return why Pelican makes no article of the file."""
        return "" if "title" in matter else "has no title, so that Pelican does not publish it"

    def _with_defaults(self, path: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Add the metadata in the path, and then that of the folder, in place of empty values."""
        data = {name: value for name, value in data.items() if value != ""}
        known = {fold(name) for name in data if isinstance(name, str)}
        added = {
            name: value
            for name, value in self._path_metadata(path).items()
            if name != "date" and fold(name) not in known
        }
        return super()._with_defaults(path, {**data, **added} if added else data)

    def _path_metadata(self, path: str) -> dict[str, str]:
        """Return the named groups of FILENAME_METADATA and of PATH_METADATA."""
        values: dict[str, str] = {}
        for rule, text in (("path_metadata", path), ("filename_metadata", self.bare_name(path))):
            if self.rule[rule] and (match := re.match(self.rule[rule], text)):
                groups = match.groupdict().items()
                values |= {name.lower(): value for name, value in groups if value is not None}
        return values

    def name_moment(self, path: str) -> datetime | None:
        """Return the date in the path."""
        try:
            return self.moment(self._path_metadata(path).get("date", ""))
        except dates.BadDateError:
            return None

    def read_title(self, reading: Reading, path: str) -> None:
        """Read the title, without HTML."""
        super().read_title(reading, path)
        reading.data["title"] = _without_tags(str(reading.data["title"]))

    def read_published(self, reading: Reading, path: str) -> None:
        """Read the date; Pelican does not publish an article without one."""
        super().read_published(reading, path)
        if "publishedDateTime" not in reading.data and (default := self.rule["default_date"]):
            reading.moment = self.moment(default)
            reading.data["publishedDateTime"] = reading.moment
        if "publishedDateTime" not in reading.data:
            reading.skipped = "has no date, so that Pelican does not publish it"

    def moment(self, value: Any) -> datetime:
        """Return the time that a value means; `_` stands for a space."""
        return super().moment(value.replace("_", " ") if isinstance(value, str) else value)

    def bare_name(self, path: str) -> str:
        """Return the file name without extension."""
        return PurePosixPath(path).stem

    def slug(self, path: str, matter: Matter, title: str) -> str:
        """Return the slug of the front matter, else one of the title or the file name."""
        if slug := matter.get("slug"):
            return str(slug.value)
        is_by_name = self.rule["slugify_source"] == "basename"
        return self._slugified(self.bare_name(path) if is_by_name else title)

    def page_url(self, matter: Matter, path: str, facts: PageFacts) -> str | None:
        """Return the URL of the page; translations have a pattern of their own."""
        language = facts.language.lower()
        if matter.get("url") or language == self.options.language.lower():
            return super().page_url(matter, path, facts)
        pattern = self.rule["article_lang_url"]
        return self.absolute(permalink.expand(pattern, facts, self.clean))

    def page_facts(
        self, path: str, reading: Reading, title: str, moment: datetime, category: str | None
    ) -> PageFacts:
        """Return the facts for URLs; an article without author has the site's."""
        facts = super().page_facts(path, reading, title, moment, category)
        return facts if facts.author else replace(facts, author=self.rule["author"])

    def topics(self, matter: Matter) -> list[Any]:
        """Return the tags; `read_topics` adds the category."""
        return vocabulary.terms(_split(matter.all(("tags",))))

    def read_topics(self, reading: Reading, path: str) -> None:
        """Read the category and the tags."""
        super().read_topics(reading, path)
        category = self.categories(reading.matter, path)
        reading.data["topics"] = list(dict.fromkeys([*category, *reading.data["topics"]]))

    def read_authors(self, reading: Reading, path: str) -> None:  # noqa: ARG002
        """Read the authors, separated like tags, or the one author."""
        if (authors := self._first(reading, "authors")) is not None:
            [split] = _split([authors]) if fold(authors.keys[0]) == "authors" else [authors]
            people = vocabulary.people(split.value, self.options.people)
            self._put(reading, "authors", people, authors)

    def categories(self, matter: Matter, path: str) -> tuple[str, ...]:
        """Return the category: of the front matter, the folder, or the site's default."""
        if category := matter.get("category"):
            return (str(category.value),)
        folder = PurePosixPath(path).parent.name
        if folder and self.rule["use_folder_as_category"]:
            return (folder,)
        return (self.rule["default_category"],) if self.rule["default_category"] else ()

    def clean(self, name: str, text: str) -> str:
        """Return the text of a placeholder; names of categories and authors become slugs."""
        return self._slugified(text) if name in ("category", "author", "title") else text

    def first_words(self, text: str, count: int) -> str:  # noqa: ARG002
        """Return the first words of a text, with an ellipsis if there are that many."""
        most = self.rule["summary_max_length"]
        for number, match in enumerate(_WORD.finditer(text), 1):
            if number == most:
                return f"{text[: match.end()]} …"
        return text if most else ""

    def _slugified(self, text: str) -> str:
        return slugs.pelican(
            _without_tags(text),
            self._substitutions,
            keeps_case=self.rule["slugify_preserve_case"],
            keeps_letters=self.rule["slugify_use_unicode"],
        )


def _without_tags(text: str) -> str:
    return unescape(_TAG.sub("", text)) if "<" in text or "&" in text else text


def _split(values: Any) -> list[Value]:
    """Return values whose text is split at semicolons, or else at commas."""
    split = []
    for value in values:
        if isinstance(value.value, str):
            separator = ";" if ";" in value.value else ","
            parts = [part.strip() for part in value.value.split(separator) if part.strip()]
            split.append(Value(value.keys, parts))
        else:
            split.append(value)
    return split
