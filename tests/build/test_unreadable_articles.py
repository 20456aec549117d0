"""Files that cannot be read are reported; the rest is published."""

import os
from pathlib import Path

import pytest

from feeds.articles.folder import read, scan
from feeds.errors import ArticleError, ArticleFolderError
from tests.support.built_site import article, item
from tests.support.site import Publication, front_matter


def test_article_that_becomes_invalid_stays_published_unchanged(site: Publication) -> None:
    before = item(site, "a")
    site.write("a.md", "---\ntitle: [\n---\n")
    for _ in range(2):
        report = site.build()
        assert item(site, "a") == before
        assert [(row.path, row.fatal) for row in report.problems] == [("a.md", True)]
        assert "published as it was before" in report.problems[0].message


def test_article_that_grows_too_large_stays_published_unchanged(site: Publication) -> None:
    site.write("a.md", article("a2", body="x" * 2_000_001))
    report = site.build()
    assert sorted(site.titles()) == ["a", "b"]
    assert "2,000,0" in report.problems[0].message


def test_bad_article_does_not_affect_the_rest(tmp_path: Path) -> None:
    articles: dict[str, str | bytes] = {
        "a.md": article("a"),
        "bad/closed.md": "---\ntitle: x\n",
        "bad/control.html": front_matter("<p>&#1;</p>", title="control"),
        "bad/empty.md": "",
        "bad/latin.md": b"---\ntitle: \xe9\n---\n",
        "bad/large.md": "x" * 2_000_001,
        "bad/list.md": "---\n- a\n---\n",
        "bad/title.md": article("", title=""),
        "z.md": article("z"),
    }
    site = Publication(tmp_path, articles)
    report = site.build()
    assert {"a", "z"} <= set(site.titles()) <= {"a", "z", "control"}
    bad = {row.path for row in report.problems if row.fatal}
    assert bad >= {path for path in articles if path.startswith("bad/")} - {"bad/control.html"}
    site.export(tmp_path / "out")


def test_symlinks_out_of_the_folder_are_not_followed(site: Publication) -> None:
    outside = site.root / "outside"
    outside.mkdir()
    (outside / "c.md").write_text(article("secret"))
    site.file("c.md").symlink_to(outside / "c.md")
    site.file("folder").symlink_to(outside)
    site.file("inside.md").symlink_to(site.write("sub/d.md", article("d")))
    report = site.build()
    assert "secret" not in site.titles()
    rejected = {row.path for row in report.problems if "leads out" in row.message}
    assert rejected == {"c.md", "folder"}


def test_dangling_and_circular_symlinks_are_reported(site: Publication) -> None:
    site.file("nothing.md").symlink_to(site.file("no-such.md"))
    site.file("loop.md").symlink_to(site.file("loop.md"))
    site.file("round").symlink_to(site.file("."))
    report = site.build()
    assert [row.path for row in report.problems] == ["loop.md", "nothing.md"]
    assert sorted(site.titles()) == ["a", "b"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_articles_are_reported_and_stay_published(site: Publication) -> None:
    site.write("sub/c.md", article("c"))
    site.build()
    site.file("a.md").chmod(0)
    site.file("sub").chmod(0)
    site.write("a.md", article("a2"))
    try:
        report = site.build()
    finally:
        site.file("sub").chmod(0o755)
    assert {row.path.rstrip("/") for row in report.problems} == {"a.md", "sub"}
    assert sorted(site.titles()) == ["a", "b", "c"]


def test_inaccessible_article_does_not_count_as_removed(site: Publication) -> None:
    site.file("a.md").unlink()
    site.file("a.md").symlink_to(site.file("a.md"))  # cannot be opened, not even by root
    report = site.build()
    assert [row.path for row in report.problems] == ["a.md"]
    assert sorted(site.titles()) == ["a", "b"]


def test_file_that_vanishes_before_it_is_read_is_a_problem(
    site: Publication,
) -> None:
    listing = scan(site.site)
    site.file("a.md").unlink()
    assert "a.md" in listing.files
    with pytest.raises(ArticleError, match=r"a\.md:1: cannot be read"):
        read(site.site.folder, "a.md", 1000)


def test_files_up_to_max_bytes_are_read(tmp_path: Path) -> None:
    exact, over = article("exact"), article("over")
    size = len(exact.encode())
    site = Publication(
        tmp_path,
        {"a.md": exact, "b.md": over + "x" * (size + 1 - len(over.encode()))},
        articles={"folder": "articles", "max_bytes": size},
    )
    report = site.build()
    assert site.titles() == ["exact"]
    assert [(row.path, row.fatal) for row in report.problems] == [("b.md", True)]


def test_file_names_that_are_not_utf_8_are_reported(site: Publication) -> None:
    folder = os.fsencode(site.file("."))
    try:
        Path(os.fsdecode(folder + b"/\xff.md")).write_text(article("c"))
    except OSError:
        pytest.skip("this file system accepts only UTF-8 names")
    report = site.build()
    assert [row.path for row in report.problems] == [r"\xff.md"]
    assert sorted(site.titles()) == ["a", "b"]


def test_hidden_ignored_and_other_files_are_not_articles(tmp_path: Path) -> None:
    text = article("no")
    site = Publication(
        tmp_path,
        {
            "a.md": article("a"), ".b.md": text, ".git/c.md": text, "drafts/d.md": text,
            "e.txt": text, "x/README.md": text,
        },
        articles={"folder": "articles", "ignore": ["drafts", "*/README.md"]},
    )  # fmt: skip
    assert (site.build().articles, site.titles()) == (1, ["a"])


def test_empty_or_missing_folder_is_an_error_and_changes_nothing(site: Publication) -> None:
    before, loaded = site.items(), site.site
    for name in ("a.md", "b.md"):
        site.file(name).unlink()
    with pytest.raises(ArticleFolderError, match="has no article"):
        site.build(force=True)
    site.file(".").rmdir()
    with pytest.raises(ArticleFolderError, match="cannot be read"):
        scan(loaded)
    site.file(".").mkdir()
    assert site.items() == before
