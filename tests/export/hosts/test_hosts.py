"""What hosts that cannot be run here are told, read as their documentation says they read it."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from feeds.config.definitions import FeedDefinition
from feeds.config.settings import HostName
from feeds.config.site import FeedSpec, Redirect, Site
from feeds.errors import ExportError
from feeds.export.hosts import cloudflare, netlify, s3
from feeds.export.hosts import rules as plan
from feeds.export.hosts.base import HostFiles
from feeds.export.hosts.redirects import RedirectRule
from feeds.export.hosts.registry import HOSTS
from feeds.export.hosts.rules import HostRules
from feeds.model.document import Caching
from feeds.model.selection import EVERYTHING
from feeds.render import feed_documents, headers
from feeds.render.site import documents, pages
from tests.support.site import NOW, Publication, front_matter, make_site

FEEDS: Mapping[str, Any] = {
    "feeds": [
        {"path": "all"},
        {"path": "hot", "order": "heat", "max_age": "5m", "cdn_max_age": "1h"},
        {"path": "topics/{topic}", "each": "topic"},
        {"path": "types/{type}", "each": "type", "max_age": "1h"},
        {"path": "in/{category}", "each": "category", "max_age": "1h", "cdn_max_age": "2h"},
        {"path": "by-{provider}", "each": "provider", "max_age": "2h"},
    ],
    "moved": {
        "old/feed.xml": "all.rss",
        "old/feed.json": "all.json",
        "blog/{topic}.xml": "topics/{topic}.rss",
        "away": "https://example.net/x.rss",
        "temp.rss": {"to": "all.rss", "status": 307},
        "about": "all.html",
    },
    "gone": ["dead.rss"],
    "replaces": [],
}


@pytest.fixture(scope="module", params=["/", "/news/", "/caf%C3%A9/"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Publication:
    provider = {"name": "The Gazette", "domain": "example.net"}
    made = Publication(
        tmp_path_factory.mktemp("site"),
        {
            "_news/a.md": front_matter(title="a", topics=["AI", "C++"], provider=provider),
            "b.md": front_matter(title="b", webUrl="https://example.org/b", topics=["Роботы"]),
        },
        FEEDS,
        feeds_url=f"https://example.org{request.param}",
        hub="https://hub.example.net/",
    )
    made.build()
    return made


def made_for(host: HostName, site: Publication) -> HostFiles:
    return HOSTS[host].configure(planned(site), HOSTS[host].default_codings)


def planned(site: Publication) -> HostRules:
    with site.read() as reader:
        feeds = list(feed_documents.all_feeds(site.site, reader, NOW).values())
        makers = documents.site_documents(feeds, reader.feeds.states(), site.site)
    names = [f"{feed.path}.{each}" for feed in feeds for each in ("rss", "atom", "json", "html")]
    return plan.build_rules(feeds, [*names, *makers], site.site)


def every_document(site: Publication) -> Iterator[tuple[str, dict[str, str]]]:
    """Each path below the host, and the headers with which our server sends what is there."""
    with site.read() as reader:
        feeds = feed_documents.all_feeds(site.site, reader, NOW)
        for path, feed in feeds.items():
            for format_, made in feed_documents.render_feed(feed, site.site, reader, NOW).items():
                yield f"{path}.{format_}", dict(headers.document_headers(made, site.site))
            page = feed_documents.render_page(feed, site.site, reader, NOW)
            yield f"{path}.html", dict(headers.document_headers(page, site.site))
        makers = documents.site_documents(list(feeds.values()), reader.feeds.states(), site.site)
        for name, make in makers.items():
            yield (
                "" if name == pages.INDEX else name,
                dict(headers.document_headers(make(), site.site)),
            )


Rules = list[tuple[str, list[tuple[str, str]], list[str]]]


def rules(text: str) -> Rules:
    """The rules of a `_headers` file: path, what is set, and what is taken off."""
    found: Rules = []
    for line in text.splitlines():
        if not line.startswith(" "):
            found.append((line, [], []))
        elif line.startswith("  ! "):
            found[-1][2].append(line[4:].lower())
        else:
            name, _, value = line.strip().partition(": ")
            found[-1][1].append((name.lower(), value))
    return found


def fits(rule: str, path: str) -> re.Match[str] | None:
    """Whether a path is one of a rule with `*` and `:name`."""
    parts = re.split(r"(\*|:\w+)", rule)
    regex = "".join(
        "(?P<splat>.*)" if part == "*" else f"(?P<{part[1:]}>[^/]+)" if part[:1] == ":"
        else re.escape(part)
        for part in parts
    )  # fmt: skip
    return re.fullmatch(regex, path)


def by_cloudflare(text: str, path: str) -> dict[str, str]:
    """What Cloudflare Pages sends: all rules in turn, a header of two rules with both values."""
    sent = {"x-content-type-options": "nosniff", "cache-control": "public, max-age=0"}
    own: set[str] = set()
    for rule, said, off in rules(text):
        if found := fits(rule, path):
            for name in off:
                sent.pop(name, None)
            for name, value in said:
                for key, what in found.groupdict().items():
                    value = value.replace(f":{key}", what)
                twice = name in own and name in sent
                sent[name] = f"{sent[name]}, {value}" if twice else value
                own.add(name)
    return sent


def by_netlify(text: str, path: str) -> dict[str, str]:
    """What Netlify sends: of a header that several rules set the last value."""
    return {
        name: value
        for rule, said, off in rules(text)
        if fits(rule, path) and not off
        for name, value in said
    }


def test_s1_cloudflare_pages_sends_what_our_server_sends(site: Publication) -> None:
    text = made_for("cloudflare-pages", site).files["_headers"].decode()
    mount = planned(site).path
    for name, wanted in every_document(site):
        sent = by_cloudflare(text, f"{mount}{quote(name)}")
        if name.endswith(".html"):
            assert by_cloudflare(text, f"{mount}{quote(name.removesuffix('.html'))}")
        for key, value in wanted.items():
            if key == "Last-Modified" or (key == "Content-Type" and "html" in value):
                continue  # Cloudflare knows
            assert sent[key.lower()] == value, (name, key)
        assert set(sent) <= {key.lower() for key in wanted}


def test_s6_netlify_sends_what_our_server_sends_but_link(site: Publication) -> None:
    text = made_for("netlify", site).files["_headers"].decode()
    for name, wanted in every_document(site):
        sent = by_netlify(text, f"{planned(site).path}{quote(name)}")
        for key, value in wanted.items():
            if key not in ("Last-Modified", "Link"):
                assert sent[key.lower()] == value, (name, key)
        assert not set(sent) & netlify.IGNORED


def redirects(text: str) -> list[tuple[str, str, int]]:
    lines = [line.split(" ") for line in text.splitlines()]
    return [(source, target, int(status)) for source, target, status in lines]


def by_rules(text: str, path: str) -> tuple[str, int] | None:
    """What the first line of a `_redirects` file that fits answers."""
    for source, target, status in redirects(text):
        if found := fits(source, path):
            for key, what in found.groupdict().items():
                target = target.replace(f":{key}", what)
            return target, status
    return None


@pytest.mark.parametrize("host", ["netlify", "cloudflare-pages"])
def test_s3_s7_old_addresses_are_redirected(site: Publication, host: HostName) -> None:
    made, mount = made_for(host, site), planned(site).path
    text = made.files["_redirects"].decode()
    assert by_rules(text, f"{mount}old/feed.xml") == (f"{mount}all.rss", 301)
    assert by_rules(text, f"{mount}blog/ai.xml") == (f"{mount}topics/ai.rss", 301)
    assert by_rules(text, f"{mount}away") == ("https://example.net/x.rss", 301)
    if host == "netlify":
        assert by_rules(text, f"{mount}temp.rss") == (f"{mount}all.rss", 302)
        assert by_rules(text, f"{mount}dead.rss") == (f"{mount}404.html", 410)
    else:
        assert by_rules(text, f"{mount}temp.rss") == (f"{mount}all.rss", 307)
        assert by_rules(text, f"{mount}dead.rss") is None
        assert by_rules(text, f"{mount}about") == (f"{mount}all", 301), "it takes .html off"
        assert any("no 410: dead.rss" in sentence for sentence in made.limitations)


@pytest.mark.parametrize("name", [".feeds-export.json", ".feeds-state/published.json"])
def test_nobody_is_sent_what_is_for_us(site: Publication, name: str) -> None:
    mount = planned(site).path
    text = made_for("cloudflare-pages", site).files[cloudflare.REDIRECTS].decode()
    assert by_rules(text, f"{mount}{name}") == (mount, 302)
    asked = [f"{mount}{each}" for each in (name, name.replace(".feeds", "%2E%66eeds"))]
    function = made_for("s3", site).files[s3.NAME].decode()
    for answer in by_cloudfront(function, {uri: (uri, "") for uri in asked}).values():
        assert answer["statusCode"] == 404
        assert answer["headers"]["cache-control"] == {"value": "no-store"}


def feed(path: str, max_age: int) -> FeedDefinition:
    return FeedDefinition(path, path, path, EVERYTHING, "date", 50, Caching(max_age))


def large(feeds: Sequence[FeedDefinition], old: Sequence[RedirectRule] = ()) -> HostRules:
    names = [f"{each.path}.{ext}" for each in feeds for ext in ("rss", "atom", "json", "html")]
    made = plan.build_rules(feeds, names, make_site())
    return HostRules(made.site, made.names, made.groups, made.caching_overrides, tuple(old))


def test_s2_a_thousand_topics_take_a_handful_of_rules() -> None:
    made = cloudflare.make(large([feed(f"topics/{n}", 1800) for n in range(1000)]), ())
    assert len(rules(made.files["_headers"].decode())) < 10
    assert not any("rules" in sentence for sentence in made.limitations)


def test_s1_more_rules_than_cloudflare_takes_are_left_out_and_told() -> None:
    feeds = [feed(f"a{n}", 1800) for n in range(200)] + [feed(f"b{n}", 300) for n in range(150)]
    made = cloudflare.make(large(feeds), ())
    text = made.files["_headers"].decode()
    found = rules(text)
    assert len(found) == cloudflare.MOST_RULES
    assert all(len(line) <= cloudflare.MOST_LINE for line in text.splitlines())
    left_out = 150 - sum(rule.startswith("/b") for rule, _, _ in found)
    assert any(f"100 rules: {left_out} feeds" in sentence for sentence in made.limitations)


def test_s3_more_redirects_than_cloudflare_takes_are_left_out_and_told() -> None:
    old = [RedirectRule(f"old/{n}", 301, "all.rss") for n in range(2100)]
    old += [RedirectRule(f"p{n}/{{topic}}", 301, "topics/{topic}.rss") for n in range(120)]
    old += [RedirectRule("long", 301, f"https://example.net/{'a' * 1000}")]
    made = cloudflare.make(large([feed("all", 1800)], old), ())
    lines = made.files["_redirects"].decode().splitlines()
    assert sum(":topic" in line or "*" in line for line in lines) == cloudflare.MOST_DYNAMIC
    assert len(lines) == cloudflare.MOST_STATIC + cloudflare.MOST_DYNAMIC
    assert all(len(line) <= cloudflare.MOST_REDIRECT for line in lines)
    assert any("2,000 redirects: 100 are left out" in sentence for sentence in made.limitations)
    assert any(
        "in a redirect: 1 are left out, long among" in sentence for sentence in made.limitations
    )
    assert any("100 patterns of redirects: 21 are" in sentence for sentence in made.limitations)


def test_s1_lines_longer_than_cloudflare_takes_are_left_out_and_told(tmp_path: Path) -> None:
    hub = f"https://hub.example.net/{'h' * cloudflare.MOST_LINE}"
    site = Publication(tmp_path, {"a.md": front_matter()}, hub=hub)
    site.build()
    made = made_for("cloudflare-pages", site)
    text = made.files["_headers"].decode()
    assert all(len(line) <= cloudflare.MOST_LINE for line in text.splitlines())
    assert any("_headers: 3 are left out, Link among" in sentence for sentence in made.limitations)
    odd = cloudflare.make(large([feed("a", 1800), feed("b", 1800), feed("x" * 2000, 300)]), ())
    told = rules(odd.files["_headers"].decode())
    assert not any(len(rule) > 100 for rule, _, _ in told)
    assert by_cloudflare(odd.files["_headers"].decode(), "/a.rss")["cache-control"].count("=") == 3
    assert any("_headers: 1 are left out, /xxx" in sentence for sentence in odd.limitations)


@pytest.mark.parametrize("cdn_max_age", [None, 86_400])
def test_what_hosts_do_otherwise_with_archives_is_told(cdn_max_age: int | None) -> None:
    caching = Caching(1800, cdn_max_age=cdn_max_age)
    past = msgspec.structs.replace(feed("past", 1800), history=3, caching=caching)
    for name in ("nginx", "caddy", "apache", "cloudflare-pages"):
        said = " ".join(HOSTS[name].configure(large([past]), ()).limitations)
        assert "keeps all archives for a day" in said
        assert "no prev-archive and next-archive in Link" in said
        assert ("name the hubs" in said) == (name == "cloudflare-pages")
        assert "archive" not in " ".join(
            HOSTS[name].configure(large([feed("all", 1800)]), ()).limitations
        )
    made = netlify.make(large([past]), ())
    told = by_netlify(made.files["_headers"].decode(), "/past/archive/1.rss")["cache-control"]
    lost = cdn_max_age is not None
    assert told.startswith("public, max-age=1800," if lost else "public, max-age=86400,")
    assert any("archives as long as most feeds are" in each for each in made.limitations) == lost
    assert any("keeps all archives for a day" in each for each in made.limitations) != lost


def test_s7_more_redirects_than_netlify_takes_are_left_out_and_told() -> None:
    feeds = [feed(f"topics/{number}", 1800) for number in range(1100)]
    old = [
        RedirectRule(f"{each}/{{topic}}.xml", 301, "topics/{topic}.rss") for each in "abcdefghij"
    ]
    made = netlify.make(large(feeds, old), ())
    lines = redirects(made.files["_redirects"].decode())
    assert len(lines) == netlify.MOST_REDIRECTS
    assert ("/a/7.xml", "/topics/7.rss", 301) in lines
    assert any("10,000 redirects: 1,000 are left out, /j/" in each for each in made.limitations)


def test_s9_s11_github_pages_has_feeds_at_their_old_paths(
    site: Publication, tmp_path: Path
) -> None:
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
    assert f"url={planned(site).path}all.html" in leading
    assert (out / ".nojekyll").read_bytes() == b""
    assert not (out / "away").exists()
    said = " ".join(report.said)
    assert "no 410: dead.rss" in said
    assert "cannot say where 1 old addresses lead, away among" in said


def test_copies_at_old_paths_follow_their_feed(site: Publication, tmp_path: Path) -> None:
    out = tmp_path / "out"
    site.export(out, host="github-pages")
    assert site.export(out, host="github-pages").written == ()
    (out / "old/feed.xml").unlink()
    assert site.export(out, host="github-pages").written == ("old/feed.xml",)
    assert {"old/feed.xml", ".nojekyll"} <= set(site.export(out, host="plain").removed)
    assert not (out / "old").exists()


def by_cloudfront(function: str, asked: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """What the function makes of requests: of a URI, with an Accept-Encoding or none."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    events = {
        name: {
            "request": {"uri": uri, "headers": {"accept-encoding": {"value": said}} if said else {}}
        }
        for name, (uri, said) in asked.items()
    }
    script = (
        f"{function}\nconst events = {json.dumps(events)};\n"
        "for (const name in events) events[name] = handler(events[name]);\n"
        "console.log(JSON.stringify(events));"
    )
    run = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)
    return dict(json.loads(run.stdout))


def test_s22_the_function_of_cloudfront_answers_as_our_server(site: Publication) -> None:
    mount = planned(site).path
    body = made_for("s3", site).files[s3.NAME].decode()
    # What CloudFront's runtime 2.0 is not documented to have.
    assert not re.search(r"for \(\w+ (\w+|\[.*\]) of |(const|let) [\[{]", body)
    asked = {
        "index": ("", ""), "again": ("index.html", ""), "old": ("old/feed.xml", ""),
        "slash": ("OLD/feed.xml/", ""), "blog": ("blog/%D1%80.xml", ""), "away": ("away", ""),
        "gone": ("dead.rss", ""), "plain": ("all.rss", ""), "br": ("all.rss", "gzip, br"),
        "gzip": ("all.atom", "br;q=0, gzip"), "none": ("all.json", "br;q=0.0,gzip; q=0"),
        "page": ("all.html", "br"),
    }  # fmt: skip
    got = by_cloudfront(
        body, {name: (f"{mount}{path}", said) for name, (path, said) in asked.items()}
    )
    uris = {name: each["uri"].removeprefix(mount) for name, each in got.items() if "uri" in each}
    assert uris == {
        "index": "index.html", "plain": "all.rss", "br": "all.rss.br", "gzip": "all.atom.gz",
        "none": "all.json", "page": "all.html",
    }  # fmt: skip
    led = {
        name: (each["statusCode"], each["headers"].get("location", {}).get("value"))
        for name, each in got.items()
        if "statusCode" in each
    }
    assert led == {
        "again": (301, mount), "old": (301, f"{mount}all.rss"), "slash": (301, f"{mount}all.rss"),
        "blog": (301, f"{mount}topics/%D1%80.rss"), "away": (301, "https://example.net/x.rss"),
        "gone": (410, None),
    }  # fmt: skip
    assert got["gone"]["headers"]["cache-control"]["value"] == "public, max-age=3600"


@pytest.fixture(scope="module")
def shadowed(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """Old addresses that fit documents, which our server looks for first."""
    made = Publication(
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
    made.build()
    return made


def test_s3_s22_no_old_address_is_in_the_way_of_a_document(shadowed: Publication) -> None:
    """Hosts that look at redirects first: CloudFront's function, and Cloudflare Pages."""
    paths = [f"/{quote(name)}" for name, _ in every_document(shadowed)]
    function = made_for("s3", shadowed).files[s3.NAME].decode()
    got = by_cloudfront(function, {path: (path, "") for path in paths})
    assert {path: each.get("uri") for path, each in got.items()} == {
        path: "/index.html" if path == "/" else path for path in paths
    }
    text = made_for("cloudflare-pages", shadowed).files["_redirects"].decode()
    for path in paths:
        assert by_rules(text, path) is None
        assert by_rules(text, path.removesuffix(".html")) is None, "pages are there"


@pytest.mark.parametrize("host", ["s3", "cloudflare-pages"])
def test_s3_s22_what_fits_documents_leads_on_from_other_paths(
    shadowed: Publication, host: HostName
) -> None:
    made = made_for(host, shadowed)
    wanted = {
        "/maps.rss": "/topics/maps.rss",
        "/machine-learning.rss": "/topics/machine-learning.rss",
        "/tag/anything.json": "/topics/anything.json",  # it fits none, and stays a pattern
        "/BEST.atom": "/best.atom",
        "/Topics/Maps.rss": "/topics/maps.rss",
        "/atom.xml": "/all.atom",
    }
    if host == "s3":
        function = made.files[s3.NAME].decode()
        got = by_cloudfront(function, {path: (path, "") for path in wanted})
        led = {path: each["headers"]["location"]["value"] for path, each in got.items()}
    else:
        text = made.files["_redirects"].decode()
        led = {path: (by_rules(text, path) or ("", 0))[0] for path in wanted}
    assert led == wanted
    lost = "2 patterns that fit documents are left out, {here} among them"
    assert any(lost in sentence for sentence in made.limitations)


def test_a_function_larger_than_cloudfront_takes_is_cut_and_told() -> None:
    old = [RedirectRule(f"old/address/{n}", 301, "all.rss") for n in range(400)]
    made = s3.make(large([feed("all", 1800)], old), ())
    body = made.files[s3.NAME]
    assert s3.MOST_BYTES - 100 < len(body) <= s3.MOST_BYTES
    assert any("old addresses are left out" in sentence for sentence in made.limitations)


def test_s22_every_feed_on_s3_has_the_variants_that_the_function_asks_for(
    site: Publication, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    site.export(out, host="s3")
    coded = {name for name in names_in(out) if name.endswith((".gz", ".br"))}
    fed = {name for name in names_in(out) if name.endswith((".rss", ".atom", ".json"))}
    assert coded == {f"{name}{suffix}" for name in fed for suffix in (".gz", ".br")}


@pytest.mark.parametrize("codings", [[], ["gzip"], ["br"], ["gzip", "br"], None])
def test_s22_the_function_asks_for_nothing_that_is_not_in_the_export(
    tmp_path: Path, codings: list[str] | None
) -> None:
    """Of the smallest feeds that there can be, too."""
    said = {"for": "s3"} if codings is None else {"for": "s3", "codings": codings}
    small = {"feeds": [{"path": "a", "title": "a"}], "replaces": []}
    url = "http://a.b/"
    site = Publication(
        tmp_path / "site", {"a.md": front_matter(published=False)}, small,
        feeds_url=url, url=url, title="a", description="", export=said,
    )  # fmt: skip
    site.build()
    site.export(tmp_path / "out")
    there = names_in(tmp_path / "out")
    accepted = ("", "br", "gzip", "gzip, br", "gzip, br;q=0")
    names = [name for name in there if not name.endswith((".gz", ".br"))]
    asked = {f"{name} {each}": (f"/{name}", each) for name in names for each in accepted}
    function = (tmp_path / "out" / s3.NAME).read_text()
    got = {
        key: each["uri"][1:]
        for key, each in by_cloudfront(function, asked).items()
        if "uri" in each
    }
    assert set(got.values()) <= there
    best = ".br" if codings is None or "br" in codings else ".gz" if codings else ""
    assert got["a.json gzip, br"] == f"a.json{best}"


def names_in(folder: Path) -> set[str]:
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    return {name for name in found if not name.startswith(".")}


@pytest.mark.parametrize("host", HOSTS)
def test_the_same_site_gives_the_same_files(site: Publication, host: HostName) -> None:
    assert made_for(host, site) == made_for(host, site)
    for name in made_for(host, site).files:
        assert name.count("/") <= 1
        assert not name.startswith("/")


def test_pages_of_families_that_overlap_have_their_own_feeds_age() -> None:
    """A pattern that fits feeds of others does not decide about them."""
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
        path="{category}/{topic}", each=("category", "topic"), caching=Caching(300), where="",
        **spec,  # type: ignore[arg-type]
    )  # fmt: skip
    other = FeedSpec(
        path="topics/{topic}", each=("topic",), caching=Caching(1800), where="",
        **spec,  # type: ignore[arg-type]
    )  # fmt: skip
    site = Site(site.settings, site.root, {}, {}, {}, (other, family))
    feeds = [feed("news/ai", 300), feed("news/b", 300), feed("topics/ai", 1800)]
    feeds += [feed("all", 1800), feed("topics/b", 1800), feed("x", 60)]
    made = plan.build_rules(feeds, [], site)
    named = {
        each.source: dict(each.freshness)["Cache-Control"][:20] for each in made.caching_overrides
    }
    assert list(named) == ["topics/ai", "topics/b", "x", "{category}/{topic}"]
    assert named["topics/ai"].startswith("public, max-age=1800")
    assert named["{category}/{topic}"].startswith("public, max-age=300")


def test_a_feed_in_a_folder_named_archive_is_kept_as_it_says() -> None:
    """A host without expressions cannot tell a number from another name."""
    kept = [
        msgspec.structs.replace(feed("news", 1800), history=3),
        *(feed(path, 1800) for path in ("news/archive/maps", "all", "other")),
    ]
    made = large(kept)
    for host, sent in ((cloudflare, by_cloudflare), (netlify, by_netlify)):
        text = host.make(made, ()).files["_headers"].decode()
        for path, seconds in (("news/archive/maps", 1800), ("news/archive/1", 86_400)):
            told = sent(text, f"/{path}.rss")["cache-control"]
            assert told.startswith(f"public, max-age={seconds},"), path
    archives = next(each for each in made.caching_overrides if each.is_archives)
    assert re.fullmatch(archives.regex, "news/archive/12")
    assert not re.fullmatch(archives.regex, "news/archive/maps")


def test_what_cdns_are_told_of_most_feeds_does_not_hold_for_others() -> None:
    feeds = [
        FeedDefinition(f"a{n}", "", "", EVERYTHING, "date", 9, Caching(1800, cdn_max_age=86_400))
        for n in range(3)
    ]
    made = plan.build_rules([*feeds, feed("b", 300)], [], make_site())
    assert dict(made.caching_overrides[0].freshness) == {
        "Cache-Control": "public, max-age=300, stale-while-revalidate=300, stale-if-error=604800",
        "CDN-Cache-Control": (
            "public, max-age=300, stale-while-revalidate=300, stale-if-error=604800"
        ),
        "Surrogate-Control": "max-age=300, stale-while-revalidate=300, stale-if-error=604800",
    }


def test_archives_lead_where_their_feeds_moved(tmp_path: Path) -> None:
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
    wanted = {
        "/old/archive/1.rss": "/new/archive/1.rss",
        "/older/archive/2.json": "/new/archive/2.json",
        "/tags/ai/archive/1.atom": "/topics/ai/archive/1.atom",
        "/dead/archive/1.atom": None,
    }
    got = by_cloudfront(function, {path: (path, "") for path in wanted})
    assert {
        path: each["headers"].get("location", {}).get("value") for path, each in got.items()
    } == wanted
    none = {path: (path, "") for path in ("/feed/archive/1.rss", "/away/archive/1.rss")}
    assert all("uri" in each for each in by_cloudfront(function, none).values())
    site.export(tmp_path / "out", host="netlify")
    text = (tmp_path / "out" / netlify.REDIRECTS).read_text()
    assert by_rules(text, "/old/archive/1.rss") == ("/new/archive/1.rss", 301)
    site.export(tmp_path / "out", host="github-pages")
    copied = (tmp_path / "out/old/archive/1.rss").read_bytes()
    assert copied == (tmp_path / "out/new/archive/1.rss").read_bytes()


def test_old_addresses_of_topics_under_their_other_names_are_told(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": front_matter(topics=["Machine Learning"])})
    (site.root / "topics.yaml").write_text("[{name: Machine Learning, _id: ml}]")
    site.build()
    old = {each.source: each for each in planned(site).redirects}
    assert old["tag/machine-learning/feed"] == RedirectRule(
        "tag/machine-learning/feed", 301, "topics/ml.rss"
    )
    assert old["tag/{topic}/feed"].target == "topics/{topic}.rss"


def test_old_addresses_that_lead_nowhere_are_not_told() -> None:
    site = make_site()
    moves = (
        Redirect("a", "no.rss", 301), Redirect("b", "a2", 301), Redirect("a2", "all.rss", 301),
        Redirect("all.rss", "x.rss", 301), Redirect("t/{topic}", "topics/{topic}.rss", 301),
    )  # fmt: skip
    moved = Site(site.settings, site.root, {}, {}, {}, (), moves)
    made = plan.build_rules([feed("all", 1800)], ["all.rss", "all.html"], moved)
    assert {each.source: each.target for each in made.redirects} == {
        "b": "all.rss",
        "a2": "all.rss",
    }


def test_codings_that_a_host_cannot_send_are_refused(tmp_path: Path) -> None:
    site = Publication(
        tmp_path / "site", {"a.md": front_matter()}, export={"for": "netlify", "codings": ["gzip"]}
    )
    site.build()
    with pytest.raises(ExportError, match=r"Netlify cannot send .* gzip files; .* export\.codings"):
        site.export(tmp_path / "out")
    site.export(tmp_path / "out", host="nginx")
    assert (tmp_path / "out/all.rss.gz").exists()


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["ne$ws", "ne%24ws"])
def test_a_path_that_hosts_take_for_a_variable_is_refused(
    tmp_path: Path, host: HostName, path: str
) -> None:
    site = Publication(
        tmp_path / "site", {"a.md": front_matter()}, feeds_url=f"https://example.org/{path}/"
    )
    site.build()
    if host in ("plain", "github-pages"):  # which have no rules
        site.export(tmp_path / "out", host=host)
        return
    with pytest.raises(ExportError, match=r"a \$ in its path, .* another feeds_url"):
        site.export(tmp_path / "out", host=host)
    assert not (tmp_path / "out/all.rss").exists()


def test_the_host_of_the_settings_is_the_default(tmp_path: Path) -> None:
    site = Publication(tmp_path / "site", {"a.md": front_matter()}, export={"for": "github-pages"})
    site.build()
    assert ".nojekyll" in site.export(tmp_path / "out").written
