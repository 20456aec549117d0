"""The export: the bytes that are served as files, each whole, and no other file touched."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock
from flask.testing import FlaskClient

from feeds.catalogue.catalogue import Catalogue
from feeds.config.settings import HostName
from feeds.errors import ExportError
from feeds.export import atomic_folder, exporter, fingerprint, manifest
from feeds.export.atomic_folder import AtomicFolder, mtime_ns, mtime_second
from feeds.export.exporter import ExportReport
from feeds.export.hosts.registry import HOSTS
from feeds.export.writer import ExportWriter
from feeds.model import document
from feeds.model.document import FORMATS
from feeds.render import envelope, feed_documents
from feeds.render.site import documents, groups
from feeds.serve.app import create_app
from feeds.util.progress import silent
from tests.support.site import NOW, Publication, front_matter

# Who comes before whom: a page comes after its own feed.
RANKS = {"archive": 0, "asset": 1, "feed": 2, "page": 2, "list": 3, "host": 4}


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    made = Publication(
        tmp_path / "site",
        {
            "a.md": front_matter(title="a", topics=["AI", "C++ & <C#>"]),
            "b.md": front_matter(title="b", webUrl="https://example.org/b", topics=["Роботы"]),
        },
    )
    made.build()
    return made


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def files(folder: Path) -> set[str]:
    """The files of an export that are for others, by path."""
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    return {name for name in found if not name.startswith(".feeds-export")}


def serve(site: Publication) -> FlaskClient:
    """Our server, of the site as it is built now."""
    return create_app(site.root, {}, watch=False).test_client()


@pytest.mark.parametrize("mount", ["/", "/news/"])
@pytest.mark.parametrize("host", HOSTS)
def test_every_file_is_what_our_server_sends(
    site: Publication, out: Path, host: HostName, mount: str
) -> None:
    """Body, Content-Type, Cache-Control, Last-Modified, and the bodies in other codings."""
    with (site.root / "site.yaml").open("a") as file:
        file.write(f"feeds_url: https://example.org{mount}\nhttp: {{cache_tags: Cache-Tag}}\n")
    site.build()
    site.export(out, host=host)
    client, known = serve(site), manifest.read(out).files
    with site.read() as reader:
        feeds = feed_documents.all_feeds(site.site, reader, NOW)
        makers = documents.site_documents(list(feeds.values()), reader.feeds.states(), site.site)
    served = {*makers, *(f"{path}.{each}" for path in feeds for each in (*FORMATS, "html"))}
    assert served <= set(known)
    for name, told in known.items():
        body = (out / name).read_bytes()
        assert (told.sha256, told.size) == (hashlib.sha256(body).hexdigest(), len(body))
        plain = name.removesuffix(".gz").removesuffix(".br") if told.coding else name
        if plain not in served:
            continue  # for the host
        url = mount + ("" if plain == "index.html" else plain)
        accepted = {"Accept-Encoding": told.coding} if told.coding else {}
        answer = client.get(url, headers=accepted)
        assert (answer.status_code, answer.data) == (200, body), name
        assert answer.headers.get("Content-Encoding") == told.coding
        assert answer.headers["Content-Type"] == told.media_type
        assert answer.headers["Cache-Control"] == told.cache_control
        assert answer.headers.get("Cache-Tag", "") == ",".join(told.tags)
        is_feed = plain.endswith((".rss", ".atom", ".json"))
        assert bool(answer.last_modified) == is_feed
        if answer.last_modified:
            assert int((out / name).stat().st_mtime) == int(answer.last_modified.timestamp())


def test_a_manifest_of_the_first_form_still_says_which_files_are_ours(
    site: Publication, out: Path
) -> None:
    site.export(out)
    known = manifest.read(out)
    digests = {name: file.sha256 for name, file in known.files.items()}
    sizes = {name: file.size for name, file in known.files.items()}
    earlier = {"files": {**digests, "x": ""}, "sizes": sizes, "feeds": known.feeds}
    (out / manifest.NAME).write_text(json.dumps(earlier))
    (out / "x").write_text("of a feed that is no more")
    (out / "all.rss").write_text("changed by hand")
    report = site.export(out)
    assert report.written == ("all.rss",)
    assert report.removed == ("x",)
    assert manifest.read(out) == known


def test_a_file_changed_by_hand_in_its_size_is_found_by_reading_all(
    site: Publication, out: Path
) -> None:
    site.export(out)
    whole = (out / "all.json").read_bytes()
    (out / "all.json").write_bytes(whole.replace(b"Example", b"exAmple"))
    assert site.export(out).written == ()
    assert site.export(out, verify=True).written == ("all.json",)
    assert (out / "all.json").read_bytes() == whole


def test_files_become_visible_before_those_that_name_them(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    written = AtomicFolder.write

    def note(self: AtomicFolder, name: str, body: bytes, ns: int | None = None) -> None:
        written(self, name, body, ns)
        order.append(name)

    monkeypatch.setattr(AtomicFolder, "write", note)
    site.export(out, host="nginx")
    known = manifest.read(out).files
    assert order.pop() == manifest.COMPLETION_NAME
    assert order[0] == order[-1] == manifest.NAME
    ranks = [RANKS[known[name].kind] for name in order[1:-1]]
    assert sorted(ranks) == ranks
    assert {known[name].kind for name in order[1:-1]} == {*RANKS} - {"archive"}
    pages = [
        name
        for name in order
        if name in known and known[name].kind == "page" and name.endswith(".html")
    ]
    assert pages
    for name in pages:
        formats = [f"{name.removesuffix('.html')}.{format_}" for format_ in FORMATS]
        assert max(map(order.index, formats)) < order.index(name)


def test_what_processes_write_is_what_one_process_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles = {
        f"{number:03}.md": front_matter(title=f"Article {number}", topics=[f"T {number}", "All"])
        for number in range(60)
    }
    feeds = {
        "feeds": [
            {"path": "all", "size": 5, "history": "all"},
            {"path": "topics/{topic}", "each": "topic"},
        ]
    }
    made = Publication(tmp_path / "site", articles, feeds=feeds, http={"cache_tags": "Cache-Tag"})
    made.build()
    one, many = tmp_path / "one", tmp_path / "many"
    for _ in range(2):
        written = []
        for folder, jobs in ((one, 1), (many, 3)):
            monkeypatch.setattr(exporter, "processors", lambda jobs=jobs: jobs)
            written.append(made.export(folder, host="apache").written)
        assert written[0] == written[1]
        assert {"all/archive/1.atom", "topics/t-59.rss", "topics/t-59.rss.gz"} < set(written[0])
        assert manifest.read(one) == manifest.read(many)
        for path in manifest.read(one).files:
            assert (one / path).read_bytes() == (many / path).read_bytes()
            assert (one / path).stat().st_mtime_ns == (many / path).stat().st_mtime_ns
        for path in articles:  # so that every document is another one
            made.write(path, front_matter(title="Other", topics=[f"T {int(path[:3])}", "All"]))
        made.build()


def test_what_processes_write_becomes_visible_in_order_and_is_made_sure_of(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles = {f"{n}.md": front_matter(title=f"{n}", topics=[f"T {n}"]) for n in range(60)}
    feeds = {
        "feeds": [
            {"path": "all", "size": 5, "history": "all"},
            {"path": "topics/{topic}", "each": "topic"},
        ]
    }
    made = Publication(tmp_path / "site", articles, feeds=feeds)
    made.build()
    log, written, synced = tmp_path / "log", AtomicFolder.write, atomic_folder._fsync_folder

    def note(line: str) -> None:
        with log.open("a", encoding="utf-8") as file:  # of all processes, in order
            file.write(f"{os.getpid()} {line}\n")

    def write(self: AtomicFolder, name: str, body: bytes, ns: int | None = None) -> None:
        written(self, name, body, ns)
        note(name)

    def sync(folder: Path) -> None:
        synced(folder)
        note(f"{folder.relative_to(out)}/")

    monkeypatch.setattr(AtomicFolder, "write", write)
    monkeypatch.setattr(atomic_folder, "_fsync_folder", sync)
    monkeypatch.setattr(exporter, "processors", lambda: 2)
    monkeypatch.setattr("threading.active_count", lambda: 1)  # forks, which share these changes
    made.export(out, host="nginx")
    lines = [line.split(" ", 1) for line in log.read_text(encoding="utf-8").splitlines()]
    assert len({process for process, _ in lines}) == 3
    order = [name for _, name in lines]
    known = manifest.read(out).files
    last = {kind: max(order.index(n) for n in known if known[n].kind == kind) for kind in RANKS}
    first = {kind: min(order.index(n) for n in known if known[n].kind == kind) for kind in RANKS}
    assert last["archive"] < first["asset"] < last["asset"] < min(first["feed"], first["page"])
    assert max(last["feed"], last["page"]) < first["list"]
    for kind, folders in (("archive", {"all/archive/"}), ("feed", {"./", "topics/"})):
        sure = order[last[kind] : first["asset" if kind == "archive" else "list"] + 1]
        assert folders <= set(sure) | set(order[last["asset"] : first["feed"]])


def test_a_process_that_cannot_write_ends_the_export_with_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles = {f"{n}.md": front_matter(title=f"{n}", topics=[f"T {n}"]) for n in range(60)}
    made = Publication(tmp_path / "site", articles)
    made.build()
    out = tmp_path / "out"
    monkeypatch.setattr(exporter, "processors", lambda: 2)
    made.export(out)
    (out / "topics" / "t-30.rss").unlink()
    (out / "topics" / "t-30.rss").mkdir()
    for n in range(60):
        made.write(f"{n}.md", front_matter(title=f"new {n}", topics=[f"T {n}"]))
    made.build()
    with pytest.raises(ExportError, match=r"cannot write .*t-30\.rss: Is a directory"):
        made.export(out)
    (out / "topics" / "t-30.rss").rmdir()
    made.export(out)
    assert (out / "topics" / "t-30.rss").read_bytes().startswith(b"<?xml")


def test_where_nothing_changed_not_even_the_feeds_are_looked_at(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = site.export(out, host="cloudflare-pages")
    monkeypatch.setattr(feed_documents, "all_feeds", None)
    again = site.export(out, host="cloudflare-pages")
    assert again == ExportReport((), (), len(before.written), before.said, before.due)


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


def _made_anew(site: Publication, _: Path) -> None:
    (site.root / "catalogue.sqlite").unlink()
    site.write("b.md", front_matter(title="other"))
    site.build()


@pytest.mark.parametrize("change", [_deleted, _cut, _retitled, _with_pictures, _edited, _made_anew])
def test_whatever_changes_the_export_is_the_same_as_a_new_one(
    site: Publication,
    out: Path,
    tmp_path: Path,
    change: Callable[[Publication, Path], None],
) -> None:
    site.export(out, host="netlify")
    known = {name: (out / name).read_bytes() for name in files(out)}
    change(site, out)
    site.export(out, host="netlify")
    site.export(tmp_path / "new", host="netlify")
    assert manifest.read(out) == manifest.read(tmp_path / "new")
    made = {name: (out / name).read_bytes() for name in files(out)}
    assert made == {
        name: (tmp_path / "new" / name).read_bytes() for name in files(tmp_path / "new")
    }
    if change in (_retitled, _edited, _made_anew):
        assert made != known


def test_an_article_that_time_brings_is_exported(site: Publication, out: Path) -> None:
    site.write("c.md", front_matter(title="c", publishedDateTime="2024-06-16T00:00:00Z"))
    site.build()
    site.export(out)
    later = datetime(2024, 6, 17, tzinfo=UTC)
    site.build(later)
    assert "all.rss" in site.export(out, now=later).written


def test_another_version_of_the_program_looks_at_all_again(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.export(out)
    monkeypatch.setattr(fingerprint, "program_hash", lambda: ["other"])
    monkeypatch.setattr(envelope, "VERSION", "other")
    monkeypatch.setitem(document.MEDIA_TYPES, "rss", "text/xml")
    site.export(out)
    assert manifest.read(out).files["all.rss"].media_type.startswith("text/xml")


def test_an_export_that_changes_nothing_writes_nothing(site: Publication, out: Path) -> None:
    site.export(out, host="caddy")
    before = {file: file.stat().st_mtime_ns for file in out.rglob("*") if file.is_file()}
    assert site.export(out, host="caddy").written == ()
    del before[out / ".feeds-export.lock"]
    assert before == {file: file.stat().st_mtime_ns for file in before}


def test_after_an_export_that_was_killed_no_feed_is_taken_for_what_it_was(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The edit is taken back before the next export: sizes and states are what they were."""

    def killed(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    # Changed before too, so that the second change is one of no size.
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


def test_the_next_article_that_is_due_is_told(site: Publication, out: Path) -> None:
    assert site.export(out).due is None
    due = datetime(2024, 6, 16, 8, tzinfo=UTC)
    site.write("c.md", front_matter(title="c", publishedDateTime=due.isoformat()))
    site.build()
    assert site.export(out).due == due
    assert site.export(out, due).due is None


@pytest.mark.parametrize(
    "setting", ["cache_tags: Cache-Tag", "canonical_host: true", "delta: true"]
)
def test_what_no_static_host_does_is_said(site: Publication, out: Path, setting: str) -> None:
    assert site.export(out).said == ()
    with (site.root / "site.yaml").open("a") as file:
        file.write(f"http: {{{setting}}}\n")
    assert len(site.export(out).said) == 1


@pytest.mark.parametrize("name", [".feeds-nginx.conf", "404.html", "pages.css"])
def test_s31_a_folder_made_anew_has_other_times_for_other_bytes(tmp_path: Path, name: str) -> None:
    """Who copies it compares sizes and seconds, and CI has no folder of the last time."""
    made: list[tuple[int, int, bytes]] = []
    for title in ("one", "two", "one"):
        site = Publication(
            tmp_path / str(len(made)), {"a.md": front_matter()},
            title=title, hub=f"https://{title}.example/",
        )  # fmt: skip
        site.build()
        site.export(site.root / "out", host="nginx")
        file = site.root / "out" / name
        made.append((file.stat().st_size, int(file.stat().st_mtime), file.read_bytes()))
    one, two, again = made
    assert one == again
    assert one[0] == two[0]
    assert (one[1] == two[1]) == (one[2] == two[2]) == (name == "pages.css")
    assert max(one[1], two[1]) < NOW.timestamp()


@pytest.mark.parametrize(
    ("before", "wanted"), [(None, 100), (5, 100), (99, 100), (100, 101), (200, 201), (451, 100)]
)
def test_s31_the_time_of_a_file_goes_forward_only(before: int | None, wanted: int) -> None:
    updated, now = (datetime.fromtimestamp(seconds, UTC) for seconds in (100, 150))
    assert mtime_second(updated, before, now) == wanted
    tags = [document.body_digest(body) for body in (b"a", b"b", b"c")]
    times = [mtime_ns(wanted, tag) for tag in tags]
    assert len(set(times)) == 3
    assert {each // 1_000_000_000 for each in times} == {wanted}


SITE_FILES = {"index.html", "feeds.opml", "feed.css", "pages.css"}


def feed_files(*paths: str) -> set[str]:
    """The files of feeds: one of each format, and the page."""
    return {f"{path}.{extension}" for path in paths for extension in (*FORMATS, "html")}


def overwrite(site: Publication, out: Path) -> ExportReport:
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        return exporter.export(
            site.site, catalogue, out, NOW, silent, exporter.ExportOptions(overwrite=True)
        )


def test_files_hold_the_bytes_that_are_fetched(site: Publication, out: Path) -> None:
    report = site.export(out)
    with site.read() as reader:
        feeds = feed_documents.all_feeds(site.site, reader, NOW)
        known = groups.group_by_folder(feeds.values())
        for path, feed in feeds.items():
            fetched = feed_documents.render_feed(feed, site.site, reader, NOW)
            for format_ in FORMATS:
                assert (out / f"{path}.{format_}").read_bytes() == fetched[format_].body
            beside = groups.neighbours(feed, known, site.site)
            page = feed_documents.render_page(feed, site.site, reader, NOW, beside)
            assert (out / f"{path}.html").read_bytes() == page.body
        makers = documents.site_documents(list(feeds.values()), reader.feeds.states(), site.site)
        for name, make in makers.items():
            assert (out / name).read_bytes() == make().body
    assert set(makers) == SITE_FILES | {"topics/feeds.opml"}
    assert files(out) == feed_files(*feeds) | set(makers) == set(report.written)


def test_files_with_the_same_bytes_are_not_touched(site: Publication, out: Path) -> None:
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


@pytest.mark.parametrize("damage", ["", "{", '{"files": 3}', '{"files": {"../site/a": ""}}'])
def test_an_export_without_its_manifest_compares_the_bytes(
    site: Publication, out: Path, damage: str
) -> None:
    site.export(out)
    (out / ".feeds-export.json").write_text(damage)
    assert site.export(out).written == ()
    (out / ".feeds-export.json").write_text(damage)
    (out / "all.rss").write_text("damaged")
    with pytest.raises(ExportError, match=r"all\.rss is there .* --overwrite"):
        site.export(out)
    assert overwrite(site, out).written == ("all.rss",)
    assert (out / "all.rss").read_bytes() == site.fetch()["rss"].body


@pytest.mark.parametrize("name", ["index.html", "topics/ai.json"])
def test_a_file_that_is_not_of_an_export_is_overwritten_only_if_told(
    site: Publication, out: Path, name: str
) -> None:
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("mine")
    for _ in range(2):
        with pytest.raises(ExportError, match=f"{name} is there and no export wrote it"):
            site.export(out)
        assert (out / name).read_text() == "mine"
    assert name in overwrite(site, out).written
    assert (out / name).read_text() != "mine"


def test_an_export_that_was_killed_knows_its_files_again(
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


def test_an_export_does_not_wait_for_another_for_ever(
    site: Publication, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter, "_PATIENCE", 0.1)
    out.mkdir()
    with (
        FileLock(out / exporter.LOCK),
        pytest.raises(ExportError, match=r"another export .* is running"),
    ):
        site.export(out)


def test_what_pages_show_can_change_without_the_feeds(site: Publication, out: Path) -> None:
    site.export(out)
    feeds = out / "topics/ai.rss"
    before = feeds.read_bytes()
    with (site.root / "site.yaml").open("a") as file:
        file.write("pages: {images: none}\n")
    assert site.export(out).written == ()
    site.write("a.md", front_matter(title="a", topics=["AI", "New"]))
    site.build()
    written = set(site.export(out).written)
    assert "topics/ai.html" in written, "it names the other feeds of its group"
    assert feeds.read_bytes() == before or "topics/ai.rss" in written


def test_envelopes_of_an_earlier_version_are_written_anew(
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
    assert after.updated == before.updated, "subscribers are shown nothing new"
    assert after.etag != before.etag


def test_a_file_that_is_missing_comes_back(site: Publication, out: Path) -> None:
    site.export(out)
    (out / "topics/ai.atom").unlink()
    assert site.export(out).written == ("topics/ai.atom",)


def test_a_file_that_was_cut_off_is_mended(site: Publication, out: Path) -> None:
    site.export(out)
    whole = (out / "all.atom").read_bytes()
    (out / "all.atom").write_bytes(b"")
    assert site.export(out).written == ("all.atom",)
    assert (out / "all.atom").read_bytes() == whole


def test_a_date_that_moves_without_a_change_of_order_is_exported(
    site: Publication, out: Path
) -> None:
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


def test_files_of_feeds_that_are_no_more_go_and_others_stay(site: Publication, out: Path) -> None:
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


def test_folders_that_are_left_empty_go(site: Publication, out: Path) -> None:
    site.export(out)
    site = Publication(site.root, {}, {"feeds": [{"path": "all"}]})
    site.build()
    site.export(out)
    assert not (out / "topics").exists()


def test_the_article_folder_is_no_target(site: Publication, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(site.file("."))
    for target in (site.file("."), site.file("sub/folder"), tmp_path / "link"):
        with pytest.raises(ExportError, match="lies in the article folder"):
            site.export(target)
    assert {file.name for file in site.file(".").iterdir()} == {"a.md", "b.md"}


def test_a_target_that_cannot_be_written_is_an_error(site: Publication, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(ExportError, match="is not a folder"):
        site.export(tmp_path / "file")
    with pytest.raises(ExportError, match="cannot write"):
        site.export(tmp_path / "file" / "below")
    (tmp_path / "out" / "all.rss").mkdir(parents=True)
    with pytest.raises(ExportError, match=r"all\.rss"):
        site.export(tmp_path / "out")
