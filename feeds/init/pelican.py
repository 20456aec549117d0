"""Reads the configuration of a Pelican site (docs.getpelican.com/en/latest/settings.html)."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from feeds.init import literals
from feeds.init.findings import Findings, OldFeed
from feeds.model.document import Format

_CONFIGS = ("pelicanconf.py", "publishconf.py")
_URL_NAMES = {"date", "category", "slug", "lang", "author"}
_PLACEHOLDER = re.compile(r"\{(\w+)(?::([^{}]*))?\}")
_RULES = (
    "DEFAULT_CATEGORY", "FILENAME_METADATA", "PATH_METADATA", "SLUGIFY_PRESERVE_CASE",
    "SLUGIFY_SOURCE", "SLUGIFY_USE_UNICODE", "USE_FOLDER_AS_CATEGORY",
)  # fmt: skip
# Metadata of paths that are about files which are no articles.
_STATIC = frozenset({"path", "save_as", "url"})
# The settings of feeds: the format, and the field of a family.
_FEEDS: Mapping[str, tuple[Format, str | None]] = {
    "FEED_ATOM": ("atom", None), "FEED_RSS": ("rss", None), "FEED_ALL_ATOM": ("atom", None),
    "FEED_ALL_RSS": ("rss", None), "CATEGORY_FEED_ATOM": ("atom", "topic"),
    "CATEGORY_FEED_RSS": ("rss", "topic"), "TAG_FEED_ATOM": ("atom", "topic"),
    "TAG_FEED_RSS": ("rss", "topic"), "TRANSLATION_FEED_ATOM": ("atom", "language"),
    "TRANSLATION_FEED_RSS": ("rss", "language"),
}  # fmt: skip
_DEFAULT_FEEDS = {
    "FEED_ALL_ATOM": "feeds/all.atom.xml", "CATEGORY_FEED_ATOM": "feeds/{slug}.atom.xml",
    "TRANSLATION_FEED_ATOM": "feeds/all-{lang}.atom.xml",
}  # fmt: skip
_FEED_SIZE = 100


def detect(root: Path) -> tuple[str, ...]:
    """Return the configuration files of a Pelican site; empty if the folder is none."""
    names = tuple(name for name in _CONFIGS if (root / name).is_file())
    return names if names[:1] == _CONFIGS[:1] else ()


def inspect(root: Path) -> Findings:
    """Return the settings of a Pelican site: those of publishconf.py, else of pelicanconf.py."""
    settings: dict[str, Any] = {}
    for name in _CONFIGS:
        settings |= literals.read_python(root / name).values
    unclear: list[str] = []
    folder = str(settings.get("PATH") or ".")
    paths = settings.get("ARTICLE_PATHS") or [""]
    pages = settings.get("PAGE_PATHS") or ["pages"]
    timezone = str(settings.get("TIMEZONE") or "")
    return Findings(
        preset="pelican",
        generator="Pelican",
        evidence=detect(root),
        root=root,
        url=str(settings.get("SITEURL") or ""),
        title=str(settings.get("SITENAME") or ""),
        description=str(settings.get("SITESUBTITLE") or ""),
        language=str(settings.get("DEFAULT_LANG") or ""),
        timezone=timezone,
        author=str(settings.get("AUTHOR") or ""),
        folder=folder,
        include=tuple(f"{path}/*" for path in map(str, paths) if path not in ("", ".")),
        ignore=tuple(map(str, (*pages, *(settings.get("ARTICLE_EXCLUDES") or ())))),
        permalink=_permalink("ARTICLE_URL", settings, unclear),
        rules=_rules(settings, unclear),
        defaults=_defaults(settings),
        ids="pelican",
        old_feeds=tuple(_old_feeds(settings)),
        built=(str(settings.get("OUTPUT_PATH") or "output"),),
        unclear=unclear,
    )


def _permalink(name: str, settings: Mapping[str, Any], unclear: list[str]) -> str:
    """Return ARTICLE_URL or ARTICLE_LANG_URL as our pattern; empty for Pelican's default."""
    url = str(settings.get(name) or "")
    if not url:
        return ""
    names = {match[1] for match in _PLACEHOLDER.finditer(url)}
    if names - _URL_NAMES:
        unclear.append(f"{name} {url!r} has {', '.join(sorted(names - _URL_NAMES))}; "
                       "write permalink in site.yaml")  # fmt: skip
        return ""
    return "/" + url.lstrip("/").replace("{lang}", "{language}")


def _rules(settings: Mapping[str, Any], unclear: list[str]) -> dict[str, Any]:
    """Return the settings that decide on categories, slugs, dates and summaries."""
    rules = {
        name.lower(): settings[name] or ("" if name.endswith("METADATA") else settings[name])
        for name in _RULES
        if name in settings
    }
    if address := _permalink("ARTICLE_LANG_URL", settings, unclear):
        rules["article_lang_url"] = address
    if "{author}" in f"{settings.get('ARTICLE_URL')}{settings.get('ARTICLE_LANG_URL')}":
        rules["author"] = str(settings.get("AUTHOR") or "")
    if "SUMMARY_MAX_LENGTH" in settings:
        rules["summary_max_length"] = settings["SUMMARY_MAX_LENGTH"] or 0
    substitutions = settings.get("SLUG_REGEX_SUBSTITUTIONS")
    if isinstance(substitutions, list):
        rules["slug_regex_substitutions"] = [str(part) for pair in substitutions for part in pair]
    if date := _default_date(settings.get("DEFAULT_DATE"), unclear):
        rules["default_date"] = date
    return rules


def _default_date(value: Any, unclear: list[str]) -> str:
    """Return DEFAULT_DATE, the date of articles without one; empty if there is none."""
    if value == "fs":
        unclear.append("DEFAULT_DATE is the time of the file, which changes with each checkout; "
                       "articles without a date are not published")  # fmt: skip
        return ""
    if not isinstance(value, list):
        return str(value or "")
    try:
        return f"{datetime(*value):%Y-%m-%d %H:%M:%S}"  # noqa: DTZ001 - of the site's zone
    except (TypeError, ValueError):
        return ""


def _defaults(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return DEFAULT_METADATA and EXTRA_PATH_METADATA as front matter by folder."""
    defaults: dict[str, dict[str, Any]] = {}
    common = settings.get("DEFAULT_METADATA")
    if isinstance(common, list):  # pairs, as old versions had it
        common = {pair[0]: pair[1] for pair in common if isinstance(pair, list) and len(pair) == 2}
    if isinstance(common, Mapping) and common:
        defaults["*"] = dict(common)
    paths = settings.get("EXTRA_PATH_METADATA")
    for path, metadata in paths.items() if isinstance(paths, Mapping) else ():
        if isinstance(metadata, Mapping) and not _STATIC.intersection(metadata):
            defaults[str(path).strip("/")] = dict(metadata)
    return defaults


def _old_feeds(settings: Mapping[str, Any]) -> list[OldFeed]:
    """Return the feeds that Pelican writes."""
    size = settings.get("FEED_MAX_ITEMS", _FEED_SIZE)
    feeds: list[OldFeed] = []
    for name, (format_, field) in _FEEDS.items():
        path = settings.get(name, _DEFAULT_FEEDS.get(name))
        if not isinstance(path, str) or not path:
            continue
        pattern = path.replace("{slug}", "{topic}").replace("{lang}", "{language}")
        pattern = pattern.replace("%s", f"{{{field}}}").lstrip("/")
        limit = size if isinstance(size, int) else None
        feeds.append(OldFeed(pattern, format_, limit, field=field))
    return feeds
