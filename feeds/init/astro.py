"""Reads the configuration and routes of an Astro site (docs.astro.build). No code is run."""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

from feeds.init import astro_feeds, literals
from feeds.init.astro_feeds import Feed
from feeds.init.astro_site import find_text, site_data
from feeds.init.astro_sources import CONFIGS, Collection, Sources
from feeds.init.findings import Findings, OldFeed

_LIKELY = ("blog", "posts", "post", "articles", "article", "news", "writing", "notes", "entries")
_BRACES = re.compile(r"\{([^{}]*)\}")
_MARKUP = (".md", ".mdx", ".markdown", ".mdown", ".mkdn", ".mkd")
_MAX_FILES = 20_000


def detect(root: Path) -> tuple[str, ...]:
    """Return the files that show that a folder is an Astro site; none if it is not."""
    config = literals.first_file(root, *CONFIGS)
    if config is None or not (root / "src").is_dir():
        return ()
    return (config.name,)


def inspect(root: Path) -> Findings:
    """Return the settings of an Astro site."""
    unclear: list[str] = []
    sources = Sources(root)
    collections = sources.collections()
    feeds = astro_feeds.feeds(sources)
    feed = _main(feeds, collections, root)
    names = _shown(feed, collections, root)
    findings = Findings(
        preset="astro",
        generator="Astro",
        evidence=detect(root),
        root=root,
        timezone="UTC",
        assets=_public(sources),
        ids="astro",
        built=(sources.text("outDir").removeprefix("./").strip("/") or "dist",),
        fields=_fields(feed),
        old_feeds=tuple(_old_feeds(feeds, feed)),
        unclear=unclear,
    )
    if feed and feed.pages:
        _add_pages(findings, feed)
    else:
        _add_collections(findings, {name: collections[name] for name in names})
        patterns = {name: _permalink(findings, sources, feed, name) for name in names}
        _add_permalinks(findings, patterns, collections)
    _add_site(findings, sources, feed)
    _add_unread(findings, feeds, feed)
    return findings


def _main(feeds: list[Feed], collections: dict[str, Collection], root: Path) -> Feed | None:
    """Return the feed of the likeliest collection that has articles."""
    order = {name: number for number, name in enumerate(_LIKELY)}
    fit = [feed for feed in feeds if feed.pages or _shown(feed, collections, root)]
    ranks = {
        feed.path: min((order.get(name, len(order)) for name in feed.collections), default=0)
        for feed in fit
    }
    return min(fit, key=lambda feed: ranks[feed.path], default=None)


def _shown(feed: Feed | None, collections: dict[str, Collection], root: Path) -> tuple[str, ...]:
    """Return the collections of the feed, or else the likeliest one."""
    if feed is not None:
        return tuple(name for name in feed.collections if _count(root, collections.get(name)))
    name = _likeliest(collections, root)
    return (name,) if name else ()


def _likeliest(collections: dict[str, Collection], root: Path) -> str:
    counts = {name: _count(root, each) for name, each in collections.items()}
    named = [name for name in _LIKELY if counts.get(name)]
    return named[0] if named else max(counts, key=lambda name: counts[name], default="")


def _count(root: Path, collection: Collection | None) -> int:
    return sum(1 for _ in _files(root / collection.folder)) if collection else 0


def _files(folder: Path) -> Iterator[Path]:
    for number, path in enumerate(folder.rglob("*") if folder.is_dir() else ()):
        if number >= _MAX_FILES:
            return
        if path.suffix in (*_MARKUP, ".mdoc") and "node_modules" not in path.parts:
            yield path


# The articles.


def _add_collections(findings: Findings, collections: dict[str, Collection]) -> None:
    """Add the common folder of the collections, and their patterns."""
    if not collections:
        findings.folder = "src/content" if (findings.root / "src/content").is_dir() else "src"
        findings.unclear.append(
            "no content collection is found; write the folder of the articles into articles.folder"
        )
        return
    findings.folder = posixpath.commonpath([each.folder for each in collections.values()]) or "."
    include: list[str] = []
    ignore: list[str] = []
    for name, collection in collections.items():
        below = posixpath.relpath(collection.folder, findings.folder)
        prefix = "" if below == "." else f"{below}/"
        patterns = [each for pattern in collection.patterns for each in _expanded(pattern)]
        included = [each for each in patterns if each[:1] != "!"]
        narrow = [prefix + _wildcard(each) for each in included if _narrows(each)]
        include += narrow or ([f"{prefix}*"] if prefix else [])
        ignore += [prefix + _wildcard(each[1:]) for each in patterns if each[:1] == "!"]
        if collection.is_legacy or any("[^_]" in each or "[!_]" in each for each in included):
            ignore += ["_*", "*/_*"]
        _add_unread_ids(findings, name, collection)
    findings.include, findings.ignore = (
        tuple(dict.fromkeys(patterns)) for patterns in (include, ignore)
    )


def _add_unread_ids(findings: Findings, name: str, collection: Collection) -> None:
    if collection.is_custom:
        findings.unclear.append(
            f"the ids of the collection {name} may be made by code (generateId); "
            "if links differ, write slug into the articles"
        )
    files = _files(findings.root / collection.folder)
    if others := [path.name for path in files if path.suffix == ".mdoc"]:
        findings.unclear.append(
            f"Markdoc files (.mdoc) are not read ({len(others):,} in all, such as {others[0]})"
        )


def _expanded(glob: str) -> Iterator[str]:
    """Yield the globs for which a glob with `{a,b}` stands."""
    braces = _BRACES.search(glob)
    if braces is None:
        yield glob
        return
    for choice in braces[1].split(","):
        yield from _expanded(glob[: braces.start()] + choice + glob[braces.end() :])


def _narrows(glob: str) -> bool:
    """Return whether a glob leaves out any Markdown."""
    rest = glob.removeprefix("./").removeprefix("**/").replace("[^_]", "").replace("[!_]", "")
    return not re.fullmatch(r"\*+(?:\.\w+)?", rest)


def _wildcard(glob: str) -> str:
    """Return a glob as one of ours, whose `*` matches slashes, too."""
    rest = glob.removeprefix("./").replace("[^_]", "").replace("[!_]", "")
    return rest.replace("**/", "*").replace("**", "*")


def _add_pages(findings: Findings, feed: Feed) -> None:
    """Add the folder of Markdown pages, whose URLs are those of their files."""
    base = feed.source.parent
    folder = (base / feed.pages.partition("*")[0]).resolve()
    pages = (findings.root / "src/pages").resolve()
    if not folder.is_relative_to(pages):
        folder = pages
    below = folder.relative_to(pages).as_posix().strip(".")
    findings.folder = f"src/pages/{below}".rstrip("/")
    findings.ignore = ("_*", "*/_*")
    findings.rules = {"slugger": False}
    findings.permalink = f"/{below}/{{path}}/".replace("//", "/")


def _add_permalinks(
    findings: Findings, patterns: dict[str, str], collections: dict[str, Collection]
) -> None:
    """Add the patterns of the collections, by folder if there are several."""
    if len(patterns) == 1:
        findings.permalink = next(iter(patterns.values()))
        return
    folders = {
        name: posixpath.relpath(collections[name].folder, findings.folder) for name in patterns
    }
    findings.permalink = {folders[name]: pattern for name, pattern in patterns.items()}
    findings.rules = {"collections": tuple(folders.values())} if patterns else {}


def _permalink(findings: Findings, sources: Sources, feed: Feed | None, name: str) -> str:
    """Return the URL pattern of entries: by the links of the feed, else by the routes."""
    if feed and feed.prefix is not None:
        prefix = feed.prefix.replace("{collection}", name).strip("/")
        return f"/{prefix}/{{path}}{'/' if feed.slash else ''}".replace("//", "/")
    folders = astro_feeds.routes(sources, name)
    if not folders:
        findings.unclear.append(
            f"the URLs of the collection {name} are not known; write them into site.permalink"
        )
        return f"/{name}/{{path}}/".replace("//", "/")
    if len(folders) > 1:
        findings.unclear.append(
            f"entries may be pages below /{folders[0]} or /{folders[1]}; the first is taken"
        )
    return f"/{folders[0]}/{{path}}{_ending(sources, feed)}".replace("//", "/")


def _ending(sources: Sources, feed: Feed | None) -> str:
    """Return the end of URLs: feeds write a slash unless told otherwise; else by the settings."""
    if feed is not None:
        return "/" if feed.slash else ""
    build = sources.config.get("build")
    is_file = isinstance(build, dict) and build.get("format") == "file"
    return "" if sources.text("trailingSlash") == "never" or is_file else "/"


def _fields(feed: Feed | None) -> dict[str, tuple[str, ...]]:
    """Return those keys that the feed shows and that are not the first that we read."""
    first = {"title": "title", "summary": "description", "published": "pubDate",
             "topics": "tags", "authors": "author"}  # fmt: skip
    fields: dict[str, tuple[str, ...]] = {}
    for ours, key in feed.keys.items() if feed else ():
        if ours == "summary" and key == "description":
            fields[ours] = ("description", "summary", "excerpt")
        elif key != first[ours]:
            fields[ours] = (key, first[ours])
    return fields


# The site.


def _public(sources: Sources) -> str:
    folder = sources.text("publicDir").removeprefix("./").strip("/") or "public"
    return folder if (sources.root / folder).is_dir() else ""


def _add_site(findings: Findings, sources: Sources, feed: Feed | None) -> None:
    data = site_data(sources)
    settings = feed.settings if feed else {}
    findings.title = settings.get("title") or find_text(data, "title", "name", "SITE_TITLE")
    findings.description = settings.get("description") or find_text(
        data, "description", "desc", "SITE_DESCRIPTION", "subtitle"
    )
    findings.author = find_text(data, "author", "author.name", "SITE_AUTHOR", "AUTHOR")
    findings.author_email = find_text(data, "email", "author.email")
    language = (feed.language if feed else "") or find_text(data, "lang", "language", "locale")
    findings.language = language.replace("_", "-")
    url = sources.text("site") or settings.get("site", "")
    url = url or find_text(data, "website", "url", "site", "SITE_URL", "siteUrl")
    base = sources.text("base").strip("/")
    findings.url = urljoin(url, f"/{base}/") if base and url else url
    if base and feed and feed.prefix is not None:
        _apply_base(findings, base, url)


def _apply_base(findings: Findings, base: str, url: str) -> None:
    """Let links be below `base` only if those of the feed are: they may name it themselves."""
    patterns = findings.permalink
    every = list(patterns.values()) if isinstance(patterns, dict) else [patterns]
    if all(pattern.startswith(f"/{base}/") for pattern in every):
        cut = {pattern: pattern.removeprefix(f"/{base}") for pattern in every}
        findings.permalink = (
            {folder: cut[pattern] for folder, pattern in patterns.items()}
            if isinstance(patterns, dict)
            else cut[patterns]
        )
    elif "://" in url:
        findings.unclear.append(
            f"base is /{base}; the links of the feed may be without it: compare them"
        )


def _old_feeds(feeds: list[Feed], main: Feed | None) -> Iterator[OldFeed]:
    """Yield the feeds of the main collections, in which the main one is first."""
    same = [feed for feed in feeds if main and _is_same(feed, main)]
    for feed in sorted(same, key=lambda feed: feed is not main):
        yield OldFeed(feed.path, feed.format, feed.size, str(feed.settings.get("title", "")))


def _is_same(feed: Feed, main: Feed) -> bool:
    return (feed.collections, feed.pages) == (main.collections, main.pages)


def _add_unread(findings: Findings, feeds: list[Feed], main: Feed | None) -> None:
    for feed in feeds:
        if main is None or not _is_same(feed, main):
            of = f"of {', '.join(feed.collections)}" if feed.collections else "made by code"
            findings.unclear.append(f"{feed.path} is a feed {of}; it is not taken over")
