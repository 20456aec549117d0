"""Reads the configuration of a VitePress site, as literals."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from feeds.init import literals
from feeds.init.findings import Findings, OldFeed
from feeds.init.survey import Survey, best_folder, survey
from feeds.model.document import Format
from feeds.presets.matter import Matter
from feeds.presets.vitepress import Vitepress
from feeds.presets.vocabulary import COMMON

_CONFIGS = (
    *(f".vitepress/config.{suffix}" for suffix in ("ts", "mts", "js", "mjs", "cjs")),
    *(f".vitepress/config/index.{suffix}" for suffix in ("ts", "mts", "js", "mjs")),
)
_FEED = re.compile(r"[\"'`/]((?:[\w-]+/)*(?:feed|rss|atom|index)\.(xml|rss|atom|json))[\"'`]")
_SKIPPED = frozenset({"node_modules", "dist", "public"})
_MAX_SCRIPTS = 100


def detect(root: Path) -> tuple[str, ...]:
    """Return the configuration file of a VitePress site; none if it is not one."""
    path = literals.first_file(root, *_CONFIGS)
    return (path.relative_to(root).as_posix(),) if path else ()


def inspect(root: Path) -> Findings:
    """Return the settings of a VitePress site."""
    path = literals.first_file(root, *_CONFIGS)
    script = literals.read_script(path) if path else None
    settings = script.default if script and isinstance(script.default, dict) else {}
    source = posixpath.normpath(_text(settings, "srcDir") or ".")
    unclear: list[str] = []
    loaders = list(_loaders(root))
    posts = _posts(root / source, loaders, unclear)
    is_clean = settings.get("cleanUrls") is True
    rules = {"cleanUrls": is_clean, "excerpt": next((mark for _, mark in loaders if mark), "")}
    findings = Findings(
        preset="vitepress",
        generator="VitePress",
        evidence=detect(root),
        root=root,
        folder="" if source == "." else source,
        include=(f"{posts}/*",) if posts else (),
        ignore=() if posts else tuple(sorted(_SKIPPED)),
        permalink="/{path}" if is_clean else "/{path}.html",
        rules={name: value for name, value in rules.items() if value != Vitepress.rules[name]},
        ids="link",
        old_feeds=tuple(_old_feeds(root)),
        built=(posixpath.normpath(_text(settings, "outDir") or ".vitepress/dist"),),
        unclear=unclear,
    )
    _add_site(findings, settings, source)
    _name_open_questions(findings, settings)
    return findings


def _text(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name)
    return value if isinstance(value, str) else ""


def _mapping(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = settings.get(name)
    return value if isinstance(value, dict) else {}


def _scripts(root: Path) -> Iterator[Path]:
    """Yield the scripts of the site: of its configuration and theme, and loaders of data."""
    below = [*sorted(root.glob(".vitepress/**/*.*")), *sorted(root.glob("*.data.*"))]
    below += sorted(path for folder in root.glob("*/") if folder.name not in _SKIPPED
                    for path in folder.glob("*.data.*"))  # fmt: skip
    kept = [
        path
        for path in below
        if path.suffix in (".js", ".ts", ".mjs", ".mts")
        and _SKIPPED.union(("cache",)).isdisjoint(path.relative_to(root).parts)
    ]
    yield from kept[:_MAX_SCRIPTS]


def _loaders(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the patterns of posts that the site's code loads, and the marks of their excerpts."""
    for path in _scripts(root):
        for arguments in literals.read_script(path).calls("createContentLoader"):
            patterns = arguments[0] if arguments else None
            options = arguments[1] if len(arguments) > 1 else None
            excerpt = options.get("excerpt") if isinstance(options, dict) else None
            mark = excerpt if isinstance(excerpt, str) else "---" if excerpt is True else ""
            for pattern in patterns if isinstance(patterns, list) else [patterns]:
                if isinstance(pattern, str):
                    yield pattern.lstrip("./"), mark


def _posts(source: Path, loaders: list[tuple[str, str]], unclear: list[str]) -> str:
    """Return the folder of the posts: that which the site's code loads, or has most dates."""
    for pattern, _ in loaders:
        folder = pattern.partition("*")[0].rstrip("/")
        if folder and (source / folder).is_dir():
            return folder
    found = survey(source)
    dated = {
        path: head
        for path, head in found.heads.items()
        if any(True for _ in Matter(head).all((*COMMON["published"], *COMMON["created"])))
    }
    folder = best_folder(Survey("", len(dated), dated))
    if not dated:
        unclear.append("No page has a date, so that there are no posts; write date: 2024-05-31")
    elif folder:
        unclear.append(f"{folder} is taken for the folder of posts, because its pages have dates")
    return folder


def _channel(root: Path) -> dict[str, Any]:
    """Return what the site's code gives to `new Feed(…)`; empty if it makes no feed so."""
    for path in _scripts(root):
        for arguments in literals.read_script(path).calls("Feed"):
            if arguments and isinstance(arguments[0], dict):
                return arguments[0]
    return {}


def _add_site(findings: Findings, settings: Mapping[str, Any], source: str) -> None:
    theme, channel = _mapping(settings, "themeConfig"), _channel(findings.root)
    hostname = _text(_mapping(settings, "sitemap"), "hostname") or _text(channel, "link")
    if "://" in hostname:
        findings.url = urljoin(hostname, _text(settings, "base") or "/")
    findings.title = _text(settings, "title") or _text(channel, "title")
    findings.description = _text(settings, "description") or _text(channel, "description")
    findings.language = _text(settings, "lang") or _text(channel, "language")
    findings.logo = _text(theme, "logo").lstrip("/")
    footer = _mapping(theme, "footer")
    findings.rights = _text(footer, "copyright") or _text(channel, "copyright")
    public = posixpath.normpath(posixpath.join(source, "public"))
    findings.assets = public if (findings.root / public).is_dir() else ""


def _old_feeds(root: Path) -> Iterator[OldFeed]:
    """Yield the feeds whose names stand in the code of the site."""
    found: dict[str, OldFeed] = {}
    for path in _scripts(root):
        text = literals.read_text(path)
        if "rss2(" not in text and "atom1(" not in text and "json1(" not in text:
            continue
        for match in _FEED.finditer(text):
            name, ending = match.groups()
            format_: Format = "atom" if "atom" in name or "rss2(" not in text else "rss"
            if ending == "json":
                format_ = "json"
            found.setdefault(name, OldFeed(name, format_))
    yield from found.values()


def _name_open_questions(findings: Findings, settings: Mapping[str, Any]) -> None:
    if "rewrites" in settings or "rewrites:" in literals.read_text(
        findings.root / (findings.evidence or ("",))[0]
    ):
        findings.unclear.append(
            "rewrites are not followed; write the URLs of moved pages into permalink"
        )
    locales = [key for key in _mapping(settings, "locales") if key != "root"]
    if locales:
        findings.unclear.append(
            f"locales: the folders {', '.join(locales)} have other languages; give each its "
            "language in articles.defaults"
        )
