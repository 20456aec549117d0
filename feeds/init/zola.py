"""Reads the configuration of a Zola site (getzola.org/documentation/getting-started)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feeds.init import literals
from feeds.init.findings import Findings, OldFeed
from feeds.model.document import Format

_CONFIGS = ("zola.toml", "config.toml")
_FEEDS: Mapping[str, Format] = {"atom.xml": "atom", "rss.xml": "rss"}


def detect(root: Path) -> tuple[str, ...]:
    """Return the configuration file of a Zola site; empty if the folder is none."""
    for name in _CONFIGS:
        settings = literals.read_mapping(root / name, [])
        if "base_url" in settings and (root / "content").is_dir():
            return (name,)
    return ()


def inspect(root: Path) -> Findings:
    """Return the settings of a Zola site."""
    unclear: list[str] = []
    settings: dict[str, Any] = {}
    for name in reversed(_CONFIGS):
        settings |= literals.read_mapping(root / name, unclear, root)
    language = str(settings.get("default_language", "en"))
    extra = _mapping(settings, "extra")
    return Findings(
        preset="zola",
        generator="Zola",
        evidence=detect(root),
        root=root,
        url=str(settings.get("base_url", "")),
        title=str(settings.get("title") or extra.get("title") or ""),
        description=str(settings.get("description") or ""),
        language=language,
        author=_author(settings.get("author") or extra.get("author")),
        folder="content",
        ignore=tuple(map(str, settings.get("ignored_content", ()))),
        assets="static" if (root / "static").is_dir() else "",
        rules=_rules(settings, language),
        defaults=_hidden_sections(root / "content", unclear),
        ids="zola",
        old_feeds=tuple(_old_feeds(settings, root / "content", unclear)),
        built=(str(settings.get("output_dir", "public")),),
        unclear=unclear,
    )


def _mapping(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = settings.get(name)
    return value if isinstance(value, Mapping) else {}


def _author(value: object) -> str:
    """Return the name of an author, without an e-mail address in brackets."""
    name = value.get("name", "") if isinstance(value, Mapping) else value
    return str(name or "").partition(" (")[0] if name else ""


def _rules(settings: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return the settings that decide on URLs, where they are not Zola's defaults."""
    rules: dict[str, Any] = {}
    if language != "en":
        rules["default_language"] = language
    if languages := tuple(_mapping(settings, "languages")):
        rules["languages"] = languages
    slugify = _mapping(settings, "slugify")
    if (mode := slugify.get("paths", "on")) != "on":
        rules["slugify_paths"] = str(mode)
    if slugify.get("paths_keep_dates"):
        rules["paths_keep_dates"] = True
    return rules


def _section_settings(file: Path, unclear: list[str], root: Path) -> dict[str, Any]:
    """Return the front matter of the page of a section."""
    text = literals.read_text(file)
    if not text.startswith("+++"):
        return {}
    try:
        return literals.parse_toml(text[3:].partition("\n+++")[0])
    except literals.UnreadableError as error:
        unclear.append(f"{file.relative_to(root).as_posix()}: {error}")
        return {}


def _hidden_sections(content: Path, unclear: list[str]) -> dict[str, dict[str, Any]]:
    """Return front matter by folder that withholds the pages of drafts and unrendered sections."""
    hidden: dict[str, dict[str, Any]] = {}
    for file in sorted(content.rglob("_index.md")):
        settings = _section_settings(file, unclear, content)
        folder = file.parent.relative_to(content).as_posix()
        if settings.get("draft") is True and folder != ".":
            hidden[folder] = {"draft": True}
    return hidden


def _old_feeds(settings: Mapping[str, Any], content: Path, unclear: list[str]) -> list[OldFeed]:
    """Return the feeds of the site, its sections and its terms, if Zola generates them."""
    names = settings.get("feed_filenames") or [settings.get("feed_filename", "atom.xml")]
    size = settings.get("feed_limit")
    limit = size if isinstance(size, int) else None
    feeds: list[OldFeed] = []
    for name in map(str, names):
        format_ = _FEEDS.get(name) or _template_format(content.parent / "templates" / name)
        if format_ is None:
            unclear.append(
                f"feed_filenames: {name} is a template of your own; its format is unknown"
            )
            continue
        if settings.get("generate_feeds") or settings.get("generate_feed"):
            feeds.append(OldFeed(name, format_, limit, str(settings.get("title") or "")))
        feeds += _section_feeds(content, name, format_, limit)
        for taxonomy in settings.get("taxonomies", ()):
            if isinstance(taxonomy, Mapping) and taxonomy.get("feed") and taxonomy.get("name"):
                path = f"{taxonomy['name']}/{{topic}}/{name}"
                feeds.append(OldFeed(path, format_, limit, field="topic"))
    return feeds


def _template_format(template: Path) -> Format | None:
    """Return the format that a template of the site's own writes; None if it is unknown."""
    text = literals.read_text(template)
    marks: Mapping[str, Format] = {"<feed": "atom", "<rss": "rss", "jsonfeed.org": "json"}
    return next((format_ for mark, format_ in marks.items() if mark in text), None)


def _section_feeds(content: Path, name: str, format_: Format, size: int | None) -> list[OldFeed]:
    """Return the feeds of sections that ask for one."""
    feeds: list[OldFeed] = []
    for file in sorted(content.rglob("_index.md")):
        settings = _section_settings(file, [], content)
        folder = file.parent.relative_to(content).as_posix()
        if folder != "." and (settings.get("generate_feeds") or settings.get("generate_feed")):
            title = str(settings.get("title") or folder)
            feeds.append(OldFeed(f"{folder}/{name}", format_, size, title, ("folder", folder)))
    return feeds
