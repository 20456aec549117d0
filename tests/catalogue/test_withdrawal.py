"""What was taken back is nowhere in the catalogue and its copies; what it was known by stays."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import brotli
import pytest

from feeds.catalogue import backup
from feeds.catalogue.catalogue import Catalogue
from feeds.util.progress import silent
from tests.catalogue.test_catalogue import _AS_IN_VERSION_4
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


def take_back(site: Publication) -> None:
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


def said(file: Path) -> list[bytes]:
    content = file.read_bytes()
    if file.suffix == ".br":
        content = brotli.decompress(content)
    return [secret for secret in SECRETS if secret in content]


@pytest.mark.parametrize("go", [take_back, delete])
def test_what_was_taken_back_is_in_no_file(
    site: Publication, tmp_path: Path, go: Callable[[Publication], None]
) -> None:
    file = site.root / "catalogue.sqlite"
    assert len(said(file)) == len(SECRETS) - 1 + (b"Kumquat" in file.read_bytes())
    go(site)
    publish(site.site, tmp_path / "out", LATER, silent)
    assert said(file) == []
    [copy] = (tmp_path / "out/.feeds-state").glob("catalogue-*")
    assert said(copy) == []
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        backup.backup(catalogue, tmp_path / "copy")
    assert said(tmp_path / "copy") == []


@pytest.mark.parametrize("go", [take_back, delete])
def test_it_comes_back_as_itself(site: Publication, go: Callable[[Publication], None]) -> None:
    before = site.items("topics/robots")
    updated = site.fetch("all")["json"].body
    go(site)
    site.build()
    assert site.feeds() == ["all", "topics/ai"]  # no entry that is out names the others
    site.write("s.md", SECRET)
    site.build(LATER)
    assert site.items("topics/robots") == before
    assert b"Quagmire" in updated or before
    with site.read() as reader:
        assert reader.feeds.titles()["from/wombat-times"] == "Wombat Times"


@pytest.mark.parametrize("content", [SECRET, SECRET.replace("ybbs", "other"),
                                     SECRET.replace("Quagmire", "Mire")])  # fmt: skip
def test_it_is_known_under_another_path(site: Publication, content: str) -> None:
    before = site.items("topics/robots")
    delete(site)
    site.build()
    site.write("t.md", content)
    site.build()
    assert [item["id"] for item in site.items("topics/robots")] == [before[0]["id"]]


def test_what_was_taken_back_before_goes_when_a_catalogue_is_converted(site: Publication) -> None:
    file = site.root / "catalogue.sqlite"
    with closing(sqlite3.connect(file)) as made:
        whole = made.execute("SELECT data, link, provider_name FROM entry WHERE path = 's.md'")
        data = whole.fetchone()
    delete(site)
    site.build()
    shown, feeds = site.fetch(), site.feeds()
    with closing(sqlite3.connect(file)) as made:  # as version 4 kept it
        put = "UPDATE entry SET data = ?, link = ?, provider_name = ? WHERE path = 's.md'"
        made.execute(put, data)
        made.execute("UPDATE membership SET name = 'Wombats' WHERE entry = 6")
        made.commit()
        made.executescript(_AS_IN_VERSION_4)
    assert said(file)
    site.forget()
    assert site.fetch() == shown
    assert site.feeds() == feeds
    assert said(file) == []
    report = site.build(LATER)
    assert (report.read, report.feeds_changed) == (0, ())
    assert site.fetch() == shown
