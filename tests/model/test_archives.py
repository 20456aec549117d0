"""What archive documents are cut, and where they stand: RFC 5005, as pure functions."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model import archives
from feeds.model.archives import ALL, ArchivePosition
from feeds.model.document import Caching

CACHING = Caching(1800, cdn_max_age=3600)


@given(st.integers(0, 3000), st.integers(1, 1000))
def test_what_waits_is_cut_from_the_oldest_and_at_most_a_feed_is_left(many: int, size: int) -> None:
    waiting = list(range(many))
    sealed = archives.split_into_archives(waiting, size)
    taken = [each for archive in sealed for each in archive]
    assert taken == waiting[: len(taken)]
    assert len(set(map(len, sealed))) <= 1  # of a fixed length
    assert all(1 <= len(archive) <= 100 for archive in sealed)
    left = many - len(taken)
    assert left <= size
    assert not sealed or left >= size // 2  # what is sealed has newer entries before it


def test_a_feed_that_is_not_full_has_no_archive() -> None:
    assert archives.split_into_archives(range(50), 50) == []
    assert archives.split_into_archives(range(51), 50) == [range(25)]
    assert archives.split_into_archives([], 1) == []


@pytest.mark.parametrize(
    ("newest", "depth", "there"),
    [(0, ALL, []), (3, ALL, [1, 2, 3]), (3, 2, [2, 3]), (3, 3, [1, 2, 3]), (3, 0, []), (0, 0, [])],
)
def test_the_newest_archives_are_there_as_deep_as_is_set(
    newest: int, depth: int, there: list[int]
) -> None:
    assert list(archives.available(newest, depth)) == there


@pytest.mark.parametrize(("oldest", "newest"), [(1, 0), (1, 1), (1, 5), (3, 5), (5, 5)])
def test_a52_a53_documents_lead_to_their_neighbours_and_no_further(
    oldest: int, newest: int
) -> None:
    places = [
        *(ArchivePosition(number, oldest, newest) for number in range(oldest, newest + 1)),
        ArchivePosition(None, oldest, newest),
    ]
    assert places[0].previous is None
    for older, newer in pairwise(places):
        assert newer.previous == older.number
        assert older.next == newer.number  # the newest archive has none, for what follows may be
    assert places[-1].next is None


def test_paths_of_archives_are_told_from_others() -> None:
    assert archives.parsed(archives.path("topics/a.b", 12)) == ("topics/a.b", 12)
    for path in ("archive/1", "a/archive/0", "a/archive/01", "a/archive/1x", "a/archives/1", ""):
        assert archives.parsed(path) is None
    assert archives.parsed("a/archive/9999999999") is None  # no database holds such a number


def test_h24_archives_are_kept_long_but_the_newest_is_looked_at_again() -> None:
    sealed, newest = (archives.caching(CACHING, ArchivePosition(number, 1, 2)) for number in (1, 2))
    assert sealed.max_age == 365 * 86_400
    assert newest.max_age == 86_400
    assert sealed.cdn_max_age is None
    assert sealed.stale_if_error == CACHING.stale_if_error
