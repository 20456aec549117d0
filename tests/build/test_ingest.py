"""Changed articles are stored; invalid ones do not affect the published entries."""

import logging
import multiprocessing
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds.build import ingest_result, workers
from feeds.build.workers import ReadTask, article_workers
from tests.support.built_site import LATER, article, item, touch
from tests.support.site import NOW, Publication


def test_only_changed_files_are_read(site: Publication) -> None:
    assert site.build().read == 0
    site.write("b.md", article("b2"))
    report = site.build()
    assert (report.read, report.changed) == (1, 1)
    assert sorted(site.titles()) == ["a", "b2"]


def test_touched_file_is_not_parsed(site: Publication) -> None:
    touch(site.file("a.md"), site.written + 600)
    report = site.build()
    assert (report.read, report.changed, report.feeds_changed) == (1, 0, ())
    assert site.build().read == 0, "its new time was not stored"


@pytest.mark.parametrize("way", ["verify", "trust"])
def test_content_decides_if_times_are_not_trusted(tmp_path: Path, way: str) -> None:
    trust = {"articles": {"folder": "articles", "trust": "content"}} if way == "trust" else {}
    site = Publication(tmp_path, {"a.md": article("aaa"), "b.md": article("b")}, **trust)
    site.build()
    before = site.file("a.md").stat()
    site.file("a.md").write_text(article("AAA"))
    os.utime(site.file("a.md"), ns=(before.st_atime_ns, before.st_mtime_ns))
    report = site.build(verify=way == "verify")
    assert (report.read, report.changed) == (2, 1)
    assert sorted(site.titles()) == ["AAA", "b"]


def test_file_changed_within_the_time_resolution_is_read_again(tmp_path: Path) -> None:
    """Two writes within the resolution of file times look the same; both must be read."""
    site = Publication(tmp_path, {"a.md": article("a")})
    file, just_now = site.file("a.md"), int(datetime.now(UTC).timestamp()) + 3600
    touch(file, just_now)
    site.build()
    file.write_text(article("A"))
    touch(file, just_now)
    site.build()
    assert site.titles() == ["A"]


def test_decisions_are_logged_at_level_debug(
    site: Publication, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("moved", "bad", "same"):
        site.write(f"{name}.md", article(name))
    site.build()
    site.write("a.md", article("a", excerpt="Another text."))
    site.file("b.md").unlink()
    site.file("moved.md").rename(site.file("new-path.md"))
    site.write("bad.md", "---\ntitle: [\n---\n")
    touch(site.file("same.md"), site.written + 600)
    site.write("new.md", article("new", excerpt="New."))
    with caplog.at_level(logging.DEBUG, "feeds"):
        site.build()
    assert {message for message in caplog.messages if ".md: " in message} == {
        "a.md: updated: its content changed",
        "b.md: withdrawn: its file is gone",
        "new-path.md: matched as a rename of moved.md: same link and content, same date",
        "new-path.md: stored without a new date: its content is the same to subscribers",
        "bad.md: left alone: the article has problems",
        "same.md: left alone: its bytes are the same",
        "new.md: added: no known entry matches",
    }


@pytest.mark.rule("A14")
def test_updated_changes_only_with_visible_content(site: Publication) -> None:
    before = item(site, "a")["date_modified"]
    site.write("a.md", article("a", quality=7, keywords=["x"], publishedDateTime="2024-05-30"))
    site.build()
    assert item(site, "a")["date_modified"] == before
    site.write("a.md", article("a", excerpt="Something else."))
    site.build()
    written = datetime.fromtimestamp(site.written, UTC)
    assert item(site, "a")["date_modified"] == written.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.rule("R36")
def test_future_update_date_is_ignored(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": article("a", updatedDateTime="2999-01-01T00:00:00Z")})
    site.build()
    (entry,) = site.items()
    assert entry["date_modified"] == entry["date_published"] == "2024-05-31T09:00:00Z"


def test_updated_changes_even_if_the_new_file_is_older(site: Publication) -> None:
    touch(site.write("a.md", article("a", excerpt="As it was.")), 1_000_000_000)
    site.build(LATER)
    assert item(site, "a", LATER)["date_modified"] == "2024-06-16T12:00:00Z"


@pytest.mark.rule("A14")
def test_change_of_settings_does_not_change_updated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = Publication(tmp_path, {"a.md": article("a", images=[{"url": "/a.png"}])})
    site.build()
    before = site.items()[0]
    site = Publication(tmp_path, {}, assets_url="https://cdn.example.org/")
    with caplog.at_level(logging.DEBUG, "feeds"):
        assert site.build(LATER).read == 1
    assert "a.md: stored without a new date: its author did not change it" in caplog.messages
    after = site.items()[0]
    assert (before["image"], after["image"]) == (
        "https://example.org/a.png",
        "https://cdn.example.org/a.png",
    )
    assert before["date_modified"] == after["date_modified"]


@pytest.mark.rule("A15")
def test_undated_article_keeps_its_first_seen_date(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": article("a", publishedDateTime=None)})
    site.build()
    first = site.items()[0]["date_published"]
    assert first == "2024-06-14T12:01:00Z", "differs from the time of its file"
    site.write("a.md", article("a", excerpt="New.", publishedDateTime=None))
    site.build()
    assert site.items()[0]["date_published"] == first
    site.file("a.md").rename(site.file("b.md"))
    site.build()
    assert site.items()[0]["date_published"] == first, "changed by a rename"


@pytest.mark.rule("R36")
def test_file_with_a_future_time_is_first_seen_now(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": article("a", publishedDateTime=None)})
    touch(site.file("a.md"), int(LATER.timestamp()))
    site.build()
    assert site.items()[0]["date_published"] == "2024-06-15T12:00:00Z"


@pytest.mark.rule("H8")
@pytest.mark.parametrize("key", [{"published": False}, {"removed": True}, {"deleted": True}, None])
def test_withdrawn_article_leaves_all_feeds_and_returns_with_its_id(
    site: Publication, key: dict[str, object] | None
) -> None:
    before, updated = item(site, "a")["id"], site.fetch()["atom"].updated
    if key is None:
        site.file("a.md").unlink()
    else:
        site.write("a.md", article("a", **key))
    report = site.build(LATER)
    assert report.withdrawn == 1
    assert site.titles() == site.titles("topics/ai") == ["b"]
    assert set(report.feeds_changed) == {"all", "topics/ai"}
    assert updated < site.fetch()["atom"].updated == LATER
    assert site.build(LATER).withdrawn == 0
    site.write("a.md", article("a"))
    site.build(LATER)
    assert item(site, "a")["id"] == before


def test_many_changes_at_once_refresh_every_feed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Including feeds of entries beyond the limit up to which changed entries are recorded."""
    monkeypatch.setattr(ingest_result, "MANY_CHANGES", 6)
    monkeypatch.setattr(workers, "_CHUNK", 2)
    names = [f"{number:02}" for number in range(12)]
    site = Publication(tmp_path, {f"{n}.md": article(n, topics=[f"T{n}"]) for n in names})
    site.build()
    for name in names:
        site.write(f"{name}.md", article(f"{name} again", topics=[f"T{name}"]))
    report = site.build(LATER, force=True)
    assert report.changed == 12
    assert set(report.feeds_changed) == {"all", *(f"topics/t{name}" for name in names)}
    assert site.titles("topics/t11") == ["11 again"]


@pytest.mark.rule("R36")
def test_future_article_appears_at_its_time_without_a_build(site: Publication) -> None:
    due = datetime(2024, 6, 15, 18, tzinfo=UTC)
    site.write("c.md", article("c", publishedDateTime=due.isoformat()))
    site.build()
    before = due - timedelta(seconds=1)
    assert "c" not in site.titles(now=before)
    assert site.titles(now=due)[0] == "c"
    documents = site.fetch(now=due)
    assert documents["rss"].updated == due
    # The documents stay the same later, and after the next build.
    assert site.fetch(now=LATER) == documents
    assert set(site.build(LATER).feeds_changed) == {"all", "topics/ai"}
    assert site.fetch(now=LATER) == documents


@pytest.mark.rule("R36")
def test_future_article_changes_no_feed_before_its_time(site: Publication) -> None:
    site.write("c.md", article("c", publishedDateTime="2024-06-16T00:00:00Z"))
    assert site.build().feeds_changed == ()
    with site.read() as reader:
        assert reader.feeds.next_publication(NOW) == datetime(2024, 6, 16, tzinfo=UTC)
        assert reader.feeds.next_publication(LATER) is None


def test_killed_workers_are_replaced_and_no_article_is_blamed(
    site: Publication,
) -> None:
    tasks = [ReadTask("a.md")] * 10_000
    with article_workers(site.site, int(NOW.timestamp()), 2, len(tasks)) as running:
        results = running.read(tasks)
        articles = [*next(results)]
        for process in multiprocessing.active_children():
            process.kill()
        articles += [result for chunk in results for result in chunk]
    assert len(articles) == len(tasks)
    assert all(result.article and result.article.entry for result in articles)
    assert not multiprocessing.active_children()
