"""The rules of the Hugo preset (`articles.rules`), from the configuration of a site. No I/O."""

from collections.abc import Mapping
from typing import Any

from feeds.init import hugo_config, hugo_feeds
from feeds.init.hugo_config import Language, get
from feeds.init.hugo_feeds import Template
from feeds.presets import hugo_dates
from feeds.presets.hugo import Hugo

_GOLDMARK = "markup.goldmark.extensions"
_SUMMARIES = {"Description": ("description", "summary")}


def rules(
    settings: Mapping[str, Any],
    languages: list[Language],
    roots: Mapping[str, str],
    shown: Template | None,
) -> dict[str, Any]:
    """Return the rules that differ from Hugo's defaults."""
    ugly, default = get(settings, "uglyURLs"), languages[0].settings
    length = get(default, "summaryLength")
    sections = [name for name, value in ugly.items() if value] if isinstance(ugly, dict) else []
    several = len(languages) > 1 or bool(roots)
    keys = [f"{language.key}={roots[language.key]}" if language.key in roots else language.key
            for language in languages]  # fmt: skip
    found = {
        "languages": tuple(keys) if several else (),
        "defaultContentLanguage": languages[0].key,
        "uglyURLs": ("*",) if ugly is True else tuple(sections),
        "disablePathToLower": settings.get("disablepathtolower") is True,
        "removePathAccents": settings.get("removepathaccents") is True,
        "taxonomies": hugo_feeds.taxonomies(settings),
        "date": hugo_config.dates(settings, "date", hugo_dates.DATE),
        "publishDate": hugo_config.dates(settings, "publishDate", hugo_dates.PUBLISH_DATE),
        "lastmod": hugo_config.dates(settings, "lastmod", hugo_dates.LASTMOD),
        "expiryDate": hugo_config.dates(settings, "expiryDate", hugo_dates.EXPIRY_DATE),
        "summaryLength": length if isinstance(length, int) else Hugo.rules["summaryLength"],
        "hasCJKLanguage": get(default, "hasCJKLanguage") is True,
        "enableEmoji": get(settings, "enableEmoji") is True,
        "linkify": get(settings, f"{_GOLDMARK}.linkify") is not False,
        "typographer": get(settings, f"{_GOLDMARK}.typographer.disable") is not True
        and get(settings, f"{_GOLDMARK}.typographer") is not False,
        "feedDate": "date" if shown and shown.date == "Date" else "publishDate",
    }
    return {name: value for name, value in found.items() if value != Hugo.rules[name]}


def subfolder(settings: Mapping[str, Any], languages: list[Language]) -> dict[str, bool]:
    """Return the rule by which the default language has a folder in URLs."""
    name = "defaultContentLanguageInSubdir"
    return {name: True} if len(languages) > 1 and get(settings, name) is True else {}


def fields(shown: Template | None) -> dict[str, tuple[str, ...]]:
    """Return the names of front matter that the RSS template shows."""
    names = _SUMMARIES.get(shown.summary) if shown else None
    return {"summary": names} if names else {}
