"""The contents and date of a feed depend on its entries, not on who renders it or when."""

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from feeds.model.document import Document, Format
from feeds.render import feed_documents
from tests.support.site import FEEDS, NOW, Publication, front_matter

HOUR = timedelta(hours=1)
# The moments at which a feed of one day changes, and a second later.
MOMENTS = [NOW + timedelta(hours=hours, seconds=s) for hours in range(0, 30, 6) for s in (0, 1)]


def article(title: str, hours: int, **fields: Any) -> str:
    """An article published this many hours after `NOW`."""
    published = (NOW + hours * HOUR).isoformat()
    defaults = {
        "title": title,
        "webUrl": f"https://example.org/{title}",
        "publishedDateTime": published,
    }
    return front_matter(**{**defaults, **fields})


ARTICLES: dict[str, str | bytes] = {
    "a.md": article("a", -18, heat=9),
    "b.md": article("b", -12, heat=1),
    "c.md": article("c", -6, heat=5),
    "d.md": article("d", -6, topics=["Robots"]),
    "e.md": article("e", 6, heat=3),
    "f.md": article("f", -120, heat=7),
    "g.md": article("g", -6, heat=2),
}
AGED: dict[str, dict[str, Any]] = {
    "age": {"select": {"topic": "AI", "age": "1d"}},
    "size": {"select": {"topic": "AI", "age": "1d"}, "size": 2},
    "heat": {"select": {"age": "1d"}, "size": 2, "order": "heat"},
    "not": {"select": {"not": {"age": "1d"}}, "size": 2},
    "any": {"select": {"any": [{"age": "12h"}, {"topic": "Robots", "age": "1d"}]}},
    "band": {"select": {"age": "20h", "not": {"age": "8h"}}},
}


def aged(root: Path, name: str) -> Publication:
    return Publication(root, ARTICLES, {"feeds": [{"path": "aged", **AGED[name]}]})


@pytest.mark.parametrize("name", AGED)
def test_feed_by_age_does_not_depend_on_build_times(tmp_path: Path, name: str) -> None:
    site = aged(tmp_path, name)
    site.build()
    expected = {now: site.fetch("aged", now) for now in MOMENTS}
    times_of_builds = MOMENTS[1::2]
    pairs = [*pairwise(times_of_builds), (times_of_builds[0], times_of_builds[-1])]
    for number, times in enumerate(pairs):
        other = aged(tmp_path / str(number), name)
        for now in times:
            other.build(now)
        fetched = {now: other.fetch("aged", now) for now in MOMENTS if now >= times[-1]}
        assert fetched == {now: expected[now] for now in fetched}, times


@pytest.mark.parametrize("name", AGED)
def test_feed_by_age_has_a_later_date_only_if_its_entries_differ(tmp_path: Path, name: str) -> None:
    site = aged(tmp_path, name)
    site.build()
    before = site.fetch("aged", NOW)
    for minutes in range(1, 60 * 48, 97):
        now = NOW + timedelta(minutes=minutes, seconds=1)
        after = site.fetch("aged", now)
        changed = _ids(after) != _ids(before)
        assert (after["rss"].updated > before["rss"].updated) is changed, now
        assert (after["rss"].etag != before["rss"].etag) is changed, now
        assert after["rss"].updated <= now
        before = after


def _ids(formats: dict[Format, Document]) -> Sequence[str]:
    return [item["id"] for item in json.loads(formats["json"].body)["items"]]


def test_expiry_of_entries_of_another_topic_changes_nothing(tmp_path: Path) -> None:
    feeds = {"feeds": [{"path": "aged", "select": {"topic": "Robots", "age": "1d"}}]}
    site = Publication(tmp_path, {**ARTICLES, "r.md": article("r", -20, topics=["Robots"])}, feeds)
    site.build()
    assert site.titles("aged") == ["d", "r"]
    without_r = site.fetch("aged", NOW + 5 * HOUR)
    assert without_r["rss"].updated == NOW + 4 * HOUR + timedelta(seconds=1)
    later = NOW + 17 * HOUR  # `a` and `b` are too old by then, too
    assert site.fetch("aged", later) == without_r
    site.build(later)
    assert site.fetch("aged", later) == without_r


def test_change_by_a_build_is_later_than_changes_due_to_time(tmp_path: Path) -> None:
    """Otherwise a client that fetched it in between would get 304 for the new contents."""
    site = aged(tmp_path, "age")
    site.build()
    now = NOW + 8 * HOUR  # `a` is too old and `e` is published
    before = site.fetch("aged", now)["rss"]
    site.file("c.md").unlink()
    site.build(now)
    after = site.fetch("aged", now)["rss"]
    assert before.updated < after.updated == now


@pytest.mark.rule("H8")
def test_build_dates_a_feed_only_when_an_entry_is_withdrawn(
    tmp_path: Path,
) -> None:
    site = aged(tmp_path, "age")
    site.build()
    site.file("g.md").unlink()
    site.build(NOW + HOUR)
    assert site.fetch("aged", NOW + HOUR)["rss"].updated == NOW + HOUR
    site.build(NOW + 2 * HOUR)
    assert site.fetch("aged", NOW + 5 * HOUR)["rss"].updated == NOW + HOUR
    assert site.fetch("aged", NOW + 9 * HOUR)["rss"].updated == NOW + 6 * HOUR + timedelta(
        seconds=1
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"rights": "(c) Example"},
        {"hub": "https://hub.example/"},
        {"logo": "https://example.org/logo.svg"},
        {"icon": "https://example.org/icon.png"},
        {"author": {"name": "Ann", "email": "ann@example.org"}},
        {"language": "de"},
        {"title": "Other"},
        {"url": "https://other.example/"},
        {"feeds_url": "https://feeds.example/"},
        {"id": "tag:example.org,2027:site"},
        {"description": "Other things"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_change_of_a_setting_in_the_envelope_updates_the_feed(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    site = Publication(tmp_path, {"a.md": article("a", -1)}, FEEDS)
    site.build()
    site.export(tmp_path / "out")
    before, later = site.fetch(), NOW + HOUR
    changed = Publication(tmp_path, {}, FEEDS, **settings)
    assert set(changed.build(later).feeds_changed) == {"all", "topics/ai"}
    after = changed.fetch(now=later)
    assert after["atom"].etag != before["atom"].etag
    assert after["atom"].updated == later
    assert "all.atom" in changed.export(tmp_path / "out", later).written
    assert changed.build(later + HOUR).feeds_changed == ()


def test_index_page_shows_the_newest_entries_that_are_due(tmp_path: Path) -> None:
    hours = {"old": -50, "older": -90, "newest": -1, "oldest": -99, "later": 5}
    articles = {f"{title}.md": article(title, number) for title, number in hours.items()}
    site = Publication(tmp_path, articles)
    site.build(NOW)
    # An entry that has come due since the last build appears with the next one.
    for now in (NOW, NOW + timedelta(hours=9)):
        with site.read() as reader:
            feeds = feed_documents.all_feeds(site.site, reader, now).values()
            states = reader.feeds.states()
            newest = feed_documents.newest_entries(feeds, states, reader, now)
        assert [entry.title for entry in newest] == ["newest", "old", "older"]


def test_index_page_without_a_feed_by_date_shows_no_entries(tmp_path: Path) -> None:
    feeds = {"feeds": [{"path": "hot", "order": "heat"}]}
    site = Publication(tmp_path, {"a.md": article("a", -1)}, feeds)
    site.build(NOW)
    with site.read() as reader:
        defined = feed_documents.all_feeds(site.site, reader, NOW).values()
        states = reader.feeds.states()
        assert not feed_documents.newest_entries(defined, states, reader, NOW)
