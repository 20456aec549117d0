"""Subscribers are counted from access logs."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from feeds.cli.main import main
from feeds.config import definitions
from feeds.model.document import Caching
from feeds.model.selection import EVERYTHING
from feeds.serve.stats import report
from feeds.serve.stats.subscribers import Distinct, FeedSubscribers, SubscriberCounter, Subscribers
from tests.support.site import front_matter, make_site, write_site

NETNEWSWIRE = "NetNewsWire (RSS Reader; https://netnewswire.com/)"
SITE = make_site(feeds_url="https://example.org/feeds/")
FEEDS = {
    path: definitions.FeedDefinition(path, path.title(), "", EVERYTHING, "date", 50, Caching(1800))
    for path in ("all", "maps")
}


def line(
    agent: str = NETNEWSWIRE,
    path: str = "/all.rss",
    *,
    day: int = 1,
    clock: str = "12:00:00",
    client: str = "192.0.2.1",
    status: int = 200,
    method: str = "GET",
) -> bytes:
    return (
        f"{client} - - [{day:02}/Nov/2026:{clock} +0000] "
        f'"{method} {path} HTTP/1.1" {status} 9 "-" "{agent}"\n'
    ).encode()


def feedbin(number: int, feed_id: int = 1) -> str:
    return f"Feedbin feed-id:{feed_id} - {number} subscribers"


def count(lines: Iterable[bytes], **options: Any) -> Subscribers:
    counter = SubscriberCounter(SITE, FEEDS, **options)
    counter.add(lines)
    return counter.result()


def feed_of(lines: Iterable[bytes], path: str = "all") -> FeedSubscribers:
    return next(feed for feed in count(lines).feeds if feed.path == path)


def test_latest_report_counts_and_not_the_sum() -> None:
    polls = [line(feedbin(5)), line(feedbin(7), day=3), line(feedbin(6), day=2)]
    assert feed_of(polls).reported == 7


def test_several_ids_of_one_aggregator_are_added() -> None:
    polls = [line(feedbin(5, 1)), line(feedbin(3, 2)), line(feedbin(4, 1), day=2)]
    feed = feed_of(polls)
    assert feed.reported == 7
    assert [(item.name, item.subscribers) for item in feed.aggregators] == [("Feedbin", 7)]


def test_formats_of_a_feed_are_added_and_listed() -> None:
    feed = feed_of([line(feedbin(5)), line(feedbin(2), "/all.atom"), line(path="/all.json")])
    assert (feed.total, feed.reported, feed.direct) == (8, 7, 1)
    assert feed.formats == {"rss": 5, "atom": 2, "json": 1}


def test_aggregator_without_a_number_is_listed_but_not_counted() -> None:
    feed = feed_of([line("Blogtrottr/2.0"), line("Blogtrottr/2.0", client="192.0.2.2")])
    assert feed.total == 0
    assert [(item.name, item.subscribers) for item in feed.aggregators] == [("Blogtrottr", None)]


def test_direct_readers_are_distinguished_by_address_and_agent() -> None:
    feed = feed_of(
        [
            line(),
            line(clock="13:00:00"),
            line(path="/all.atom"),
            line(client="192.0.2.2"),
            line("newsboat/2.30.1 (Linux x86_64)"),
        ]
    )
    assert feed.direct == 3
    assert feed.formats == {"rss": 3, "atom": 1, "json": 0}


def test_busiest_day_of_direct_readers_counts() -> None:
    week = [line(day=day, client=f"192.0.2.{day}") for day in range(1, 8)]
    assert feed_of(week).direct == 1
    assert feed_of([*week, line(day=7, client="198.51.100.1")]).direct == 2


@pytest.mark.parametrize("status", [301, 302, 308, 403, 404, 410, 500, 503])
def test_redirects_and_errors_do_not_count(status: int) -> None:
    assert feed_of([line(status=status), line(feedbin(3), status=status)]).total == 0


@pytest.mark.parametrize("status", [200, 226, 304])
def test_successful_responses_count(status: int) -> None:
    assert feed_of([line(status=status), line(feedbin(3), status=status)]).total == 4


@pytest.mark.parametrize("agent", ["Mozilla/5.0 (X11) Firefox/102.0", "curl/8", "x-bot/1", "-"])
def test_browsers_scripts_and_bots_do_not_count(agent: str) -> None:
    assert feed_of([line(agent)]).total == 0


def test_head_requests_do_not_count() -> None:
    assert feed_of([line(method="HEAD")]).total == 0


def test_path_of_feeds_url_is_optional() -> None:
    polls = [line(path="/feeds/all.rss"), line(path="/all.rss"), line(path="/feeds/feeds/all.rss")]
    assert count(polls).requests == 2
    assert feed_of(polls).direct == 1
    assert feed_of([line(path="/no.rss"), line(path="/all.xml"), line(path="/all")]).total == 0


def test_equivalent_urls_are_one() -> None:
    paths = ("/all.rss?a=1", "/%61ll.rss", "http://example.org/all.rss")
    assert feed_of(line(feedbin(5), path) for path in paths).reported == 5


def test_requests_before_since_do_not_count() -> None:
    polls = [line(feedbin(9)), line(feedbin(5), day=3), line(day=3)]
    (feed, *_) = count(polls, since=1793577600.0 + 86_400).feeds  # 2 November 2026
    assert (feed.reported, feed.direct) == (5, 1)


def test_unreadable_lines_are_counted() -> None:
    result = count([b"\xff\x00", b"", line(), b"{}"])
    assert (result.lines, result.unreadable, result.requests) == (4, 3, 1)


def test_requests_without_address_are_distinguished_by_agent() -> None:
    own = json.dumps(
        {"time": "2026-11-01T12:00:00.000Z", "method": "GET", "path": "/all.rss", "status": 200,
         "user_agent": NETNEWSWIRE}
    ).encode()  # fmt: skip
    result = count([own, own])
    assert (result.unknown_clients, result.feeds[0].direct) == (2, 1)


@given(st.permutations([line(feedbin(n), day=n, client=f"192.0.2.{n}") for n in range(1, 6)]))
def test_order_of_lines_does_not_matter(lines: list[bytes]) -> None:
    assert feed_of(lines).reported == 5


@given(st.lists(st.binary()))
def test_any_lines_can_be_counted(lines: list[bytes]) -> None:
    result = count(lines)
    assert result.lines == len(lines)


def test_addresses_are_not_stored() -> None:
    counter = SubscriberCounter(SITE, FEEDS)
    counter.add([line(client="192.0.2.77"), line(client="host.example.net", path="/maps.atom")])
    stored = repr(_all_of(counter)) + repr(counter.result())
    assert "192.0.2.77" not in stored
    assert "host.example.net" not in stored
    again = SubscriberCounter(SITE, FEEDS)
    again.add([line(client="192.0.2.77")])
    assert _hashes(counter).isdisjoint(_hashes(again))  # each run has another key


def _all_of(value: Any) -> Any:
    """All members of an object, as plain values."""
    if isinstance(value, dict):
        return {repr(key): _all_of(member) for key, member in value.items()}
    return _all_of(vars(value)) if hasattr(value, "__dict__") else value


def _hashes(counter: SubscriberCounter) -> set[str]:
    return set(re.findall(r"\d{16,20}", repr(_all_of(counter)))) - {str(1 << 64)}


def test_number_of_feed_ids_is_limited() -> None:
    result = feed_of(line(feedbin(1, number)) for number in range(5000))
    assert result.reported == 2000


@pytest.mark.parametrize(("many", "error"), [(4000, 0), (8000, 0), (50_000, 0.08)])
def test_distinct_count_is_exact_then_estimated(many: int, error: float) -> None:
    distinct = Distinct()
    golden = 0x9E3779B97F4A7C15  # spreads whole numbers evenly over 64 bits
    for number in [*range(1, many), *range(many)]:
        distinct.add(number * golden % (1 << 64))
    assert abs(distinct.count() - many) <= many * error


def test_page_is_escaped_and_self_contained() -> None:
    hostile = line("<script>alert(1)</script>/1 (9 subscribers)")
    html = report.page(count([hostile, line()]), make_site(title="A & <B>")).decode()
    assert "A &amp; &lt;B&gt;" in html
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert not re.search(r"(?:src|href)=|url\(|@import", html)
    assert '<html lang="en">' in html
    assert re.search(r'<td class="number">10</td>', html)


def test_page_without_requests_says_so() -> None:
    assert "no request for a feed" in report.page(count([]), SITE).decode()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = write_site(tmp_path, {"a.md": front_matter(topics=["Maps"])})
    run("build", root=folder)
    (folder / "access.log").write_bytes(line(feedbin(5)) + line(path="/topics/maps.atom") + b"?\n")
    return folder


def run(*arguments: str, root: Path) -> Any:
    return CliRunner().invoke(main, [*arguments, "--config", str(root)], catch_exceptions=False)


def test_command_prints_a_table_json_and_a_page(root: Path) -> None:
    log, page = str(root / "access.log"), root / "page.html"
    result = run("subscribers", log, log, "--html", str(page), root=root)
    assert "all\t5\t5\t0\t5\t0\t0\tFeedbin 5\n" in result.stdout
    assert "topics/maps\t1\t0\t1\t0\t1\t0\t-\n" in result.stdout
    assert "6 lines, 4 requests for feeds counted; 2 lines cannot be read" in result.stderr
    assert "Feedbin 5" in page.read_text(encoding="utf-8")
    data = json.loads(run("subscribers", log, "--json", root=root).stdout)
    assert (data["feeds"][0]["path"], data["feeds"][0]["total"]) == ("all", 5)


def test_command_accepts_since_or_days(root: Path) -> None:
    log = str(root / "access.log")
    data = json.loads(run("subscribers", log, "--since", "2026-11-02", "--json", root=root).stdout)
    assert data["requests"] == 0
    both = run("subscribers", log, "--since", "2026-11-02", "--days", "3", root=root)
    assert (both.exit_code, "not both" in both.stderr) == (2, True)


def test_missing_log_is_reported(root: Path) -> None:
    result = run("subscribers", str(root / "no.log"), root=root)
    assert result.exit_code == 2
    assert "no.log: cannot be read: No such file" in result.stderr
