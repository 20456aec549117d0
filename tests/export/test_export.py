"""An export contains the documents of the server as files, and touches no others."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock
from flask.testing import FlaskClient

from feeds.config.settings import HostName
from feeds.errors import ExportError
from feeds.export import exporter, manifest
from feeds.export.hosts.registry import HOSTS
from feeds.export.writer import ExportWriter
from feeds.model.document import FORMATS
from feeds.render import feed_documents
from feeds.render.site import documents, groups
from feeds.serve.app import create_app
from tests.support.exported import SITE_FILES, feed_files, files, overwrite
from tests.support.site import NOW, Publication, front_matter


def serve(site: Publication) -> FlaskClient:
    """A client of the server for the current build."""
    return create_app(site.root, {}, watch=False).test_client()


@pytest.mark.parametrize("mount", ["/", "/news/"])
@pytest.mark.parametrize("host", HOSTS)
def test_every_file_equals_the_response_of_the_server(
    site: Publication, out: Path, host: HostName, mount: str
) -> None:
    """Body, headers, and the encoded bodies."""
    with (site.root / "site.yaml").open("a") as settings:
        settings.write(f"feeds_url: https://example.org{mount}\nhttp: {{cache_tags: Cache-Tag}}\n")
    site.build()
    site.export(out, host=host)
    client, recorded = serve(site), manifest.read(out).files
    with site.read() as reader:
        feeds = feed_documents.all_feeds(site.site, reader, NOW)
        states = reader.feeds.states()
        newest = feed_documents.newest_entries(feeds.values(), states, reader, NOW)
        makers = documents.site_documents(list(feeds.values()), states, site.site, newest)
    served = {
        *makers,
        *(f"{path}.{extension}" for path in feeds for extension in (*FORMATS, "html")),
    }
    assert served <= set(recorded)
    for name, file in recorded.items():
        body = (out / name).read_bytes()
        assert (file.sha256, file.size) == (hashlib.sha256(body).hexdigest(), len(body))
        plain = name.removesuffix(".gz").removesuffix(".br") if file.coding else name
        if plain not in served:
            continue  # a file for the host
        url = mount + ("" if plain == "index.html" else plain)
        accepted = {"Accept-Encoding": file.coding} if file.coding else {}
        answer = client.get(url, headers=accepted)
        assert (answer.status_code, answer.data) == (200, body), name
        assert answer.headers.get("Content-Encoding") == file.coding
        assert answer.headers["Content-Type"] == file.media_type
        assert answer.headers["Cache-Control"] == file.cache_control
        assert answer.headers.get("Cache-Tag", "") == ",".join(file.tags)
        is_feed = plain.endswith((".rss", ".atom", ".json"))
        assert bool(answer.last_modified) == is_feed
        if answer.last_modified:
            assert int((out / name).stat().st_mtime) == int(answer.last_modified.timestamp())


def test_manifest_of_the_first_version_is_read(site: Publication, out: Path) -> None:
    site.export(out)
    known = manifest.read(out)
    digests = {name: file.sha256 for name, file in known.files.items()}
    sizes = {name: file.size for name, file in known.files.items()}
    earlier = {"files": {**digests, "x": ""}, "sizes": sizes, "feeds": known.feeds}
    (out / manifest.NAME).write_text(json.dumps(earlier))
    (out / "x").write_text("of a removed feed")
    (out / "all.rss").write_text("changed by hand")
    report = site.export(out)
    assert report.written == ("all.rss",)
    assert report.removed == ("x",)
    assert manifest.read(out) == known


def test_next_due_date_is_reported(site: Publication, out: Path) -> None:
    assert site.export(out).due is None
    due = datetime(2024, 6, 16, 8, tzinfo=UTC)
    site.write("c.md", front_matter(title="c", publishedDateTime=due.isoformat()))
    site.build()
    assert site.export(out).due == due
    assert site.export(out, due).due is None


@pytest.mark.parametrize(
    "setting", ["cache_tags: Cache-Tag", "canonical_host: true", "delta: true"]
)
def test_settings_without_effect_on_static_hosts_are_reported(
    site: Publication, out: Path, setting: str
) -> None:
    assert site.export(out).notes == ()
    with (site.root / "site.yaml").open("a") as file:
        file.write(f"http: {{{setting}}}\n")
    assert len(site.export(out).notes) == 1


def test_files_contain_the_rendered_documents(site: Publication, out: Path) -> None:
    report = site.export(out)
    with site.read() as reader:
        feeds = feed_documents.all_feeds(site.site, reader, NOW)
        by_folder = groups.group_by_folder(feeds.values())
        for path, feed in feeds.items():
            fetched = feed_documents.render_feed(feed, site.site, reader, NOW)
            for format_ in FORMATS:
                assert (out / f"{path}.{format_}").read_bytes() == fetched[format_].body
            neighbours = groups.neighbours(feed, by_folder, site.site)
            page = feed_documents.render_page(feed, site.site, reader, NOW, neighbours)
            assert (out / f"{path}.html").read_bytes() == page.body
        states = reader.feeds.states()
        newest = feed_documents.newest_entries(feeds.values(), states, reader, NOW)
        makers = documents.site_documents(list(feeds.values()), states, site.site, newest)
        for name, make in makers.items():
            assert (out / name).read_bytes() == make().body
    assert set(makers) == SITE_FILES | {"topics/feeds.opml"}
    assert files(out) == feed_files(*feeds) | set(makers) == set(report.written)


@pytest.mark.parametrize("damage", ["", "{", '{"files": 3}', '{"files": {"../site/a": ""}}'])
def test_export_without_manifest_compares_the_bytes(
    site: Publication, out: Path, damage: str
) -> None:
    site.export(out)
    (out / ".feeds-export.json").write_text(damage)
    assert site.export(out).written == ()
    (out / ".feeds-export.json").write_text(damage)
    (out / "all.rss").write_text("damaged")
    with pytest.raises(ExportError, match=r"all\.rss exists, .* --overwrite"):
        site.export(out)
    assert overwrite(site, out).written == ("all.rss",)
    assert (out / "all.rss").read_bytes() == site.fetch()["rss"].body


@pytest.mark.parametrize("name", ["index.html", "topics/ai.json"])
def test_foreign_file_is_overwritten_only_with_overwrite(
    site: Publication, out: Path, name: str
) -> None:
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("mine")
    for _ in range(2):
        with pytest.raises(ExportError, match=f"{name} exists, and no export wrote it"):
            site.export(out)
        assert (out / name).read_text() == "mine"
    assert name in overwrite(site, out).written
    assert (out / name).read_text() != "mine"


def test_interrupted_export_is_continued(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ExportWriter, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            site.export(out)
    site.write("a.md", front_matter(title="a2"))
    site.build()
    assert "all.rss" in site.export(out).written
    assert (out / "all.rss").read_bytes() == site.fetch()["rss"].body


def test_wait_for_another_export_is_limited(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter, "_PATIENCE", 0.1)
    out.mkdir()
    with (
        FileLock(out / exporter.LOCK),
        pytest.raises(ExportError, match=r"another export .* is running"),
    ):
        site.export(out)


def test_files_of_removed_feeds_are_deleted_and_foreign_files_stay(
    site: Publication, out: Path
) -> None:
    site.export(out)
    (out / "CNAME").write_text("example.org")
    (out / "topics/mine.txt").write_text("mine")
    (out / "notes").mkdir()
    site = Publication(site.root, {}, {"feeds": [{"path": "all"}]})
    site.build()
    report = site.export(out)
    assert {name.partition("/")[0] for name in report.removed} == {"topics"}
    assert len(report.removed) == 3 * 4 + 1
    assert files(out) == feed_files("all") | SITE_FILES | {"CNAME", "topics/mine.txt"}
    assert (out / "notes").is_dir()
    (out / "topics/mine.txt").unlink()


def test_empty_folders_are_removed(site: Publication, out: Path) -> None:
    site.export(out)
    site = Publication(site.root, {}, {"feeds": [{"path": "all"}]})
    site.build()
    site.export(out)
    assert not (out / "topics").exists()


def test_article_folder_is_rejected_as_target(site: Publication, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(site.file("."))
    for target in (site.file("."), site.file("sub/folder"), tmp_path / "link"):
        with pytest.raises(ExportError, match="is in the article folder"):
            site.export(target)
    assert {file.name for file in site.file(".").iterdir()} == {"a.md", "b.md"}


def test_unwritable_target_is_an_error(site: Publication, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(ExportError, match="is not a folder"):
        site.export(tmp_path / "file")
    with pytest.raises(ExportError, match="cannot write"):
        site.export(tmp_path / "file" / "below")
    (tmp_path / "out" / "all.rss").mkdir(parents=True)
    with pytest.raises(ExportError, match=r"all\.rss"):
        site.export(tmp_path / "out")
