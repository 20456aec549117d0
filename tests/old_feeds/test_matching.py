"""Items of old feeds find their entries, and are never guessed."""

from datetime import UTC, datetime

import pytest

from feeds.model.entry import Entry
from feeds.old_feeds.documents import OldItem
from feeds.old_feeds.matching import EntryIndex

DAY = datetime(2024, 5, 1, 10, tzinfo=UTC)


def entry(path: str = "a.md", link: str = "https://x.org/posts/a/", title: str = "A") -> Entry:
    return Entry(path, path, title, link, DAY, DAY, aliases=(f"https://x.org/2024/old-{path[0]}/",))


def item(link: str = "", title: str = "", id_: str = "") -> OldItem:
    return OldItem(id_, link, title, DAY)


@pytest.mark.parametrize(
    "link",
    [
        "https://x.org/posts/a/",
        "http://www.x.org/posts/a",
        "https://x.org/posts/a/index.html",
        "https://x.org/posts/a.html?utm_source=rss&fbclid=1",
        "https://x.org/posts/%61/#top",
        "https://old-host.net/posts/a/",
        "https://x.org/2024/old-a",
        "/posts/a/",
    ],
)
def test_urls_of_the_same_page_match(link: str) -> None:
    other = entry("b.md", "https://x.org/posts/b/", "B")
    match = EntryIndex([entry(), other]).find(item(link))
    assert match.entry is not None
    assert match.entry.path == "a.md"


@pytest.mark.parametrize("link", ["https://x.org/?p=12", "https://x.org/", "https://x.org/c/", ""])
def test_other_urls_do_not_match(link: str) -> None:
    home = entry("b.md", "https://x.org/b/", "B")
    match = EntryIndex([entry(), home]).find(item(link))
    assert match.entry is None
    assert not match.doubtful


def test_an_item_without_its_url_matches_by_title_and_day() -> None:
    match = EntryIndex([entry()]).find(item("https://x.org/?p=12", "a"))
    assert match.entry is not None


def test_two_entries_with_one_title_and_day_are_doubtful() -> None:
    other = entry("b.md", "https://x.org/b/")
    match = EntryIndex([entry(), other]).find(item("https://x.org/?p=12", "A"))
    assert match.entry is None
    assert match.doubtful
    assert match.reason == "may be any of a.md, b.md"
