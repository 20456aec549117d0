"""A copy of an article is reported by the build that adds it."""

from pathlib import Path
from typing import Any

import pytest

from feeds.build import check
from feeds.util.progress import silent
from tests.support.built_site import LATER, PERMALINK, article
from tests.support.site import NOW, Publication, front_matter

FULL_OR_PARTIAL = pytest.mark.parametrize("paths", [None, ["copy.md"]], ids=["full", "partial"])


def make(root: Path, **settings: Any) -> Publication:
    site = Publication(root, {"a.md": article("a"), "b.md": article("b")}, **settings)
    site.build()
    return site


def reported(site: Publication, paths: list[str] | None) -> list[str]:
    report = site.build(LATER, changed_paths=paths)
    return [str(problem) for problem in report.problems]


@FULL_OR_PARTIAL
def test_copy_of_a_file_is_reported_at_once(tmp_path: Path, paths: list[str] | None) -> None:
    site = make(tmp_path)
    site.write("copy.md", site.file("b.md").read_text())
    assert reported(site, paths) == [
        "copy.md:1: has the same title, date and text as b.md; readers get both; delete one of "
        "them, or withhold it with published: false"
    ]


@FULL_OR_PARTIAL
def test_article_with_the_link_of_another_is_reported(
    tmp_path: Path, paths: list[str] | None
) -> None:
    site = make(tmp_path)
    site.write("copy.md", article("c", webUrl="https://example.org/a"))
    assert reported(site, paths) == [
        "copy.md:1: webUrl: https://example.org/a is also the link of a.md; readers get both; give "
        "one another link, or delete it"
    ]


@FULL_OR_PARTIAL
def test_copy_with_another_link_and_text_is_reported(
    tmp_path: Path, paths: list[str] | None
) -> None:
    site = make(tmp_path, permalink=PERMALINK)
    site.write("copy.md", front_matter(title="B", webUrl=None, excerpt="Another text."))
    assert reported(site, paths) == [
        "copy.md:1: title: and date are also those of b.md; readers get both; delete one of them, "
        "or withhold it with published: false"
    ]


@FULL_OR_PARTIAL
@pytest.mark.parametrize(
    "changed", [{"publishedDateTime": "2024-06-01"}, {"language": "de"}], ids=["date", "language"]
)
def test_title_alone_is_no_sign_of_a_copy(
    tmp_path: Path, paths: list[str] | None, changed: dict[str, str]
) -> None:
    site = make(tmp_path)
    link = "https://example.org/c"
    site.write("copy.md", article("a", webUrl=link, excerpt="Another text.", **changed))
    assert reported(site, paths) == []


@FULL_OR_PARTIAL
def test_renamed_article_is_no_copy(tmp_path: Path, paths: list[str] | None) -> None:
    site = make(tmp_path)
    site.file("b.md").rename(site.file("copy.md"))
    assert reported(site, paths and ["b.md", *paths]) == []


def test_original_is_the_older_entry(tmp_path: Path) -> None:
    """Whatever the order of the paths, and although the original was edited last."""
    site = make(tmp_path)
    site.write("0.md", site.file("a.md").read_text())
    assert reported(site, ["0.md"])[0].startswith("0.md:1: has the same")
    site.write("a.md", article("a", quality=3))
    assert reported(site, ["a.md"]) == []
    assert reported(site, None)[0].startswith("0.md:1: has the same")


def test_copy_is_no_longer_reported_once_its_original_is_withdrawn(tmp_path: Path) -> None:
    site = make(tmp_path)
    site.write("copy.md", site.file("a.md").read_text())
    assert reported(site, None)
    site.write("a.md", article("a", published=False))
    assert reported(site, None) == []


@pytest.mark.parametrize("link", ["https://example.org/a", "https://example.org/c"])
def test_check_reports_a_copy_once(tmp_path: Path, link: str) -> None:
    site = make(tmp_path)
    site.write("copy.md", article("a", webUrl=link))
    (problem,) = check.check_articles(site.site, NOW, silent).problems
    assert (problem.path, problem.fatal) == ("copy.md", False)
    assert "has the same title, date and text as a.md" in problem.message


def test_first_build_reports_copies(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": article("a"), "copy.md": article("a")})
    (problem,) = site.build().problems
    assert problem.path == "copy.md"
