"""The state of an upload moves to another location, with its memory."""

import json
from itertools import count
from pathlib import Path

import pytest

from feeds.errors import StoreError
from feeds.publish.object_store import ObjectStore
from feeds.util.progress import silent
from tests.support.fresh_machine import (
    ARTICLES,
    DAY,
    entries_by_title,
    fresh_machine,
    publish_history,
)
from tests.support.object_store import Store, body
from tests.support.published_site import Published, article, publish
from tests.support.site import NOW, Publication

pytestmark = pytest.mark.xdist_group("s3")

_NUMBERS = count()


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
    return publish_history(site)


def test_state_moves_to_its_new_location(below: Published) -> None:
    before, raw = entries_by_title(below), below.there()
    below.state.put("told.json", b'{"hub": [], "ping": []}')
    private = f"private-{below.prefix}"
    runner = elsewhere(fresh_machine(below, (NOW + 2 * DAY).timestamp()), private)
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
    assert entries_by_title(one) == before


def test_neither_of_two_memories_is_deleted(below: Published) -> None:
    """A machine with the old settings has published since the state was moved."""
    moved = elsewhere(below, f"private-{below.prefix}")
    moved.publish(NOW + 2 * DAY)
    other = fresh_machine(below, (NOW + 2 * DAY).timestamp(), f"{below.prefix}-other")
    other.articles.write("own.md", article("own"))
    other.publish(NOW + 2 * DAY)
    for name in other.objects.list_keys():
        if name.startswith(".feeds-state/"):
            below.objects.put(name, body(other.objects, name))
    before = below.objects.list_keys()
    with pytest.raises(StoreError, match=r" and .* each hold a memory, and the two differ"):
        moved.publish(NOW + 3 * DAY)
    assert below.objects.list_keys() == before


def test_interrupted_move_of_the_state_is_finished(
    below: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, private = below.there(), f"private-{below.prefix}"
    original, deleted = ObjectStore.delete, list[str]()

    def die(self: ObjectStore, key: str) -> None:
        if deleted:
            raise KeyboardInterrupt
        deleted.append(key)
        original(self, key)

    moved = elsewhere(below, private)
    with monkeypatch.context() as patch:
        patch.setattr(ObjectStore, "delete", die)
        with pytest.raises(KeyboardInterrupt):
            moved.publish(NOW + 2 * DAY)
    assert deleted
    assert moved.publish(NOW + 2 * DAY).memory == "kept"
    assert below.objects.list_keys() == sorted([".feeds-state/lock.json", *raw])
    runner = elsewhere(fresh_machine(below, (NOW + 2 * DAY).timestamp()), private)
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
    runner = elsewhere(fresh_machine(below, (NOW + 2 * DAY).timestamp()), two)
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
    other = fresh_machine(below, (NOW + 2 * DAY).timestamp())
    other.articles.write("other.md", article("other"))
    elsewhere(other, f"two-{below.prefix}").publish(NOW + 2 * DAY)
    below.articles.build(NOW + 2 * DAY)
    assert two.publish(NOW + 3 * DAY).memory == "taken up"
    assert list(below.articles.root.glob("*.replaced"))


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
    before, old = entries_by_title(first), first.there()
    at = (NOW + 2 * DAY).timestamp()
    runner = fresh_machine(first, at, f"{first.prefix}-moved")
    for key in first.state.list_keys():
        runner.state.put(key, body(first.state, key))
    report = runner.publish(NOW + 2 * DAY)
    assert report.memory == "taken up"
    assert len(report.upload.written) == len(old)
    assert entries_by_title(runner) == before
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
