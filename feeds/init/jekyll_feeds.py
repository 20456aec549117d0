"""The feeds of a Jekyll site: those of jekyll-feed, and its own templates."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from feeds.init import literals
from feeds.init.findings import OldFeed
from feeds.model.document import Format

_LIMIT = re.compile(r"\blimit:\s*(\d+)")
_MATTER = re.compile(r"---[ \t]*\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
_LAYOUT = re.compile(r"^layout:[ \t]*[\"']?([\w-]+)", re.MULTILINE)
_PLUGIN_SIZE = 10
_PLUGIN = re.compile(r"jekyll-feed|github-pages")


def feeds(root: Path, source: Path, data: Mapping[str, Any]) -> tuple[tuple[OldFeed, ...], bool]:
    """Return the feeds, those of templates first, and whether jekyll-feed makes the others."""
    templates = list(_templates(source))
    plugin = list(_plugin_feeds(data)) if _has_plugin(root, data) else []
    paths = {feed.path for feed in templates}
    added = [feed for feed in plugin if feed.path not in paths]
    return (*templates, *added), bool(added)


def _has_plugin(root: Path, data: Mapping[str, Any]) -> bool:
    names = f"{data.get('plugins')} {data.get('gems')}"
    gems = (line.split("#")[0] for line in literals.read_text(root / "Gemfile").splitlines())
    return bool(_PLUGIN.search(names) or any(_PLUGIN.search(line) for line in gems))


def _plugin_feeds(data: Mapping[str, Any]) -> Iterator[OldFeed]:
    settings = data.get("feed")
    feed = settings if isinstance(settings, Mapping) else {}
    limit = feed.get("posts_limit")
    size = limit if isinstance(limit, int) else _PLUGIN_SIZE
    yield OldFeed(str(feed.get("path") or "feed.xml").lstrip("/"), "atom", size)
    categories = feed.get("categories")
    for category in categories if isinstance(categories, list) else []:
        yield OldFeed(f"feed/{category}.xml", "atom", size, term=("topic", str(category)))
    tags = feed.get("tags")
    if not tags:
        return
    rules = tags if isinstance(tags, Mapping) else {}
    folder = str(rules.get("path") or "feed/by_tag/").strip("/")
    if isinstance(only := rules.get("only"), list):
        for tag in only:
            yield OldFeed(f"{folder}/{tag}.xml", "atom", size, term=("topic", str(tag)))
    else:
        yield OldFeed(f"{folder}/{{topic}}.xml", "atom", size, field="topic")


def _templates(source: Path) -> Iterator[OldFeed]:
    """Yield the feeds of files with front matter, in the top three levels of folders."""
    for pattern in ("*", "*/*", "*/*/*"):
        for path in sorted(source.glob(pattern)):
            relative = path.relative_to(source)
            if path.suffix not in (".xml", ".atom", ".rss", ".json") or _is_hidden(relative):
                continue
            text = literals.read_text(path)
            matter = _MATTER.match(text)
            if matter is None:
                continue
            text += _layout(source, matter[1])
            if format := _format(text):
                yield OldFeed(_address(relative, matter[1]), format, _size(text))


def _layout(source: Path, matter: str) -> str:
    """Return the text of the layout of a file; empty without one."""
    name = _LAYOUT.search(matter)
    path = literals.first_file(source / "_layouts", f"{name[1]}.*") if name else None
    return literals.read_text(path) if path else ""


def _is_hidden(path: Path) -> bool:
    return any(part[0] in "_." or part in ("node_modules", "vendor") for part in path.parts)


def _format(text: str) -> Format | None:
    if "<rss" in text:
        return "rss"
    if "<feed" in text:
        return "atom"
    return "json" if "jsonfeed.org" in text else None


def _size(text: str) -> int | None:
    limit = _LIMIT.search(text)
    return int(limit[1]) if limit else None


def _address(path: Path, matter: str) -> str:
    """Return the path of the feed: that of its file, or the permalink in its front matter."""
    try:
        data = literals.parse_yaml(matter)
    except literals.UnreadableError:
        data = None
    own = data.get("permalink") if isinstance(data, dict) else None
    return str(own).lstrip("/") if isinstance(own, str) else path.as_posix()
