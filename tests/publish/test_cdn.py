"""Purge requests have the form that the documentation of each cache requires."""

from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from feeds.config.settings import PurgeSettings, split_by_server
from feeds.publish import aws_signature, cdn
from feeds.publish.cdn import PurgeRequest, PurgeTargets

NOW = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
BASE = "https://example.org/feeds/"
ENVIRON = {
    "CLOUDFLARE_API_TOKEN": "cf-token",
    "FASTLY_API_TOKEN": "fastly-token",
    "BUNNY_API_KEY": "bunny-key",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
}
CHANGED = {"all.rss": "feed:all", "all.atom": "feed:all", "index.html": ""}


def requests_for(changed: dict[str, str], **settings: Any) -> list[PurgeRequest]:
    return [
        request
        for cache in split_by_server([msgspec.convert(settings, PurgeSettings)])
        for request in cdn.purge_requests(
            cache, cdn.purge_targets(changed, BASE, cache.by), ENVIRON, BASE, NOW
        )
    ]


def test_index_page_is_purged_at_its_folder_too() -> None:
    assert cdn.purge_targets({"index.html": "", "a b/c.rss": ""}, BASE, "url").urls == (
        f"{BASE}index.html", BASE, f"{BASE}a%20b/c.rss",
    )  # fmt: skip


def test_each_tag_is_purged_once_and_untagged_paths_by_url() -> None:
    assert cdn.purge_targets(CHANGED, BASE, "tag") == PurgeTargets(
        (f"{BASE}index.html", BASE), ("feed:all",)
    )


def test_cloudflare() -> None:
    url, tag = requests_for(CHANGED, via="cloudflare", zone="z1", by="tag")
    assert (url.method, url.url) == (
        "POST", "https://api.cloudflare.com/client/v4/zones/z1/purge_cache",
    )  # fmt: skip
    assert url.headers == {
        "Authorization": "Bearer cf-token",
        "Content-Type": "application/json",
    }
    assert msgspec.json.decode(url.body) == {"files": [f"{BASE}index.html", BASE]}
    assert msgspec.json.decode(tag.body) == {"tags": ["feed:all"]}


@pytest.mark.rule("C8")
def test_cloudflare_requests_have_at_most_100_urls_or_tags() -> None:
    changed = {f"{number}.rss": "" for number in range(201)}
    bodies = [
        msgspec.json.decode(request.body)
        for request in requests_for(changed, via="cloudflare", zone="z")
    ]
    assert [len(body["files"]) for body in bodies] == [100, 100, 1]
    tags = {f"{number}.rss": f"feed:{number}" for number in range(201)}
    requests = requests_for(tags, via="cloudflare", zone="z", by="tag")
    assert [len(msgspec.json.decode(request.body)["tags"]) for request in requests] == [100, 100, 1]


MANY = {f"{number}.rss": "" for number in range(1001)}


def test_more_than_a_thousand_urls_become_one_wildcard() -> None:
    (request,) = requests_for(MANY, via="cloudfront", zone="E1")
    assert b"<Quantity>1</Quantity><Items><Path>/feeds/*</Path></Items>" in request.body
    assert len(request.targets.urls) == 1001
    (request,) = requests_for(MANY, via="bunny")
    assert "?url=https%3A%2F%2Fexample.org%2Ffeeds%2F%2A&" in request.url
    assert len(request.targets.urls) == 1001
    fewer = dict.fromkeys([*MANY][:1000], "")
    (request,) = requests_for(fewer, via="cloudfront", zone="E1")
    assert b"<Quantity>1000</Quantity>" in request.body
    assert len(requests_for(fewer, via="bunny")) == 1000


@pytest.mark.parametrize(
    ("via", "by"),
    [
        *((via, "url") for via in ("cloudflare", "fastly", "bunny", "cloudfront", "http")),
        *((via, "tag") for via in ("cloudflare", "fastly", "bunny", "http")),
    ],
)
def test_path_is_purged_once_all_its_targets_are(via: str, by: str) -> None:
    requests = requests_for(CHANGED, via=via, zone="1", by=by)
    parts = [request.targets for request in requests]
    assert cdn.purged_paths(CHANGED, BASE, by, parts) == list(CHANGED)
    assert cdn.purged_paths(CHANGED, BASE, by, []) == []


def test_index_page_is_purged_once_its_folder_is_too() -> None:
    page, folder = PurgeTargets((f"{BASE}index.html",)), PurgeTargets((BASE,))
    assert cdn.purged_paths({"index.html": ""}, BASE, "url", [page]) == []
    assert cdn.purged_paths({"index.html": ""}, BASE, "url", [page, folder]) == ["index.html"]


@pytest.mark.parametrize(
    ("status", "body", "busy"),
    [
        (429, b"", True),
        (400, b"<Code>TooManyInvalidationsInProgress</Code>", True),
        (400, b"<Code>Throttling</Code>", True),
        (400, b"<Code>InvalidArgument</Code>", False),
        (403, b"", False),
    ],
)
def test_busy_caches_are_distinguished_from_refusing_ones(
    status: int, body: bytes, busy: bool
) -> None:
    assert cdn.is_busy(status, body) is busy


def test_fastly() -> None:
    url, folder, tag = requests_for(CHANGED, via="fastly", zone="s1", by="tag", soft=True)
    assert (url.method, url.url) == (
        "POST", "https://api.fastly.com/purge/example.org/feeds/index.html",
    )  # fmt: skip
    assert folder.url == "https://api.fastly.com/purge/example.org/feeds/"
    assert url.headers == {
        "Fastly-Key": "fastly-token",
        "Accept": "application/json",
        "Fastly-Soft-Purge": "1",
    }
    assert (tag.method, tag.url) == ("POST", "https://api.fastly.com/service/s1/purge")
    assert msgspec.json.decode(tag.body) == {"surrogate_keys": ["feed:all"]}
    assert "Fastly-Soft-Purge" not in requests_for(CHANGED, via="fastly", zone="s1")[0].headers


def test_bunny() -> None:
    url, folder, tag = requests_for(CHANGED, via="bunny", zone="7", by="tag")
    assert url.url == (
        "https://api.bunny.net/purge?url=https%3A%2F%2Fexample.org%2Ffeeds%2Findex.html"
        "&async=false&exactPath=true"
    )
    # exactPath: only the URL with the final slash, not everything below it.
    assert folder.url == (
        "https://api.bunny.net/purge?url=https%3A%2F%2Fexample.org%2Ffeeds%2F"
        "&async=false&exactPath=true"
    )
    assert url.headers == {"AccessKey": "bunny-key", "Accept": "application/json"}
    assert (tag.method, tag.url) == ("POST", "https://api.bunny.net/pullzone/7/purgeCache")
    assert msgspec.json.decode(tag.body) == {"CacheTag": "feed:all"}


def test_cloudfront() -> None:
    (request,) = requests_for({"all.rss": "", "topics/a&b.rss": ""}, via="cloudfront", zone="E1")
    assert (request.method, request.url) == (
        "POST", "https://cloudfront.amazonaws.com/2020-05-31/distribution/E1/invalidation",
    )  # fmt: skip
    batch = ElementTree.fromstring(request.body)
    names = {"c": "http://cloudfront.amazonaws.com/doc/2020-05-31/"}
    paths = [path.text for path in batch.findall("c:Paths/c:Items/c:Path", names)]
    assert paths == ["/feeds/all.rss", "/feeds/topics/a%26b.rss"]
    assert batch.findtext("c:Paths/c:Quantity", None, names) == "2"
    assert batch.findtext("c:CallerReference", None, names)
    signed = aws_signature.sign(request, ENVIRON, NOW)
    assert signed.headers["Authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/cloudfront/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, Signature="
    )


def test_repeated_cloudfront_purge_has_a_new_caller_reference() -> None:
    """CloudFront ignores an invalidation whose CallerReference was used before."""
    settings = PurgeSettings(via="cloudfront", zone="E1")
    targets = PurgeTargets((f"{BASE}all.rss",))
    later = NOW.replace(second=1)
    bodies = {
        cdn.purge_requests(settings, targets, ENVIRON, BASE, when)[0].body
        for when in (NOW, NOW, later)
    }
    assert len(bodies) == 2


def test_signature_matches_the_aws_example() -> None:
    """AWS General Reference, Signature Version 4, the complete example (IAM ListUsers)."""
    request = PurgeRequest(
        "GET",
        "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        service="iam",
    )
    signed = aws_signature.sign(request, ENVIRON, NOW)
    assert signed.headers["Authorization"].endswith(
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


def test_session_token_is_signed() -> None:
    environ = {**ENVIRON, "AWS_SESSION_TOKEN": "token"}
    request = PurgeRequest("GET", "https://a.example/", service="s")
    signed = aws_signature.sign(request, environ, NOW)
    assert signed.headers["X-Amz-Security-Token"] == "token"
    assert "host;x-amz-date;x-amz-security-token" in signed.headers["Authorization"]


def test_http_purges_every_server_with_the_public_host_name() -> None:
    servers = ["http://10.0.0.1:6081", "http://10.0.0.2:6081/"]
    requests = requests_for({"all.rss": ""}, via="http", servers=servers)
    assert [(request.method, request.url, request.headers) for request in requests] == [
        ("PURGE", f"http://10.0.0.{number}:6081/feeds/all.rss", {"Host": "example.org"})
        for number in (1, 2)
    ]
    assert requests_for({"all.rss": ""}, via="http")[0].url == f"{BASE}all.rss"


@pytest.mark.parametrize("via", ["cloudflare", "fastly", "bunny", "cloudfront", "http"])
def test_missing_credentials_are_listed(via: Any) -> None:
    settings = PurgeSettings(via=via)
    assert cdn.missing_credentials(settings, ENVIRON) == []
    assert cdn.missing_credentials(settings, {}) == list(cdn.CREDENTIALS[via])
