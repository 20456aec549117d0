"""A machine without a catalogue publishes the same ids and dates as the machine before it."""

import errno
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from feeds.catalogue import backup
from feeds.catalogue.catalogue import Catalogue
from feeds.errors import CatalogueError, StoreError
from feeds.publish.object_store import ObjectStore
from feeds.util.progress import clock, silent
from tests.support.object_store import Store, body, environ
from tests.support.published_site import ROOT, Published, article, publish
from tests.support.site import NOW, Publication, front_matter

pytestmark = pytest.mark.xdist_group("s3")

DAY = timedelta(days=1)
_NUMBERS = count()
ARTICLES = {
    "dated.md": article("dated"),
    "undated.md": article("undated", publishedDateTime=None),
    "edited.md": article("edited", publishedDateTime="2024-06-01T09:00:00Z"),
    "renamed.md": article("renamed"),
    "broken.md": article("broken"),
    "gone.md": article("gone"),
}


def entries(site: Published) -> dict[str, Any]:
    return {item["title"]: item for item in site.items()}


def fresh(site: Published, at: float, prefix: str | None = None) -> Published:
    """Return the site on a machine with only its articles, all with the same new time.

    It is published to another prefix, if one is named.
    """
    root = site.root.parent / f"{site.root.name}-fresh"
    shutil.copytree(site.articles.root, root / "site")
    for left in (*root.glob("site/catalogue*"), *root.glob("site/.catalogue*")):
        left.unlink()
    for file in root.rglob("*"):
        os.utime(file, (at, at))
    prefix = prefix or site.prefix
    upload = {"state": site.state_url.replace(site.prefix, prefix)}
    copy = Published(root, site.store, prefix, articles={}, upload=upload)
    copy.articles.written = int(at)
    return copy


@pytest.fixture
def first(tmp_path: Path, store: Store) -> Published:
    """A site with a history: edited, renamed, broken and withdrawn articles."""
    return with_a_history(Published(tmp_path / "first", store, articles=ARTICLES))


def with_a_history(site: Published) -> Published:
    site.publish()
    site.articles.write("edited.md", article("edited", excerpt="Another one."))
    (site.articles.root / "articles/renamed.md").rename(site.articles.root / "articles/other.md")
    site.articles.write("broken.md", "no front matter")
    (site.articles.root / "articles/gone.md").unlink()
    site.publish(NOW + DAY)
    return site


def test_fresh_machine_changes_only_new_articles(first: Published) -> None:
    before, raw = entries(first), first.there()
    runner = fresh(first, (NOW + 2 * DAY).timestamp())
    report = runner.publish(NOW + 2 * DAY)
    assert report.memory == "taken up"
    assert report.upload.written == report.upload.deleted == ()
    assert runner.there() == raw
    runner.articles.write("new.md", article("new"))
    again = fresh(runner, (NOW + 3 * DAY).timestamp())
    assert again.publish(NOW + 3 * DAY).build.added == 1
    after = entries(again)
    assert after.pop("new")
    assert after == before  # ids, dates and content, including undated, renamed and broken articles


@pytest.mark.parametrize("format_", ["rss", "atom"])
def test_unchanged_entries_keep_their_bytes(first: Published, format_: str) -> None:
    tag = {"rss": b"item", "atom": b"entry"}[format_]

    def cut(document: bytes) -> set[bytes]:
        parts = document.split(b"<" + tag + b">")[1:]
        return {part.partition(b"</" + tag + b">")[0] for part in parts}

    before = cut(body(first.objects, f"all.{format_}"))
    runner = fresh(first, (NOW + 2 * DAY).timestamp())
    runner.articles.write("new.md", article("new"))
    runner.publish(NOW + 2 * DAY)
    after = cut(body(first.objects, f"all.{format_}"))
    assert len(before) == 5
    assert before < after
    assert len(after) == 6


def test_returning_article_keeps_its_id_and_date(first: Published) -> None:
    first.articles.write("gone.md", article("gone", publishedDateTime=None))
    runner = fresh(first, (NOW + 2 * DAY).timestamp())
    runner.publish(NOW + 2 * DAY)
    seen = int(NOW.timestamp()) - 86_400 + 6 * 60
    back = entries(runner)["gone"]
    assert back["id"].endswith("/gone")
    assert back["date_published"] == f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seen))}"


def test_memory_is_saved_before_readers_see_new_ids(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that subscribers have seen is lost with a machine that dies during the upload."""
    site = Published(tmp_path / "a", store, articles={"u.md": article("u", publishedDateTime=None)})

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("feeds.publish.purge.purge", dies)
        with pytest.raises(KeyboardInterrupt):
            site.publish()
    seen = entries(site)["u"]
    runner = fresh(site, (NOW + DAY).timestamp())
    runner.publish(NOW + DAY)
    assert entries(runner)["u"] == seen


def test_change_is_found_if_time_and_size_of_files_are_equal(tmp_path: Path, store: Store) -> None:
    site = Published(tmp_path / "a", store, articles={"a.md": article("abc")})
    times = site.articles.file("a.md").stat().st_mtime
    site.publish()
    runner = fresh(site, times)
    file = runner.articles.file("a.md")
    file.write_text(file.read_text().replace("title: abc", "title: xyz"))
    os.utime(file, (times, times))
    runner.publish(NOW + DAY)
    assert list(entries(runner)) == ["xyz"]


def test_change_is_found_after_a_run_killed_before_its_build(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Published(tmp_path / "a", store, articles={"a.md": article("abc")})
    times = site.articles.file("a.md").stat().st_mtime
    site.publish()
    runner = fresh(site, times)
    file = runner.articles.file("a.md")
    file.write_text(file.read_text().replace("title: abc", "title: xyz"))
    os.utime(file, (times, times))

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("feeds.publish.publisher.build", dies)
        with pytest.raises(KeyboardInterrupt):
            runner.publish(NOW + DAY)
    report = runner.publish(NOW + DAY)
    assert (report.memory, report.build.read) == ("kept", 1)
    assert list(entries(runner)) == ["xyz"]
    assert runner.publish(NOW + DAY).build.read == 0


def test_hub_state_is_restored_with_the_catalogue_atomically(
    first: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = {"url": "https://hub.example/", "tries": 0, "due": 0}
    hub_state = {"hub": [hub], "ping": []}
    first.state.put("told.json", json.dumps(hub_state).encode())
    runner = fresh(first, (NOW + 2 * DAY).timestamp())

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("feeds.publish.memory._mark_catalogue", dies)
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
    runner = fresh(first, (NOW + 2 * DAY).timestamp())
    if name.endswith(".br"):
        first.state.delete("published.json")  # forces a write
        for key in first.names():
            first.objects.delete(key)
    really = Path.open

    def full(self: Path, mode: str = "r", *more: Any, **options: Any) -> Any:
        if mode == "wb" and self.name == name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))
        return really(self, mode, *more, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        message = rf"cannot be copied: .*{name}: No space left on device"
        with pytest.raises(CatalogueError, match=message):
            runner.publish(NOW + 2 * DAY)
    assert not list(runner.articles.root.glob(".feeds-*"))
    runner.publish(NOW + 2 * DAY)


def test_state_that_cannot_be_locked_is_reported(tmp_path: Path) -> None:
    (tmp_path / "private/lock").mkdir(parents=True)
    site = Publication(tmp_path / "a", {"a.md": article("a")}, export={"state": "../private"})
    with pytest.raises(StoreError, match=r"private cannot be locked: .*lock: Is a directory"):
        publish(site.site, tmp_path / "out", NOW, silent)


def test_two_machines_take_turns(first: Published) -> None:
    """Each continues from the other's publish, with the catalogue that it still has."""
    other = fresh(first, (NOW + 2 * DAY).timestamp())
    machines = [other, first, other, first]
    for number, machine in enumerate(machines):
        for site in (first, other):
            site.articles.write(f"n{number}.md", article(f"n{number}", publishedDateTime=None))
        before = entries(machine)
        machine.publish(NOW + (3 + number) * DAY)
        after = entries(machine)
        assert after.pop(f"n{number}")
        assert after == before


def test_current_catalogue_is_kept(first: Published) -> None:
    assert first.publish(NOW + 2 * DAY).memory == "kept"


def test_replaced_catalogue_is_kept_as_a_file(first: Published) -> None:
    own = fresh(first, (NOW + 2 * DAY).timestamp())
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
    kept = [name for name in first.state.list_keys() if "catalogue-" in name]
    assert kept == [first.record.catalogue.key] if first.record.catalogue else []


def test_missing_or_damaged_memory_stops_the_publish(first: Published) -> None:
    saved = first.record.catalogue
    assert saved
    whole, before = body(first.state, saved.key), first.there()
    first.state.put(saved.key, whole[:-1])
    runner = fresh(first, (NOW + 2 * DAY).timestamp())
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
    runner = fresh(first, (NOW + 2 * DAY).timestamp())
    done = runner.run("publish", "--overwrite")
    assert done.returncode == 0, done.stderr
    again = runner.record.catalogue
    assert again
    assert again.id != saved.id
    assert again.key in runner.state.list_keys()


def test_unreachable_store_is_not_treated_as_empty(
    first: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = fresh(first, (NOW + 2 * DAY).timestamp())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StoreError):
        runner.publish(NOW + 2 * DAY)
    assert not list(runner.articles.root.glob("catalogue*"))


def test_disabled_memory_is_not_saved(tmp_path: Path, store: Store) -> None:
    site = Published(tmp_path, store, upload={"memory": False})
    assert site.publish().memory == "none"
    assert site.state.list_keys() == ["lock.json", "published.json"]


def test_state_may_be_in_another_bucket(tmp_path: Path, store: Store) -> None:
    site = Published(tmp_path, store)
    private = f"s3://bucket/private-{site.prefix}"
    site = Published(tmp_path / "b", store, site.prefix, upload={"state": private})
    site.publish()
    assert site.there() == site.exported()
    assert site.objects.list_keys() == site.names()
    assert len(store.objects(f"private-{site.prefix}").list_keys()) == 3


def elsewhere(site: Published, state: str) -> Published:
    """Return the same site on the same machine, with the state in another location."""
    return Published(
        site.root, site.store, site.prefix, articles={}, upload={"state": f"s3://bucket/{state}"}
    )


@pytest.fixture
def below(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Published:
    """Return the same site with its state below the feeds, as if a bucket policy hid it."""
    monkeypatch.setattr("feeds.publish.exposure.check", lambda *_: None)
    prefix = f"below-{next(_NUMBERS)}"
    state = {"state": f"s3://bucket/{prefix}/.feeds-state"}
    site = Published(tmp_path / "first", store, prefix, articles=ARTICLES, upload=state)
    return with_a_history(site)


def test_state_moves_to_its_new_location(below: Published) -> None:
    before, raw = entries(below), below.there()
    below.state.put("told.json", b'{"hub": [], "ping": []}')
    private = f"private-{below.prefix}"
    runner = elsewhere(fresh(below, (NOW + 2 * DAY).timestamp()), private)
    assert runner.publish(NOW + 2 * DAY).memory == "taken up"
    assert runner.there() == raw
    assert below.objects.list_keys() == [*sorted([".feeds-state/lock.json", *raw])]
    there = below.store.objects(private).list_keys()
    assert {"published.json", "told.json"} < set(there)
    assert len([name for name in there if name.startswith("catalogue-")]) == 1
    # The machine that published before continues.
    one = elsewhere(below, private)
    assert one.publish(NOW + 3 * DAY).memory == "kept"
    assert not list(one.articles.root.glob("*.replaced"))
    assert entries(one) == before


def test_neither_of_two_memories_is_deleted(below: Published) -> None:
    """A machine with the old settings has published since the state was moved."""
    moved = elsewhere(below, f"private-{below.prefix}")
    moved.publish(NOW + 2 * DAY)
    other = fresh(below, (NOW + 2 * DAY).timestamp(), f"{below.prefix}-other")
    other.articles.write("own.md", article("own"))
    other.publish(NOW + 2 * DAY)
    for name in other.objects.list_keys():
        if name.startswith(".feeds-state/"):
            below.objects.put(name, body(other.objects, name))
    before = below.objects.list_keys()
    with pytest.raises(StoreError, match=r" and .* hold a memory each, and they differ"):
        moved.publish(NOW + 3 * DAY)
    assert below.objects.list_keys() == before


def test_interrupted_move_of_the_state_is_finished(
    below: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, private = below.there(), f"private-{below.prefix}"
    really, deleted = ObjectStore.delete, list[str]()

    def dies(self: ObjectStore, key: str) -> None:
        if deleted:
            raise KeyboardInterrupt
        deleted.append(key)
        really(self, key)

    moved = elsewhere(below, private)
    with monkeypatch.context() as patch:
        patch.setattr(ObjectStore, "delete", dies)
        with pytest.raises(KeyboardInterrupt):
            moved.publish(NOW + 2 * DAY)
    assert deleted
    assert moved.publish(NOW + 2 * DAY).memory == "kept"
    assert below.objects.list_keys() == sorted([".feeds-state/lock.json", *raw])
    runner = elsewhere(fresh(below, (NOW + 2 * DAY).timestamp()), private)
    assert runner.publish(NOW + 3 * DAY).upload.written == ()


def test_dry_run_reads_the_record_before_it_is_moved(below: Published) -> None:
    moved = elsewhere(below, f"private-{below.prefix}")
    done = moved.run("upload", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "write " not in done.stdout
    assert below.record.files


def test_feeds_without_a_record_stop_the_publish(below: Published) -> None:
    """`upload.state` was changed from one location to another, so nothing refers to the first."""
    below = elsewhere(below, f"one-{below.prefix}")
    below.publish(NOW + DAY)
    before, two = below.there(), f"two-{below.prefix}"
    runner = elsewhere(fresh(below, (NOW + 2 * DAY).timestamp()), two)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"has feeds \(all; .*, move its files to") as caught:
            runner.publish(NOW + 2 * DAY)
        assert "--" not in str(caught.value)
    assert below.store.objects(two).list_keys() == ["lock.json"]  # no foreign memory
    one = elsewhere(below, two)
    with pytest.raises(StoreError, match=r"or pass --overwrite if they were made from this cata"):
        one.publish(NOW + 3 * DAY)
    assert one.publish(NOW + 3 * DAY, overwrite=True).memory == "none"
    assert below.there() == before
    assert runner.publish(NOW + 4 * DAY).memory == "taken up"
    assert below.there() == before


def test_catalogue_published_elsewhere_is_kept_as_a_file(below: Published) -> None:
    """The replaced catalogue is stored nowhere else."""
    two = elsewhere(below, f"two-{below.prefix}")
    other = fresh(below, (NOW + 2 * DAY).timestamp())
    other.articles.write("other.md", article("other"))
    elsewhere(other, f"two-{below.prefix}").publish(NOW + 2 * DAY)
    below.articles.build(NOW + 2 * DAY)
    assert two.publish(NOW + 3 * DAY).memory == "taken up"
    assert list(below.articles.root.glob("*.replaced"))


def test_deleted_memory_is_not_restored_later(first: Published) -> None:
    without = Published(
        first.root, first.store, first.prefix, articles={}, upload={"memory": False}
    )
    without.publish(NOW + 2 * DAY)
    assert first.record.catalogue is None
    assert [name for name in first.state.list_keys() if "catalogue-" in name] == []
    before = first.there()
    runner = fresh(first, (NOW + 2 * DAY).timestamp())
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
    runner = fresh(first, (NOW + 2 * DAY).timestamp())
    without = Published(
        runner.root, first.store, first.prefix, articles={}, upload={"memory": False}
    )
    with pytest.raises(StoreError, match="entries would be new to all subscribers"):
        without.publish(NOW + 2 * DAY)


def test_folder_contains_its_own_state(tmp_path: Path) -> None:
    """A folder that is deployed by other means, such as a branch for GitHub Pages."""
    nginx = {"export": {"for": "nginx"}}
    site = Publication(tmp_path / "a", {"u.md": article("u", publishedDateTime=None)}, **nginx)
    out = tmp_path / "an öut 50%"
    publish(site.site, out, NOW, silent)
    before = json.loads((out / "all.json").read_bytes())
    shutil.copytree(out, tmp_path / "carried")
    other = Publication(tmp_path / "b", {"u.md": article("u", publishedDateTime=None)}, **nginx)
    other.write("new.md", front_matter(title="new", webUrl="https://example.org/new"))
    os.utime(other.file("u.md"), (NOW.timestamp(), NOW.timestamp()))
    report = publish(other.site, tmp_path / "carried", NOW + DAY, silent)
    assert report.memory == "taken up"
    assert "all.json" in report.upload.written
    assert "feed.css" not in report.upload.written
    after = json.loads((tmp_path / "carried/all.json").read_bytes())
    assert [item for item in after["items"] if item["title"] == "u"] == before["items"]
    again = publish(other.site, tmp_path / "carried", NOW + DAY, silent).upload
    assert again.written == again.deleted == ()
    assert again.unchanged == 14


@pytest.mark.parametrize("host", ["plain", "netlify", "cloudflare-pages", "github-pages", "s3"])
def test_scheduled_articles_are_not_stored_in_public(tmp_path: Path, host: str) -> None:
    site = Publication(
        tmp_path / "site",
        {"a.md": article("a"), "c.md": article("c", publishedDateTime="2999-01-01")},
        export={"for": host},
    )
    out = tmp_path / "out"
    report = publish(site.site, out, NOW, silent)
    assert report.memory == "none"
    assert any("set export.state to a private folder" in note for note in report.export.said)
    assert not list(out.glob("**/catalogue-*"))


def test_memory_of_a_folder_may_be_in_another_folder(tmp_path: Path) -> None:
    out, undated = tmp_path / "out", {"u.md": article("u", publishedDateTime=None)}
    state = {"export": {"state": "../private"}}
    site = Publication(tmp_path / "a", undated, **state)
    publish(site.site, out, NOW, silent)
    before = (out / "all.json").read_bytes()
    assert list((tmp_path / "private").glob("catalogue-*"))
    assert not (out / ".feeds-state").exists()
    other = Publication(tmp_path / "b", undated, **state)
    assert publish(other.site, out, NOW + DAY, silent).memory == "taken up"
    assert (out / "all.json").read_bytes() == before


def test_public_memory_is_moved_to_a_private_folder(tmp_path: Path) -> None:
    out, articles = tmp_path / "out", {"a.md": article("a", publishedDateTime=None)}
    site = Publication(tmp_path / "site", articles, export={"for": "nginx"})
    publish(site.site, out, NOW, silent)
    before = (out / "all.json").read_bytes()
    site = Publication(tmp_path / "site", articles)
    with pytest.raises(StoreError, match=r"set export\.state in site\.yaml to a private folder"):
        publish(site.site, out, NOW, silent)
    other = Publication(tmp_path / "other", articles, export={"state": "../private"})
    assert publish(other.site, out, NOW + DAY, silent).memory == "taken up"
    assert (out / "all.json").read_bytes() == before
    assert {file.name for file in (out / ".feeds-state").iterdir()} == {"lock"}


def test_folder_with_unrecorded_feeds_is_left_alone(tmp_path: Path) -> None:
    out, articles = tmp_path / "out", {"a.md": article("a", publishedDateTime=None)}
    state = {"export": {"state": "../private"}}
    site = Publication(tmp_path / "site", articles)
    site.build()
    site.export(out)
    before = (out / "all.json").read_bytes()
    other = Publication(tmp_path / "other", articles, **state)
    with pytest.raises(StoreError, match=r"private has no record of them"):
        publish(other.site, out, NOW + DAY, silent)
    assert (out / "all.json").read_bytes() == before
    own = Publication(tmp_path / "site", {}, **state)  # as on the machine that exported them
    publish(own.site, out, NOW + DAY, silent)
    assert (out / "all.json").read_bytes() == before


@pytest.mark.parametrize(
    ("host", "state", "hidden"),
    [
        ("netlify", "out/state", False), ("netlify", "out/.feeds-memory", False),
        ("nginx", "out/state", False), ("nginx", "out", False), ("plain", "out", False),
        ("caddy", "out/.feeds-memory/a", True), ("netlify", "outside", True),
    ],
)  # fmt: skip
def test_memory_is_not_saved_in_public(
    tmp_path: Path, host: str, state: str, *, hidden: bool
) -> None:
    export = {"for": host, "state": f"../{state}"}
    site = Publication(tmp_path / "site", {"a.md": article("a")}, export=export)
    if hidden:
        publish(site.site, tmp_path / "out", NOW, silent)
        assert list((tmp_path / state).glob("catalogue-*"))
        return
    with pytest.raises(
        StoreError, match=r"\(export\.state\) is inside .*out, where anyone can read"
    ):
        publish(site.site, tmp_path / "out", NOW, silent)
    assert not (tmp_path / "out").exists()


def test_copy_contains_everything_but_fragments(tmp_path: Path) -> None:
    site = Publication(tmp_path / "a", {"a.md": article("a")})
    site.build()
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        backup.backup(catalogue, tmp_path / "copy", ("a", "its-id", 1))
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        tables = {
            name: copy.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("entry", "file", "membership", "feed", "fragment")
        }
        id_ = copy.execute("SELECT value FROM meta WHERE key = 'published:a'").fetchone()
    assert tables == {"entry": 1, "file": 1, "membership": 1, "feed": 2, "fragment": 0}
    assert id_ == ("its-id 1",)


def test_restore_is_atomic_for_readers(
    tmp_path: Path,
) -> None:
    one = Publication(tmp_path / "a", {"a.md": article("a")})
    two = Publication(tmp_path / "b", {"b.md": article("b"), "c.md": article("c")})
    one.build()
    two.build()
    with closing(Catalogue(two.site.catalogue)) as catalogue:
        backup.backup(catalogue, tmp_path / "copy")
    with closing(Catalogue(one.site.catalogue)) as catalogue:
        stamp = catalogue.change_token()
        with catalogue.read() as reader:
            assert reader.entries.count() == 1
            backup.restore(catalogue, tmp_path / "copy")
            assert reader.entries.count() == 1
        assert catalogue.change_token() != stamp
    assert one.titles() == ["b", "c"]


def test_restore_marks_every_feed_and_archive_as_changed(tmp_path: Path) -> None:
    """Otherwise a server that compares revisions would go on serving old documents."""
    one = Publication(tmp_path / "a", {"a.md": article("a")})
    two = Publication(tmp_path / "b", {"b.md": article("b")})
    for name in "cde":
        one.build()
        one.write(f"{name}.md", article(name))
    one.build()
    two.build()
    with closing(Catalogue(two.site.catalogue)) as catalogue:
        backup.backup(catalogue, tmp_path / "copy")
    with closing(Catalogue(one.site.catalogue)) as catalogue:
        with catalogue.read() as reader:
            before = reader.meta.revision()
        assert backup.restore(catalogue, tmp_path / "copy") == before + 1
        with catalogue.read() as reader:
            assert reader.meta.revision() == reader.meta.feeds_revision() == before + 1
            assert set(reader.feeds.changed_since(before)) == set(reader.feeds.states())


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
    other = fresh(first, (NOW + 2 * DAY).timestamp())
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
    runner = fresh(first, (NOW + 2 * DAY).timestamp())
    with pytest.raises(StoreError, match=r"told\.json is damaged"):
        runner.publish(NOW + 2 * DAY)
    with pytest.raises(StoreError, match=r"told\.json is damaged"):
        runner.publish(NOW + 2 * DAY)


def test_documents_without_a_memory_stop_the_publish(tmp_path: Path, store: Store) -> None:
    site = Published(tmp_path / "a", store, upload={"memory": False})
    site.publish()
    before = site.there()
    runner = fresh(site, (NOW + DAY).timestamp())
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


def test_new_url_with_the_same_state_starts_without_files(tmp_path: Path, store: Store) -> None:
    state = "s3://bucket/private-of-two"
    site = Published(tmp_path / "a", store, upload={"state": state})
    site.publish()
    before = site.there()
    moved = Published(
        tmp_path / "b", store, upload={"state": state}, articles={"a.md": article("a")}
    )
    moved.articles.write("b.md", article("b", "Maps"))
    moved.publish()
    assert moved.there() == moved.exported()
    assert site.there() == before


def test_memory_moves_to_another_prefix(first: Published) -> None:
    """First the state is copied below the new URL, as docs/guides/object-storage.md says."""
    before, old = entries(first), first.there()
    at = (NOW + 2 * DAY).timestamp()
    runner = fresh(first, at, f"{first.prefix}-moved")
    for key in first.state.list_keys():
        runner.state.put(key, body(first.state, key))
    report = runner.publish(NOW + 2 * DAY)
    assert report.memory == "taken up"
    assert len(report.upload.written) == len(old)
    assert entries(runner) == before
    assert runner.there() == old
    assert first.there() == old  # the old prefix is left to be deleted by hand
    assert runner.publish(NOW + 2 * DAY).upload.written == ()


def test_memory_moves_from_a_folder_to_a_store_and_back(tmp_path: Path, store: Store) -> None:
    articles = {"u.md": article("u", publishedDateTime=None)}
    folder = Publication(tmp_path / "a", articles, export={"state": "../memory"})
    memory, out = tmp_path / "memory", tmp_path / "out"
    publish(folder.site, out, NOW, silent)
    before = json.loads((out / "all.json").read_bytes())["items"]
    there = Published(tmp_path / "b", store, articles={"u.md": articles["u.md"]})
    for name in ("published.json", *(file.name for file in memory.glob("catalogue-*"))):
        there.state.put(name, (memory / name).read_bytes())
    report = there.publish(NOW + DAY)
    assert report.memory == "taken up"
    assert there.there() == there.exported()
    assert there.items() == before
    again = Publication(tmp_path / "c", articles, export={"state": "../memory-c"})
    (tmp_path / "memory-c").mkdir()
    for key in there.state.list_keys():
        (tmp_path / "memory-c" / key).write_bytes(body(there.state, key))
    publish(again.site, tmp_path / "out-c", NOW + 2 * DAY, silent)
    assert json.loads((tmp_path / "out-c/all.json").read_bytes())["items"] == before


def test_invalid_copy_is_reported(tmp_path: Path) -> None:
    one = Publication(tmp_path / "a", {"a.md": article("a")})
    one.build()
    (tmp_path / "copy").write_bytes(b"not a database" * 100)
    with closing(Catalogue(one.site.catalogue)) as catalogue, pytest.raises(CatalogueError):
        backup.restore(catalogue, tmp_path / "copy")
    assert one.titles() == ["a"]
