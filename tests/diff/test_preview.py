"""`feeds diff` shows what subscribers would see, writes nothing, and agrees with the next build."""

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from feeds.build.builder import BuildRequest
from feeds.catalogue.catalogue import Catalogue
from feeds.cli.main import main
from feeds.diff import page, report
from feeds.diff.changes import Difference, FieldChange, words
from feeds.diff.preview import preview
from feeds.util.progress import silent
from tests.support.built_site import article
from tests.support.site import NOW, Publication

SOON = NOW + timedelta(hours=1)
FEEDS = {
    "defaults": {"size": 5},
    "feeds": [{"path": "all"}, {"path": "topics/{topic}", "each": "topic"}],
}


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    articles = {
        f"{n}.md": article(f"t{n}", publishedDateTime=f"2024-05-{10 + n}T09:00:00Z")
        for n in range(7)
    }
    site = Publication(tmp_path, articles, FEEDS)
    site.build()
    return site


def difference(site: Publication) -> Difference:
    catalogue = Catalogue(site.site.catalogue)
    try:
        return preview(site.site, catalogue, SOON, BuildRequest(jobs=1), silent)
    finally:
        catalogue.close()


def rows(found: Difference, path: str = "all") -> dict[str, list[str]]:
    feed = next(feed for feed in found.feeds if feed.path == path)
    return {
        "new": [entry.title for entry in feed.new],
        "returned": [entry.title for entry in feed.returned],
        "changed": [entry.rpartition("/")[2] for entry in feed.changed],
        "gone": [f"{entry.title}: {entry.reason}" for entry in feed.gone],
    }


def test_no_change_is_no_difference(site: Publication) -> None:
    assert difference(site) == Difference()


def test_new_entry_pushes_out_the_oldest(site: Publication) -> None:
    site.write("new.md", article("new"))
    assert rows(difference(site)) == {
        "new": ["new"], "returned": [], "changed": [],
        "gone": ["t2: newer entries push it out"],
    }  # fmt: skip


def test_entry_whose_file_is_gone_lets_an_older_one_in(site: Publication) -> None:
    site.file("6.md").unlink()
    found = rows(difference(site))
    assert (found["new"], found["gone"]) == (["t1"], ["t6: its file is gone"])


def test_entry_that_the_feed_showed_before_is_back(site: Publication) -> None:
    site.write("new.md", article("new"))
    site.build()
    site.file("new.md").unlink()
    assert rows(difference(site))["returned"] == ["t2"]


def test_withheld_and_retitled_entries_are_named(site: Publication) -> None:
    site.write("6.md", article("t6", draft=True))
    site.write(
        "5.md", article("t5", title="Another title", publishedDateTime="2024-05-15T09:00:00Z")
    )
    found = difference(site)
    assert rows(found)["gone"] == ["t6: it is withheld"]
    (change,) = found.entries
    fields = {field.field: (field.before, field.after) for field in change.fields}
    assert fields["title"] == ("t5", "Another title")
    assert change.is_updated


def test_entry_that_changes_its_topic_leaves_one_feed_and_makes_another(site: Publication) -> None:
    site.write("6.md", article("t6", topics=["Boats"], publishedDateTime="2024-05-16T09:00:00Z"))
    found = difference(site)
    assert rows(found, "topics/ai")["gone"] == ["t6: it no longer matches the feed"]
    boats = next(feed for feed in found.feeds if feed.path == "topics/boats")
    assert (boats.state, [entry.title for entry in boats.new]) == ("new", ["t6"])


def test_feed_that_is_gone_is_named(site: Publication) -> None:
    for number in range(7):
        text = site.file(f"{number}.md").read_text("utf-8")
        site.write(f"{number}.md", text.replace("- AI", "- Boats"))
    feeds = {feed.path: feed.state for feed in difference(site).feeds}
    assert feeds["topics/ai"] == "gone"


def test_nothing_is_written(site: Publication) -> None:
    before, catalogue = site.fetch(), (site.root / "catalogue.sqlite").read_bytes()
    site.write("new.md", article("new"))
    difference(site)
    assert site.fetch() == before
    assert (site.root / "catalogue.sqlite").read_bytes() == catalogue
    assert site.build(SOON).added == 1


def test_prediction_agrees_with_the_build(site: Publication) -> None:
    site.file("6.md").unlink()
    site.write("new.md", article("new"))
    before = site.titles()
    found = rows(difference(site))
    site.build(SOON)
    after = site.titles()
    assert set(after) - set(before) == {*found["new"], *found["returned"]}
    assert set(before) - set(after) == {row.partition(":")[0] for row in found["gone"]}


def test_harms_are_shown_and_end_with_status_1(site: Publication) -> None:
    for number in range(40):
        site.write(f"more/{number}.md", article(f"m{number}"))
    site.build(SOON, force=True)
    for number in range(40):
        site.file(f"more/{number}.md").unlink()
    done = CliRunner().invoke(main, ["diff", "--config", str(site.root)])
    assert done.exit_code == 1, done.output
    assert "folder     more/: the whole folder is gone, and 40 entries with it" in done.output


def test_page_shows_changes_word_by_word_and_escapes(site: Publication) -> None:
    site.write(
        "6.md",
        article("t6", title="<b> & t6", publishedDateTime="2024-05-16T09:00:00Z"),
    )
    html = page.render(difference(site), "A & B")
    assert "<title>Changes for subscribers: A &amp; B</title>" in html
    assert "<ins>&lt;b&gt; &amp; </ins>t6" in html
    assert "<b> &" not in html


def test_report_marks_removed_and_added_words(site: Publication) -> None:
    site.write("6.md", article("t6", title="t6 now", publishedDateTime="2024-05-16T09:00:00Z"))
    text = "\n".join(report.lines(difference(site)))
    assert "title: t6{+ now+}" in text
    assert "  all: 1 changed" in text


def test_words_of_long_texts_are_compared_by_line() -> None:
    old = "a word\n" * 3_000
    pieces = list(words(FieldChange("content", old, old + "the end\n")))
    assert pieces == [("same", old), ("added", "the end\n")]


def test_json_holds_every_part(site: Publication) -> None:
    site.write("new.md", article("new"))
    done = CliRunner().invoke(main, ["diff", "--config", str(site.root), "--json"])
    assert done.exit_code == 0
    assert '"path": "all"' in done.output or '"path":"all"' in done.output


def test_missing_catalogue_is_an_error(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": article("a")})
    done = CliRunner().invoke(main, ["diff", "--config", str(site.root)])
    assert done.exit_code == 2
    assert not (tmp_path / "catalogue.sqlite").exists()
