"""`feeds publish` from end to end: upload, purge and ping, and its report."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from feeds.export.exporter import export
from feeds.util.progress import clock
from tests.support.commands import run
from tests.support.fake_hub import FakeCache, FakeHub, Reply
from tests.support.object_store import Fault, Faulty, Store
from tests.support.published_site import Published, article, feed_urls
from tests.support.site import Publication, front_matter

pytestmark = pytest.mark.xdist_group("s3")


@pytest.mark.rule("C10")
def test_upload_comes_before_purge_and_purge_before_ping(
    tmp_path: Path, store: Store, faulty: Faulty
) -> None:
    events: list[str] = []

    def record(method: str, path: str) -> Fault:
        if method == "PUT" and ".feeds-state" not in path:
            events.append("upload")
        return None

    def answer(_topic: str) -> Reply:
        events.append("ping")
        return 204, {}

    faulty.fault = record

    def purged(_path: str) -> int:
        events.append("purge")
        return 200

    with FakeHub().run() as hub, FakeCache().run() as cache:
        hub.answer, cache.answer = answer, purged
        site = Published(
            tmp_path,
            store,
            upload={"endpoint": faulty.endpoint},
            purge=cache.settings,
            hub=hub.url,
        )
        first = site.run("publish")
        assert first.returncode == 0, first.stderr
        assert "ping" not in events  # there are no subscribers yet
        site.articles.write("c.md", article("c", "Maps"))
        events.clear()
        done = site.run("publish", "--json")
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert report.keys() == {"to", "memory", "build", "export", "upload", "purge", "ping"}
        assert list(dict.fromkeys(events)) == ["upload", "purge", "ping"]
        assert hub.take() == feed_urls("all", "topics/maps")


@pytest.mark.rule("W5")
def test_restored_machine_repeats_no_ping(tmp_path: Path, store: Store) -> None:
    with FakeHub().run() as hub:
        one = Published(tmp_path / "a", store, hub=hub.url)
        one.publish()
        one.articles.write("c.md", article("c", "Maps"))
        one.publish()
        assert len(hub.take()) == 6
        two = Published(tmp_path / "two", store, one.prefix, hub=hub.url, articles={})
        shutil.copytree(
            one.articles.root / "articles", two.articles.root / "articles", dirs_exist_ok=True
        )
        assert two.publish().memory == "taken up"
        assert hub.take() == []
        two.articles.write("d.md", article("d", "AI"))
        two.publish()
        assert hub.take() == feed_urls("all", "topics/ai")


@pytest.mark.rule("W7")
def test_failing_hub_does_not_fail_the_publish(tmp_path: Path, store: Store) -> None:
    with FakeHub().run() as hub:
        site = Published(tmp_path / "a", store, hub=hub.url)
        site.publish()
        hub.answer = lambda _: (500, {})
        site.articles.write("c.md", article("c", "Maps"))
        done = site.run("publish")
    assert done.returncode == 0
    assert "6 failed" in done.stdout
    assert site.there() == site.exported()


@pytest.mark.rule("C10")
def test_failed_purge_prevents_the_ping(tmp_path: Path, store: Store) -> None:
    """Otherwise the hub would fetch the old copy, and distribute it as the new one."""

    with FakeHub().run() as hub, FakeCache().run() as cache:
        site = Published(tmp_path / "a", store, hub=hub.url, purge=cache.settings)
        site.publish()
        site.articles.write("c.md", article("c", "Maps"))
        cache.answer = lambda _: 403
        assert site.run("publish").returncode == 3
        assert hub.take() == []
        cache.answer = lambda _: 200
        assert site.run("publish").returncode == 0
        assert len(hub.take()) == 6


def test_publish_reports_each_step(tmp_path: Path, store: Store) -> None:
    site = Published(tmp_path / "a", store)
    done = site.run("publish")
    assert done.stdout.splitlines() == [
        "2 articles, 2 read: 2 added, 0 changed, 0 withdrawn; 3 of 3 feeds changed",
        "exported: 17 files written, 0 removed, 0 unchanged",
        f"s3://bucket/{site.prefix}: 17 documents changed, 0 deleted, 0 unchanged",
    ]
    assert done.stderr == ""


def test_publish_reports_limitations_of_the_host_and_a_missing_memory(tmp_path: Path) -> None:
    site = Publication(
        tmp_path / "site",
        {"a.md": article("a")},
        export={"for": "netlify"},
        http={"canonical_host": True},
    )
    done = run("publish", str(tmp_path / "out"), "--config", str(site.root))
    assert "The memory is not kept, because anyone can read" in done.stdout
    assert "Redirect other host names to example.org" in done.stdout


def test_upload_needs_a_store(tmp_path: Path) -> None:
    site = Publication(tmp_path, {})
    result = run("upload", str(tmp_path / "out"), "--config", str(site.root))
    assert result.exit_code == 2
    assert "upload: is missing; name a store" in result.stderr


def test_purge_without_a_store_needs_the_folder(tmp_path: Path) -> None:
    site = Publication(tmp_path / "site", {})
    result = run("purge", "--config", str(site.root))
    assert result.exit_code == 2
    assert "give the DIR that feeds publish was given" in result.stderr
    assert run("purge", str(tmp_path / "out"), "--config", str(site.root)).exit_code == 0


def test_upload_refuses_a_folder_without_an_export(tmp_path: Path, store: Store) -> None:
    site = Published(tmp_path / "a", store)
    done = site.run("upload")
    assert done.returncode == 2
    assert "is not an export; create one with feeds export" in done.stderr


def test_only_write_notifies_nothing_and_only_tell_writes_nothing(tmp_path: Path) -> None:
    with FakeHub().run() as hub, FakeCache().run() as cache:
        site = Publication(
            tmp_path / "site", {"a.md": article("a")}, hub=hub.url, purge=cache.settings
        )
        out = tmp_path / "out"
        command = ("publish", str(out), "--config", str(site.root))
        assert run(*command).exit_code == 0
        site.write("b.md", article("b"))
        written = run(*command, "--only", "write", "--json")
        assert json.loads(written.stdout).keys() == {"to", "memory", "build", "export", "upload"}
        assert (cache.purged, hub.take()) == ([], [])
        titles = [item["title"] for item in json.loads((out / "all.json").read_bytes())["items"]]
        assert "b" in titles
        site.write("c.md", front_matter(title="c", topics=["Late"]))
        site.build(clock())  # by another process, such as `feeds watch`
        done = run(*command, "--only", "tell")
        assert done.exit_code == 0
        assert "purged at http" in done.stdout
        assert "/all.rss" in cache.purged
        assert hub.take() == feed_urls("all", "topics/ai")
        assert '"c"' not in (out / "all.json").read_text()
        assert run(*command).exit_code == 0
        assert hub.take() == feed_urls("all", "topics/late")


@pytest.mark.rule("S22")
def test_export_for_cloudfront_is_uploaded_with_its_variants(tmp_path: Path, store: Store) -> None:
    """The CloudFront Function routes readers to them."""
    site = Published(tmp_path / "a", store, export={"for": "s3"})
    site.publish()
    variants = {file.name for file in site.out.glob("*.br")}
    assert "all.rss.br" in variants
    assert variants <= set(site.names())
    assert site.there()["all.rss.br"] == (site.out / "all.rss.br").read_bytes()
    _, headers, _ = store.fetch(f"{site.prefix}/all.rss.br")
    assert headers["content-encoding"] == "br"
    assert site.publish().upload.written == ()
    gzip = Published(tmp_path / "b", store, export={"for": "s3"}, upload={"coding": "gzip"})
    done = gzip.run("publish")
    assert done.returncode == 2
    assert "remove upload.coding: gzip from" in done.stderr
    assert gzip.names() == []


@pytest.mark.parametrize(
    ("host", "file"),
    [
        ("apache", ".htaccess"), ("netlify", "_headers"), ("cloudflare-pages", "_redirects"),
        ("github-pages", ".nojekyll"), ("nginx", ".feeds-nginx.conf"),
    ],
)  # fmt: skip
def test_files_for_a_web_server_are_not_uploaded(
    tmp_path: Path, store: Store, host: str, file: str
) -> None:
    site = Published(tmp_path / "a", store, export={"for": host, "codings": []})
    site.publish()
    assert (site.out / file).exists()
    exported = {file.name for file in site.out.glob("*.*") if not file.name.startswith(".")}
    assert {"404.html", "all.rss", "feed.xml"} & exported <= set(site.names())
    assert not {file, "_headers", "_redirects"} & set(site.names())


def test_concurrent_build_before_the_export_is_saved(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Published(tmp_path / "a", store)

    def late(*arguments: Any, **options: Any) -> Any:
        site.articles.write("late.md", article("late"))
        site.articles.build()
        return export(*arguments, **options)

    monkeypatch.setattr("feeds.publish.publisher.export", late)
    site.publish()
    with site.articles.read() as reader:
        revision = reader.meta.revision()
    assert "late" in [item["title"] for item in site.items()]
    saved = site.record.catalogue
    assert saved
    assert saved.revision == revision
