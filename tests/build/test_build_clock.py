"""Wrong clocks: builds stop, nothing is withdrawn, and wrong dates are corrected."""

import json
import logging
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger

from feeds.build import builder, watcher
from feeds.build.watcher import Watcher
from feeds.catalogue import schema
from feeds.catalogue.catalogue import Catalogue
from feeds.errors import ClockError, GuardError
from feeds.model.document import FORMATS
from feeds.serve import document_cache
from feeds.serve.document_cache import DocumentCache
from feeds.serve.refresher import Refresher
from tests.build.test_changed_paths import dump
from tests.support.built_site import article, item
from tests.support.commands import run
from tests.support.site import NOW, Publication

YEAR = timedelta(days=365)
AHEAD, BEHIND, SOON = NOW + YEAR, NOW - YEAR, NOW + timedelta(hours=1)
FEEDS: Mapping[str, Any] = {
    "feeds": [
        {"path": "all", "size": 3, "history": 5},
        {"path": "topics/{topic}", "each": "topic"},
        {"path": "recent", "select": {"age": "2d"}},
    ]
}


START = {f"{name}.md": article(name) for name in "abcde"}
LATER = {"publishedDateTime": (NOW + timedelta(days=100)).isoformat(), "topics": ["Later"]}


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    """Five articles and one with a future date, built."""
    articles = {**START, "later.md": article("later", **LATER)}
    publication = Publication(tmp_path, articles, FEEDS, export={"codings": []})
    publication.build()
    return publication


def change(site: Publication, written: datetime) -> None:
    """Add an undated article, edit one, withdraw one and remove one, with the given file time."""
    site.written = int(written.timestamp()) - 3600
    site.write("new.md", article("new", publishedDateTime=None, topics=["AI", "New"]))
    site.write("a.md", article("a", excerpt="Edited."))
    site.write("b.md", article("b", published=False))
    site.file("c.md").unlink()


def texts(folder: Path) -> str:
    return "".join(file.read_text() for file in folder.rglob("*") if file.suffix in _FEED_FILES)


_FEED_FILES = (".rss", ".atom", ".json", ".html", ".opml")


def test_build_dated_before_the_last_one_is_rejected(site: Publication) -> None:
    site.build(AHEAD)
    site.write("a.md", article("a", excerpt="Edited."))
    before = dump(site.site)
    with pytest.raises(ClockError, match=r"says 2024-06-15 13:00 UTC.*2025-06-15 12:00.*--force c"):
        site.build(SOON)
    with pytest.raises(ClockError):
        site.build(SOON, force=True)
    assert dump(site.site) == before


def test_small_correction_of_the_clock_withdraws_nothing(site: Publication) -> None:
    due = NOW + timedelta(seconds=30)
    site.write("f.md", article("f", publishedDateTime=due.isoformat()))
    site.build(due)
    site.write("g.md", article("g"))
    assert site.build(due - timedelta(seconds=29)).added == 1
    assert "f" in site.titles(now=due)
    with site.read() as reader:
        assert reader.meta.last_build() == int(due.timestamp())


def test_dates_in_the_future_are_corrected(site: Publication) -> None:
    change(site, AHEAD)
    site.build(AHEAD)
    assert "later" in site.titles(now=AHEAD)
    site.export(site.root / "out", AHEAD)
    assert "2025" in texts(site.root / "out")
    site.build(SOON, trust_clock=True)
    assert item(site, "new", SOON)["date_published"] == "2024-06-15T13:00:00Z"
    assert item(site, "a", SOON)["date_modified"] == "2024-06-15T13:00:00Z"
    assert all(document.updated <= SOON for document in site.fetch(now=SOON).values())
    assert "2025" not in str({key: document.body for key, document in site.fetch(now=SOON).items()})
    assert "topics/later" not in site.feeds(SOON)
    assert site.export(site.root / "out", SOON).written
    assert "2025" not in texts(site.root / "out")
    files = [site.root / "out" / f"all.{format_}" for format_ in FORMATS]
    assert all(file.stat().st_mtime < SOON.timestamp() + 1 for file in files)
    after = SOON + timedelta(minutes=10)
    site.written = int(after.timestamp()) - 90
    site.write("a.md", article("a", excerpt="Edited again."))
    site.build(after)
    assert item(site, "a", after)["date_modified"] == "2024-06-15T13:09:30Z"


@pytest.mark.rule("R36")
def test_future_article_is_withheld_until_its_date(
    site: Publication,
) -> None:
    site.build(AHEAD)
    site.build(SOON, trust_clock=True)
    due = NOW + timedelta(days=100)
    assert "later" not in site.titles(now=due - timedelta(seconds=1))
    assert site.fetch(now=due)["atom"].updated == due
    report = site.build(due)
    assert {"all", "topics/later"} <= set(report.feeds_changed)
    assert site.titles("topics/later", due) == ["later"]


def test_corrected_catalogue_equals_one_of_a_right_clock(tmp_path: Path) -> None:
    """Compare every document and the memory, with archives and feeds by age."""
    articles = {**START, "later.md": article("later", **LATER)}
    wrong, right = (Publication(tmp_path / name, articles, FEEDS) for name in ("wrong", "right"))
    for site in (wrong, right):
        site.build()
        change(site, AHEAD)
    wrong.build(AHEAD)
    wrong.build(SOON, trust_clock=True)
    right.build(SOON)
    assert wrong.feeds(SOON) == right.feeds(SOON)
    for path in right.feeds(SOON):
        assert wrong.fetch(path, SOON) == right.fetch(path, SOON), path
    one, two = dump(wrong.site), dump(right.site)
    for name in ("entry", "membership", "term", "file"):
        assert one[name] == two[name]


def test_entry_of_an_unreadable_article_is_corrected(site: Publication) -> None:
    change(site, AHEAD)
    site.build(AHEAD)
    site.write("new.md", "---\ntitle: [\n---\n")
    site.build(SOON, trust_clock=True)
    assert item(site, "new", SOON)["date_published"] == "2024-06-15T13:00:00Z"


def test_restored_article_has_a_corrected_date(site: Publication) -> None:
    text = article("new", publishedDateTime=None)
    site.written = int(AHEAD.timestamp()) - 3600
    site.write("new.md", text)
    site.build(AHEAD)
    site.file("new.md").unlink()
    site.build(AHEAD)
    site.build(SOON, trust_clock=True)
    site.write("new.md", text)
    site.build(SOON)
    assert item(site, "new", SOON)["date_published"] == "2024-06-15T13:00:00Z"
    with site.read() as reader:
        assert not any(
            seconds and seconds > SOON.timestamp()
            for memory in reader.entries.remembered(["b.md", "c.md", "new.md"]).values()
            for seconds in (memory.first_seen, memory.updated, memory.withdrawn)
        )


def test_pauses_of_hubs_are_corrected(site: Publication) -> None:
    with closing(sqlite3.connect(site.root / "catalogue.sqlite")) as file:
        far = int(AHEAD.timestamp())
        file.execute("INSERT INTO hub VALUES ('https://hub.example/', 3, ?)", [far])
        file.execute("INSERT INTO ping VALUES ('https://hub.example/', 'u', '', 3, ?)", [far])
        file.commit()
    site.build(AHEAD)
    site.write("a.md", article("a", excerpt="Edited."))
    site.build(AHEAD)
    site.build(SOON, trust_clock=True)
    tables = dump(site.site)
    assert (tables["hub"][0][-1], tables["ping"][0][-1]) == (int(SOON.timestamp()),) * 2


def test_slow_clock_of_a_server_withholds_nothing(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_cache, "clock", lambda: BEHIND)
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        cache = DocumentCache(site.site, catalogue)
        refresher = Refresher(cache)
        refresher.refresh()
        ready = cache.get("all.json")
    assert ready
    assert len(json.loads(ready.document.body)["items"]) == len(site.items())
    assert cache.get("topics/ai.rss") is not None


def test_guard_counts_entries_that_a_slow_clock_would_withhold(tmp_path: Path) -> None:
    site = Publication(tmp_path, {f"{n}.md": article(str(n)) for n in range(40)})
    site.build()
    with pytest.raises(GuardError, match=r"clock .* 40 of 40 .* held back"):
        site.build(BEHIND, trust_clock=True)
    assert len(site.items()) == 40
    site.build(BEHIND, trust_clock=True, force=True)
    assert site.items(now=BEHIND) == []
    site.build(SOON)
    assert len(site.items(now=SOON)) == 40


def test_build_without_changes_does_not_store_its_time(site: Publication) -> None:
    site.build(SOON)
    with site.read() as reader:
        assert reader.meta.last_build() == int(NOW.timestamp())


def test_older_catalogue_gives_a_lower_bound_of_the_last_build(
    site: Publication,
) -> None:
    change(site, AHEAD)
    site.build(AHEAD)
    with closing(sqlite3.connect(site.root / "catalogue.sqlite")) as file:
        file.execute("DELETE FROM meta WHERE key = 'clock'")
        file.commit()
    with pytest.raises(ClockError):
        site.build(SOON)
    site.build(SOON, trust_clock=True)
    assert item(site, "new", SOON)["date_published"] == "2024-06-15T13:00:00Z"


def test_watcher_builds_its_changes_once_the_clock_is_right(
    site: Publication, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watcher, "_RETRY", 0.0)
    site.build(AHEAD)
    site.write("a.md", article("a", excerpt="Edited."))
    moments = iter(SOON + timedelta(hours=n) for n in range(10))
    with caplog.at_level(logging.ERROR, "feeds"), closing(Catalogue(site.site.catalogue)) as opened:
        rebuilder = watcher.Rebuilder(site.site, opened, None)
        monkeypatch.setattr(watcher, "clock", lambda: next(moments))
        rebuilder.build({"a.md"})
        rebuilder.build_if_needed(set())
        rebuilder.build_if_needed(set())
        assert [record.message.count("clock") > 0 for record in caplog.records] == [True]
        monkeypatch.setattr(watcher, "clock", lambda: AHEAD)
        rebuilder.build_if_needed(set())
    assert item(site, "a", AHEAD)["summary"] == "Edited."


def test_watcher_thread_survives_a_wrong_clock(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    from threading import Event

    monkeypatch.setattr(watcher, "clock", lambda: SOON)
    site.build(AHEAD)
    failed = Event()
    with closing(Catalogue(site.site.catalogue)) as opened:
        running = Watcher(site.site, opened, lambda report, _: failed.set() if not report else None)
        running.start()
        assert failed.wait(10)
        assert running._loop.is_alive
        running.stop()


@pytest.mark.parametrize("command", [["build"], ["export", "out"], ["publish", "out"]])
def test_commands_report_a_wrong_clock_and_continue_with_force(
    site: Publication, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    change(site, AHEAD)
    monkeypatch.chdir(site.root)
    arguments = [*command, "--config", "."]
    monkeypatch.setattr("feeds.util.progress.clock", lambda: AHEAD)
    assert run(*arguments).exit_code == 0
    monkeypatch.setattr("feeds.util.progress.clock", lambda: SOON)
    for more in ([], ["--force"], ["--force", "guard"]):
        result = run(*arguments, *more)
        assert (result.exit_code, "--force clock" in result.stderr) == (2, True), result.output
    assert run(*arguments, "--force", "clock").exit_code == 0
    assert "2025" not in texts(site.root / "out")
    assert item(site, "new", SOON)["date_published"] == "2024-06-15T13:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "forced"),
    [
        ([], []),
        (["--force"], ["guard"]),
        (["--force", "guard"], ["guard"]),
        (["--force", "clock"], ["clock"]),
        (["--force=clock"], ["clock"]),
        (["--force", "clock", "--force"], ["clock", "guard"]),
        (["--force", "--force", "clock"], ["guard", "clock"]),
        (["--force", "--verify"], ["guard"]),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("folder", ["last", "first"])
def test_force_accepts_only_known_values(
    site: Publication,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    forced: list[str],
    folder: str,
) -> None:
    """`feeds export --force DIR` still reads DIR as the folder."""
    requests: list[builder.BuildRequest] = []
    real = builder.build

    def build(*args: Any, **options: Any) -> builder.BuildReport:
        requests.append(args[3])
        return real(*args, **options)

    monkeypatch.setattr(builder, "build", build)
    monkeypatch.setattr("feeds.util.progress.clock", lambda: SOON)
    out = str(site.root / "out")
    rest = [*arguments, out] if folder == "last" else [out, *arguments]
    assert run("export", "--config", str(site.root), *rest).exit_code == 0
    assert (site.root / "out" / "all.rss").exists()
    [request] = requests
    assert (request.force, request.trust_clock) == ("guard" in forced, "clock" in forced)


@pytest.mark.parametrize("arguments", [["--force=all", "out"], ["--force", "clock"]], ids=" ".join)
def test_unknown_value_of_force_is_a_usage_error(site: Publication, arguments: list[str]) -> None:
    assert run("export", "--config", str(site.root), *arguments).exit_code == 2
    assert not Path("clock").exists()


def test_all_tables_with_times_are_checked() -> None:
    """A new column with a time must be corrected too, or listed here."""
    times = {
        f"{table.name}.{column.name}"
        for table in schema.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, BigInteger)
    }
    mended = {
        "entry.first_seen", "entry.updated", "entry.published", "entry.withdrawn", "place.since",
        "departure.since", "feed.updated", "archive.updated", "hub.due", "ping.due",
        "membership.published",
    }  # fmt: skip
    made_anew = {"term.comes", "feed.newest", "feed.due"}
    no_times = {
        "entry.sum", "fragment.sum", "feed.sum", "archive.sum", "file.size", "file.mtime_ns",
        "entry.quality", "entry.heat", "feed.revision", "archive.revision",
        "adopted.revision",
    }  # fmt: skip
    of_old_feeds = {
        "adopted.published", "adopted.updated", "adopted.authored", "adopted.old_updated",
    }  # fmt: skip
    assert times == mended | made_anew | no_times | of_old_feeds
