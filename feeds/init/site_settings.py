"""Settings of site.yaml from findings, without values that the site cannot use. No I/O."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urljoin, urlsplit

from feeds.init.findings import Findings

# In the order in which they are written.
_COPIED = ("title", "description", "language", "timezone", "rights", "icon", "logo")
COMMENTS: Mapping[str, str] = {
    "id": "What the ids of this project's own form begin with. Never change it.",
    "url": "The home page of the site; links below are relative to it.",
    "language": "The language of articles that do not name one.",
    "timezone": "The time zone of dates without one.",
    "permalink": "The URLs of the pages, as the site has them.",
    "permalink_zone": "The time zone of dates in these URLs: site, utc, or own (of each date).",
    "ids": "Whose form the ids of entries have. Readers know entries by them: never change it.",
    "assets_url": "Where images and files are whose paths begin with /.",
    "assets_folder": "Images and files whose paths begin with /, for their sizes.",
    "articles": "The articles, and how they are read.",
    "articles.preset": "The front matter, URLs and dialect are those of this generator.",
    "articles.include": "Only these files are articles.",
    "articles.ignore": "These files and folders are not.",
    "articles.fields": "Names of front matter, by their meaning.",
    "articles.rules": "Options of the generator that decide on URLs and bodies.",
    "articles.defaults": "Front matter that all articles of a folder have, unless they state it.",
    "articles.authors_file": "Authors by key, to which articles refer.",
}


def settings(findings: Findings, base: str, year: int) -> dict[str, Any]:
    """Return the settings of site.yaml; `base` is the path of the site's root from its folder."""
    host = urlsplit(findings.url).hostname or "example.org"
    site: dict[str, Any] = {"id": f"tag:{host},{year}:", "url": findings.url}
    for name in _COPIED:
        site[name] = getattr(findings, name)
    for name in ("icon", "logo"):
        site[name] = urljoin(findings.url, site[name]) if site[name] else ""
    site["author"] = _author(findings)
    site["assets_url"] = findings.assets_url
    site["permalink"] = _permalink(findings)
    site["permalink_zone"] = findings.permalink_zone
    site["ids"] = findings.ids if findings.ids != "own" else None
    site["assets_folder"] = _path(base, findings.assets) if findings.assets else ""
    site["articles"] = _articles(findings, base)
    return _filled(site)


def _author(findings: Findings) -> dict[str, str]:
    if not findings.author:
        return {}
    url = urljoin(findings.url, findings.author_url) if findings.author_url else ""
    return {"name": findings.author, "url": url, "email": findings.author_email}


def _permalink(findings: Findings) -> Any:
    """Return the patterns; with our own vocabulary they are absolute."""
    if findings.preset is not None or not isinstance(findings.permalink, str):
        return findings.permalink
    pattern = findings.permalink
    return f"{findings.url.rstrip('/')}{pattern}" if pattern.startswith("/") else pattern


def _articles(findings: Findings, base: str) -> dict[str, Any]:
    return {
        "folder": _path(base, findings.folder),
        "preset": findings.preset,
        "include": list(findings.include),
        "ignore": list(findings.ignore),
        "extensions": list(findings.extensions),
        "fields": {
            name: list(names) if len(names) > 1 else names[0]
            for name, names in findings.fields.items()
            if names
        },
        "rules": {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in findings.rules.items()
        },
        "defaults": {
            folder: {"values": values} for folder, values in findings.defaults.items() if values
        },
        "authors_file": _path(base, findings.authors_file) if findings.authors_file else "",
    }


def _path(base: str, path: str) -> str:
    return str(PurePosixPath(base, path))


def _filled(mapping: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping without empty values, but for those of rules and front matter."""
    kept: dict[str, Any] = {}
    for key, inner in mapping.items():
        filled = (
            _filled(inner) if isinstance(inner, dict) and key in ("articles", "author") else inner
        )
        if filled not in (None, "", [], {}, ()):
            kept[key] = filled
    return kept


def without(site: dict[str, Any], key: str) -> bool:
    """Remove the setting at a dotted key, or the nearest one around it; False if it is needed."""
    parts = re.split(r"\.|\[", key)
    holder: Any = site
    for part in parts[:-1]:
        if not isinstance(holder, dict) or not isinstance(holder.get(part), dict):
            break
        holder = holder[part]
        parts = parts[1:]
    name = parts[0]
    if name in ("id", "url", "title", "folder", "") or name not in holder:
        return False
    del holder[name]
    return True
