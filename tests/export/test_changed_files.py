"""An export after a change writes the changed files only."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from feeds.export import fingerprint, manifest
from feeds.export.atomic_folder import mtime_ns, mtime_second
from feeds.export.exporter import ExportReport
from feeds.export.writer import ExportWriter
from feeds.model import document
from feeds.render import envelope, feed_documents
from tests.support.exported import feed_files, files
from tests.support.site import NOW, Publication, front_matter


def test_verify_finds_a_change_that_keeps_the_size(site: Publication, out: Path) -> None:
    site.export(out)
    whole = (out / "all.json").read_bytes()
    (out / "all.json").write_bytes(whole.replace(b"Example", b"exAmple"))
    assert site.export(out).written == ()
    assert site.export(out, verify=True).written == ("all.json",)
    assert (out / "all.json").read_bytes() == whole


def test_unchanged_export_does_not_read_the_feeds(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = site.export(out, host="cloudflare-pages")
    monkeypatch.setattr(feed_documents, "all_feeds", None)
    again = site.export(out, host="cloudflare-pages")
    assert again == ExportReport((), (), len(before.written), before.notes, before.due)


def _deleted(_: Publication, out: Path) -> None:
    (out / "topics" / "ai.atom").unlink()


def _cut(_: Publication, out: Path) -> None:
    (out / "index.html").write_bytes(b"")


def _retitled(site: Publication, _: Path) -> None:
    (site.root / "feeds.yaml").write_text("feeds: [{path: all, title: Other}]")
    site.build()


def _with_pictures(site: Publication, _: Path) -> None:
    settings = (site.root / "site.yaml").read_text()
    (site.root / "site.yaml").write_text(f"{settings}\npages: {{images: all}}\n")


def _edited(site: Publication, _: Path) -> None:
    site.write("b.md", front_matter(title="other"))
    site.build()


def _rebuilt(site: Publication, _: Path) -> None:
    (site.root / "catalogue.sqlite").unlink()
    site.write("b.md", front_matter(title="other"))
    site.build()


@pytest.mark.parametrize("change", [_deleted, _cut, _retitled, _with_pictures, _edited, _rebuilt])
def test_export_after_a_change_equals_a_new_one(
    site: Publication,
    out: Path,
    tmp_path: Path,
    change: Callable[[Publication, Path], None],
) -> None:
    site.export(out, host="netlify")
    before = {name: (out / name).read_bytes() for name in files(out)}
    change(site, out)
    site.export(out, host="netlify")
    site.export(tmp_path / "new", host="netlify")
    assert manifest.read(out) == manifest.read(tmp_path / "new")
    after = {name: (out / name).read_bytes() for name in files(out)}
    assert after == {
        name: (tmp_path / "new" / name).read_bytes() for name in files(tmp_path / "new")
    }
    if change in (_retitled, _edited, _rebuilt):
        assert after != before


def test_article_that_becomes_due_is_exported(site: Publication, out: Path) -> None:
    site.write("c.md", front_matter(title="c", publishedDateTime="2024-06-16T00:00:00Z"))
    site.build()
    site.export(out)
    later = datetime(2024, 6, 17, tzinfo=UTC)
    site.build(later)
    assert "all.rss" in site.export(out, now=later).written


def test_another_version_renders_everything_again(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.export(out)
    monkeypatch.setattr(fingerprint, "program_hash", lambda: ["other"])
    monkeypatch.setattr(envelope, "VERSION", "other")
    monkeypatch.setitem(document.MEDIA_TYPES, "rss", "text/xml")
    site.export(out)
    assert manifest.read(out).files["all.rss"].media_type.startswith("text/xml")


def test_unchanged_export_writes_nothing(site: Publication, out: Path) -> None:
    site.export(out, host="caddy")
    before = {file: file.stat().st_mtime_ns for file in out.rglob("*") if file.is_file()}
    assert site.export(out, host="caddy").written == ()
    del before[out / ".feeds-export.lock"]
    assert before == {file: file.stat().st_mtime_ns for file in before}


def test_reverted_edit_after_a_killed_export_is_exported(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The edit is reverted before the next export, so sizes and states are unchanged."""

    def killed(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    # Changed once before, so that the second change keeps the size.
    site.write("a.md", front_matter(title="w", topics=["AI", "C++ & <C#>"]))
    site.build()
    shutil.copy(site.root / "catalogue.sqlite", site.root / "before.sqlite")
    site.export(out)
    whole = {name: (out / name).read_bytes() for name in files(out)}
    site.write("a.md", front_matter(title="x", topics=["AI", "C++ & <C#>"]))
    site.build()
    with monkeypatch.context() as patched:
        patched.setattr(ExportWriter, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            site.export(out)
    changed = (out / "all.rss").read_bytes()
    assert changed != whole["all.rss"]
    assert len(changed) == len(whole["all.rss"])
    for file in site.root.glob("catalogue.sqlite*"):
        file.unlink()
    shutil.copy(site.root / "before.sqlite", site.root / "catalogue.sqlite")
    site.export(out)
    assert {name: (out / name).read_bytes() for name in files(out)} == whole


@pytest.mark.rule("S31", "H9")
@pytest.mark.parametrize("name", [".feeds-nginx.conf", "404.html", "pages.css"])
def test_new_folder_has_other_times_for_other_bytes(tmp_path: Path, name: str) -> None:
    """Tools such as rsync compare sizes and seconds, and CI starts with an empty folder."""
    results: list[tuple[int, int, bytes]] = []
    for title in ("one", "two", "one"):
        site = Publication(
            tmp_path / str(len(results)), {"a.md": front_matter()},
            title=title, hub=f"https://{title}.example/",
        )  # fmt: skip
        site.build()
        site.export(site.root / "out", host="nginx")
        file = site.root / "out" / name
        results.append((file.stat().st_size, int(file.stat().st_mtime), file.read_bytes()))
    one, two, again = results
    assert one == again
    assert one[0] == two[0]
    assert (one[1] == two[1]) == (one[2] == two[2]) == (name == "pages.css")
    assert max(one[1], two[1]) < NOW.timestamp()


@pytest.mark.rule("S31")
@pytest.mark.parametrize(
    ("before", "wanted"), [(None, 100), (5, 100), (99, 100), (100, 101), (200, 201), (451, 100)]
)
def test_file_time_only_increases(before: int | None, wanted: int) -> None:
    updated, now = (datetime.fromtimestamp(seconds, UTC) for seconds in (100, 150))
    assert mtime_second(updated, before, now) == wanted
    tags = [document.body_digest(body) for body in (b"a", b"b", b"c")]
    times = [mtime_ns(wanted, tag) for tag in tags]
    assert len(set(times)) == 3
    assert {time // 1_000_000_000 for time in times} == {wanted}


def test_files_with_the_same_bytes_are_not_written(site: Publication, out: Path) -> None:
    site.export(out)
    for file in out.rglob("*"):
        os.utime(file, (1, 1))
    assert site.export(out).written == ()
    site.write("b.md", front_matter(title="b2", webUrl="https://example.org/b", topics=["Роботы"]))
    site.build()
    report = site.export(out)
    assert set(report.written) >= feed_files("all", "topics/роботы")
    untouched = {name for name in files(out) if (out / name).stat().st_mtime == 1}
    assert untouched == files(out) - set(report.written)
    assert "topics/ai.rss" in untouched
    assert report.unchanged == len(untouched)


def test_pages_can_change_without_their_feeds(site: Publication, out: Path) -> None:
    site.export(out)
    feeds = out / "topics/ai.rss"
    before = feeds.read_bytes()
    with (site.root / "site.yaml").open("a") as file:
        file.write("pages: {images: none}\n")
    assert site.export(out).written == ()
    site.write("a.md", front_matter(title="a", topics=["AI", "New"]))
    site.build()
    written = set(site.export(out).written)
    assert "topics/ai.html" in written, "lists the other feeds of its group"
    assert feeds.read_bytes() == before or "topics/ai.rss" in written


def test_envelopes_of_an_earlier_version_are_rendered_again(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(envelope, "VERSION", 1)
        patched.setattr(envelope, "STYLESHEET", "old.css")
        site.export(out)
        before = site.fetch()["rss"]
    report = site.export(out)
    assert "all.rss" in report.written
    after = site.fetch()["rss"]
    assert (out / "all.rss").read_bytes() == after.body != before.body
    assert after.updated == before.updated, "nothing is new to subscribers"
    assert after.etag != before.etag


def test_missing_file_is_restored(site: Publication, out: Path) -> None:
    site.export(out)
    (out / "topics/ai.atom").unlink()
    assert site.export(out).written == ("topics/ai.atom",)


def test_truncated_file_is_restored(site: Publication, out: Path) -> None:
    site.export(out)
    whole = (out / "all.atom").read_bytes()
    (out / "all.atom").write_bytes(b"")
    assert site.export(out).written == ("all.atom",)
    assert (out / "all.atom").read_bytes() == whole


def test_change_of_date_without_a_change_of_order_is_exported(site: Publication, out: Path) -> None:
    site.export(out)
    before = site.fetch()["rss"].updated
    site.write(
        "b.md",
        front_matter(
            title="b",
            webUrl="https://example.org/b",
            topics=["Роботы"],
            publishedDateTime="2024-05-31T09:00:01Z",
        ),
    )
    site.build()
    assert {"all.rss", "all.atom", "all.json"} <= set(site.export(out).written)
    assert (out / "all.rss").read_bytes() == site.fetch()["rss"].body
    assert site.fetch()["rss"].updated > before
