"""Providers, authors and topics of an entry."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.articles import attribution
from feeds.config.feed_settings import Provider as KnownProvider
from feeds.model.entry import (
    Person,
    Provider,
)
from feeds.render import elements
from tests.support.articles import SITE, parse_article, parse_entry
from tests.support.site import make_site


def test_provider_becomes_source_author_and_visible_credit() -> None:
    entry = parse_entry(
        "Text",
        originalUrl="https://pcmag.example/a",
        webUrl="https://pcmag.example/web",
        provider={
            "name": "PC Magazine",
            "domain": "PCMag.example",
            "images": [{"url": "/pc.png", "width": 50}],
        },
    )
    icon = "https://cdn.example/x/pc.png"
    home = "https://pcmag.example/"
    assert entry.provider == Provider("PC Magazine", "pc-magazine", home, None, icon)
    assert entry.authors == (Person("PC Magazine", home, icon),)
    assert entry.via == "https://pcmag.example/a"
    assert entry.content.endswith('<p>Via <a href="https://pcmag.example/a">PC Magazine</a></p>')


NAMES = st.sampled_from(["P", "p", "Q", "", " ", 1, True, 1.0, None, ["P"], "p.example", "a b"])


IMAGES = st.lists(
    st.fixed_dictionaries({"url": NAMES | st.just("/i.png")}, optional={"width": NAMES}) | NAMES,
    max_size=2,
)


PROVIDERS = NAMES | st.dictionaries(
    st.sampled_from(["name", "domain", "images", "authors", "other"]), NAMES | IMAGES
)


@given(st.lists(PROVIDERS, max_size=6), st.integers(1, 5))
def test_provider_cache_does_not_change_articles(listed: list[Any], limit: int) -> None:
    providers = {"p.example": KnownProvider("P and sons", url="https://p.example/")}
    site = make_site(providers=providers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attribution, "_MAX_CACHED", limit)
        for provider in listed * 2:
            uncached = parse_article(site=make_site(providers=providers), provider=provider)
            assert parse_article(site=site, provider=provider) == uncached
            assert len(attribution._cache.of(site)) <= limit


def test_invalid_provider_is_reported_for_every_article() -> None:
    invalid = {"name": "P", "domain": "not a domain"}
    assert [len(parse_article(provider=invalid).problems) for _ in range(2)] == [1, 1]


def test_provider_file_adds_feed_home_page_and_logo() -> None:
    file = {
        "name": "PC Magazine",
        "url": "https://www.pcmag.example/",
        "feed": "https://www.pcmag.example/feed",
        "images": [{"url": "/logo.png"}],
    }
    site = make_site(providers={"pc magazine": file, "pcmag.example": file})
    logo = "https://example.org/logo.png"
    for reference in ({"name": "pc MAGAZINE"}, {"domain": "pcmag.example"}):
        provider = parse_entry(provider=reference, site=site).provider
        assert provider is not None
        assert provider.home == "https://www.pcmag.example/"
        assert provider.feed == "https://www.pcmag.example/feed"
        assert provider.icon == logo


def test_authors_are_names_without_email_addresses() -> None:
    people = [{"name": "Joe", "url": "https://joe.example", "email": "joe@example.org"}, {"x": 1}]
    entry = parse_entry(provider={"name": "P", "authors": people})
    assert entry.authors == (Person("Joe", "https://joe.example/"),)
    assert parse_entry(authors=["Jane", "Joe", "Jane"]).authors == (Person("Jane"), Person("Joe"))
    assert parse_entry(authors=[{"name": "Jane"}], provider={"name": "P"}).authors == (
        Person("Jane"),
    )
    assert parse_entry().authors == ()


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Adam Glassman (@abglassman)", "Adam Glassman (@abglassman)"),
        ("@abglassman", "@abglassman"),
        ("Jane <@jane>", "Jane <@jane>"),
        ("Ann (ann@example.org, @ann)", "Ann (@ann)"),
        ('Ann "B" <ann@example.org>, Lee <lee@example.org>', 'Ann "B", Lee'),
        ("Ann （@ann）", "Ann （@ann）"),
        ("<Ann Lee>", "Ann Lee"),
        ("Ann (@ann@social.example)", "Ann (@ann@social.example)"),
        ("Ann Lee (Editor)", "Ann Lee (Editor)"),
        ("Ann (Editor) Lee (she)", "Ann (Editor) Lee (she)"),
        ("(Ann Lee)", "Ann Lee"),
        ("Ann Lee <ann@example.org>", "Ann Lee"),
        ("Ann Lee (ann@example.org)", "Ann Lee"),
        ("Ann Lee (<ann@example.org>)", "Ann Lee"),
        ("Ann Lee [ann@example.org]", "Ann Lee"),
        ("Ann Lee, ann@example.org", "Ann Lee"),
        ("Ann Lee,ann@example.org", "Ann Lee"),
        ("ann@example.org (Ann Lee)", "Ann Lee"),
        ("ann@example.org (Ann Lee (Editor))", "Ann Lee (Editor)"),
        ("Ann Lee <ann@example.org> (Editor)", "Ann Lee (Editor)"),
        ("Ann Lee (ann@example.org) (@ann)", "Ann Lee (@ann)"),
        ("Ann Lee <mailto:ann@example.org>", "Ann Lee"),
        ("Ann Lee (Editor, ann@example.org)", "Ann Lee (Editor)"),
        ("Ann Lee (", "Ann Lee"),
        ("Ann @ Home", "Ann @ Home"),
        ("<ann@example.org>", None),
        ("ann@example.org", None),
    ],
)
def test_author_name_loses_its_email_address_only(author: str, name: str | None) -> None:
    expected = (Person(name),) if name else ()
    assert parse_entry(authors=[author]).authors == expected
    assert parse_entry(authors=[{"name": author}]).authors == expected


@pytest.mark.parametrize("text", ["a", "(", "<", "@", "a@", "( ", "[<("])
def test_removing_addresses_takes_linear_time(text: str) -> None:
    start = time.process_time()
    attribution._without_addresses(text * 40_000)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("domain", "home"),
    [("bücher.example", "https://xn--bcher-kva.example/"), ("a.b.example", "https://a.b.example/")],
)
def test_provider_domain_is_a_host_name(domain: str, home: str) -> None:
    provider = parse_entry(provider={"domain": domain}).provider
    assert provider is not None
    assert (provider.name, provider.home) == (domain, home)


@pytest.mark.parametrize(
    "domain", ["a/b.example", "a b", "localhost", "x.example:80", "u@x.example", "?"]
)
def test_invalid_provider_domain_is_reported(domain: str) -> None:
    article = parse_article(provider={"name": "P", "domain": domain})
    assert [problem.field for problem in article.problems] == ["provider.domain"]
    assert article.entry is not None
    assert article.entry.provider == Provider("P", "p")


@pytest.mark.rule("R49", "A36")
def test_categories_have_schemes() -> None:
    entry = parse_entry(topics=["C", "C++", "C#", "C"], category="news", type="article")
    assert elements.categories(entry, SITE) == [
        ("https://example.org/topics", "C"),
        ("https://example.org/topics", "C++"),
        ("https://example.org/topics", "C#"),
        ("https://example.org/categories", "news"),
        ("https://example.org/types", "article"),
    ]


def test_provider_has_the_name_of_its_file() -> None:
    file = {"name": "PC Magazine", "otherNames": ["PCMag"], "domain": "pcmag.example"}
    site = make_site(providers={"pc magazine": file, "pcmag": file})
    provider = parse_entry(site=site, provider={"name": "PCMag"}).provider
    assert provider is not None
    assert (provider.name, provider.key, provider.home) == (
        "PC Magazine",
        "pc-magazine",
        "https://pcmag.example/",
    )


def test_topic_appears_once_with_the_name_of_its_file() -> None:
    site = make_site(topics={"sea-charts": {"name": "Sea charts"}})
    entry = parse_entry(site=site, topics=["sea  CHARTS", "Sea charts", "Fog"])
    terms = [term for _, term in elements.categories(entry, site)]
    assert terms == ["Sea charts", "Fog", "news", "article"]
