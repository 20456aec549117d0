"""Reading an article never raises, whatever its front matter has: faults become problems."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.articles.parser import Article, parse
from feeds.config.site import Site
from feeds.presets.registry import NAMES
from tests.support.site import NOW, make_site

PRESETS = ("", *NAMES)
SEEN = datetime(2024, 1, 2, tzinfo=UTC)
PATHS = {"jekyll": "_posts/2024-01-01-a.md", "mkdocs": "blog/posts/a.md"}
PERMALINK = "/{categories}/{category}/{slug}/{title}/{author}/{sections}/{language}/{date:%Y}/"
VALUES = (
    None, True, 0, -1, 10**30, 20240101, 1700000000000, 1.5, float("inf"), float("nan"),
    date(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59),  # noqa: DTZ001
    datetime(1, 1, 1, tzinfo=UTC),
    "", " ", "a, b", "日本", "../..", "//", "://", "http://[", "https://x.org:99999/", "data:x",
    "a:b", "?", "%zz", "{slug}", ":year", "{{ x }}", "a\nb", "²0²4-01-01", "2024-02-30",
    "9" * 13, "0001-01-01T00:00:00+23:59", "99:99:99", "x" * 5_000,
)  # fmt: skip
KEYS = st.sampled_from(("name", "url", "src", "created", "updated", "tags", "authors", "render", 1))
ANY = st.recursive(
    st.sampled_from(VALUES) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
# Front matter that once raised, in YAML.
ONCE_RAISED = {
    "tags that are lists": "tags: [[a], {b: [c]}]",
    "authors that are a number": "authors: 5",
    "authors that are a mapping": "authors: {alt: false}",
    "a name of a taxonomy that is a number": "taxonomies: {1.5: a}",
    "a URL that cannot be read": "url: 'http://['\npermalink: 'http://['",
    "an alias that cannot be read": "aliases: ['http://[', 'https://[::1']",
    "a slug that looks like a URL": "slug: 'http://x.org/a b'",
    "a category that looks like a scheme": "category: 'data:x'",
    "a title that looks like a URL": "title: 'https://x.org:99999/'",
    "the last day of the calendar": "date: 9999-12-31 23:59:59",
    "the first day of the calendar": "date: 0001-01-01T00:00:00Z",
    "a number of thousands of digits": f"weight: 0x{'f' * 5_000}",
    "a date of thousands of digits": f"date: 0x{'f' * 5_000}",
    "a key of thousands of digits": f"0x{'f' * 5_000}: a",
}


def site_of(preset: str) -> Site:
    articles = {"folder": "articles", "fields": {"id": ["guid"]}}
    base = "" if preset else "https://example.org"
    return make_site(
        articles={**articles, "preset": preset} if preset else articles,
        permalink=base + PERMALINK,
        timezone="Pacific/Apia",
        ids="jekyll",
    )


def in_yaml(data: dict[Any, Any]) -> str:
    return yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)


def written(site: Site, front: str) -> str:
    """Return an article in a format of the preset; `front` is in YAML, which has all values."""
    return f"---\n{front}\n---\nText\n" if "yaml" in site.preset.formats else f"{front}\n\nText\n"


def read(preset: str, site: Site, content: str) -> Article:
    path = PATHS.get(preset, "posts/a.md")
    article = parse(path, content.encode(), SEEN, site, NOW)
    assert all(problem.path == path and problem.message for problem in article.problems)
    if article.entry is None:
        assert article.withheld or any(problem.fatal for problem in article.problems)
    else:
        assert article.entry.link.isascii()
    return article


@pytest.mark.parametrize("preset", PRESETS)
def test_front_matter_that_once_raised_is_read(preset: str) -> None:
    site = site_of(preset)
    for front in ONCE_RAISED.values():
        for rest in ("", "title: A\n", "title: A\ndate: 2024-01-01\n"):
            if front.partition(":")[0] not in rest:
                read(preset, site, written(site, rest + front))


@pytest.mark.parametrize("preset", PRESETS)
def test_any_values_of_any_keys_are_read(preset: str) -> None:
    site = site_of(preset)
    names = {name for names in site.preset._names.values() for name in names}
    flat = sorted({name.partition(".")[0] for name in names} | {"taxonomies", "extra", "related"})

    @settings(max_examples=30, database=None, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(st.sampled_from(flat), ANY, max_size=6))
    def read_any(data: dict[Any, Any]) -> None:
        read(preset, site, written(site, in_yaml(data)))

    read_any()


# Pelican and Zola take every value as a path below the site.
@pytest.mark.parametrize("preset", [name for name in PRESETS if name not in ("pelican", "zola")])
def test_url_that_cannot_be_published_is_a_problem_of_its_key(preset: str) -> None:
    site = site_of(preset)
    keys = [name for name in site.preset._names["url"] if "." not in name]
    for key in keys:
        article = read(
            preset, site, written(site, f"title: A\ndate: 2024-01-01\n{key}: 'http://['")
        )
        problem = next(problem for problem in article.problems if problem.fatal)
        assert (problem.line, problem.field) == (4, key)
        assert "check its host and its spelling" in problem.message


TOO_LARGE = {
    "toml": f"+++\ntitle = 'A'\nweight = 0x{'f' * 5_000}\n+++\n",
    "toml in decimal": f"+++\ntitle = 'A'\nweight = {'9' * 5_000}\n+++\n",
    "json": f'{{\n"title": "A",\n"weight": {"9" * 5_000}}}\n',
}


@pytest.mark.parametrize("content", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_number_of_thousands_of_digits_is_refused_with_advice(content: str) -> None:
    site = make_site(articles={"folder": "articles", "preset": "hugo"})
    (problem,) = parse("posts/a.md", content.encode(), SEEN, site).problems
    assert problem.fatal
    assert "shorten" in problem.message or "correct" in problem.message


def test_half_a_character_in_json_is_refused_with_its_line() -> None:
    site = make_site(articles={"folder": "articles", "preset": "hugo"})
    content = '{\n"title": "A",\n"slug": ' + json.dumps("a\ud83d") + "}\n"
    (problem,) = parse("posts/a.md", content.encode(), SEEN, site).problems
    assert (problem.line, problem.field, problem.fatal) == (3, "slug", True)
    assert "write the character itself" in problem.message


def test_deeply_nested_toml_is_refused() -> None:
    site = make_site(articles={"folder": "articles", "preset": "hugo"})
    content = f"+++\nx = {'[' * 50_000}\n+++\n"
    (problem,) = parse("posts/a.md", content.encode(), SEEN, site).problems
    assert problem.fatal
    assert "not valid TOML" in problem.message
