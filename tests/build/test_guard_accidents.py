"""The guard stops accidents that subscribers would notice, and no normal day."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from feeds.errors import GuardError
from tests.support.built_site import article
from tests.support.site import NOW, Publication

FEEDS: dict[str, Any] = {
    "defaults": {"size": 20},
    "feeds": [
        {"path": "all"},
        {"path": "news", "select": {"category": "News"}},
        {"path": "topics/{topic}", "each": "topic"},
    ],
}
TOPICS = ("Maps", "Tools", "Boats")
SOON = NOW + timedelta(hours=1)


def dated(number: int, later: int = 0, **fields: Any) -> str:
    """An article of every fourth day, the first one a day before `NOW`, or `later` days after."""
    date = NOW - timedelta(days=1 + 4 * number - later)
    return article(
        f"t{number}",
        **{
            "publishedDateTime": f"{date:%Y-%m-%dT%H:%M:%SZ}",
            "topics": [TOPICS[number // 2 % 3]],
            "category": "News",
            **fields,
        },
    )


def path(number: int) -> str:
    return f"{'tips' if number % 4 else 'news'}/{number:03}.md"


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    site = Publication(tmp_path, {path(n): dated(n) for n in range(100)}, FEEDS)
    site.build()
    return site


def use_feeds(site: Publication, **feeds: Any) -> None:
    (site.root / "feeds.yaml").write_text(yaml.safe_dump({**FEEDS, **feeds}), "utf-8")


def articles(site: Publication) -> list[Path]:
    return sorted(site.file("").rglob("*.md"))


def remove_some(site: Publication) -> None:
    """Remove 15 of all articles, evenly; 7 of them are in the feed with all."""
    for number in range(0, 45, 3):
        site.file(path(number)).unlink()


def stopped(site: Publication, *kinds: str, **options: Any) -> str:
    """Expect harm of exactly these kinds, which `permitted` lets through; return the message."""
    before = site.items("topics/maps")
    with pytest.raises(GuardError) as caught:
        site.build(SOON, **options)
    assert site.items("topics/maps") == before
    message = str(caught.value)
    advice = message.rpartition("pass --force ")[2].partition(". ")[0]
    assert advice.split(" --force ") == list(kinds)
    with pytest.raises(GuardError):
        site.build(SOON, permitted=frozenset(kinds[1:]), **options)
    site.build(SOON, permitted=frozenset(kinds), **options)
    return message


def test_missing_articles_bring_old_ones_back(site: Publication) -> None:
    remove_some(site)
    assert "all: 7 of 20 entries would appear as new" in stopped(site, "old")


def test_whole_folder_is_gone(site: Publication) -> None:
    shutil.rmtree(site.file("news"))
    message = stopped(site, "folder", "withdrawn")
    assert "news/: the whole folder is gone, and 25 entries with it" in message


def test_folder_of_bundles_is_gone(site: Publication) -> None:
    for number in range(30):
        site.write(f"posts/{number}/index.md", dated(200 + number))
    site.build(permitted=frozenset({"old"}))
    shutil.rmtree(site.file("posts"))
    assert "posts/: the whole folder is gone, and 30" in stopped(site, "folder", "withdrawn")


def test_renamed_folder_is_no_harm(site: Publication) -> None:
    site.file("news").rename(site.file("reports"))
    assert site.build(SOON).withdrawn == 0


def test_undated_articles_would_take_the_place_of_others(site: Publication) -> None:
    for number in range(8):
        site.write(f"new/{number}.md", dated(300 + number, publishedDateTime=None))
    assert "all: 8 of 20 entries would appear as new, dated" in stopped(site, "undated")


def test_misspelt_selection_empties_a_feed(site: Publication) -> None:
    all_entries, _, topics = FEEDS["feeds"]
    misspelt = {"path": "news", "select": {"category": "New"}}
    use_feeds(site, feeds=[all_entries, misspelt, topics])
    message = stopped(site, "lost")
    assert "news: 20 of 20 entries would disappear, such as news/000.md" in message


def test_all_articles_of_a_topic_are_deleted(site: Publication) -> None:
    for number in range(6):
        site.write(f"rare/{number}.md", dated(500 + number, topics=["Rare"]))
    site.build(NOW, force=True)
    for number in range(6):
        site.file(f"rare/{number}.md").unlink()
    assert "topics/rare: the feed with 6 entries" in stopped(site, "feeds")


def test_feed_moves_without_a_redirect(site: Publication) -> None:
    feeds = [{"path": "everything"}, *FEEDS["feeds"][1:]]
    use_feeds(site, feeds=feeds)
    assert "all: the feed with 20 entries would be gone" in stopped(site, "feeds")


def test_feed_that_moves_keeps_what_readers_have_seen(site: Publication) -> None:
    feeds = [{"path": "everything"}, *FEEDS["feeds"][1:]]
    use_feeds(site, feeds=feeds, moved={"all": "everything"})
    site.build(SOON)
    remove_some(site)
    with pytest.raises(GuardError, match="everything: 7 of 20 entries would appear as new"):
        site.build(SOON)


def test_files_are_cut_off(site: Publication) -> None:
    for number, file in enumerate(articles(site)[::2]):
        site.write(f"long/{number}.md", file.read_text("utf-8") + "word " * 200)
        file.unlink()
    site.build(NOW, force=True)
    for file in sorted(site.file("long").iterdir()):
        file.write_bytes(file.read_bytes()[:400])
    assert "50 of 100 files have lost over a quarter" in stopped(site, "folder")


def test_footer_is_added_to_every_article(site: Publication) -> None:
    for file in articles(site):
        file.write_text(file.read_text("utf-8").replace("excerpt: ", "excerpt: Now new. "), "utf-8")
    assert "all: 20 of 20 entries would be marked as updated" in stopped(site, "updated")


def test_articles_are_copied(site: Publication) -> None:
    for file in articles(site)[:40]:
        copy = site.file("copies") / file.name
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(file, copy)
    assert "would appear a second time" in stopped(site, "twice")


def test_dates_jump(site: Publication) -> None:
    for number in range(100):
        site.write(path(number), dated(number, later=-2))
    assert "entries would have another date" in stopped(site, "dates")


def test_feed_grows_beyond_what_readers_accept(site: Publication) -> None:
    for number in range(4):
        long = dated(0, title=f"long {number}", webUrl=f"https://example.org/long{number}")
        site.write(f"news/l{number}.md", long + "word " * 30_000)
    assert "all: the feed would have" in stopped(site, "size")


def test_normal_day_is_no_harm(site: Publication) -> None:
    """Many new articles, five edits, five withdrawals."""
    for number in range(30):
        today = f"{NOW - timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}"
        site.write(f"today/{number}.md", dated(400 + number, publishedDateTime=today))
    for file in articles(site)[:5]:
        file.unlink()
    assert site.build(SOON).added == 30


def test_entry_that_returns_is_not_new_to_readers(site: Publication) -> None:
    """Readers know entries that the feed showed before."""
    removed = {number: site.file(path(number)).read_bytes() for number in range(0, 45, 3)}
    remove_some(site)
    site.build(SOON, force=True)
    for number, content in removed.items():
        site.write(path(number), content)
    site.build(SOON)
    remove_some(site)
    assert site.build(SOON).withdrawn == 15


def test_entries_that_age_out_are_no_harm(tmp_path: Path) -> None:
    feeds = {"feeds": [{"path": "recent", "select": {"age": "30d"}}]}
    site = Publication(tmp_path, {f"{n:03}.md": dated(n // 2) for n in range(14)}, feeds)
    site.build()
    later = NOW + timedelta(days=40)
    site.write(
        "new.md", dated(0, publishedDateTime=f"{later:%Y-%m-%dT%H:%M:%SZ}", webUrl="https://x.org/")
    )
    site.build(later)
    assert site.titles("recent", later) == ["t0"]


def test_limit_can_be_raised_for_each_kind_of_harm(site: Publication) -> None:
    settings = site.root / "site.yaml"
    settings.write_text(settings.read_text("utf-8") + "guard: {old: 100, folder: 100}\n", "utf-8")
    remove_some(site)
    assert site.build(SOON).withdrawn == 15
