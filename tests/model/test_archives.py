"""How entries are divided into archive documents and linked (RFC 5005)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model import archives
from feeds.model.archives import ALL, ArchivePosition
from feeds.model.document import Caching

CACHING = Caching(1800, cdn_max_age=3600)


@given(st.integers(0, 3000), st.integers(1, 1000))
def test_archives_are_sealed_from_the_oldest_entries(count: int, size: int) -> None:
    waiting = list(range(count))
    sealed = archives.split_into_archives(waiting, size)
    taken = [entry for archive in sealed for entry in archive]
    assert taken == waiting[: len(taken)]
    assert len(set(map(len, sealed))) <= 1  # all of the same length
    assert all(1 <= len(archive) <= 100 for archive in sealed)
    left = count - len(taken)
    assert left <= size
    assert not sealed or left >= size // 2  # newer entries stay in the feed


def test_feed_that_is_not_full_has_no_archive() -> None:
    assert archives.split_into_archives(range(50), 50) == []
    assert archives.split_into_archives(range(51), 50) == [range(25)]
    assert archives.split_into_archives([], 1) == []


@pytest.mark.parametrize(
    ("newest", "depth", "expected"),
    [(0, ALL, []), (3, ALL, [1, 2, 3]), (3, 2, [2, 3]), (3, 3, [1, 2, 3]), (3, 0, []), (0, 0, [])],
)
def test_newest_archives_are_available_up_to_the_depth(
    newest: int, depth: int, expected: list[int]
) -> None:
    assert list(archives.available(newest, depth)) == expected


@pytest.mark.rule("A52", "A53")
@pytest.mark.parametrize(("oldest", "newest"), [(1, 0), (1, 1), (1, 5), (3, 5), (5, 5)])
def test_documents_link_to_their_neighbours_only(oldest: int, newest: int) -> None:
    positions = [
        *(ArchivePosition(number, oldest, newest) for number in range(oldest, newest + 1)),
        ArchivePosition(None, oldest, newest),
    ]
    assert positions[0].previous is None
    for older, newer in pairwise(positions):
        assert newer.previous == older.number
        assert older.next == newer.number  # none for the newest archive, because the next may come
    assert positions[-1].next is None


def test_archive_paths_are_recognised() -> None:
    assert archives.parsed(archives.path("topics/a.b", 12)) == ("topics/a.b", 12)
    for path in ("archive/1", "a/archive/0", "a/archive/01", "a/archive/1x", "a/archives/1", ""):
        assert archives.parsed(path) is None
    assert archives.parsed("a/archive/9999999999") is None  # no database holds such a number


@pytest.mark.rule("H24", "H21")
def test_sealed_archives_have_a_longer_lifetime_than_the_newest() -> None:
    sealed, newest = (archives.caching(CACHING, ArchivePosition(number, 1, 2)) for number in (1, 2))
    assert sealed.max_age == 365 * 86_400
    assert newest.max_age == 86_400
    assert sealed.cdn_max_age is None
    assert sealed.stale_if_error == CACHING.stale_if_error
