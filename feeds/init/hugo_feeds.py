"""The feeds that a Hugo site has, and what its RSS template shows in them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from feeds.init import literals
from feeds.init.findings import OldFeed
from feeds.init.hugo_config import Language, get, mapping, text, texts
from feeds.model.document import Format

_TEMPLATES = (
    "index.rss.xml", "home.rss.xml", "_default/index.rss.xml", "_default/home.rss.xml",
    "_default/rss.xml", "_default/list.rss.xml", "rss.xml", "list.rss.xml", "index.xml",
    "_default/list.xml",
)  # fmt: skip
_SELECTED = re.compile(
    r"""["'`]\.?(?:Section|Type)["'`]\s+(?:["'`](?:==?|eq|in)["'`]\s+)?(?:\(\s*slice\s+)?"""
    r"""((?:["'`][\w-]+["'`]\s*)+)"""
)
_OPERATORS = frozenset({"in", "eq", "ne", "not", "intersect"})
_WORD = re.compile(r"[\w-]+")
_FIRST = re.compile(r"\bfirst\s+(\d+)")
_PUB_DATE = re.compile(r"<pubDate>\s*\{\{-?\s*\.(Date|PublishDate|Lastmod)\b")
_DESCRIPTION = re.compile(r"<description>(?:(?!</description>).)*\.(Description|Summary)\b")
_TAXONOMIES = ("tags", "categories")
_DEFAULT_OUTPUTS = ("html", "rss")
_MEDIA_TYPES: Mapping[str, Format] = {
    "application/rss+xml": "rss",
    "application/atom+xml": "atom",
    "application/feed+json": "json",
}


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """What the site's RSS template shows: of all pages, or of sections; empty texts are unknown.

    `uses_main` says that it shows the main sections, and `sections` are those that it names.
    """

    uses_main: bool = False
    sections: tuple[str, ...] = ()
    size: int | None = None
    date: str = ""
    summary: str = ""


class Output(msgspec.Struct, frozen=True):
    """A feed format of the site, and the name of its files."""

    name: str
    format: Format
    file: str


def template(root: Path, settings: Mapping[str, Any]) -> Template | None:
    """Return what the site's own RSS template, or that of its theme, shows; None without one."""
    folders = [root / (text(settings, "layoutDir") or "layouts")]
    themes = root / (text(settings, "themesDir") or "themes")
    folders += [themes / name / "layouts" for name in texts(settings, "theme")]
    for folder in folders:
        for name in _TEMPLATES:
            if source := literals.read_text(folder / name):
                return _read_template(source)
    return None


def _read_template(source: str) -> Template:
    named = [word for match in _SELECTED.findall(source) for word in _WORD.findall(match)]
    named = [word for word in named if word not in _OPERATORS]
    first = _FIRST.search(source)
    date, summary = _PUB_DATE.search(source), _DESCRIPTION.findall(source)
    return Template(
        uses_main="mainSections" in source or "MainSections" in source,
        sections=tuple(dict.fromkeys(named)),
        size=int(first[1]) if first else None,
        date=date[1] if date else "",
        summary=summary[-1] if summary else "",
    )


def old_feeds(
    settings: Mapping[str, Any],
    languages: list[Language],
    sections: list[str],
    shown: Template | None,
) -> list[OldFeed]:
    """Return the feeds that the site makes: of the home page, sections and terms, by language.

    The feed of the only section that the home page's feed shows is the same as that.
    """
    alone = shown.sections if shown and shown.sections else tuple(sections)
    limit = get(settings, "services.rss.limit", "rssLimit")
    size = shown.size if shown else None
    if isinstance(limit, int) and limit > 0:
        size = limit
    return [
        OldFeed(
            f"{_prefix(languages, number)}{path}{output.file}",
            output.format,
            size,
            text(language.settings, "title") if kind == "home" else "",
            _term(kind, path, language if len(languages) > 1 else None, alone),
            "topic" if kind == "term" else None,
        )
        for number, language in enumerate(languages)
        for kind, path, output in _places(language.settings, sections)
        if kind == "home" or not number
    ]


def has_home_feed(settings: Mapping[str, Any]) -> bool:
    """Return whether the home page has a feed."""
    return any(kind == "home" for kind, _, _ in _places(settings, []))


def _prefix(languages: list[Language], number: int) -> str:
    in_folder = number or get(languages[0].settings, "defaultContentLanguageInSubdir") is True
    return f"{languages[number].key}/" if len(languages) > 1 and in_folder else ""


def _term(
    kind: str, path: str, language: Language | None, alone: tuple[str, ...]
) -> tuple[str, str] | None:
    """Return the term of a feed that shows only a part of the site."""
    if kind == "section" and alone != (path.strip("/"),):
        return ("folder", path.strip("/"))
    return ("language", language.reading_tag) if kind != "term" and language else None


def _places(settings: Mapping[str, Any], sections: list[str]) -> Iterator[tuple[str, str, Output]]:
    """Yield the kind of page, its path and the format of each feed of one language."""
    places = [("home", "")]
    places += [("section", f"{name}/") for name in sections]
    places += [("term", f"{name}/{{topic}}/") for name in _with_pages(settings)]
    disabled = {name.lower() for name in texts(settings, "disableKinds")}
    for kind, path in places:
        names = texts(settings, f"outputs.{kind}") or _DEFAULT_OUTPUTS
        for name in () if kind in disabled else names:
            output = _output(settings, name.lower())
            if output and not (name.lower() == "rss" and "rss" in disabled):
                yield kind, path, output


def taxonomies(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of front matter that hold terms; tags count even if they have no pages."""
    plurals = (str(plural).lower() for plural in mapping(settings, "taxonomies").values())
    return tuple(dict.fromkeys((*_TAXONOMIES, *plurals)))


def _with_pages(settings: Mapping[str, Any]) -> tuple[str, ...]:
    table = get(settings, "taxonomies")
    plurals = table.values() if isinstance(table, Mapping) else _TAXONOMIES
    return tuple(str(plural).lower() for plural in plurals)


def _output(settings: Mapping[str, Any], name: str) -> Output | None:
    """Return an output format of the site if it is one of feeds."""
    own = mapping(mapping(settings, "outputFormats"), name)
    media_type = str(own.get("mediatype") or ("application/rss+xml" if name == "rss" else ""))
    format_ = _MEDIA_TYPES.get(media_type.lower())
    if format_ is None and "json" in media_type and "feed" in name:
        format_ = "json"
    if format_ is None:
        return None
    known = mapping(settings, "mediaTypes").get(media_type.lower())
    suffixes = texts(known, "suffixes") if isinstance(known, Mapping) else ()
    suffix = suffixes[0] if suffixes else "json" if format_ == "json" else "xml"
    base = text(own, "baseName") or "index"
    folder = text(own, "path").strip("/")
    return Output(name, format_, f"{folder}/{base}.{suffix}".lstrip("/"))
