"""Uploads to a real store: headers of objects, their order, and only changed ones."""

import gzip
import json
import time
from pathlib import Path

import pytest

from feeds.errors import BusyError, GuardError, StoreError, UnfinishedError
from feeds.publish import object_store
from feeds.publish.lease import Lease
from feeds.publish.upload_plan import UPLOAD_ORDER
from tests.support.object_store import Fault, Faulty, Store
from tests.support.published_site import Published, article, state_of

pytestmark = pytest.mark.xdist_group("s3")


@pytest.fixture
def site(tmp_path: Path, store: Store) -> Published:
    return Published(tmp_path, store)


def through(tmp_path: Path, store: Store, faulty: Faulty, **upload: object) -> Published:
    return Published(tmp_path, store, upload={"endpoint": faulty.endpoint, **upload})


def test_store_holds_the_export(site: Published) -> None:
    report = site.publish()
    assert site.there() == site.exported()
    assert sorted(report.upload.written) == site.names()
    assert site.record.files.keys() == set(site.names())


@pytest.mark.rule("S20")
@pytest.mark.parametrize(
    ("key", "media_type"),
    [
        ("all.rss", "application/rss+xml; charset=utf-8"),
        ("all.atom", "application/atom+xml; charset=utf-8"),
        ("topics/ai.json", "application/feed+json; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("feed.css", "text/css; charset=utf-8"),
    ],
)
def test_object_has_its_media_type_and_cache_control(
    site: Published, key: str, media_type: str
) -> None:
    site.publish()
    _, headers, _ = site.store.fetch(f"{site.prefix}/{key}")
    assert headers["content-type"] == media_type
    assert headers["cache-control"].startswith("public, max-age=")
    assert "content-encoding" not in headers


@pytest.mark.rule("S22")
def test_gzip_objects_have_a_content_encoding(tmp_path: Path, store: Store) -> None:
    site = Published(tmp_path, store, upload={"coding": "gzip"})
    site.publish()
    _, headers, document = store.fetch(f"{site.prefix}/all.rss")
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(document) == (site.out / "all.rss").read_bytes()
    assert site.publish().upload.written == ()


@pytest.mark.rule("S22")
def test_changed_coding_uploads_every_object(tmp_path: Path, store: Store) -> None:
    first = Published(tmp_path, store)
    first.publish()
    again = Published(tmp_path, store, first.prefix, upload={"coding": "gzip"})
    assert len(again.publish().upload.written) == len(first.names())


@pytest.mark.rule("C7")
def test_cache_tags_are_stored_with_the_object(tmp_path: Path, store: Store) -> None:
    site = Published(tmp_path, store, http={"cache_tags": "Surrogate-Key"})
    site.publish()
    _, headers, _ = store.fetch(f"{site.prefix}/topics/ai.rss")
    tags = headers["x-amz-meta-surrogate-key"].split()
    assert tags[:3] == ["all", "feed:topics/ai", "topic:ai"]


@pytest.mark.rule("S24")
def test_only_changed_objects_are_written(tmp_path: Path, store: Store, faulty: Faulty) -> None:
    site = through(tmp_path, store, faulty)
    site.publish()
    site.articles.write("c.md", article("c", "Maps"))
    faulty.asked.clear()
    report = site.publish()
    written = {write.removeprefix("PUT ") for write in faulty.writes()}
    documents = {write for write in written if ".feeds-state/" not in write}
    assert documents == set(report.upload.written)
    assert {"topics/maps.rss", "all.rss", "topics/maps.html"} <= documents
    assert not {write for write in documents if write.startswith("topics/ai.")}
    assert "feed.css" not in documents


@pytest.mark.rule("S24")
def test_assets_come_first_and_deletions_last(tmp_path: Path, store: Store, faulty: Faulty) -> None:
    site = through(tmp_path, store, faulty)
    site.publish()
    before = {f"PUT {key}": file.kind for key, file in site.record.files.items()}
    order = [UPLOAD_ORDER.index(before[write]) for write in faulty.writes() if write in before]
    assert order == sorted(order)
    assert len(set(order)) == 4
    (site.articles.root / "feeds.yaml").write_text("feeds: [{path: all}, {path: new}]")
    site.articles.write("c.md", article("c", "AI"))
    faulty.asked.clear()
    site.publish()
    writes = [write for write in faulty.writes() if ".feeds-state/lock.json" not in write]
    assert writes[0].startswith(
        "PUT .feeds-state/catalogue-"
    )  # the memory is saved before readers see new ids
    places = [writes.index(f"PUT {key}") for key in ("new.rss", "new.html", "index.html")]
    assert places == sorted(places)
    deleted = [write for write in writes if write.startswith("DELETE topics/")]
    first = writes.index(deleted[0])
    assert writes[first : first + len(deleted)] == sorted(deleted, key=writes.index)
    assert {write for write in writes[first:] if write.startswith("PUT")} == {
        "PUT .feeds-state/published.json"
    }


def test_second_run_does_nothing(tmp_path: Path, store: Store, faulty: Faulty) -> None:
    site = through(tmp_path, store, faulty)
    site.publish()
    faulty.asked.clear()
    report = site.publish()
    assert report.upload.written == report.upload.deleted == ()
    assert {write.rpartition("/")[2] for write in faulty.writes()} == {"lock.json"}


def test_foreign_objects_are_neither_overwritten_nor_deleted(site: Published) -> None:
    site.objects.put("index.html", b"mine")
    site.objects.put("photos/1.jpg", b"mine")
    with pytest.raises(StoreError, match=r"/index\.html exists and no upload wrote it"):
        site.publish()
    assert site.there() == {"index.html": b"mine", "photos/1.jpg": b"mine"}
    with pytest.raises(StoreError, match=r"pass --overwrite"):
        site.publish(force=True)  # only overrides the guard
    site.publish(overwrite=True)
    assert site.there() == {**site.exported(), "photos/1.jpg": b"mine"}


def test_first_upload_purges_only_existing_objects(tmp_path: Path, store: Store) -> None:
    site = Published(tmp_path, store)
    site.objects.put("index.html", b"of another program")
    assert site.run("export").returncode == 0
    assert site.run("upload", "--overwrite").returncode == 0
    assert site.record.purge == {"index.html": ""}


def test_changed_destination_purges_everything_from_the_old_one(
    tmp_path: Path, store: Store
) -> None:
    one = Published(tmp_path, store)
    one.publish()
    state = {"state": state_of(one.prefix)}
    two = Published(tmp_path, store, upload=state)
    assert two.run("export").returncode == 0
    assert two.run("upload").returncode == 0
    assert one.there() == two.there()
    assert one.record.purge.keys() == set(two.names())


def test_guard_stops_an_upload_that_deletes_too_much(tmp_path: Path, store: Store) -> None:
    topics = [f"Topic {number}" for number in range(10)]
    site = Published(tmp_path, store, articles={"a.md": article("a", *topics)})
    site.publish()
    before = site.there()
    (site.articles.root / "feeds.yaml").write_text("feeds: [{path: all}]")
    with pytest.raises(GuardError, match=r"would delete 41 of the 49 published documents.*--force"):
        site.publish()
    assert site.there() == before
    with pytest.raises(GuardError):
        site.publish(overwrite=True)
    site.publish(force=True)
    assert site.there() == site.exported()


def test_dry_run_prints_the_plan_and_writes_nothing(
    tmp_path: Path, store: Store, faulty: Faulty
) -> None:
    site = through(tmp_path, store, faulty)
    site.publish()
    site.articles.write("c.md", article("c", "Maps"))
    exported = site.run("export")
    assert exported.returncode == 0, exported.stderr
    faulty.asked.clear()
    done = site.run("upload", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "write all.rss (content, " in done.stdout
    assert "Content-Type: application/rss+xml; charset=utf-8; Cache-Control: public" in done.stdout
    assert "nothing was done" in done.stdout
    assert faulty.writes() == []
    uploads = json.loads(site.run("upload", "--dry-run", "--json").stdout)["uploads"]
    assert {"path", "file", "why"} == uploads[0].keys()


def test_upload_leaves_the_purge_to_the_purge_command(tmp_path: Path, store: Store) -> None:
    site = Published(tmp_path, store)
    assert site.run("export").returncode == 0
    done = site.run("upload")
    assert done.returncode == 0, done.stderr
    assert site.there() == site.exported()
    assert site.record.purge == {}  # nothing was there before
    site.articles.write("c.md", article("c", "Maps"))
    assert site.run("export").returncode == 0
    assert site.run("upload").returncode == 0
    assert {"all.rss", "topics/maps.json"} <= site.record.purge.keys()
    assert "topics/ai.rss" not in site.record.purge
    assert site.run("purge").returncode == 0
    assert site.record.purge == {}


def test_file_changed_since_the_export_is_not_uploaded(site: Published) -> None:
    assert site.run("export").returncode == 0
    (site.out / "all.rss").write_text("cut of")
    done = site.run("upload")
    assert done.returncode == 3
    assert "all.rss has changed since the export; export again" in done.stderr
    assert "all.rss" not in site.names()


def test_parallel_limits_concurrent_requests(tmp_path: Path, store: Store, faulty: Faulty) -> None:
    site = through(tmp_path, store, faulty, parallel=3)
    faulty.fault = lambda method, path: (
        0.1 if method == "PUT" and ".feeds-state" not in path else None
    )
    site.publish()
    assert 2 <= faulty.most <= 3 + 1  # one more for renewing the lock
    assert site.there() == site.exported()


def test_overloaded_store_is_retried(tmp_path: Path, store: Store, faulty: Faulty) -> None:
    site = through(tmp_path, store, faulty)
    failed: set[tuple[str, str]] = set()

    def fault(method: str, path: str) -> Fault:
        if (method, path) in failed:
            return None
        failed.add((method, path))
        return 503

    faulty.fault = fault
    site.publish()
    assert site.there() == site.exported()
    assert len(failed) > len(site.names())


def test_broken_connections_are_retried(tmp_path: Path, store: Store, faulty: Faulty) -> None:
    site = through(tmp_path, store, faulty)
    asked: list[str] = []

    def fault(_method: str, path: str) -> Fault:
        asked.append(path)
        return ("drop" if len(asked) % 5 == 0 else "lose") if len(asked) % 4 == 0 else None

    faulty.fault = fault
    site.publish()
    assert site.there() == site.exported()


def test_objects_written_before_a_failure_are_not_written_again(
    tmp_path: Path, store: Store, faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "_RETRY_SECONDS", 1)
    site = through(tmp_path, store, faulty, parallel=1)
    faulty.fault = lambda method, path: 403 if method == "PUT" and "/all.rss" in path else None
    with pytest.raises(UnfinishedError, match=r"(?s)cannot write .*/all\.rss: .*run the same"):
        site.publish()
    assert {"feed.css", "all.atom", "all.json"} <= set(site.names())
    faulty.fault = lambda _method, _path: None
    faulty.asked.clear()
    report = site.publish()
    assert site.there() == site.exported()
    assert "all.rss" in report.upload.written
    assert not {"feed.css", "all.atom", "all.json"} & set(report.upload.written)
    assert site.record.open == ()


def test_wrong_credentials_are_reported(site: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StoreError, match="SignatureDoesNotMatch"):
        site.publish()


def test_disabled_lock_needs_no_conditional_writes(
    tmp_path: Path, store: Store, faulty: Faulty
) -> None:
    faulty.knows_no_conditions = True
    site = through(tmp_path, store, faulty, lock=False)
    site.publish()
    site.articles.write("c.md", article("c", "Maps"))
    site.publish()
    assert site.there() == site.exported()
    assert "lock.json" not in site.state.list_keys()


def test_second_publish_waits_for_the_first(site: Published) -> None:
    site.publish()
    with Lease(site.state, 0), pytest.raises(BusyError):
        site.publish(patience=0.5)
    start = time.monotonic()
    site.publish()
    assert time.monotonic() - start < 10
