"""`feeds show` and `feeds check` report articles without a build."""

from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest

from feeds.build import check, explain
from feeds.build.explain import ArticleStatus
from feeds.config import collisions
from feeds.config.site import Site
from feeds.errors import NotFoundError, RenderError
from feeds.model.entry import Entry
from feeds.render import fragment
from feeds.util.progress import silent
from tests.support.site import NOW, Publication, front_matter

UNDATED: dict[str, Any] = {"publishedDateTime": None}


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    feeds = {"feeds": [{"path": "all"}, {"path": "newest", "size": 1}]}
    publication = Publication(
        tmp_path,
        {
            "a.md": front_matter(title="a", webUrl="https://example.org/a"),
            "old.md": front_matter(title="old", publishedDateTime="2024-01-01"),
        },
        feeds,
    )
    publication.build()
    return publication


def status_of(site: Publication, name: str) -> ArticleStatus:
    with site.read() as reader:
        return explain.explain(name, site.site, reader, NOW)


@pytest.mark.parametrize("name", ["old.md", "tag:example.org,2026:site/old"])
def test_article_is_found_by_path_and_by_id(site: Publication, name: str) -> None:
    article = status_of(site, name)
    assert (article.path, article.status) == ("old.md", "published")
    assert (article.feeds, article.selected) == (("all",), ("newest",))


def test_article_that_became_invalid_is_published_unchanged(site: Publication) -> None:
    site.write("a.md", front_matter(title=None))
    article = status_of(site, "a.md")
    assert article.status == "published as it was before, because it has problems now"
    assert article.feeds == ("all", "newest")
    assert [row.fatal for row in article.problems] == [True]
    assert article.entry
    assert article.entry.title == "a"


def test_article_with_a_taken_id_is_not_reported_as_new(site: Publication) -> None:
    site.write("a.html", front_matter(title="other"))
    article = status_of(site, "a.html")
    assert article.status == "not published, because it has problems"
    assert "a.md" in article.problems[-1].message


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (front_matter(title="n"), "new: the next build publishes it"),
        (front_matter(title="n", published=False), "withheld by its author"),
        (front_matter(title=None), "not published, because it has problems"),
        (
            front_matter(publishedDateTime=(NOW + timedelta(hours=1)).isoformat()),
            "held back until 2024-06-15 13:00 UTC",
        ),
    ],
)
def test_status_of_an_article_that_is_not_built_yet(
    site: Publication, text: str, status: str
) -> None:
    site.write("n.md", text)
    assert status_of(site, "n.md").status == status


def test_removed_article_is_withdrawn_and_other_paths_are_unknown(
    site: Publication,
) -> None:
    site.file("a.md").unlink()
    assert status_of(site, "a.md").status.startswith("withdrawn, because the article is gone")
    with pytest.raises(NotFoundError, match="no-such"):
        status_of(site, "no-such.md")


def test_article_that_grew_too_large_keeps_its_entry(site: Publication) -> None:
    site.write("old.md", "x" * 2_000_001)
    article = status_of(site, "old.md")
    assert article.status == "published as it was before, because it has problems now"
    assert article.feeds == ("all",)
    assert "2,000,001 bytes" in article.problems[0].message
    site.build()
    assert status_of(site, "old.md").status == article.status
    assert "old" in site.titles()


def test_entry_that_cannot_be_rendered_is_not_published(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(entry: Entry, _: Site) -> NoReturn:
        raise RenderError(entry.id, "cannot")

    site.write("a.md", front_matter(title="a2", webUrl="https://example.org/a"))
    with monkeypatch.context() as patched:
        patched.setattr(fragment, "render_entry", fail)
        site.build()
    article = status_of(site, "a.md")
    assert (article.status, article.entry) == ("not published, because it has problems", None)
    assert [row.fatal for row in article.problems] == [True]
    assert "cannot be rendered" in article.problems[0].message
    site.write("a.md", front_matter(title="a3", webUrl="https://example.org/a"))
    assert status_of(site, "a.md").status == "restored: the next build publishes it again"
    site.build()
    assert status_of(site, "a.md").status == "published"


def test_explained_entry_equals_the_built_one(site: Publication) -> None:
    site.write("old.md", front_matter(title="renewed", publishedDateTime="2024-01-01"))
    explained = status_of(site, "old.md").entry
    site.build()
    with site.read() as reader:
        row = reader.entries.find("old.md")
    assert row
    assert explained == row[1]


def test_file_that_no_build_reads_is_not_an_article(site: Publication) -> None:
    site.write("notes.txt", front_matter(title="notes"))
    with pytest.raises(NotFoundError):
        status_of(site, "notes.txt")
    site.file("out.md").symlink_to(site.root / "site.yaml")
    article = status_of(site, "out.md")
    assert article.status == "not published, because it has problems"
    assert "leads out" in article.problems[0].message


def test_check_finds_families_that_collide(tmp_path: Path) -> None:
    feeds = [
        {"path": "{topic}", "each": "topic"},
        {"path": "{category}", "each": "category"},
        {"path": "{type}-{language}", "each": ["type", "language"]},
    ]
    publication = Publication(
        tmp_path,
        {
            "a.md": front_matter(topics=["AI", "News", "Video en"]),
            "b.md": front_matter(
                title="b", webUrl="https://example.org/b", category="News", type="video"
            ),
            "c.md": front_matter(
                webUrl="https://example.org/c", category="AI", publishedDateTime="2999-01-01"
            ),
        },
        {"feeds": feeds},
    )
    problems = check.check_articles(publication.site, NOW, silent).problems
    risks = collisions.possible_collisions(publication.site)
    assert [row.field for row in risks] == ["feeds[1].path", "feeds[2].path", "feeds[2].path"]
    clashes = [row for row in problems if row not in risks]
    assert [row.field for row in clashes] == ["feeds[1].path", "feeds[2].path"]
    assert tuple(clashes) == publication.build().problems
    assert len(problems) == len(clashes) + len(risks)


def test_check_finds_the_problems_of_a_build(site: Publication) -> None:
    site.write("a.html", front_matter(title="other", webUrl="https://example.org/other"))
    site.write("bad.md", "no front matter")
    site.write("same.md", front_matter(title="same", webUrl="https://example.org/a"))
    report = check.check_articles(site.site, NOW, silent)
    number, problems = report.articles, report.problems
    assert number == 5
    checked = {(row.path, row.field, row.fatal) for row in problems}
    built = {(row.path, row.field, row.fatal) for row in site.build().problems}
    assert {row[1:] for row in checked} == {row[1:] for row in built}
    assert ("bad.md", "", True) in checked & built


def test_check_names_articles_without_a_date(tmp_path: Path) -> None:
    articles = {
        f"{name}.md": front_matter(title=name, webUrl=f"https://example.org/{name}", **date)
        for name, date in {"a": {}, "b": UNDATED, "c": UNDATED}.items()
    }
    report = check.check_articles(Publication(tmp_path, articles).site, NOW, silent)
    assert [str(notice) for notice in report.notices] == [
        "date (2 articles, first b.md): is missing, so a build dates the article by its "
        "first commit, or by its file; write it"
    ]
    assert report.counts.dated == {"front matter": 1, "first seen": 2}
