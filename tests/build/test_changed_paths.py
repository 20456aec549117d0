"""A build of changed paths gives the same catalogue as one that scans the folder."""

import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.articles import folder, scan_digest
from feeds.build.builder import BuildCache, BuildReport, BuildRequest, build
from feeds.catalogue import schema, terms
from feeds.catalogue.catalogue import Catalogue
from feeds.config.site import Site
from feeds.errors import ArticleFolderError, FeedsError
from feeds.render import feed_documents
from tests.support.site import NOW, Publication, front_matter

FEEDS: Mapping[str, Any] = {
    "feeds": [
        {"path": "all", "size": 5},
        {"path": "topics/{topic}", "each": "topic", "size": 3},
        {"path": "fresh/{topic}", "each": "topic", "select": {"age": "1d"}, "size": 2},
        {"path": "{category}/{topic}", "each": ["category", "topic"], "order": "heat"},
        {"path": "from/{provider}", "each": "provider"},
        {"path": "recent", "select": {"age": "2d", "not": {"type": "video"}}},
        {"path": "old", "select": {"not": {"age": "12h"}}, "size": 3},
        {"path": "good", "select": {"quality": {"min": 5}}, "order": "heat", "size": 3},
        {"path": "topics/robots", "title": "Never: a topic has this path"},
    ]
}
NAMES = ["a.md", "b.md", "b.html", "c.md", "x/d.md", "x/e.md", "x/y/f.md", "z/g.md"]
FOLDERS = ["x", "x/y", "z", "w", ".hidden", "drafts"]
KINDS: Mapping[str, dict[str, Any]] = {
    "plain": {},
    "withheld": {"published": False},
    "undated": {"publishedDateTime": None},
    "bad": {"title": None},
    "video": {"type": "video", "category": "learning"},
}
TOPICS = ["AI", "ai", "Robots", "Space", "Deep Sea"]


def article(number: int, hours: int, topics: list[str], kind: str) -> str:
    """An article of one of the kinds, dated some hours from `NOW`."""
    at = NOW + timedelta(hours=hours)
    fields: dict[str, Any] = {
        "title": f"Title {number}",
        "webUrl": f"https://example.org/{number}",
        "publishedDateTime": at.isoformat(),
        "topics": topics,
        "quality": number,
        "heat": number * hours % 7,
        "provider": {"name": f"P{number % 3}", "domain": "p.example"},
    }
    timed = {"ends": {"expires": at + timedelta(days=1)}, "comes": {"pubDate": at}}
    if kind == "comes":
        fields["publishedDateTime"] = "2024-06-01"
    return front_matter(**{**fields, **KINDS.get(kind, {}), **timed.get(kind, {})})


START = {name: article(n, -n, ["AI"], "plain") for n, name in enumerate(NAMES)}

articles = st.builds(
    article,
    st.integers(0, 9),
    st.integers(-72, 48),
    st.lists(st.sampled_from(TOPICS), max_size=2),
    st.sampled_from([*["plain"] * 3, *KINDS, "ends", "comes"]),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(NAMES), articles),
        st.tuples(st.just("remove"), st.sampled_from([*NAMES, *FOLDERS])),
        st.tuples(
            st.just("move"),
            st.sampled_from([*NAMES, *FOLDERS]),
            st.sampled_from([*NAMES, *FOLDERS, "new.md", "x/new.md"]),
        ),
    ),
    min_size=1,
    max_size=4,
)
rounds = st.lists(st.tuples(steps, st.integers(0, 40)), min_size=1, max_size=6)


def apply(site: Publication, step: tuple[Any, ...]) -> list[str]:
    """Apply the step; return the paths that changed."""
    kind, path, *rest = step
    file = site.file(path)
    if any(parent.is_file() for parent in file.parents):
        return []
    if kind == "write":
        if file.is_dir():
            return []
        site.write(path, rest[0])
    elif kind == "remove" and file.is_dir():
        shutil.rmtree(file)
    elif kind == "remove":
        file.unlink(missing_ok=True)
    elif file.exists():
        target = site.file(rest[0])
        if target.exists() or file in (target, *target.parents):
            return []
        if any(parent.is_file() for parent in target.parents):
            return []
        target.parent.mkdir(parents=True, exist_ok=True)
        file.rename(target)
        return [path, rest[0]]
    return [path]


def dump(site: Site) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the catalogue, except the record of the last scan."""
    file = site.root / site.settings.catalogue
    with closing(sqlite3.connect(file)) as connection:
        return {
            table.name: sorted(
                (
                    row
                    for row in connection.execute(f"SELECT * FROM {table.name}")
                    if row[0] != "walked"
                ),
                key=repr,
            )
            for table in schema.metadata.tables.values()
        }


def counted(site: Site, catalogue: Catalogue, now: datetime) -> list[tuple[Any, ...]]:
    """The terms in use, counted from the entries."""
    with catalogue.read() as reader:
        return sorted(
            (
                (*msgspec.structs.astuple(term), number)
                for fields in terms.families(site)
                for term, number in reader.terms.count(fields, int(now.timestamp()))
            ),
            key=repr,
        )


def build_or_error(
    site: Site,
    catalogue: Catalogue,
    now: datetime,
    *,
    cache: BuildCache | None = None,
    **options: Any,
) -> BuildReport | str:
    """The report of a build, or the name of the exception that it raises."""
    try:
        return build(site, catalogue, now, BuildRequest(jobs=1, **options), cache=cache)
    except FeedsError as error:
        return type(error).__name__


def documents_of(site: Site, catalogue: Catalogue, now: datetime) -> dict[str, Any]:
    with catalogue.read() as reader:
        feeds = feed_documents.all_feeds(site, reader, now)
        return {
            path: feed_documents.render_feed(feed, site, reader, now)
            for path, feed in feeds.items()
        }


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rounds)
def test_builds_of_changed_paths_equal_full_builds(
    done: list[tuple[list[tuple[Any, ...]], int]],
) -> None:
    folders = {"folder": "articles", "ignore": ["drafts"]}
    with tempfile.TemporaryDirectory() as root:
        site = Publication(Path(root), START, FEEDS, articles=folders)
        one, two, three = (
            msgspec.structs.replace(
                site.site,
                settings=msgspec.structs.replace(site.site.settings, catalogue=name),
            )
            for name in ("changed.sqlite", "walked.sqlite", "read.sqlite")
        )
        with ExitStack() as stack:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setattr(scan_digest, "_MIN_FILES", 1)
            opened = [
                (variant, stack.enter_context(closing(Catalogue(variant.catalogue))))
                for variant in (one, two, three)
            ]
            cache, now = BuildCache(), NOW
            for variant, catalogue in opened:
                build_or_error(variant, catalogue, now)
            missed: set[str] = set()
            for number, (todo, hours) in enumerate(done):
                changed = {path for step in todo for path in apply(site, step)} | missed
                now += timedelta(hours=hours, seconds=number % 2)
                ways: list[dict[str, Any]] = [
                    {"changed_paths": changed, "cache": cache},
                    {},
                    {"verify": True},
                ]
                reports = [
                    build_or_error(variant, catalogue, now, **options)
                    for (variant, catalogue), options in zip(opened, ways, strict=True)
                ]
                results = [_comparable(report) for report in reports]
                assert results[0] == results[1] == results[2]
                # Changes that a failed build left are built in the next round.
                missed = changed if isinstance(reports[0], str) else set()
                if not missed:
                    assert dump(one) == dump(two) == dump(three)
                    assert dump(one)["term"] == counted(one, opened[0][1], now)
            shown = [documents_of(variant, catalogue, now) for variant, catalogue in opened]
            assert shown[0] == shown[1] == shown[2]


def _comparable(report: BuildReport | str) -> object:
    if isinstance(report, str):
        return report
    return msgspec.structs.replace(
        report, read=0, problems=(), feeds_changed=tuple(sorted(report.feeds_changed))
    )


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    publication = Publication(
        tmp_path,
        START,
        FEEDS,
    )
    publication.build()
    return publication


@pytest.fixture
def unscanned(site: Publication, monkeypatch: pytest.MonkeyPatch) -> Publication:
    """A built site in which a full scan fails the test."""

    def fail(_: Site) -> folder.Scan:
        raise AssertionError("the folder was scanned")

    monkeypatch.setattr(folder, "scan", fail)
    return site


def test_only_changed_paths_are_read(unscanned: Publication) -> None:
    unscanned.write("a.md", article(1, -1, ["Space"], "plain"))
    unscanned.write("c.md", article(2, -1, ["Space"], "plain"))
    report = unscanned.build(changed_paths=["a.md"])
    assert (report.read, report.changed, report.articles) == (1, 1, len(NAMES))


def test_changed_folder_is_scanned(unscanned: Publication) -> None:
    unscanned.write("x/new.md", article(8, -1, ["AI"], "plain"))
    unscanned.file("x/y/f.md").unlink()
    report = unscanned.build(changed_paths=["x"])
    assert (report.added, report.withdrawn) == (1, 1)


def test_path_that_is_not_an_article_changes_nothing(unscanned: Publication) -> None:
    before = dump(unscanned.site)
    unscanned.file("note.txt").write_text("not an article")
    report = unscanned.build(
        changed_paths=["note.txt", ".a.md.swp", "gone", "../site.yaml", "a.md/b"]
    )
    assert (report.read, dump(unscanned.site)) == (0, before)


def test_passing_time_alone_requires_a_build(unscanned: Publication) -> None:
    unscanned.write("new.md", article(8, 5, ["Later"], "plain"))
    report = unscanned.build(changed_paths=["new.md"])
    assert not {"all", "topics/later"} & set(report.feeds_changed)
    due = NOW + timedelta(hours=5)
    with unscanned.read() as reader:
        feeds = feed_documents.all_feeds(unscanned.site, reader, NOW)
        assert reader.feeds.next_change_of(feeds["all"], NOW) == due
        assert reader.feeds.next_change_of(feeds["from/p2"], NOW) == due
        assert reader.feeds.next_change_of(feeds["from/p1"], NOW) is None
    assert {"all", "topics/later"} <= set(unscanned.build(due, changed_paths=[]).feeds_changed)


def test_symlink_causes_a_full_scan(site: Publication) -> None:
    """A change of one path may be a change of the article at another."""
    site.file("link.md").symlink_to(site.file("a.md"))
    assert site.build(changed_paths=["link.md"]).read == 1
    site.write("a.md", article(9, -1, ["AI"], "plain"))
    assert site.build(changed_paths=["a.md"]).read == 2


def test_folder_without_articles_is_an_error(site: Publication) -> None:
    for name in NAMES:
        site.file(name).unlink()
    with pytest.raises(ArticleFolderError, match="has no article"):
        site.build(changed_paths=NAMES)


def test_guard_stops_builds_of_changed_paths(tmp_path: Path) -> None:
    files = {f"x/{n}.md": article(n, -n, ["AI"], "plain") for n in range(60)}
    site = Publication(tmp_path, {**files, "a.md": article(99, -1, ["AI"], "plain")}, FEEDS)
    site.build()
    before = dump(site.site)
    shutil.rmtree(site.file("x"))
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        assert build_or_error(site.site, catalogue, NOW, changed_paths=["x"]) == "GuardError"
    assert dump(site.site) == before


@pytest.mark.parametrize(
    ("select", "until"),
    [
        ({}, 5),
        ({"topic": "Space"}, None),
        ({"age": "1d"}, 5),
        ({"age": "3h"}, 2),  # the entry of one hour ago expires one second later
        ({"not": {"age": "3h"}}, 2),
        ({"topic": "AI", "age": "2h"}, 1),
        ({"topic": "Space", "age": "2h"}, None),
        ({"any": [{"topic": "Space"}, {"age": "4h"}]}, 3),
    ],
)
def test_until_is_the_next_change_by_time(
    tmp_path: Path, select: dict[str, Any], until: int | None
) -> None:
    articles = {
        "past.md": article(1, -1, ["AI"], "plain"),
        "future.md": article(2, 5, ["AI"], "plain"),
    }
    site = Publication(tmp_path, articles, {"feeds": [{"path": "some", "select": select}]})
    site.build()
    with site.read() as reader:
        feed = feed_documents.all_feeds(site.site, reader, NOW)["some"]
        change = reader.feeds.next_change_of(feed, NOW)
    expected = None if until is None else NOW + timedelta(hours=until)
    assert change in (expected, expected and expected + timedelta(seconds=1))
    if change:
        before = site.fetch("some", change - timedelta(seconds=1))
        assert before == site.fetch("some", NOW) != site.fetch("some", change)
