"""A draft, an expired or a not yet due article never leaves, in any spelling, in any preset."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

import pytest
import yaml

from feeds.articles.parser import Article, parse
from feeds.config.site import Site
from feeds.presets.registry import NAMES
from tests.articles.test_withholding import DRAFTS
from tests.support.site import NOW, make_site

PRESETS = ("", *(name for name in NAMES if name == "plain" or find_spec(f"feeds.presets.{name}")))
SEEN = datetime(2024, 1, 2, tzinfo=UTC)
TOMORROW, YESTERDAY = NOW + timedelta(days=1), NOW - timedelta(days=1)
BASE = {"title": "A", "webUrl": "https://example.org/a"}
DATED = {**BASE, "date": datetime(2024, 1, 1, tzinfo=UTC)}
# Where each generator looks for articles.
PATHS = {"jekyll": "_posts/2024-01-01-a.md", "mkdocs": "blog/posts/a.md"}

EXPIRED = [
    {name: value}
    for name in (
        "expiryDate", "expirydate", "unpublishDate", "expires", "Expiry", "deleted_at",
        "expiration", "expire", "valid_until", "archivedAt",
    )
    for value in (YESTERDAY, YESTERDAY.isoformat(), int(YESTERDAY.timestamp()))
]  # fmt: skip
FUTURE = [
    {name: value}
    for name in (
        "publishDate", "pubDate", "pubDatetime", "publish_date", "published", "publishedAt",
        "embargo", "embargo_until", "scheduled", "goLive", "visible_from", "date", "Date", "DATE",
    )
    for value in (TOMORROW, TOMORROW.isoformat(), int(TOMORROW.timestamp()))
]  # fmt: skip
NOT_TRUE: tuple[Any, ...] = (False, "false", "no", "False", 0, "off")
UNPUBLISHED: list[dict[str, Any]] = [
    {name: value}
    for name in ("published", "Published", "PUBLISHED", "publish", "publised")
    for value in NOT_TRUE
]  # fmt: skip
HELD: list[dict[str, Any]] = [yaml.safe_load(line) for line in DRAFTS]
UNCLEAR: tuple[Any, ...] = ("maybe", "", None, [], {}, "2x")
UNPUBLISHED += [{"published": value} for value in UNCLEAR]
CASES = [*HELD, *UNPUBLISHED, *EXPIRED, *FUTURE]


def in_yaml(data: dict[str, Any]) -> str:
    return f"---\n{yaml.safe_dump(data, sort_keys=False)}---\nText\n"


def in_toml(data: dict[str, Any]) -> str:
    def value(item: Any) -> str:
        if isinstance(item, dict):
            pairs = (f"{name} = {value(inner)}" for name, inner in item.items())
            return f"{{{', '.join(pairs)}}}"
        if isinstance(item, datetime):
            return item.isoformat()
        return json.dumps(item)

    lines = (f"{json.dumps(name)} = {value(item)}" for name, item in data.items())
    return "+++\n" + "\n".join(lines) + "\n+++\nText\n"


def in_json(data: dict[str, Any]) -> str:
    return json.dumps(data, default=lambda item: item.isoformat(), indent=1) + "\nText\n"


CASINGS: tuple[Callable[[str], str], ...] = (str.upper, str.lower, str.title)
FORMATS = {"yaml": in_yaml, "toml": in_toml, "json": in_json}


def site_of(preset: str, **articles: Any) -> Site:
    chosen = {"preset": preset} if preset else {}
    return make_site(articles={"folder": "articles", **chosen, **articles})


def read(site: Site, content: str, preset: str = "") -> Article:
    return parse(PATHS.get(preset, "blog/a.md"), content.encode(), SEEN, site, NOW)


def is_public(article: Article) -> bool:
    return article.entry is not None and article.entry.published <= NOW


def is_unclear(case: dict[str, Any]) -> bool:
    """Whether a value withholds at the top only, where it is certainly meant for the tool."""
    [value] = case.values()
    return value in ("maybe", "", None, {}, "2x") or isinstance(value, list)


def cased(data: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    return {
        change(name): cased(value, change) if isinstance(value, dict) else value
        for name, value in data.items()
    }


def written(preset: str, data: dict[str, Any]) -> Iterator[str]:
    for format_, write in FORMATS.items():
        if format_ in site_of(preset).preset.formats:
            yield write(data)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_same_article_without_the_key_is_published(preset: str) -> None:
    site = site_of(preset)
    for content in written(preset, DATED):
        assert is_public(read(site, content, preset))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("before", [BASE, DATED], ids=["undated", "dated"])
def test_withheld_in_any_spelling_and_format(preset: str, before: dict[str, Any]) -> None:
    site = site_of(preset)
    cases = [
        *(content for case in CASES for content in written(preset, {**before, **case})),
        *(
            in_yaml({**before, **cased(case, change)})
            for case in CASES
            for change in CASINGS
            if "yaml" in site.preset.formats
        ),
    ]
    leaks = [content for content in cases if is_public(read(site, content, preset))]
    assert leaks == []


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", ["params", "extra", "Params", "EXTRA"])
def test_withheld_by_the_parameters_of_hugo_and_zola(preset: str, name: str) -> None:
    site = site_of(preset)
    cases = [case for case in CASES if not is_unclear(case) and not {"params", "extra"} & {*case}]
    leaks = [
        case for case in cases for content in written(preset, {**DATED, name: case})
        if is_public(read(site, content, preset))
    ]  # fmt: skip
    assert leaks == []


@pytest.mark.parametrize("preset", PRESETS)
def test_withheld_by_the_defaults_of_a_folder(preset: str) -> None:
    folder = PATHS.get(preset, "blog/a.md").rpartition("/")[0]
    leaks = []
    for place in ("*", folder):
        for case in CASES:
            site = site_of(preset, defaults={place: {"values": case}})
            leaks += [(place, case)] if is_public(read(site, in_yaml(BASE), preset)) else []
    assert leaks == []
