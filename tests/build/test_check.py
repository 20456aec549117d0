"""What becomes of one article, and what is wrong with any: told without a build."""

from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from feeds.build import check, explain
from feeds.build.explain import ArticleStatus
from feeds.config import definitions
from feeds.config.site import Site
from feeds.errors import NotFoundError, RenderError
from feeds.model.entry import Entry
from feeds.render import fragment
from feeds.util.progress import silent
from tests.support.site import NOW, Publication, front_matter


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    feeds = {"feeds": [{"path": "all"}, {"path": "newest", "size": 1}]}
    made = Publication(
        tmp_path,
        {
            "a.md": front_matter(title="a", webUrl="https://example.org/a"),
            "old.md": front_matter(title="old", publishedDateTime="2024-01-01"),
        },
        feeds,
    )
    made.build()
    return made


def fate(site: Publication, name: str) -> ArticleStatus:
    with site.read() as reader:
        return explain.explain(name, site.site, reader, NOW)


@pytest.mark.parametrize("name", ["old.md", "tag:example.org,2026:site/old"])
def test_an_article_is_found_by_its_path_and_by_its_id(site: Publication, name: str) -> None:
    found = fate(site, name)
    assert (found.path, found.status) == ("old.md", "published")
    assert (found.feeds, found.selected) == (("all",), ("newest",))


def test_what_has_become_bad_is_published_as_it_was(site: Publication) -> None:
    site.write("a.md", front_matter(title=None))
    found = fate(site, "a.md")
    assert found.status == "published as it was before, for it has problems now"
    assert found.feeds == ("all", "newest")
    assert [row.fatal for row in found.problems] == [True]
    assert found.entry
    assert found.entry.title == "a"


def test_an_article_whose_id_is_taken_is_not_said_to_be_new(site: Publication) -> None:
    site.write("a.html", front_matter(title="other"))
    found = fate(site, "a.html")
    assert found.status == "not published, for it has problems"
    assert "a.md" in found.problems[-1].message


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (front_matter(title="n"), "new: the next build publishes it"),
        (front_matter(title="n", published=False), "withheld by its author"),
        (front_matter(title=None), "not published, for it has problems"),
        (
            front_matter(publishedDateTime=(NOW + timedelta(hours=1)).isoformat()),
            "held back until 2024-06-15 13:00 UTC",
        ),
    ],
)
def test_an_article_that_is_not_built_yet_is_told_its_fate(
    site: Publication, text: str, status: str
) -> None:
    site.write("n.md", text)
    assert fate(site, "n.md").status == status


def test_an_article_that_is_gone_is_withdrawn_and_one_that_never_was_is_unknown(
    site: Publication,
) -> None:
    site.file("a.md").unlink()
    assert fate(site, "a.md").status.startswith("withdrawn, for the article is gone")
    with pytest.raises(NotFoundError, match="no-such"):
        fate(site, "no-such.md")


def test_a_file_that_has_grown_too_large_keeps_its_entry_out(site: Publication) -> None:
    site.write("old.md", "x" * 2_000_001)
    found = fate(site, "old.md")
    assert found.status == "published as it was before, for it has problems now"
    assert found.feeds == ("all",)
    assert "2,000,001 bytes" in found.problems[0].message
    site.build()
    assert fate(site, "old.md").status == found.status
    assert "old" in site.titles()


def test_an_entry_that_could_not_be_rendered_is_not_said_to_be_published(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(entry: Entry, _: Site) -> NoReturn:
        raise RenderError(entry.id, "cannot")

    site.write("a.md", front_matter(title="a2", webUrl="https://example.org/a"))
    with monkeypatch.context() as patched:
        patched.setattr(fragment, "render_entry", fails)
        site.build()
    found = fate(site, "a.md")
    assert (found.status, found.entry) == ("not published, for it has problems", None)
    assert [row.fatal for row in found.problems] == [True]
    assert "cannot be rendered" in found.problems[0].message
    site.write("a.md", front_matter(title="a3", webUrl="https://example.org/a"))
    assert fate(site, "a.md").status == "back: the next build publishes it again"
    site.build()
    assert fate(site, "a.md").status == "published"


def test_what_is_told_of_an_entry_is_what_a_build_makes_of_it(site: Publication) -> None:
    site.write("old.md", front_matter(title="renewed", publishedDateTime="2024-01-01"))
    told = fate(site, "old.md").entry
    site.build()
    with site.read() as reader:
        found = reader.entries.find("old.md")
    assert found
    assert told == found[1]


def test_a_file_that_no_build_reads_is_no_article(site: Publication) -> None:
    site.write("notes.txt", front_matter(title="notes"))
    with pytest.raises(NotFoundError):
        fate(site, "notes.txt")
    site.file("out.md").symlink_to(site.root / "site.yaml")
    found = fate(site, "out.md")
    assert found.status == "not published, for it has problems"
    assert "leads out" in found.problems[0].message


def test_check_finds_families_that_clash(tmp_path: Path) -> None:
    feeds = [
        {"path": "{topic}", "each": "topic"},
        {"path": "{category}", "each": "category"},
        {"path": "{type}-{language}", "each": ["type", "language"]},
    ]
    made = Publication(
        tmp_path,
        {
            "a.md": front_matter(topics=["AI", "News", "Video en"]),
            "b.md": front_matter(webUrl="https://example.org/b", category="News", type="video"),
            "c.md": front_matter(
                webUrl="https://example.org/c", category="AI", publishedDateTime="2999-01-01"
            ),
        },
        {"feeds": feeds},
    )
    problems = check.check_articles(made.site, NOW, silent).problems
    risks = definitions.possible_collisions(made.site)
    assert [row.field for row in risks] == ["feeds[1].path", "feeds[2].path", "feeds[2].path"]
    clashes = [row for row in problems if row not in risks]
    assert [row.field for row in clashes] == ["feeds[1].path", "feeds[2].path"]
    assert tuple(clashes) == made.build().problems
    assert len(problems) == len(clashes) + len(risks)


def test_check_finds_what_a_build_would_report(site: Publication) -> None:
    site.write("a.html", front_matter(title="other", webUrl="https://example.org/other"))
    site.write("bad.md", "no front matter")
    site.write("same.md", front_matter(title="same", webUrl="https://example.org/a"))
    report = check.check_articles(site.site, NOW, silent)
    number, problems = report.articles, report.problems
    assert number == 5
    told = {(row.path, row.field, row.fatal) for row in problems}
    built = {(row.path, row.field, row.fatal) for row in site.build().problems}
    assert {row[1:] for row in told} == {row[1:] for row in built}
    assert ("bad.md", "", True) in told & built
