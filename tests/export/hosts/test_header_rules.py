"""Headers and caching of static hosts, compared with those of the server."""

import re
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from feeds.config.definitions import FeedDefinition
from feeds.config.site import FeedSpec, Site
from feeds.export.hosts import cloudflare, netlify
from feeds.export.hosts.registry import HOSTS
from feeds.export.hosts.rules import build_rules
from feeds.model.document import Caching
from feeds.model.selection import EVERYTHING
from tests.support.hosts import (
    cloudflare_headers,
    header_rules,
    host_files_for,
    host_rules,
    make_feed,
    netlify_headers,
    rules_for,
    server_headers,
)
from tests.support.site import Publication, front_matter, make_site


@pytest.mark.rule("S1")
def test_cloudflare_pages_sends_the_headers_of_the_server(site: Publication) -> None:
    text = host_files_for("cloudflare-pages", site).files["_headers"].decode()
    mount = host_rules(site).path
    for name, expected in server_headers(site):
        sent = cloudflare_headers(text, f"{mount}{quote(name)}")
        if name.endswith(".html"):
            assert cloudflare_headers(text, f"{mount}{quote(name.removesuffix('.html'))}")
        for key, value in expected.items():
            if key == "Last-Modified" or (key == "Content-Type" and "html" in value):
                continue  # set by Cloudflare
            assert sent[key.lower()] == value, (name, key)
        assert set(sent) <= {key.lower() for key in expected}


@pytest.mark.rule("S6")
def test_netlify_sends_the_headers_of_the_server_except_link(site: Publication) -> None:
    text = host_files_for("netlify", site).files["_headers"].decode()
    for name, expected in server_headers(site):
        sent = netlify_headers(text, f"{host_rules(site).path}{quote(name)}")
        for key, value in expected.items():
            if key not in ("Last-Modified", "Link"):
                assert sent[key.lower()] == value, (name, key)
        assert not set(sent) & netlify.IGNORED


@pytest.mark.rule("S2")
def test_number_of_rules_does_not_grow_with_topics() -> None:
    host_files = cloudflare.configure(
        rules_for([make_feed(f"topics/{n}", 1800) for n in range(1000)]), ()
    )
    assert len(header_rules(host_files.files["_headers"].decode())) < 10
    assert not any("rules" in sentence for sentence in host_files.limitations)


@pytest.mark.rule("S1")
def test_rules_above_the_limit_of_cloudflare_are_omitted_and_reported() -> None:
    feeds = [make_feed(f"a{n}", 1800) for n in range(200)] + [
        make_feed(f"b{n}", 300) for n in range(150)
    ]
    host_files = cloudflare.configure(rules_for(feeds), ())
    text = host_files.files["_headers"].decode()
    parsed = header_rules(text)
    assert len(parsed) == cloudflare.MOST_RULES
    assert all(len(line) <= cloudflare.MOST_LINE for line in text.splitlines())
    left_out = 150 - sum(rule.startswith("/b") for rule, _, _ in parsed)
    assert any(f"100 rules: {left_out} feeds" in sentence for sentence in host_files.limitations)


@pytest.mark.rule("S1")
def test_lines_above_the_limit_of_cloudflare_are_omitted_and_reported(tmp_path: Path) -> None:
    hub = f"https://hub.example.net/{'h' * cloudflare.MOST_LINE}"
    site = Publication(tmp_path, {"a.md": front_matter()}, hub=hub)
    site.build()
    host_files = host_files_for("cloudflare-pages", site)
    text = host_files.files["_headers"].decode()
    assert all(len(line) <= cloudflare.MOST_LINE for line in text.splitlines())
    assert any(
        "_headers: 3 are left out, such as Link." in sentence for sentence in host_files.limitations
    )
    odd = cloudflare.configure(
        rules_for([make_feed("a", 1800), make_feed("b", 1800), make_feed("x" * 2000, 300)]), ()
    )
    short = header_rules(odd.files["_headers"].decode())
    assert not any(len(rule) > 100 for rule, _, _ in short)
    assert (
        cloudflare_headers(odd.files["_headers"].decode(), "/a.rss")["cache-control"].count("=")
        == 3
    )
    assert any("_headers: 1 are left out, such as /xxx" in sentence for sentence in odd.limitations)


@pytest.mark.parametrize("cdn_max_age", [None, 86_400])
def test_limitations_for_archives_are_reported(cdn_max_age: int | None) -> None:
    caching = Caching(1800, cdn_max_age=cdn_max_age)
    past = msgspec.structs.replace(make_feed("past", 1800), history=3, caching=caching)
    for name in ("nginx", "caddy", "apache", "cloudflare-pages"):
        limitations = " ".join(HOSTS[name].configure(rules_for([past]), ()).limitations)
        assert "every archive document for a day" in limitations
        assert "no prev-archive and next-archive in Link" in limitations
        assert ("name the hubs" in limitations) == (name == "cloudflare-pages")
        assert "archive" not in " ".join(
            HOSTS[name].configure(rules_for([make_feed("all", 1800)]), ()).limitations
        )
    host_files = netlify.configure(rules_for([past]), ())
    cache_control = netlify_headers(host_files.files["_headers"].decode(), "/past/archive/1.rss")[
        "cache-control"
    ]
    lost = cdn_max_age is not None
    assert cache_control.startswith("public, max-age=1800," if lost else "public, max-age=86400,")
    assert (
        any(
            "archive documents as long as most feeds" in sentence
            for sentence in host_files.limitations
        )
        == lost
    )
    assert (
        any("every archive document for a day" in sentence for sentence in host_files.limitations)
        != lost
    )


def test_overlapping_families_keep_the_max_age_of_each_feed() -> None:
    """A pattern that matches feeds of another family does not decide their caching."""
    site: Site = make_site()
    spec = {
        "title": "t",
        "description": None,
        "selection": EVERYTHING,
        "order": "date",
        "size": 9,
        "history": 0,
    }
    family = FeedSpec(
        path="{category}/{topic}", each=("category", "topic"), least=1, caching=Caching(300),
        where="",
        **spec,  # type: ignore[arg-type]
    )  # fmt: skip
    other = FeedSpec(
        path="topics/{topic}", each=("topic",), least=1, caching=Caching(1800), where="",
        **spec,  # type: ignore[arg-type]
    )  # fmt: skip
    site = Site(site.settings, site.root, {}, {}, {}, (other, family))
    feeds = [make_feed("news/ai", 300), make_feed("news/b", 300), make_feed("topics/ai", 1800)]
    feeds += [make_feed("all", 1800), make_feed("topics/b", 1800), make_feed("x", 60)]
    rules = build_rules(feeds, [], site)
    named = {
        override.source: dict(override.freshness)["Cache-Control"][:20]
        for override in rules.caching_overrides
    }
    assert list(named) == ["topics/ai", "topics/b", "x", "{category}/{topic}"]
    assert named["topics/ai"].startswith("public, max-age=1800")
    assert named["{category}/{topic}"].startswith("public, max-age=300")


def test_feed_below_a_folder_named_archive_keeps_its_max_age() -> None:
    """A host without expressions cannot tell a number from another name."""
    definitions = [
        msgspec.structs.replace(make_feed("news", 1800), history=3),
        *(make_feed(path, 1800) for path in ("news/archive/maps", "all", "other")),
    ]
    rules = rules_for(definitions)
    for host, sent in ((cloudflare, cloudflare_headers), (netlify, netlify_headers)):
        text = host.configure(rules, ()).files["_headers"].decode()
        for path, seconds in (("news/archive/maps", 1800), ("news/archive/1", 86_400)):
            cache_control = sent(text, f"/{path}.rss")["cache-control"]
            assert cache_control.startswith(f"public, max-age={seconds},"), path
    archives = next(override for override in rules.caching_overrides if override.is_archives)
    assert re.fullmatch(archives.regex, "news/archive/12")
    assert not re.fullmatch(archives.regex, "news/archive/maps")


@pytest.mark.rule("H26")
def test_cdn_max_age_of_most_feeds_does_not_apply_to_others() -> None:
    feeds = [
        FeedDefinition(f"a{n}", "", "", EVERYTHING, "date", 9, Caching(1800, cdn_max_age=86_400))
        for n in range(3)
    ]
    rules = build_rules([*feeds, make_feed("b", 300)], [], make_site())
    assert dict(rules.caching_overrides[0].freshness) == {
        "Cache-Control": "public, max-age=300, stale-while-revalidate=300, stale-if-error=604800",
        "CDN-Cache-Control": (
            "public, max-age=300, stale-while-revalidate=300, stale-if-error=604800"
        ),
        "Surrogate-Control": "max-age=300, stale-while-revalidate=300, stale-if-error=604800",
    }
