"""Articles without a date are dated by their first commits."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from feeds.build import explain
from feeds.util import git_dates
from tests.support.built_site import LATER, article
from tests.support.git_repository import commit, git
from tests.support.site import NOW, Publication

FIRST, SECOND, THIRD = (f"2024-0{month}-01T10:00:00Z" for month in (2, 3, 4))


def undated(title: str, **fields: Any) -> str:
    return article(title, publishedDateTime=None, **fields)


def make(root: Path, **settings: Any) -> Publication:
    """A repository with the articles `a` and `dated`, and `b` of a second commit; not built."""
    site = Publication(root, {"a.md": undated("a"), "dated.md": article("dated")}, **settings)
    commit(root, FIRST)
    site.write("b.md", undated("b"))
    site.write("a.md", undated("a", excerpt="Another text."))
    commit(root, SECOND)
    return site


def dates(site: Publication) -> dict[str, str]:
    return {item["title"]: item["date_published"] for item in site.items(now=LATER)}


def file_date(site: Publication, path: str) -> str:
    moment = datetime.fromtimestamp(site.file(path).stat().st_mtime, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def test_first_build_dates_articles_by_their_first_commits(tmp_path: Path) -> None:
    site = make(tmp_path)
    report = site.build()
    assert dates(site) == {"a": FIRST, "b": SECOND, "dated": "2024-05-31T09:00:00Z"}
    assert (report.added, report.problems) == (3, ())


def test_date_of_the_first_commit_is_stored(tmp_path: Path) -> None:
    site = make(tmp_path)
    site.build()
    before = dates(site)
    site.write("a.md", undated("a", excerpt="New."))
    site.file("b.md").rename(site.file("c.md"))
    site.build(LATER)
    commit(tmp_path, THIRD)
    site.build(LATER, verify=True)
    assert dates(site) == before


@pytest.mark.parametrize("paths", [None, ["c.md", "d.md"]], ids=["full", "partial"])
def test_only_committed_articles_have_a_commit(tmp_path: Path, paths: list[str] | None) -> None:
    site = make(tmp_path)
    site.build()
    site.write("c.md", undated("c"))
    commit(tmp_path, THIRD)
    site.write("d.md", undated("d"))
    site.build(LATER, changed_paths=paths)
    assert (dates(site)["c"], dates(site)["d"]) == (THIRD, file_date(site, "d.md"))


def test_setting_seen_dates_by_files(tmp_path: Path) -> None:
    site = make(tmp_path, articles={"folder": "articles", "undated": "seen"})
    site.build()
    assert [dates(site)[name] for name in "ab"] == [file_date(site, f"{name}.md") for name in "ab"]


@pytest.mark.parametrize("number", [1, 300])
def test_history_is_read_once_and_only_for_new_articles_without_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    site = make(tmp_path)
    calls: list[int] = []
    commits = git_dates.commits

    def counted(folder: Path, paths: Sequence[str]) -> dict[str, git_dates.Commits]:
        calls.append(len(paths))
        return commits(folder, paths)

    monkeypatch.setattr(git_dates, "commits", counted)
    for each in range(number):
        site.write(f"{each}.md", undated(f"t{each}", excerpt=f"{each}"))
    commit(tmp_path, THIRD)
    site.build()
    assert calls == [number + 3]
    site.write("a.md", undated("a", excerpt="An edit of a known article."))
    site.write("new.md", article("new", excerpt="An article with a date."))
    site.build(LATER)
    assert calls == [number + 3]
    assert THIRD in dates(site).values()


@pytest.mark.parametrize(("depth", "others", "last"), [(1, 2, None), (2, 1, THIRD)])
def test_shallow_clone_is_reported(
    tmp_path: Path, depth: int, others: int, last: str | None
) -> None:
    """Its oldest commit seems to add all files, so that it is the date of none of them."""
    origin = make(tmp_path / "origin")
    origin.write("c.md", undated("c"))
    commit(origin.root, THIRD)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", f"--depth={depth}", f"file://{origin.root}", str(clone))
    site = Publication(clone, {})
    now = datetime.now(UTC)
    (problem,) = site.build(now).problems
    assert (problem.path, problem.fatal) == ("a.md", False)
    assert problem.message.startswith(f"has no date (nor have {others} more), and the clone is too")
    published = {item["title"]: item["date_published"] for item in site.items(now=now)}
    assert published["a"] == file_date(site, "a.md")
    assert published["c"] == (last or file_date(site, "c.md"))
    assert site.build(now).problems == ()


def test_commit_dated_in_the_future_counts_as_made_now(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": undated("a")})
    commit(tmp_path, "2030-01-01T00:00:00Z")
    site.build()
    assert dates(site) == {"a": f"{NOW:%Y-%m-%dT%H:%M:%SZ}"}


def test_show_dates_an_article_as_the_next_build_does(tmp_path: Path) -> None:
    site = make(tmp_path)
    with site.read() as reader:
        entry = explain.explain("a.md", site.site, reader, NOW).entry
    assert entry
    assert f"{entry.published:%Y-%m-%dT%H:%M:%SZ}" == FIRST


def test_files_with_unusual_names_are_dated(tmp_path: Path) -> None:
    names = ["Grüße.md", "a b.md", ":(top)c.md", "[d]*.md"]
    site = Publication(tmp_path, {name: undated(str(i)) for i, name in enumerate(names)})
    commit(tmp_path, FIRST)
    site.build()
    assert dates(site) == dict.fromkeys("0123", FIRST)


def test_variables_of_a_hook_do_not_lead_to_another_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make(tmp_path / "site")
    other = Publication(tmp_path / "other", {"a.md": undated("a")})
    commit(other.root, THIRD)
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    site.build()
    assert dates(site)["a"] == FIRST
