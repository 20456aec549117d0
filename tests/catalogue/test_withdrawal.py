"""The content of withdrawn entries is erased everywhere; their ids and hashes stay."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import brotli
import pytest

from feeds.build.builder import BuildCache, build
from feeds.catalogue import backup, sqlite
from feeds.catalogue.catalogue import Catalogue
from feeds.util.progress import silent
from tests.support.old_catalogues import TO_VERSION_4
from tests.support.published_site import publish
from tests.support.site import NOW, Publication, front_matter

LATER = NOW + timedelta(days=1)
SECRETS = [b"Zanzibar", b"Quagmire", b"Xylophon", b"Wombat Times", b"Kumquat", b"example.org/ybbs"]
SECRET = front_matter(
    body="The Zanzibar papers say so.",
    title="Quagmire in the harbour",
    excerpt="An Xylophon is heard.",
    webUrl="https://example.org/ybbs",
    topics=["Robots"],
    provider={
        "name": "Wombat Times",
        "domain": "w.example",
        "authors": [{"name": "Ann Kumquat"}],
    },
)


def unpublish(site: Publication) -> None:
    site.write("s.md", front_matter(published=False))


def delete(site: Publication) -> None:
    site.file("s.md").unlink()


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    feeds = {
        "feeds": [
            {"path": "all", "size": 2, "history": "all"},
            {"path": "topics/{topic}", "each": "topic"},
            {"path": "from/{provider}", "each": "provider", "title": "{provider}"},
        ]
    }
    articles = {
        f"{name}.md": front_matter(title=name, webUrl=f"https://example.org/{name}")
        for name in "abcde"
    }
    made = Publication(
        tmp_path / "site", {**articles, "s.md": SECRET}, feeds, export={"for": "nginx"}
    )
    made.build()
    return made


def secrets_in(file: Path) -> list[bytes]:
    content = file.read_bytes()
    if file.suffix == ".br":
        content = brotli.decompress(content)
    return [secret for secret in SECRETS if secret in content]


@pytest.mark.parametrize("withdraw", [unpublish, delete])
def test_withdrawn_content_is_in_no_file(
    site: Publication, tmp_path: Path, withdraw: Callable[[Publication], None]
) -> None:
    file = site.root / "catalogue.sqlite"
    assert len(secrets_in(file)) == len(SECRETS) - 1 + (b"Kumquat" in file.read_bytes())
    withdraw(site)
    publish(site.site, tmp_path / "out", LATER, silent)
    assert secrets_in(file) == []
    [copy] = (tmp_path / "out/.feeds-state").glob("catalogue-*")
    assert secrets_in(copy) == []
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        backup.backup(catalogue, tmp_path / "copy")
    assert secrets_in(tmp_path / "copy") == []


def test_the_write_ahead_log_of_a_running_server_is_erased(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_TRUNCATE_MILLISECONDS", 1)
    log = site.root / "catalogue.sqlite-wal"
    with closing(Catalogue(site.site.catalogue)) as server:
        server.change_token()  # keeps a connection open, so that the log is not deleted
        site.write("t.md", SECRET.replace("ybbs", "other"))
        site.build()
        assert secrets_in(log)
        delete(site)
        site.file("t.md").unlink()
        cache = BuildCache()
        with server.read() as transaction:
            transaction.meta.get("revision")  # SQLite's snapshot begins with the first read
            build(site.site, server, LATER, cache=cache)
        assert cache.log_holds_withdrawn
        build(site.site, server, LATER, cache=cache)
        assert (secrets_in(log), cache.log_holds_withdrawn) == ([], False)


@pytest.mark.parametrize("withdraw", [unpublish, delete])
def test_entry_that_is_published_again_keeps_its_id(
    site: Publication, withdraw: Callable[[Publication], None]
) -> None:
    before = site.items("topics/robots")
    withdraw(site)
    site.build()
    assert site.feeds() == ["all", "topics/ai"]  # no visible entry has the other terms
    site.write("s.md", SECRET)
    site.build(LATER)
    assert site.items("topics/robots") == before
    with site.read() as reader:
        assert reader.feeds.titles()["from/wombat-times"] == "Wombat Times"


@pytest.mark.parametrize("content", [SECRET, SECRET.replace("ybbs", "other"),
                                     SECRET.replace("Quagmire", "Mire")])  # fmt: skip
def test_withdrawn_entry_is_recognised_at_another_path(site: Publication, content: str) -> None:
    before = site.items("topics/robots")
    delete(site)
    site.build()
    site.write("t.md", content)
    site.build()
    assert [item["id"] for item in site.items("topics/robots")] == [before[0]["id"]]


def test_conversion_erases_content_that_older_versions_kept(site: Publication) -> None:
    file = site.root / "catalogue.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT data, link, provider_name FROM entry WHERE path = 's.md'")
        data = rows.fetchone()
    delete(site)
    site.build()
    shown, feeds = site.fetch(), site.feeds()
    with closing(sqlite3.connect(file)) as connection:  # as version 4 did
        put = "UPDATE entry SET data = ?, link = ?, provider_name = ? WHERE path = 's.md'"
        connection.execute(put, data)
        connection.execute("UPDATE membership SET name = 'Wombats' WHERE entry = 6")
        connection.commit()
        connection.executescript(TO_VERSION_4)
    assert secrets_in(file)
    site.forget()
    assert site.fetch() == shown
    assert site.feeds() == feeds
    assert secrets_in(file) == []
    report = site.build(LATER)
    assert report.feeds_changed == ()
    assert site.fetch() == shown
