"""Infers the pattern of a site's URLs from the links of its old feed. No I/O."""

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from feeds.model.entry import Entry
from feeds.presets import permalink
from feeds.presets.field_reader import NAME_DATE

# Dates in paths, the longest first.
_LAYOUTS = ("%Y/%m/%d", "%Y-%m-%d", "%Y/%-m/%-d", "%Y/%m", "%Y")


def infer(links: Iterable[tuple[str, Entry]], base: str) -> str | None:
    """Return the pattern that most links have; None if the links have no pattern.

    `links` are with the entries of these pages, `base` is the URL of the site.
    """
    patterns = Counter(pattern for link, entry in links if (pattern := _pattern(link, entry, base)))
    return patterns.most_common(1)[0][0] if patterns else None


def _pattern(link: str, entry: Entry, base: str) -> str | None:
    """Return the link with the parts replaced that the file's path and the date give."""
    url, site = urlsplit(link), urlsplit(base)
    if url.netloc != site.netloc or not url.path.startswith(site.path):
        return None
    path = "/" + unquote(url.path[len(site.path) :])
    file = PurePosixPath(entry.path).with_suffix("")
    file = file.parent if file.name == "index" else file
    name = NAME_DATE.sub("", file.name, count=1)
    for text, placeholder in ((str(file), "{path}"), (file.name, "{file}"), (name, "{name}")):
        if f"/{text}" in path:
            head, _, tail = path.rpartition(f"/{text}")
            return f"{_with_date(head, entry)}/{placeholder}{tail}"
    return None


def _with_date(path: str, entry: Entry) -> str:
    for layout in _LAYOUTS:
        text = f"/{permalink.strftime(entry.published, layout)}"
        if f"{path}/".endswith(f"{text}/") or f"{text}/" in path:
            return path.replace(text, f"/{{date:{layout}}}", 1)
    return path
