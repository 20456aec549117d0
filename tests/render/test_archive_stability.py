"""Archives stay stable and complete whatever happens to the articles."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from feeds.model.document import FORMATS, Document
from tests.support.archives import (
    DAY,
    FEEDS,
    ServedSite,
    archive_site,
    article,
    exported_archives,
    ids,
)
from tests.support.site import NOW, Publication

TOPICS = st.lists(st.sampled_from(["AI", "Maps", "Sea"]), min_size=1, max_size=2, unique=True)
ARTICLES = 12
NUMBERS = st.integers(0, 15)
STEPS = st.one_of(
    st.tuples(st.just("write"), NUMBERS, st.integers(60, 112), TOPICS),
    st.tuples(st.just("edit"), NUMBERS, st.booleans()),
    st.tuples(st.just("remove"), NUMBERS),
    st.tuples(st.just("rename"), NUMBERS),
    st.tuples(st.just("build")),
)


class ChangingSite:
    """A copy of a site, whose articles change at random, and its archives as readers last saw them.

    `root` holds the site, built once, and its export.
    """

    def __init__(self, original: Path, root: Path) -> None:
        shutil.copytree(original, root, copy_function=shutil.copy2, dirs_exist_ok=True)
        self.site = Publication(root / "site", {}, FEEDS)
        self.site.written += 60 * ARTICLES
        self.out, self.now, self.edits = root / "out", NOW, 0
        self.fields: dict[int, dict[str, Any]] = {n: {"day": n} for n in range(ARTICLES)}
        self.files = {n: f"{n}.md" for n in range(ARTICLES)}
        self.changed: set[str] = set()
        self.archived: dict[str, set[str]] = {}
        self.seen: dict[str, Document] = {}
        self.check()

    def write(self, number: int, **fields: Any) -> None:
        self.edits += 1
        self.files.setdefault(number, f"{number}.md")
        self.fields[number] = {**self.fields.get(number, {}), **fields}
        self.site.write(self.files[number], article(number, **self.fields[number]))
        self.changed.add(f"https://example.org/{number}")

    def step(self, name: str, number: int = 0, *values: Any) -> None:
        if name == "write":
            self.write(number, day=values[0], topics=values[1])
        elif name == "build":
            self.build()
        elif number in self.files and name == "edit":
            fields = {"updatedDateTime": self.now.isoformat()} if values[0] else {}
            self.write(number, title=f"t{number} {self.edits}", **fields)
        elif number in self.files:
            old = self.site.file(self.files.pop(number))
            self.changed.add(f"https://example.org/{number}")
            if name == "rename":
                self.files[number] = f"renamed{self.edits}-{number}.md"
                self.site.write(self.files[number], old.read_bytes())
                self.edits += 1
            old.unlink()

    def build(self) -> None:
        self.now += DAY
        self.site.written = max(self.site.written, int(self.now.timestamp()))
        self.site.build(self.now)
        self.check()

    def check(self) -> None:
        """Walk all feeds, and compare their archives with those of the last walk."""
        served = ServedSite(self.site, self.now)
        later = self.now + 3 * DAY
        for feed, whole in self.feeds():
            documents = served.walk(feed, "json")
            self.check_complete(documents, whole, self.now)
            self.check_complete(ServedSite(self.site, later).walk(feed, "json"), whole, later)
            archived: set[str] = set()
            for document in documents[1:]:
                name = urlsplit(document.links[0].url).path.removeprefix("/")
                items = {item["id"]: item["url"] for item in json.loads(document.body)["items"]}
                assert archived.isdisjoint(items), "an entry is in two archives"
                archived |= set(items)
                assert set(items) <= self.archived.setdefault(name, set(items)), "an archive grew"
                self.compare(name, document, set(items.values()))
        self.changed.clear()

    def export(self) -> None:
        """Export the changes since the first export, and compare the files with those served."""
        self.site.export(self.out, self.now)
        files, names = exported_archives(self.out), set[str]()
        for feed, _ in self.feeds():
            for format_ in FORMATS:
                for document in ServedSite(self.site, self.now).walk(feed, format_)[1:]:
                    name = urlsplit(document.links[0].url).path.removeprefix("/")
                    assert files[name] == document.body
                    names.add(name)
        assert names == set(files)

    def compare(self, name: str, document: Document, urls: set[str]) -> None:
        """Check that an archive changed only because its entries did."""
        before = self.seen.get(name)
        if before is not None and before.body != document.body:
            urls = urls | {item["url"] for item in json.loads(before.body)["items"]}
            assert urls & self.changed, f"{name} changed without a reason"
            assert document.updated > before.updated
        self.seen[name] = document

    def feeds(self) -> Iterator[tuple[str, str]]:
        """Each feed with history, with the feed that shows all of its entries."""
        for path in self.site.feeds(self.now):
            if path.startswith("topics/"):
                yield path, path.replace("topics/", "whole/")
        yield "all", "whole"

    def check_complete(self, documents: list[Document], whole: str, now: datetime) -> None:
        """Check that a feed and its archives together hold the entries of the feed `whole`."""
        shown = {id_ for document in documents for id_ in ids(document, "json")}
        assert shown == {item["id"] for item in self.site.items(whole, now)}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a site that is built, and its export."""
    root = tmp_path_factory.mktemp("original")
    archive_site(root / "site", ARTICLES).export(root / "out")
    return root


@pytest.mark.rule("A54")
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@example([("edit", 8, True), ("edit", 9, True)])  # all entries leave the newest archive
@given(st.lists(STEPS, max_size=20))
def test_archives_are_stable_and_complete_after_any_changes(
    original: Path, steps: list[tuple[Any, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = ChangingSite(original, Path(folder))
        for step in steps:
            site.step(*step)
        site.build()
        site.export()
