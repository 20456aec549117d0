"""Hexo: posts in `source/_posts`, with hexo-generator-feed (hexo.io/docs/front-matter)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar

import msgspec

from feeds.presets import slugs, vocabulary
from feeds.presets.matter import Matter
from feeds.presets.permalink import DateZone, PageFacts
from feeds.presets.preset import Preset
from feeds.presets.reading import Dialect, Format, Reading

# What the parts of `new_post_name` look like; all others, such as `:title`, are any text.
_PARTS: Mapping[str, str] = {
    "year": r"\d{4}", "month": r"\d{2}", "day": r"\d{2}", "i_month": r"\d{1,2}",
    "i_day": r"\d{1,2}", "hash": r"[0-9a-f]{12}",
}  # fmt: skip
_PART = re.compile(r":(\w+)")


class Hexo(Preset):
    """Hexo. The rules have the names of Hexo's settings."""

    name: ClassVar[str] = "hexo"
    title: ClassVar[str] = "Hexo"
    formats: ClassVar[tuple[Format, ...]] = ("yaml", "json", "hexo", "none")
    extensions: ClassVar[tuple[str, ...]] = (
        ".md", ".markdown", ".mkd", ".mkdn", ".mdwn", ".mdtxt", ".mdtext", ".mdown", ".html",
        ".htm",
    )  # fmt: skip
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "title": ("title",),
        "published": ("date",),
        "updated": ("updated",),
        "created": (),
        "summary": ("description", "intro", "excerpt"),
        "image": ("cover", "image", "thumbnail", "banner", "photos", "photo"),
        "url": ("permalink",),
    }
    permalink: ClassVar[str] = "/{year}/{month}/{day}/{slug}/"
    zone_of_permalink: ClassVar[DateZone] = "site"
    dialect: ClassVar[Dialect] = Dialect(templates=("hexo",), linkify=True)
    also_read: ClassVar[tuple[str, ...]] = ("tag",)
    rules: ClassVar[Mapping[str, Any]] = {
        "new_post_name": ":title.md",
        "default_category": "uncategorized",
        "category_map": (),
        "filename_case": 0,
        "post_asset_folder": False,
        "trailing_index": True,
        "trailing_html": True,
    }

    def skip(self, path: str, matter: Matter) -> str:
        """Return why Hexo makes no post of the file."""
        parts = PurePosixPath(path).parts
        if any(part[0] in "_." for part in parts):
            return "has a name, or is in a folder, that begins with _ or a dot"
        layout = matter.get("layout")
        return "has the layout of drafts" if layout and layout.value == "draft" else ""

    def moment(self, value: Any) -> datetime:
        """Return the time that a value means: Hexo ignores the zone of a date, but for its UTC."""
        moment = super().moment(value)
        if isinstance(value, datetime) and value.tzinfo:
            return moment.astimezone(UTC).replace(tzinfo=self.options.zone)
        return moment

    def name_moment(self, path: str) -> datetime | None:
        """Return the date that `new_post_name` finds in the file's path."""
        parts = self._parts(path)
        day = [parts.get(name) or parts.get(f"i_{name}") for name in ("month", "day")]
        if not parts.get("year") or not all(day):
            return None
        try:
            numbers = [int(part or 0) for part in (parts["year"], *day)]
            return datetime(numbers[0], numbers[1], numbers[2], tzinfo=self.options.zone)
        except ValueError:
            return None

    def _parts(self, path: str) -> Mapping[str, str]:
        """Return the parts of a file's path by the names that `new_post_name` gives them."""
        layout = str(self.rule["new_post_name"])
        layout = layout.removesuffix(PurePosixPath(layout).suffix)
        names: list[str] = []
        pattern = ""
        for index, text in enumerate(_PART.split(layout)):
            if index % 2 == 0:
                pattern += re.escape(text)
            elif text in names:
                pattern += f"(?P={text})"
            else:
                names.append(text)
                pattern += f"(?P<{text}>{_PARTS.get(text, '.+?')})"
        match = re.fullmatch(pattern, _stem(path))
        return match.groupdict() if match else {}

    def slug(self, path: str, matter: Matter, title: str) -> str:  # noqa: ARG002
        """Return Hexo's `:title`: the path of the file without date.

        A `slug` of the author is none to Hexo. If `articles.fields` has a key for it, it stands for
        the key of the permalink, such as `:abbrlink`.
        """
        own = next(iter(matter.all(self.options.fields.get("slug", ()))), None)
        if own:
            return str(own.value)
        return self._parts(path).get("title") or self._fallback(path)

    def _fallback(self, path: str) -> str:
        return _stem(path) if self.rule["new_post_name"] == ":title.md" else slugs.hexo(_stem(path))

    def bare_name(self, path: str) -> str:
        """Return the name of the file without extension and date."""
        return (self._parts(path).get("title") or _stem(path)).rpartition("/")[2]

    def topics(self, matter: Matter) -> list[Any]:
        """Return categories, of all levels of their hierarchy, and tags."""
        terms = [term for branch in _branches(matter) for term in branch]
        tags = matter.get("tags") or matter.get("tag")
        terms += vocabulary.terms([tags]) if tags else []
        return [term for index, term in enumerate(terms) if term not in terms[:index]]

    def read_topics(self, reading: Reading, path: str) -> None:
        """Read the terms of the article, also from lists of lists."""
        super().read_topics(reading, path)
        for name in ("categories", "category", "tags", "tag"):
            if value := reading.matter.get(name):
                self._put(reading, "topics", reading.data["topics"], value)

    def categories(self, matter: Matter, path: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the category that a permalink names: the last branch of the hierarchy."""
        branches = _branches(matter)
        if not branches:
            return ()
        return tuple(self._category(str(term)) for term in branches[-1])

    def _category(self, name: str) -> str:
        known = dict(text.rpartition("=")[::2] for text in self.rule["category_map"])
        mapped = known.get(name, name)
        return slugs.hexo(mapped, self.rule["filename_case"])

    def page_facts(
        self, path: str, reading: Reading, title: str, moment: datetime, category: str | None
    ) -> PageFacts:
        """Return the facts for the URL; the category is a path of its slugs."""
        facts = super().page_facts(path, reading, title, moment, category)
        branch = "/".join(facts.categories) or str(self.rule["default_category"])
        name = facts.slug.rpartition("/")[2]
        return msgspec.structs.replace(facts, category=branch, name=name)

    def clean(self, name: str, text: str) -> str:
        """Return the text of a placeholder; only `:post_title` is made a slug."""
        return slugs.hexo(text, 1) if name == "title" else super().clean(name, text)

    def page_url(self, matter: Matter, path: str, facts: PageFacts) -> str | None:  # noqa: ARG002
        """Return the URL of the page, from the front matter or by the site's pattern."""
        own = matter.get("permalink")
        address = str(own.value) if own else self.expand(facts)
        if self.rule["post_asset_folder"] and not address.endswith(("/", ".html")):
            address += "/"
        if not self.rule["trailing_index"] and address.endswith("/index.html"):
            address = address.removesuffix("index.html")
        elif not self.rule["trailing_html"] and not address.endswith("/index.html"):
            address = address.removesuffix(".html")
        return self.absolute(address)


def _stem(path: str) -> str:
    return path.removesuffix(PurePosixPath(path).suffix)


def _branches(matter: Matter) -> list[list[Any]]:
    """Return the branches of the category hierarchy: one list is one branch, from the top."""
    value = matter.get("categories") or matter.get("category")
    if value is None:
        return []
    items = value.value if isinstance(value.value, list) else [value.value]
    if not any(isinstance(item, list) for item in items):
        return [vocabulary.terms([value])]
    lists = [item if isinstance(item, list) else [item] for item in items]
    return [vocabulary.terms([value._replace(value=item)]) for item in lists if item]
