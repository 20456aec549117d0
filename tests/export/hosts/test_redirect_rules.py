"""Redirects of moved feeds on static hosts."""

from pathlib import Path
from urllib.parse import quote

import pytest

from feeds.config.settings import HostName
from feeds.config.site import Redirect, Site
from feeds.export.hosts import cloudflare, netlify, s3
from feeds.export.hosts.redirects import RedirectRule
from feeds.export.hosts.rules import build_rules
from tests.support.hosts import (
    first_redirect,
    host_files_for,
    host_rules,
    make_feed,
    redirect_lines,
    rules_for,
    run_cloudfront_function,
    server_headers,
)
from tests.support.site import Publication, front_matter, make_site


@pytest.mark.rule("S3", "S7")
@pytest.mark.parametrize("host", ["netlify", "cloudflare-pages"])
def test_moved_feeds_are_redirected(site: Publication, host: HostName) -> None:
    host_files, mount = host_files_for(host, site), host_rules(site).path
    text = host_files.files["_redirects"].decode()
    assert first_redirect(text, f"{mount}old/feed.xml") == (f"{mount}all.rss", 301)
    assert first_redirect(text, f"{mount}blog/ai.xml") == (f"{mount}topics/ai.rss", 301)
    assert first_redirect(text, f"{mount}away") == ("https://example.net/x.rss", 301)
    if host == "netlify":
        assert first_redirect(text, f"{mount}temp.rss") == (f"{mount}all.rss", 302)
        assert first_redirect(text, f"{mount}dead.rss") == (f"{mount}404.html", 410)
    else:
        assert first_redirect(text, f"{mount}temp.rss") == (f"{mount}all.rss", 307)
        assert first_redirect(text, f"{mount}dead.rss") is None
        assert first_redirect(text, f"{mount}about") == (f"{mount}all", 301), (
            "the host removes .html"
        )
        assert any(
            "no 410: paths that are gone, such as dead.rss" in sentence
            for sentence in host_files.limitations
        )


@pytest.mark.rule("S3")
def test_redirects_above_the_limit_of_cloudflare_are_omitted_and_reported() -> None:
    old = [RedirectRule(f"old/{n}", 301, "all.rss") for n in range(2100)]
    old += [RedirectRule(f"p{n}/{{topic}}", 301, "topics/{topic}.rss") for n in range(120)]
    old += [RedirectRule("long", 301, f"https://example.net/{'a' * 1000}")]
    host_files = cloudflare.configure(rules_for([make_feed("all", 1800)], old), ())
    lines = host_files.files["_redirects"].decode().splitlines()
    assert sum(":topic" in line or "*" in line for line in lines) == cloudflare.MOST_DYNAMIC
    assert len(lines) == cloudflare.MOST_STATIC + cloudflare.MOST_DYNAMIC
    assert all(len(line) <= cloudflare.MOST_REDIRECT for line in lines)
    assert any(
        "2,000 redirects: 100 are left out" in sentence for sentence in host_files.limitations
    )
    assert any(
        "in a redirect: 1 are left out, such as long." in sentence
        for sentence in host_files.limitations
    )
    assert any(
        "100 redirects with patterns: 21 are" in sentence for sentence in host_files.limitations
    )


@pytest.mark.rule("S7")
def test_redirects_above_the_limit_of_netlify_are_omitted_and_reported() -> None:
    feeds = [make_feed(f"topics/{number}", 1800) for number in range(1100)]
    old = [
        RedirectRule(f"{folder}/{{topic}}.xml", 301, "topics/{topic}.rss")
        for folder in "abcdefghij"
    ]
    host_files = netlify.configure(rules_for(feeds, old), ())
    lines = redirect_lines(host_files.files["_redirects"].decode())
    assert len(lines) == netlify.MOST_REDIRECTS
    assert ("/a/7.xml", "/topics/7.rss", 301) in lines
    assert any(
        "10,000 redirects: 1,000 are left out, such as /j/" in sentence
        for sentence in host_files.limitations
    )


@pytest.mark.rule("S9", "S11")
def test_github_pages_has_copies_of_feeds_at_old_paths(site: Publication, tmp_path: Path) -> None:
    report = site.export(tmp_path / "out", host="github-pages")
    out = tmp_path / "out"
    for old, name in {
        "old/feed.xml": "all.rss",
        "old/feed.json": "all.json",
        "blog/ai.xml": "topics/ai.rss",
        "blog/роботы.xml": "topics/роботы.rss",
        "temp.rss": "all.rss",
    }.items():
        assert (out / old).read_bytes() == (out / name).read_bytes()
    leading = (out / "about/index.html").read_text()
    assert f"url={host_rules(site).path}all.html" in leading
    assert (out / ".nojekyll").read_bytes() == b""
    assert not (out / "away").exists()
    limitations = " ".join(report.notes)
    assert "no 410: paths that are gone, such as dead.rss" in limitations
    assert "cannot redirect 1 old paths, such as away:" in limitations


@pytest.mark.rule("S11")
def test_copies_at_old_paths_are_written_and_removed_with_their_feed(
    site: Publication, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    site.export(out, host="github-pages")
    assert site.export(out, host="github-pages").written == ()
    (out / "old/feed.xml").unlink()
    assert site.export(out, host="github-pages").written == ("old/feed.xml",)
    assert {"old/feed.xml", ".nojekyll"} <= set(site.export(out, host="plain").removed)
    assert not (out / "old").exists()


@pytest.fixture(scope="module")
def shadowed(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """A site with redirect patterns that match documents, which the server looks up first."""
    publication = Publication(
        tmp_path_factory.mktemp("shadowed"),
        {
            "_news/a.md": front_matter(topics=["Maps", "Charts"]),
            "_news/b.md": front_matter(topics=["Machine Learning"]),
        },
        {
            "feeds": [
                {"path": "all"}, {"path": "best"}, {"path": "feed"},
                {"path": "topics/{topic}", "each": "topic"},
            ],
            "moved": {
                "{topic}.rss": "topics/{topic}.rss",
                "tag/{topic}.json": "topics/{topic}.json",
                "BEST.atom": "best.atom",
                "Topics/Maps.rss": "topics/maps.rss",
                "{some}.atom": "all.atom",
                "{here}": "https://example.net/{here}",
            },
            "gone": ["Topics/{any}.json"],
            "replaces": ["common"],
        },
    )  # fmt: skip
    publication.build()
    return publication


@pytest.mark.rule("S3", "S22")
def test_redirects_do_not_shadow_documents(shadowed: Publication) -> None:
    """For hosts that apply redirects first: CloudFront and Cloudflare Pages."""
    paths = [f"/{quote(name)}" for name, _ in server_headers(shadowed)]
    function = host_files_for("s3", shadowed).files[s3.NAME].decode()
    results = run_cloudfront_function(function, {path: (path, "") for path in paths})
    assert {path: response.get("uri") for path, response in results.items()} == {
        path: "/index.html" if path == "/" else path for path in paths
    }
    text = host_files_for("cloudflare-pages", shadowed).files["_redirects"].decode()
    for path in paths:
        assert first_redirect(text, path) is None
        assert first_redirect(text, path.removesuffix(".html")) is None, "pages exist"


@pytest.mark.rule("S3", "S22")
@pytest.mark.parametrize("host", ["s3", "cloudflare-pages"])
def test_pattern_that_matches_documents_still_redirects_other_paths(
    shadowed: Publication, host: HostName
) -> None:
    host_files = host_files_for(host, shadowed)
    expected = {
        "/maps.rss": "/topics/maps.rss",
        "/machine-learning.rss": "/topics/machine-learning.rss",
        "/tag/anything.json": "/topics/anything.json",  # it matches no document and stays a pattern
        "/BEST.atom": "/best.atom",
        "/Topics/Maps.rss": "/topics/maps.rss",
        "/atom.xml": "/all.atom",
    }
    if host == "s3":
        function = host_files.files[s3.NAME].decode()
        results = run_cloudfront_function(function, {path: (path, "") for path in expected})
        locations = {
            path: response["headers"]["location"]["value"] for path, response in results.items()
        }
    else:
        text = host_files.files["_redirects"].decode()
        locations = {path: (first_redirect(text, path) or ("", 0))[0] for path in expected}
    assert locations == expected
    lost = "2 patterns that match documents are left out, such as {here}."
    assert any(lost in sentence for sentence in host_files.limitations)


def test_archives_of_moved_feeds_are_redirected(tmp_path: Path) -> None:
    site = Publication(
        tmp_path / "site",
        {f"{n}.md": front_matter(title=str(n), topics=["AI"]) for n in range(9)},
        {
            "defaults": {"size": 4, "history": "all"},
            "feeds": [{"path": "new"}, {"path": "topics/{topic}", "each": "topic"}],
            "moved": {
                "old": "older", "older": "new", "tags/{topic}": "topics/{topic}",
                "away": "https://example.net/", "feed.rss": "new.rss",
            },
            "gone": ["dead"],
            "replaces": [],
        },
    )  # fmt: skip
    site.build()
    site.export(tmp_path / "out", host="s3")
    function = (tmp_path / "out" / s3.NAME).read_text()
    expected = {
        "/old/archive/1.rss": "/new/archive/1.rss",
        "/older/archive/2.json": "/new/archive/2.json",
        "/tags/ai/archive/1.atom": "/topics/ai/archive/1.atom",
        "/dead/archive/1.atom": None,
    }
    results = run_cloudfront_function(function, {path: (path, "") for path in expected})
    assert {
        path: response["headers"].get("location", {}).get("value")
        for path, response in results.items()
    } == expected
    none = {path: (path, "") for path in ("/feed/archive/1.rss", "/away/archive/1.rss")}
    assert all("uri" in response for response in run_cloudfront_function(function, none).values())
    site.export(tmp_path / "out", host="netlify")
    text = (tmp_path / "out" / netlify.REDIRECTS).read_text()
    assert first_redirect(text, "/old/archive/1.rss") == ("/new/archive/1.rss", 301)
    site.export(tmp_path / "out", host="github-pages")
    copied = (tmp_path / "out/old/archive/1.rss").read_bytes()
    assert copied == (tmp_path / "out/new/archive/1.rss").read_bytes()


def test_redirects_of_topics_use_their_ids(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": front_matter(topics=["Machine Learning"])})
    (site.root / "topics.yaml").write_text("[{name: Machine Learning, _id: ml}]")
    site.build()
    old = {redirect.source: redirect for redirect in host_rules(site).redirects}
    assert old["tag/machine-learning/feed"] == RedirectRule(
        "tag/machine-learning/feed", 301, "topics/ml.rss"
    )
    assert old["tag/{topic}/feed"].target == "topics/{topic}.rss"


@pytest.mark.rule("H66")
def test_redirects_without_target_are_omitted() -> None:
    site = make_site()
    moves = (
        Redirect("a", "no.rss", 301), Redirect("b", "a2", 301), Redirect("a2", "all.rss", 301),
        Redirect("all.rss", "x.rss", 301), Redirect("t/{topic}", "topics/{topic}.rss", 301),
    )  # fmt: skip
    moved = Site(site.settings, site.root, {}, {}, {}, (), moves)
    rules = build_rules([make_feed("all", 1800)], ["all.rss", "all.html"], moved)
    assert {redirect.source: redirect.target for redirect in rules.redirects} == {
        "b": "all.rss",
        "a2": "all.rss",
    }
