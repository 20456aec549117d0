"""A machine without a catalogue publishes the same ids and dates as the machine before it."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from feeds.catalogue.catalogue import Catalogue
from feeds.errors import CatalogueError, StoreError
from feeds.util.progress import clock
from tests.support.fresh_machine import DAY, entries_by_title, fresh_machine
from tests.support.object_store import Store, body, environ
from tests.support.published_site import ROOT, Published, article
from tests.support.site import NOW

pytestmark = pytest.mark.xdist_group("s3")


def test_fresh_machine_changes_only_new_articles(first: Published) -> None:
    before, raw = entries_by_title(first), first.there()
    runner = fresh_machine(first, (NOW + 2 * DAY).timestamp())
    report = runner.publish(NOW + 2 * DAY)
    assert report.memory == "taken up"
    assert report.upload.written == report.upload.deleted == ()
    assert runner.there() == raw
    runner.articles.write("new.md", article("new"))
    again = fresh_machine(runner, (NOW + 3 * DAY).timestamp())
    assert again.publish(NOW + 3 * DAY).build.added == 1
    after = entries_by_title(again)
    assert after.pop("new")
    assert after == before  # ids, dates and content, including undated, renamed and broken articles


@pytest.mark.parametrize("format_", ["rss", "atom"])
def test_unchanged_entries_keep_their_bytes(first: Published, format_: str) -> None:
    tag = {"rss": b"item", "atom": b"entry"}[format_]

    def cut(document: bytes) -> set[bytes]:
        parts = document.split(b"<" + tag + b">")[1:]
        return {part.partition(b"</" + tag + b">")[0] for part in parts}

    before = cut(body(first.objects, f"all.{format_}"))
    runner = fresh_machine(first, (NOW + 2 * DAY).timestamp())
    runner.articles.write("new.md", article("new"))
    runner.publish(NOW + 2 * DAY)
    after = cut(body(first.objects, f"all.{format_}"))
    assert len(before) == 5
    assert before < after
    assert len(after) == 6


def test_returning_article_keeps_its_id_and_date(first: Published) -> None:
    first.articles.write("gone.md", article("gone", publishedDateTime=None))
    runner = fresh_machine(first, (NOW + 2 * DAY).timestamp())
    runner.publish(NOW + 2 * DAY)
    seen = int(NOW.timestamp()) - 86_400 + 6 * 60
    back = entries_by_title(runner)["gone"]
    assert back["id"].endswith("/gone")
    assert back["date_published"] == f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seen))}"


def test_memory_is_saved_before_readers_see_new_ids(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that subscribers have seen is lost with a machine that dies during the upload."""
    site = Published(tmp_path / "a", store, articles={"u.md": article("u", publishedDateTime=None)})

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("feeds.publish.purge.purge", die)
        with pytest.raises(KeyboardInterrupt):
            site.publish()
    seen = entries_by_title(site)["u"]
    runner = fresh_machine(site, (NOW + DAY).timestamp())
    runner.publish(NOW + DAY)
    assert entries_by_title(runner)["u"] == seen


def test_change_is_found_if_time_and_size_of_files_are_equal(tmp_path: Path, store: Store) -> None:
    site = Published(tmp_path / "a", store, articles={"a.md": article("abc")})
    times = site.articles.file("a.md").stat().st_mtime
    site.publish()
    runner = fresh_machine(site, times)
    file = runner.articles.file("a.md")
    file.write_text(file.read_text().replace("title: abc", "title: xyz"))
    os.utime(file, (times, times))
    runner.publish(NOW + DAY)
    assert list(entries_by_title(runner)) == ["xyz"]


def test_change_is_found_after_a_run_killed_before_its_build(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Published(tmp_path / "a", store, articles={"a.md": article("abc")})
    times = site.articles.file("a.md").stat().st_mtime
    site.publish()
    runner = fresh_machine(site, times)
    file = runner.articles.file("a.md")
    file.write_text(file.read_text().replace("title: abc", "title: xyz"))
    os.utime(file, (times, times))

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("feeds.publish.publisher.build", die)
        with pytest.raises(KeyboardInterrupt):
            runner.publish(NOW + DAY)
    report = runner.publish(NOW + DAY)
    assert (report.memory, report.build.read) == ("kept", 1)
    assert list(entries_by_title(runner)) == ["xyz"]
    assert runner.publish(NOW + DAY).build.read == 0


def test_hub_state_is_restored_with_the_catalogue_atomically(
    first: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = {"url": "https://hub.example/", "tries": 0, "due": 0}
    hub_state = {"hub": [hub], "ping": []}
    first.state.put("told.json", json.dumps(hub_state).encode())
    runner = fresh_machine(first, (NOW + 2 * DAY).timestamp())

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("feeds.publish.memory._mark_catalogue", die)
    with pytest.raises(KeyboardInterrupt):
        runner.publish(NOW + 2 * DAY)
    with (
        closing(Catalogue(runner.articles.site.catalogue)) as catalogue,
        catalogue.read() as reader,
    ):
        assert list(reader.hubs.states()) == ["https://hub.example/"]


_DIES_WHILE_SAVING = """
import os, signal, sys
from feeds.publish.object_store import ObjectStore
ObjectStore.put = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from feeds.cli.main import main
main(sys.argv[1:])
"""


def test_working_folder_of_a_killed_run_is_removed(first: Published) -> None:
    """It takes as much space as the catalogue."""
    first.articles.write("new.md", article("new"))
    command = [sys.executable, "-c", _DIES_WHILE_SAVING, "publish", str(first.out)]
    done = subprocess.run(
        [*command, "--config", str(first.articles.root)],
        env=environ(), cwd=ROOT, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert list(first.articles.root.glob(".feeds-*/*.sqlite"))
    first.state.delete("lock.json")
    first.publish(clock())
    assert not list(first.articles.root.glob(".feeds-*"))


@pytest.mark.parametrize("name", ["catalogue.sqlite", "catalogue.sqlite.br"])
def test_full_disk_is_reported(
    first: Published, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    runner = fresh_machine(first, (NOW + 2 * DAY).timestamp())
    if name.endswith(".br"):
        first.state.delete("published.json")  # forces a write
        for key in first.names():
            first.objects.delete(key)
    original = Path.open

    def full(self: Path, mode: str = "r", *more: Any, **options: Any) -> Any:
        if mode == "wb" and self.name == name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))
        return original(self, mode, *more, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        message = rf"cannot be copied: .*{name}: No space left on device"
        with pytest.raises(CatalogueError, match=message):
            runner.publish(NOW + 2 * DAY)
    assert not list(runner.articles.root.glob(".feeds-*"))
    runner.publish(NOW + 2 * DAY)


def test_two_machines_take_turns(first: Published) -> None:
    """Each continues from the other's publish, with the catalogue that it still has."""
    other = fresh_machine(first, (NOW + 2 * DAY).timestamp())
    machines = [other, first, other, first]
    for number, machine in enumerate(machines):
        for site in (first, other):
            site.articles.write(f"n{number}.md", article(f"n{number}", publishedDateTime=None))
        before = entries_by_title(machine)
        machine.publish(NOW + (3 + number) * DAY)
        after = entries_by_title(machine)
        assert after.pop(f"n{number}")
        assert after == before


def test_current_catalogue_is_kept(first: Published) -> None:
    assert first.publish(NOW + 2 * DAY).memory == "kept"


def test_replaced_catalogue_is_kept_as_a_file(first: Published) -> None:
    own = fresh_machine(first, (NOW + 2 * DAY).timestamp())
    own.articles.write("own.md", article("own", publishedDateTime=None))
    own.articles.build(NOW - DAY)
    own.publish(NOW + 2 * DAY)
    aside = own.articles.root / "catalogue.sqlite.replaced"
    with closing(Catalogue(f"sqlite:///{aside}")) as catalogue, catalogue.read() as reader:
        row = reader.entries.find("own.md")
    assert row
    assert row[0].first_seen == (NOW - DAY).timestamp()


def test_memory_is_saved_only_if_it_changed(first: Published) -> None:
    before = first.record.catalogue
    first.publish(NOW + 2 * DAY)
    assert first.record.catalogue == before
    first.state.put("catalogue-7-of-a-run-that-was-killed", b"")
    first.articles.write("new.md", article("new"))
    first.publish(NOW + 2 * DAY)
    assert first.record.catalogue != before
    copies = [name for name in first.state.list_keys() if "catalogue-" in name]
    assert copies == [first.record.catalogue.key] if first.record.catalogue else []


def test_missing_or_damaged_memory_stops_the_publish(first: Published) -> None:
    saved = first.record.catalogue
    assert saved
    whole, before = body(first.state, saved.key), first.there()
    first.state.put(saved.key, whole[:-1])
    runner = fresh_machine(first, (NOW + 2 * DAY).timestamp())
    with pytest.raises(StoreError, match="is damaged, and with it the ids and dates"):
        runner.publish(NOW + 2 * DAY)
    first.state.delete(saved.key)
    with pytest.raises(StoreError, match="is gone, and with it the ids and dates"):
        runner.publish(NOW + 2 * DAY)
    assert first.there() == before
    first.state.put(saved.key, whole)
    assert runner.publish(NOW + 2 * DAY).upload.written == ()


def test_overwrite_abandons_a_lost_memory(first: Published) -> None:
    saved = first.record.catalogue
    assert saved
    first.state.delete(saved.key)
    runner = fresh_machine(first, (NOW + 2 * DAY).timestamp())
    done = runner.run("publish", "--overwrite")
    assert done.returncode == 0, done.stderr
    again = runner.record.catalogue
    assert again
    assert again.id != saved.id
    assert again.key in runner.state.list_keys()


def test_unreachable_store_is_not_treated_as_empty(
    first: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = fresh_machine(first, (NOW + 2 * DAY).timestamp())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StoreError):
        runner.publish(NOW + 2 * DAY)
    assert not list(runner.articles.root.glob("catalogue*"))


def test_disabled_memory_is_not_saved(tmp_path: Path, store: Store) -> None:
    site = Published(tmp_path, store, upload={"memory": False})
    assert site.publish().memory == "none"
    assert site.state.list_keys() == ["lock.json", "published.json"]


def test_deleted_memory_is_not_restored_later(first: Published) -> None:
    without = Published(
        first.root, first.store, first.prefix, articles={}, upload={"memory": False}
    )
    without.publish(NOW + 2 * DAY)
    assert first.record.catalogue is None
    assert [name for name in first.state.list_keys() if "catalogue-" in name] == []
    before = first.there()
    runner = fresh_machine(first, (NOW + 2 * DAY).timestamp())
    for memory in (False, True):
        upload = {"memory": memory}
        stranger = Published(runner.root, first.store, first.prefix, articles={}, upload=upload)
        with pytest.raises(StoreError, match="entries would be new to all subscribers"):
            stranger.publish(NOW + 2 * DAY)
    assert first.there() == before
    again = Published(first.root, first.store, first.prefix, articles={})
    assert again.publish(NOW + 3 * DAY).memory == "none"
    assert runner.publish(NOW + 4 * DAY).memory == "taken up"
    assert first.there() == before


def test_stale_memory_is_rejected_when_memory_is_disabled(first: Published) -> None:
    runner = fresh_machine(first, (NOW + 2 * DAY).timestamp())
    without = Published(
        runner.root, first.store, first.prefix, articles={}, upload={"memory": False}
    )
    with pytest.raises(StoreError, match="entries would be new to all subscribers"):
        without.publish(NOW + 2 * DAY)


def test_one_catalogue_may_publish_to_two_destinations(tmp_path: Path, store: Store) -> None:
    one = Published(tmp_path / "a", store, articles={"a.md": article("a")})
    two = Published(tmp_path / "b", store, articles={"a.md": article("a")})
    shared = {"catalogue": str(tmp_path / "shared.sqlite")}
    for site in (one, two):
        file = site.articles.root / "site.yaml"
        file.write_text(f"{file.read_text()}{json.dumps(shared)[1:-1]}\n")
    assert [site.publish().memory for site in (one, two)] == ["none", "none"]
    for name in "bc":
        for site in (one, two):
            site.articles.write(f"{name}.md", article(name))
            assert site.publish(NOW + DAY).memory == "kept"
    assert not list(tmp_path.glob("shared.sqlite.replaced"))


def test_catalogue_with_unpublished_changes_is_kept_as_a_file(first: Published) -> None:
    other = fresh_machine(first, (NOW + 2 * DAY).timestamp())
    other.articles.write("new.md", article("new"))
    other.publish(NOW + 2 * DAY)
    first.articles.write("own.md", article("own", publishedDateTime=None))
    first.articles.build(NOW + 3 * DAY)
    assert first.publish(NOW + 4 * DAY).memory == "taken up"
    aside = first.articles.root / "catalogue.sqlite.replaced"
    with closing(Catalogue(f"sqlite:///{aside}")) as catalogue, catalogue.read() as reader:
        assert reader.entries.find("own.md")


def test_damaged_hub_state_is_reported(first: Published) -> None:
    first.state.put("told.json", b'{"hub": 1')
    runner = fresh_machine(first, (NOW + 2 * DAY).timestamp())
    with pytest.raises(StoreError, match=r"told\.json is damaged"):
        runner.publish(NOW + 2 * DAY)
    with pytest.raises(StoreError, match=r"told\.json is damaged"):
        runner.publish(NOW + 2 * DAY)


def test_documents_without_a_memory_stop_the_publish(tmp_path: Path, store: Store) -> None:
    site = Published(tmp_path / "a", store, upload={"memory": False})
    site.publish()
    before = site.there()
    runner = fresh_machine(site, (NOW + DAY).timestamp())
    file = runner.articles.root / "site.yaml"
    file.write_text((site.articles.root / "site.yaml").read_text())
    with pytest.raises(StoreError, match="entries would be new to all subscribers"):
        runner.publish(NOW + DAY)
    assert runner.there() == before
    with pytest.raises(StoreError):
        runner.publish(NOW + DAY, force=True)  # only overrides the guard
    runner.publish(NOW + DAY, overwrite=True)
    runner.publish(NOW + DAY)


def test_state_of_another_site_is_left_alone(first: Published) -> None:
    other = Published(first.root.parent / "other", first.store, first.prefix, id="tag:b.org,2026:b")
    before = first.there()
    with pytest.raises(StoreError, match=r"is the state of another site, tag:example\.org"):
        other.publish()
    assert first.there() == before
