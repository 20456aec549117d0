"""Reads the configuration of a Quarto website (quarto.org/docs/websites)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feeds.articles import frontmatter
from feeds.errors import ArticleError
from feeds.init import literals
from feeds.init.findings import Findings, OldFeed

_CONFIGS = ("_quarto.yml", "_quarto.yaml")
_FEED_SIZE = 20


def detect(root: Path) -> tuple[str, ...]:
    """Return the configuration file of a Quarto website; empty if the folder is none."""
    for name in _CONFIGS:
        if "website" in literals.read_mapping(root / name, []):
            return (name,)
    return ()


def inspect(root: Path) -> Findings:
    """Return the settings of a Quarto website."""
    unclear: list[str] = []
    name = next((name for name in _CONFIGS if (root / name).is_file()), _CONFIGS[0])
    settings = literals.read_mapping(root / name, unclear, root)
    website = _mapping(settings, "website")
    listings = _listings(root)
    folder = _folder(root, listings)
    output = _mapping(settings, "project").get("output-dir", "_site")
    return Findings(
        preset="quarto",
        generator="Quarto",
        evidence=detect(root),
        root=root,
        url=str(website.get("site-url", "")),
        title=str(website.get("title", "")),
        description=str(website.get("description", "")),
        language=str(settings.get("lang", "")),
        author=_author(settings.get("author")),
        folder=".",
        include=(f"{folder}/*",) if folder else (),
        ignore=(str(output), "renv", "node_modules"),
        defaults=_metadata(root, folder, unclear),
        old_feeds=tuple(_old_feeds(listings, str(website.get("title", "")))),
        built=(str(output),),
        unclear=unclear,
    )


def _mapping(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = settings.get(name)
    return value if isinstance(value, Mapping) else {}


def _author(value: object) -> str:
    value = value[0] if isinstance(value, list) and value else value
    return str(value.get("name", "") if isinstance(value, Mapping) else value or "")


def _listings(root: Path) -> dict[str, list[Mapping[str, Any]]]:
    """Return the listings of each page that has some, by the path of the page."""
    listings: dict[str, list[Mapping[str, Any]]] = {}
    for file in [*sorted(root.glob("*.qmd")), *sorted(root.glob("*/index.qmd"))]:
        path = file.relative_to(root).as_posix()
        try:
            data = frontmatter.split(path, literals.read_text(file).encode()).data
        except ArticleError:
            continue
        value = data.get("listing")
        items = value if isinstance(value, list) else [value]
        if found := [item for item in items if isinstance(item, Mapping)]:
            listings[path] = found
    return listings


def _folder(root: Path, listings: Mapping[str, list[Mapping[str, Any]]]) -> str:
    """Return the folder that the listing with a feed shows; empty for the whole site."""
    ordered = sorted(listings.items(), key=lambda page: not any("feed" in i for i in page[1]))
    for path, items in ordered:
        for item in items:
            contents = item.get("contents")
            values = contents if isinstance(contents, list) else [contents]
            for value in values:
                folder = str(value or "").split("*")[0].strip("/")
                below = Path(path).parent / folder
                if folder and (root / below).is_dir():
                    return below.as_posix()
    return "posts" if (root / "posts").is_dir() else ""


def _metadata(root: Path, folder: str, unclear: list[str]) -> dict[str, dict[str, Any]]:
    """Return the front matter of `_metadata.yml` by folder."""
    defaults: dict[str, dict[str, Any]] = {}
    for file in sorted((root / folder).rglob("_metadata.yml")):
        path = file.parent.relative_to(root).as_posix()
        names = ("author", "categories", "draft", "image", "lang", "date")
        settings = literals.read_mapping(file, unclear, root)
        if values := {name: settings[name] for name in names if name in settings}:
            defaults[path] = values
    return defaults


def _old_feeds(listings: Mapping[str, list[Mapping[str, Any]]], title: str) -> list[OldFeed]:
    """Return the feeds of listings: `index.xml` beside `index.html`, and those of categories."""
    feeds: list[OldFeed] = []
    for page, items in listings.items():
        for item in items:
            options = item.get("feed")
            if not options:
                continue
            options = options if isinstance(options, Mapping) else {}
            size = options.get("items", _FEED_SIZE)
            size = size if isinstance(size, int) else _FEED_SIZE
            base = page.removesuffix(".qmd")
            feeds.append(OldFeed(f"{base}.xml", "rss", size, str(options.get("title") or title)))
            for category in options.get("categories") or ():
                path = f"{base}-{str(category).lower().replace(' ', '-')}.xml"
                feeds.append(OldFeed(path, "rss", size, term=("topic", str(category))))
    return feeds
