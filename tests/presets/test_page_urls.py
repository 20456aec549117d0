"""The URL of a page leads to its file, whatever characters the file's name has."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from feeds.articles.parser import parse
from feeds.presets.registry import NAMES
from tests.support.site import make_site

SEEN = datetime(2024, 1, 2, tzinfo=UTC)
BASE = "https://example.org/"
# Presets whose pages are named as their files.
BY_NAME = ("plain", "eleventy", "quarto", "vitepress")
ENDINGS = {"quarto": ".html", "vitepress": ".html"}
CHARACTERS = (
    "a?b",
    "a#b",
    "a%20b",
    "100%",
    "%2F",
    "a b",
    "é",
    "日本",
    "Über",
    "a&b=c",
    "a+b",
    "a;b",
)


def link(path: str, preset: str, front: str = "title: T\ndate: 2024-01-01", **site: Any) -> str:
    is_toml = preset == "zola"
    text = "+++\ntitle='T'\ndate=2024-01-01\n+++\n" if is_toml else f"---\n{front}\n---\nText\n"
    made = make_site(articles={"folder": "articles", "preset": preset}, **site)
    entry = parse(path, text.encode(), SEEN, made).entry
    assert entry is not None
    return entry.link


@pytest.mark.parametrize("preset", BY_NAME)
@pytest.mark.parametrize("name", CHARACTERS)
def test_url_of_a_file_is_its_name_percent_encoded(preset: str, name: str) -> None:
    url = link(f"posts/{name}.md", preset)
    parts = urlsplit(url)
    assert (parts.query, parts.fragment) == ("", "")
    assert unquote(parts.path) == f"/posts/{name}{ENDINGS.get(preset, '/')}"


@pytest.mark.parametrize("preset", NAMES)
def test_no_character_of_a_file_name_begins_a_query_or_fragment(preset: str) -> None:
    folder = {"jekyll": "_posts/2024-01-01-", "mkdocs": "blog/posts/"}.get(preset, "posts/")
    for name in CHARACTERS:
        parts = urlsplit(link(f"{folder}{name}.md", preset))
        assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == (
            "https", "example.org", "", "",
        )  # fmt: skip


@pytest.mark.parametrize("value", ["a?b", "a#b", "x://y", "data:x", "//x.org", "http://[::1"])
def test_slug_stays_in_the_path_of_the_site(value: str) -> None:
    url = link("posts/a.md", "plain", f"title: T\nslug: '{value}'", permalink="/{slug}/")
    assert url.startswith(BASE)
    assert urlsplit(url)[3:] == ("", "")


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("/a/", "a/"), ("/a", "a"), ("a", "a"), ("/A/B/", "A/B/"), ("/a b/", "a%20b/"),
        ("/é/", "%C3%A9/"), ("/%C3%A9/", "%C3%A9/"), ("/a?b#c", "a?b#c"), ("/100%/", "100%25/"),
        ("//a/", "a/"), ("/a/../b/", "b/"), ("a:b", "a:b"), ("", "posts/x/"),
    ],
)  # fmt: skip
def test_url_in_front_matter_is_kept_as_its_author_wrote_it(address: str, url: str) -> None:
    assert link("posts/x.md", "plain", f"title: T\nurl: '{address}'") == BASE + url


def test_url_that_is_too_long_is_refused_with_its_key() -> None:
    site = make_site(articles={"folder": "articles", "preset": "plain"}, permalink="/{slug}/")
    text = f"---\ntitle: T\ndate: 2024-01-01\nslug: {'é' * 3_000}\n---\n"
    (problem,) = parse("posts/a.md", text.encode(), SEEN, site).problems
    assert problem.fatal
    assert "18,0" in problem.message
    assert "shorten it" in problem.message
