"""The memory is never stored where anyone can read it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from feeds.errors import StoreError
from feeds.publish.encryption import KEY
from feeds.util.progress import clock
from tests.support.fake_hub import Handler, serving
from tests.support.object_store import Store
from tests.support.published_site import Published, article
from tests.support.site import NOW

pytestmark = pytest.mark.xdist_group("s3")

ARTICLES = {
    "a.md": article("a", publishedDateTime=None),
    "secret.md": article("secret", publishedDateTime="2999-01-01T00:00:00Z"),
}


def public(root: Path, store: Store, prefix: str | None = None, **upload: Any) -> Published:
    """Return a site in a public bucket without a location for its memory."""
    first = Published(root, store, prefix, articles=ARTICLES)
    return Published(
        root,
        store,
        first.prefix,
        articles=ARTICLES,
        upload={"state": None, **upload},
        feeds_url=f"{store.endpoint}/bucket/{first.prefix}/",
    )


def below(site: Published) -> str:
    return f"s3://bucket/{site.prefix}/.feeds-state"


def test_default_stores_no_memory_among_the_feeds(tmp_path: Path, store: Store) -> None:
    site = public(tmp_path, store)
    done = site.run("publish")
    assert done.returncode == 0, done.stderr
    assert "The memory is not kept, because anyone can read s3://bucket/" in done.stdout
    assert "upload.state" in done.stdout
    there = {name for name in site.objects.list_keys() if name.startswith(".feeds-state/")}
    assert there == {".feeds-state/lock.json", ".feeds-state/published.json"}
    status, _, record = store.fetch(f"{site.prefix}/.feeds-state/published.json")
    assert (status, json.loads(record)["catalogue"]) == (200, None)
    assert site.publish(clock()).memory == "none"


def test_machine_without_a_catalogue_stops_and_names_the_setting(
    tmp_path: Path, store: Store
) -> None:
    """Such as CI, after the very first publish."""
    site = public(tmp_path / "a", store)
    site.publish()
    before = site.there()
    runner = public(tmp_path / "b", store, site.prefix)
    done = runner.run("publish")
    assert done.returncode == 2
    assert "entries would be new to all subscribers" in done.stderr
    assert "set upload.state in site.yaml to a private location" in done.stderr
    assert site.there() == before


def test_rebuilt_catalogue_is_not_accepted_as_the_published_one(
    tmp_path: Path, store: Store
) -> None:
    """As in CI that runs `feeds build` first."""
    site = public(tmp_path / "a", store)
    site.publish()
    before = site.there()
    runner = public(tmp_path / "b", store, site.prefix)
    runner.articles.build()
    with pytest.raises(StoreError, match=r"was published from another catalogue: .*"):
        runner.publish()
    assert site.there() == before
    site.publish()
    runner.publish(overwrite=True)
    runner.publish()


def test_killed_first_upload_is_not_continued_from_another_catalogue(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = public(tmp_path / "a", store)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("feeds.publish.upload._Uploader._write_record", dies)
        with pytest.raises(KeyboardInterrupt):
            site.publish()
    assert site.names()
    runner = public(tmp_path / "b", store, site.prefix)
    with pytest.raises(StoreError, match="entries would be new to all subscribers"):
        runner.publish()
    site.publish()


def test_existing_public_memory_stops_the_publish_until_it_has_a_location(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier versions stored it there; it is deleted only after it is stored elsewhere."""
    site = public(tmp_path / "a", store)
    old = Published(tmp_path / "a", store, site.prefix, articles={}, upload={"state": below(site)})
    with monkeypatch.context() as patch:
        patch.setattr("feeds.publish.exposure.check", lambda *_: None)
        old.publish()
    before = old.items()
    for root in (tmp_path / "a", tmp_path / "b"):
        again = public(root, store, site.prefix)
        with pytest.raises(StoreError, match=r"Set upload\.state in site\.yaml to a private"):
            again.publish()
    assert old.record.catalogue
    runner = Published(tmp_path / "c", store, site.prefix, articles=ARTICLES)
    assert runner.publish().memory == "taken up"
    assert old.items() == before
    assert not [name for name in site.objects.list_keys() if "catalogue-" in name]
    shutil.rmtree(tmp_path / "c")


def test_readable_memory_stops_the_publish(tmp_path: Path, store: Store) -> None:
    site = public(tmp_path, store)
    site = public(tmp_path, store, site.prefix, state=below(site))
    for _ in range(2):
        done = site.run("publish")
        assert done.returncode == 2
        assert f"anyone can read {store.endpoint}/bucket/{site.prefix}/.feeds-state/" in done.stderr
        assert site.names() == []
        assert not [name for name in site.objects.list_keys() if "catalogue-" in name]


def test_readable_memory_next_to_the_feeds_stops_the_publish(tmp_path: Path, store: Store) -> None:
    site = public(tmp_path, store)
    site = public(tmp_path, store, site.prefix, state=f"s3://bucket/beside-{site.prefix}")
    with pytest.raises(StoreError, match=f"anyone can read .*/bucket/beside-{site.prefix}/"):
        site.publish()


@pytest.mark.parametrize("status", [403, 404, 200])
def test_hidden_memory_below_the_feeds_is_kept(tmp_path: Path, store: Store, status: int) -> None:
    """A host may also answer every request with 200 and a page."""
    asked: list[str] = []

    class Host(Handler):
        def do_GET(self) -> None:  # noqa: N802
            asked.append(self.path)
            self.reply(status, b"<!doctype html><title>Nothing here</title>")

    with serving(Host) as port:
        site = Published(
            tmp_path,
            store,
            f"hidden-{status}",
            articles=ARTICLES,
            upload={"state": f"s3://bucket/hidden-{status}/.feeds-state"},
            feeds_url=f"http://127.0.0.1:{port}/",
        )
        assert site.publish().memory == "none"
    saved = site.record.catalogue
    assert saved
    assert [path.startswith("/.feeds-state/catalogue-probe-") for path in asked] == [True]
    assert not [name for name in site.objects.list_keys() if "probe" in name]
    report = site.publish()  # the host is unreachable now
    assert any("Could not check" in note for note in report.export.notes)


def test_hidden_record_does_not_hide_the_copy(tmp_path: Path, store: Store) -> None:
    class Host(Handler):
        def do_GET(self) -> None:  # noqa: N802
            key = f"half{self.path}"
            status, _, document = store.fetch(key) if "catalogue-" in key else (404, {}, b"")
            self.reply(status, document)

    with serving(Host) as port:
        site = Published(
            tmp_path,
            store,
            "half",
            articles=ARTICLES,
            upload={"state": "s3://bucket/half/.feeds-state"},
            feeds_url=f"http://127.0.0.1:{port}/",
        )
        with pytest.raises(StoreError, match=r"anyone can read .*/\.feeds-state/"):
            site.publish()


def test_encrypted_memory_may_be_public(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only machines with the key can decrypt it."""
    monkeypatch.setenv(KEY, "A" * 43 + "=")
    site = public(tmp_path / "a", store)
    site = public(tmp_path / "a", store, site.prefix, state=below(site))
    site.publish()
    saved = site.record.catalogue
    assert saved
    status, _, document = store.fetch(f"{site.prefix}/.feeds-state/{saved.key}")
    assert status == 200
    assert document.startswith(b"feeds-sealed-1\n")
    before = site.there()
    runner = public(tmp_path / "b", store, site.prefix, state=below(site))
    assert runner.publish(NOW).memory == "taken up"
    assert site.there() == before
