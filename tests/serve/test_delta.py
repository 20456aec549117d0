"""Delta encoding (RFC 3229) sends new entries only."""

from datetime import UTC, datetime
from typing import Literal

import pytest

from feeds.catalogue.records import ShownEntry
from feeds.config.definitions import FeedDefinition
from feeds.model import document
from feeds.model.document import Caching
from feeds.model.selection import All
from feeds.serve import delta
from feeds.serve.delta import DeltaHistory

KEPT = Caching(60)
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def entry(seq: int, published: int, content: str = "a", updated: int = 0) -> ShownEntry:
    return ShownEntry(seq, f"id:{seq}", f"1:{content * 32}", published, updated)


def since(
    before: list[ShownEntry],
    now: list[ShownEntry],
    size: int = 50,
    order: Literal["date", "heat"] = "date",
) -> list[int] | None:
    past = DeltaHistory()
    whole = document.make_document(b"before", NOW, "application/rss+xml", Caching(60))
    past.add({"all.rss": whole}, before)
    state = past.find("all.rss", [whole.etag.strip('"') + "-gzip"])
    assert state is not None
    fresh = delta.new_entries(
        state.entries, now, FeedDefinition("all", "", "", All(), order, size, KEPT)
    )
    return None if fresh is None else [entry.seq for entry in fresh]


@pytest.mark.rule("D2")
def test_delta_contains_new_and_changed_entries() -> None:
    before = [entry(2, 20), entry(1, 10)]
    assert since(before, [entry(3, 30), *before]) == [3]
    assert since(before, [entry(2, 20, "b"), entry(1, 10)]) == [2]
    assert since(before, [entry(2, 20, updated=5), entry(1, 10)]) == [2]
    assert since(before, before) == []


def test_delta_ignores_entries_pushed_out_of_a_full_feed() -> None:
    before, now = [entry(2, 20), entry(1, 10)], [entry(3, 30), entry(2, 20)]
    assert since(before, now, size=2) == [3]
    assert since(before, now, size=3) is None  # nothing falls from a feed that is not full
    assert since(before, now, size=2, order="heat") is None  # it may have been withdrawn


def test_withdrawal_needs_the_whole_feed() -> None:
    assert since([entry(2, 20), entry(1, 10)], [entry(1, 10)]) is None
    assert since([entry(2, 20), entry(1, 10)], [entry(2, 20)]) is None
    assert since([entry(1, 10)], []) is None


@pytest.mark.rule("D2")
def test_unknown_or_forgotten_etag_has_no_version() -> None:
    assert DeltaHistory().find("all.rss", ["x"]) is None
    past = DeltaHistory()
    for number in range(9):  # the first one is forgotten
        whole = document.make_document(b"%d" % number, NOW, "application/rss+xml", Caching(60))
        past.add({"all.rss": whole}, [entry(number, number)])
        if number == 0:
            first = whole
    assert past.find("all.rss", [first.etag.strip('"')]) is None
    assert past.find("all.rss", [whole.etag.strip('"')]) is not None
