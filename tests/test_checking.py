"""What becomes of one article, and what is wrong with any: told without a build."""

from datetime import timedelta
from pathlib import Path

import pytest

from feeds import checking
from feeds.build import silent
from feeds.checking import Fate
from feeds.errors import UnknownError
from tests.support import NOW, Publication, front_matter


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


def fate(site: Publication, name: str) -> Fate:
    with site.read() as reader:
        return checking.fate(name, site.site, reader, NOW)


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
    with pytest.raises(UnknownError, match="no-such"):
        fate(site, "no-such.md")


def test_check_finds_what_a_build_would_report(site: Publication) -> None:
    site.write("a.html", front_matter(title="other", webUrl="https://example.org/other"))
    site.write("bad.md", "no front matter")
    site.write("same.md", front_matter(title="same", webUrl="https://example.org/a"))
    number, problems = checking.check(site.site, NOW, silent)
    assert number == 5
    told = {(row.path, row.field, row.fatal) for row in problems}
    built = {(row.path, row.field, row.fatal) for row in site.build().problems}
    assert {row[1:] for row in told} == {row[1:] for row in built}
    assert ("bad.md", "", True) in told & built
