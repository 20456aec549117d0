"""Merging two memories."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from feeds.catalogue.memory_rows import ArchiveRow, EntryRow, FeedRow, HubRow, MemoryRow, PlaceRow
from feeds.memory.merge import Memory, merge


def at(day: int) -> datetime:
    return datetime(2024, 5, day, tzinfo=UTC)


def entry(**fields: Any) -> EntryRow:
    defaults: dict[str, Any] = {
        "id": "tag:a",
        "path": "a.md",
        "published": at(1),
        "first_seen": at(2),
        "updated": at(3),
        "link": "https://example.org/a",
        "content_hash": "c",
        "likeness": "l",
    }
    return EntryRow(**{**defaults, **fields})


def place(archive: int, entry: str = "tag:a") -> PlaceRow:
    return PlaceRow(feed="all", entry=entry, archive=archive, since=None if archive else at(1))


def archive(number: int) -> ArchiveRow:
    return ArchiveRow(feed="all", number=number, updated=at(1), digest="d")


def merged(one: list[MemoryRow], other: list[MemoryRow]) -> list[MemoryRow]:
    """The rows of both, which have no conflict in either order."""
    result, conflicts = merge(Memory("one", one), Memory("other", other))
    reverse, _ = merge(Memory("other", other), Memory("one", one))
    assert not conflicts
    assert list(result.rows()) == list(reverse.rows())
    return list(result.rows())


def conflicts(one: list[MemoryRow], other: list[MemoryRow]) -> list[str]:
    return [str(conflict) for conflict in merge(Memory("one", one), Memory("other", other))[1]]


def test_rows_of_only_one_memory_are_kept() -> None:
    a, b = entry(), entry(id="tag:b", path="b.md")
    assert merged([a], [b]) == [a, b]


def test_entry_has_the_earliest_first_seen_time_and_the_state_of_the_later_change() -> None:
    older = entry(first_seen=at(1), updated=at(3))
    newer = entry(first_seen=at(2), updated=at(4), content_hash="new", path="b.md", withdrawn=at(5))
    assert merged([older], [newer]) == [msgspec.structs.replace(newer, first_seen=at(1))]


def test_undated_entry_is_published_when_it_was_first_seen_anywhere() -> None:
    one, other = (entry(published=at(day), first_seen=at(day)) for day in (1, 2))
    assert merged([one], [other]) == [one]


def test_entry_live_at_two_paths_is_a_conflict() -> None:
    assert conflicts([entry()], [entry(path="b.md", updated=at(9))]) == [
        "tag:a: path: a.md in one but b.md in other; make them equal, or delete one of the rows"
    ]


def test_path_with_two_ids_is_a_conflict() -> None:
    (message,) = conflicts([entry()], [entry(id="tag:b")])
    assert message == "a.md: two entries have this path, tag:a and tag:b; delete one of them"


def test_two_dates_without_a_later_change_are_a_conflict() -> None:
    (message,) = conflicts([entry()], [entry(published=at(2))])
    assert "published: 2024-05-01T00:00:00Z in one but 2024-05-02T00:00:00Z in other" in message


def test_feed_and_archive_have_the_state_of_the_later_change() -> None:
    feeds = [FeedRow(path="all", updated=at(day), entries=day, digest="d") for day in (1, 2)]
    archives = [ArchiveRow(feed="all", number=1, updated=at(day), digest="d") for day in (1, 2)]
    assert merged([feeds[0], archives[1]], [feeds[1], archives[0]]) == [feeds[1], archives[1]]


def test_hub_is_notified_again_if_its_last_notification_is_uncertain() -> None:
    one, other = (HubRow(hub="h", topic="t", digest=digest) for digest in "ab")
    assert merged([one], [other]) == [HubRow(hub="h", topic="t", digest="")]


def test_entry_that_waited_is_in_the_archive_of_the_later_memory() -> None:
    later: list[MemoryRow] = [entry(), archive(1), place(1)]
    assert merged([entry(), place(0)], later) == later


def test_corrected_entry_that_left_its_archive_stays_out_of_it() -> None:
    earlier: list[MemoryRow] = [entry(), archive(1), place(1)]
    later: list[MemoryRow] = [entry(), archive(1), place(0)]
    assert merged(earlier, later) == later
    later = [entry(), archive(1), archive(2), place(2)]
    assert merged(earlier, later) == later


def test_archives_that_two_memories_filled_differently_are_a_conflict() -> None:
    a, b = entry(), entry(id="tag:b", path="b.md")
    found = conflicts([a, b, archive(1), place(1)], [a, b, archive(1), place(1, "tag:b")])
    assert found == [
        "all: tag:a is in archive 1 in one, but not in other; import only one of them",
        "all: tag:b is in archive 1 in other, but not in one; import only one of them",
    ]


_ENTRIES = st.builds(
    entry,
    id=st.sampled_from(["tag:a", "tag:b"]),
    path=st.sampled_from(["a.md", "b.md"]),
    first_seen=st.integers(1, 3).map(at),
    updated=st.integers(1, 3).map(at),
    withdrawn=st.none() | st.integers(1, 3).map(at),
)
_MEMORIES = st.lists(_ENTRIES, max_size=3)


@given(_MEMORIES, _MEMORIES)
def test_merge_ignores_order_and_repetition(one: list[EntryRow], other: list[EntryRow]) -> None:
    result, found = merge(Memory("one", one), Memory("other", other))
    reverse, found_in_reverse = merge(Memory("other", other), Memory("one", one))
    assert bool(found) == bool(found_in_reverse)
    if not found:
        assert list(result.rows()) == list(reverse.rows())
        assert merge(result, Memory("other", other))[0].changed_from(result) == []
