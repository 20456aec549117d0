"""The CloudFront function that chooses encodings and redirects for S3."""

import re
from pathlib import Path

import pytest

from feeds.export.hosts import s3
from feeds.export.hosts.redirects import RedirectRule
from tests.support.hosts import (
    host_files_for,
    host_rules,
    make_feed,
    rules_for,
    run_cloudfront_function,
)
from tests.support.site import Publication, front_matter


@pytest.mark.rule("S22")
def test_cloudfront_function_answers_like_the_server(site: Publication) -> None:
    mount = host_rules(site).path
    body = host_files_for("s3", site).files[s3.NAME].decode()
    # Syntax that CloudFront's runtime 2.0 is not documented to support.
    assert not re.search(r"for \(\w+ (\w+|\[.*\]) of |(const|let) [\[{]", body)
    requests = {
        "index": ("", ""), "again": ("index.html", ""), "old": ("old/feed.xml", ""),
        "slash": ("OLD/feed.xml/", ""), "blog": ("blog/%D1%80.xml", ""), "away": ("away", ""),
        "gone": ("dead.rss", ""), "plain": ("all.rss", ""), "br": ("all.rss", "gzip, br"),
        "gzip": ("all.atom", "br;q=0, gzip"), "none": ("all.json", "br;q=0.0,gzip; q=0"),
        "page": ("all.html", "br"),
    }  # fmt: skip
    results = run_cloudfront_function(
        body, {name: (f"{mount}{path}", accepted) for name, (path, accepted) in requests.items()}
    )
    uris = {
        name: response["uri"].removeprefix(mount)
        for name, response in results.items()
        if "uri" in response
    }
    assert uris == {
        "index": "index.html", "plain": "all.rss", "br": "all.rss.br", "gzip": "all.atom.gz",
        "none": "all.json", "page": "all.html",
    }  # fmt: skip
    locations = {
        name: (response["statusCode"], response["headers"].get("location", {}).get("value"))
        for name, response in results.items()
        if "statusCode" in response
    }
    assert locations == {
        "again": (301, mount), "old": (301, f"{mount}all.rss"), "slash": (301, f"{mount}all.rss"),
        "blog": (301, f"{mount}topics/%D1%80.rss"), "away": (301, "https://example.net/x.rss"),
        "gone": (410, None),
    }  # fmt: skip
    assert results["gone"]["headers"]["cache-control"]["value"] == "public, max-age=3600"


def test_redirects_above_the_size_limit_of_cloudfront_are_omitted_and_reported() -> None:
    old = [RedirectRule(f"old/address/{n}", 301, "all.rss") for n in range(400)]
    host_files = s3.configure(rules_for([make_feed("all", 1800)], old), ())
    body = host_files.files[s3.NAME]
    assert s3.MOST_BYTES - 100 < len(body) <= s3.MOST_BYTES
    assert any("redirects are left out" in sentence for sentence in host_files.limitations)


@pytest.mark.rule("S22")
def test_every_feed_on_s3_has_its_encoded_variants(site: Publication, tmp_path: Path) -> None:
    out = tmp_path / "out"
    site.export(out, host="s3")
    coded = {name for name in names_in(out) if name.endswith((".gz", ".br"))}
    fed = {name for name in names_in(out) if name.endswith((".rss", ".atom", ".json"))}
    assert coded == {f"{name}{suffix}" for name in fed for suffix in (".gz", ".br")}


@pytest.mark.rule("S22")
@pytest.mark.parametrize("codings", [[], ["gzip"], ["br"], ["gzip", "br"], None])
def test_cloudfront_function_requests_only_exported_files(
    tmp_path: Path, codings: list[str] | None
) -> None:
    """Including the smallest possible feeds."""
    export = {"for": "s3"} if codings is None else {"for": "s3", "codings": codings}
    small = {"feeds": [{"path": "a", "title": "a"}], "replaces": []}
    url = "http://a.b/"
    site = Publication(
        tmp_path / "site", {"a.md": front_matter(published=False)}, small,
        feeds_url=url, url=url, title="a", description="", export=export,
    )  # fmt: skip
    site.build()
    site.export(tmp_path / "out")
    exported = names_in(tmp_path / "out")
    accepted = ("", "br", "gzip", "gzip, br", "gzip, br;q=0")
    names = [name for name in exported if not name.endswith((".gz", ".br"))]
    requests = {f"{name} {value}": (f"/{name}", value) for name in names for value in accepted}
    function = (tmp_path / "out" / s3.NAME).read_text()
    results = {
        key: response["uri"][1:]
        for key, response in run_cloudfront_function(function, requests).items()
        if "uri" in response
    }
    assert set(results.values()) <= exported
    best = ".br" if codings is None or "br" in codings else ".gz" if codings else ""
    assert results["a.json gzip, br"] == f"a.json{best}"


def names_in(folder: Path) -> set[str]:
    names = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    return {name for name in names if not name.startswith(".")}
