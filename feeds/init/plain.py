"""A folder of Markdown of no known generator: its fields are guessed by their values."""

import re
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from feeds.init.findings import Findings
from feeds.init.survey import NAME_DATE, Survey, best_folder, survey
from feeds.presets import vocabulary
from feeds.presets.matter import Matter
from feeds.util import dates

# A field is taken for one of ours if so many of the articles have it.
_SHARE = 0.6
_ADDRESS = re.compile(r"https?://\S+|/\S*")
_EXTENSIONS = (".md", ".markdown", ".mdx", ".html", ".htm")
_NOUNS = {"published": "the date", "title": "the title", "topics": "the topics"}
_UTC = ZoneInfo("UTC")
_SHORTEST_TITLE, _LONGEST_TITLE = 3, 200


def detect(root: Path) -> tuple[str, ...]:
    """Return the folder with the most front matter; empty if no file has any."""
    articles = survey(root)
    return (best_folder(articles) or ".",) if articles.heads else ()


def inspect(root: Path) -> Findings:
    """Return the folder with the most front matter, and the names of its fields."""
    whole = survey(root)
    folder = best_folder(whole)
    articles = survey(root / folder) if folder else whole
    unclear: list[str] = []
    used = {PurePosixPath(path).suffix for path in articles.heads}
    fields = _fields(articles, unclear)
    return Findings(
        preset="plain",
        generator="A folder of Markdown",
        evidence=(folder or ".",),
        root=root,
        folder=folder,
        extensions=tuple(name for name in _EXTENSIONS if name in used) if ".mdx" in used else (),
        permalink="/{path}/",
        fields=fields,
        ids="own",
        unclear=[*unclear, *_open_questions(articles)],
    )


def _open_questions(articles: Survey) -> list[str]:
    heads = map(Matter, articles.heads.values())
    if any(head.get("url") or head.get("permalink") for head in heads):
        return []
    return [
        "The URLs of pages are a guess. If the page of the example above is elsewhere, correct "
        "permalink in site.yaml"
    ]


def _fields(articles: Survey, unclear: list[str]) -> dict[str, tuple[str, ...]]:
    """Return names for those of our fields that the common names do not find."""
    fields: dict[str, tuple[str, ...]] = {}
    for ours, fits in (("published", _is_date), ("title", _is_title), ("topics", _is_terms)):
        if _has_common(articles, ours):
            continue
        if ours == "published" and _are_named_by_date(articles):
            continue
        if key := _guess(articles, fits):
            fields[ours] = (key, *vocabulary.COMMON[ours][:1])
            unclear.append(f"{key!r} is taken for {_NOUNS[ours]} of articles, by its values")
    return fields


def _has_common(articles: Survey, ours: str) -> bool:
    names = vocabulary.COMMON[ours]
    number = sum(any(True for _ in Matter(head).all(names)) for head in articles.heads.values())
    return number >= _SHARE * len(articles.heads)


def _are_named_by_date(articles: Survey) -> bool:
    number = sum(bool(NAME_DATE.match(PurePosixPath(path).name)) for path in articles.heads)
    return number >= _SHARE * len(articles.heads)


def _guess(articles: Survey, fits: Any) -> str:
    """Return the key of most articles whose values fit; empty if none has enough of them."""
    least = _SHARE * len(articles.heads)
    for key, number in articles.keys.most_common():
        values = articles.values(key)
        if number < least:
            break
        if key not in _KNOWN and values and sum(map(fits, values)) >= least:
            return key
    return ""


_KNOWN = frozenset(name for names in vocabulary.COMMON.values() for name in names)


def _is_date(value: Any) -> bool:
    if isinstance(value, bool | int | float | list | dict):
        return False
    try:
        dates.parse(value, _UTC)
    except dates.BadDateError:
        return False
    return True


def _is_title(value: Any) -> bool:
    if not isinstance(value, str) or _ADDRESS.fullmatch(value) or _is_date(value):
        return False
    return _SHORTEST_TITLE <= len(value) <= _LONGEST_TITLE and " " in value.strip()


def _is_terms(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
