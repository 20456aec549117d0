"""The feeds of an Astro site, as their sources in `src/pages` say, and the routes of entries."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from feeds.init import literals
from feeds.init.astro_sources import Sources
from feeds.init.javascript import Script
from feeds.model.document import Format

_KINDS: tuple[tuple[Format, re.Pattern[str]], ...] = (
    ("json", re.compile(r"jsonfeed\.org/version")),
    ("atom", re.compile(r"<feed\b|http://www\.w3\.org/2005/Atom|\batom1\(")),
    ("rss", re.compile(r"@astrojs/rss|<rss\b|\brss2\(")),
)
_COLLECTION = re.compile(r"""\bgetCollection(?:<[^>]*>)?\(\s*(?:["'`](\w[\w-]*)["'`]|(\w+))""")
_GLOB = re.compile(r"""import\.meta\.glob(?:Eager)?\(\s*["'`]([^"'`]+)["'`]""")
_LINK = re.compile(r"\blink\s*:\s*(.*)")
_LINK_TEMPLATE = re.compile(r"[`\"']([^`\"'$]*)\$\{[^}]*\b(?:id|slug)\b[^}]*\}(/?)")
_LINK_SUM = re.compile(
    r"""["'`]([^"'`]*)["'`]\s*\+\s*[\w.?]*\b(?:id|slug)\b(?:\s*\+\s*["'`](/)["'`])?"""
)
_OF_COLLECTION = re.compile(r"\$\{\s*\w+\.collection\s*\}")
_KEY = r"\b{name}\s*:\s*(?:new Date\(\s*)?[\w.?]*\b(?:data|frontmatter)\??\.(\w+)"
_LIMIT = re.compile(r"\.slice\(\s*(?:0\s*,\s*)?(\d+)\s*\)")
_NO_SLASH = re.compile(r"\btrailingSlash\s*:\s*false\b")
_LANGUAGE = re.compile(r"<language>\s*([\w-]+)\s*</language>")
_COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)
_DYNAMIC = re.compile(r"\[(?:\.\.\.)?(\w+)\]")
_LISTS = ("tag", "tags", "category", "author", "page", "year", "lang", "locale", "topic", "series")
_ENTRY_NAMES = ("slug", "id", "path", "uid", "post", "entry", "blog", "article", "name")


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A feed: its path, what it shows, and how.

    `prefix` is what its links have before the id of an entry, None if code makes them;
    `{collection}` in it is the name of the collection. `slash` says whether links end in one.
    `keys` are keys of front matter by our names. `pages` is the glob of Markdown pages that it
    shows instead of a collection.
    """

    path: str
    format: Format
    source: Path
    collections: tuple[str, ...] = ()
    pages: str = ""
    prefix: str | None = None
    slash: bool = True
    size: int | None = None
    keys: dict[str, str] = {}
    settings: dict[str, Any] = {}
    language: str = ""


def feeds(sources: Sources) -> list[Feed]:
    """Return the feeds of a site: `rss.xml` before others, those nearest the root first."""
    pages = sources.root / "src/pages"
    found = [feed for path in _endpoints(pages) if (feed := _feed(path, pages, sources))]
    return sorted(found, key=lambda feed: (feed.path.count("/"), feed.path != "rss.xml", feed.path))


def _endpoints(pages: Path) -> Iterator[Path]:
    for pattern in ("*.js", "*.ts", "*.mjs", "*.mts"):
        for path in sorted(pages.rglob(pattern)):
            if path.stem.endswith((".xml", ".json", ".rss", ".atom")) and "[" not in path.name:
                yield path


def _feed(path: Path, pages: Path, sources: Sources) -> Feed | None:
    text = _COMMENT.sub("", literals.read_text(path))
    kind = next((kind for kind, pattern in _KINDS if pattern.search(text)), None)
    address = path.relative_to(pages).with_suffix("").as_posix()
    if kind is None or "[" in address:
        return None
    glob = _GLOB.search(text)
    limit = _LIMIT.search(text)
    language = _LANGUAGE.search(text)
    prefix, slash = _link(text)
    return Feed(
        path=address,
        format=kind,
        source=path,
        collections=() if glob else _collections(path, text, sources),
        pages=glob[1] if glob else "",
        prefix=prefix,
        slash=slash and not _NO_SLASH.search(text),
        size=int(limit[1]) if limit else None,
        keys=_keys(text),
        settings=_settings(path, sources),
        language=language[1] if language else "",
    )


def _collections(path: Path, text: str, sources: Sources) -> tuple[str, ...]:
    """Return the collections that a feed shows, by its source or by a function that it imports."""
    found = _names(text, sources.constants(path))
    if not found:
        found = _names(_COMMENT.sub("", sources.with_imports(path)), {})[:1]
    return tuple(found)


def _names(text: str, constants: Mapping[str, Any]) -> list[str]:
    """Return the collections that calls of `getCollection` name."""
    pairs = _COLLECTION.findall(text)
    names = [literal or constants.get(variable) for literal, variable in pairs]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def _link(text: str) -> tuple[str | None, bool]:
    """Return what links have before and after the id; None as prefix if code makes them.

    @astrojs/rss adds a slash to links without one.
    """
    for match in _LINK.finditer(text):
        line = _OF_COLLECTION.sub("{collection}", match[1])
        if found := _LINK_TEMPLATE.search(line):
            before = line[: found.start()]
            return found[1], bool(found[2]) or "url" not in before.lower()
        if found := _LINK_SUM.search(line):
            return found[1], True
    return None, True


def _keys(text: str) -> dict[str, str]:
    names = {"title": "title", "summary": "description", "published": "pubDate",
             "topics": "categories", "authors": "author"}  # fmt: skip
    found = {ours: re.search(_KEY.format(name=name), text) for ours, name in names.items()}
    return {ours: match[1] for ours, match in found.items() if match}


def _settings(path: Path, sources: Sources) -> dict[str, Any]:
    """Return what a feed says about itself: its title and description."""
    text = literals.read_text(path)
    constants = sources.constants(path)
    values = {name: value for name, value in constants.items() if isinstance(value, str | dict)}
    head = "".join(
        f"const {name} = {msgspec.json.encode(value).decode()};\n"
        for name, value in values.items()
        if _is_json(value)
    )
    for arguments in Script(head + text, path).calls("rss"):
        if arguments and isinstance(arguments[0], dict):
            return {key: value for key, value in arguments[0].items() if isinstance(value, str)}
    return {}


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_json(item) for item in value.values())
    if isinstance(value, list):
        return all(_is_json(item) for item in value)
    return value is None or type(value) in (str, int, float, bool)


def routes(sources: Sources, collection: str) -> list[str]:
    """Return the folders of the pages of a collection's entries below the site."""
    pages = sources.root / "src/pages"
    found: list[tuple[int, str]] = []
    for path in sorted(pages.rglob("*.astro")):
        address = path.relative_to(pages).with_suffix("").as_posix().removesuffix("/index")
        folder, _, last = address.rpartition("/")
        name = _DYNAMIC.fullmatch(last)
        if name is None or "[" in folder or name[1].lower() in _LISTS:
            continue
        text = literals.read_text(path)
        if "paginate" in text and "render(" not in text and ".render()" not in text:
            continue
        shown = _COLLECTION.findall(text)
        if name[1].lower() not in _ENTRY_NAMES and not shown:
            continue
        is_named = any(collection in pair for pair in shown)
        is_other = bool(shown) and not is_named and any(pair[0] for pair in shown)
        is_same = folder.rpartition("/")[2] == collection
        rank = 0 if is_named and is_same else 1 if is_named or is_same else 3 if is_other else 2
        found.append((rank, folder))
    best = min((rank for rank, _ in found), default=0)
    return sorted(folder for rank, folder in found if rank == best)
