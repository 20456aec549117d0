"""Ids stay with their articles through edits, renames and withdrawals."""

from datetime import timedelta
from pathlib import Path

import pytest

from feeds.build import workers
from tests.support.built_site import PERMALINK, article, item, touch
from tests.support.site import NOW, Publication, front_matter, within


@pytest.mark.rule("R20", "A12")
@pytest.mark.parametrize(
    "change",
    [
        {"title": "other"},
        {"webUrl": "https://example.org/other"},
        {"publishedDateTime": "2024-02-02T00:00:00Z"},
        {"title": "other", "webUrl": "https://example.org/x", "publishedDateTime": "2024-02-02"},
    ],
)
def test_id_survives_changes_of_title_url_and_date(
    site: Publication, change: dict[str, object]
) -> None:
    before = {entry["id"] for entry in site.items()}
    site.write("a.md", article("a", **change))
    site.build()
    assert {entry["id"] for entry in site.items()} == before


@pytest.mark.rule("A12")
def test_id_survives_a_rename_with_the_same_link(site: Publication) -> None:
    before = item(site, "a")["id"]
    site.file("a.md").unlink()
    site.write("moved/x.md", article("a", excerpt="Other words."))
    report = site.build()
    assert item(site, "a")["id"] == before
    assert (report.added, report.withdrawn) == (0, 0)


@pytest.mark.rule("A12")
def test_id_survives_a_rename_with_the_same_content(tmp_path: Path) -> None:
    site = Publication(
        tmp_path,
        {"a.md": front_matter("Long.", title="a", webUrl=None), "b.md": article("b")},
        permalink=PERMALINK,
    )
    site.build()
    before = item(site, "a")
    site.file("moved").mkdir()
    site.file("a.md").rename(site.file("moved/x.md"))
    site.build()
    after = item(site, "a")
    assert after["id"] == before["id"]
    assert (before["url"], after["url"]) == (
        "https://example.org/a/",
        "https://example.org/moved/x/",
    )


def test_id_survives_a_change_of_extension(site: Publication) -> None:
    before = item(site, "a")["id"]
    site.file("a.md").rename(site.file("a.html"))
    site.build()
    assert item(site, "a")["id"] == before


SOON, LONG = timedelta(days=2), timedelta(days=300)


DIFFERENT = {"title": "n", "excerpt": "Other.", "publishedDateTime": "2024-06-10T00:00:00Z"}


def replace_article(
    root: Path, old: str, new: str, after: timedelta, name: str = "new.md"
) -> tuple[set[str], list[str]]:
    """Remove an article, and add the `new` one a time of `after` later.

    Returns the ids published before and afterwards, without that of the article that stays.
    """
    site = Publication(root, {"old.md": old, "b.md": article("b")}, permalink=PERMALINK)
    site.build()
    before = {entry["id"] for entry in site.items() if entry["title"] != "b"}
    site.file("old.md").unlink()
    site.build()
    site.write(name, new)
    now = NOW + after
    touch(site.file(name), int(now.timestamp()) - 60)
    site.build(now)
    return before, [entry["id"] for entry in site.items(now=now) if entry["title"] != "b"]


LINKED = article("o")


UNDATED = article("n", webUrl=None, publishedDateTime=None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (LINKED, article("n", **{**DIFFERENT, "webUrl": "https://example.org/o"})),
        (UNDATED, UNDATED),
    ],
    ids=["link", "text"],
)
def test_weak_match_with_an_article_removed_long_ago_gets_a_new_id(
    tmp_path: Path, old: str, new: str
) -> None:
    before, after = replace_article(tmp_path, old, new, LONG)
    assert len(after) == 1
    assert not before & set(after)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (LINKED, article("n", **{**DIFFERENT, "webUrl": "https://example.org/o"})),
        (UNDATED, UNDATED),
    ],
    ids=["link", "text"],
)
def test_weak_match_with_an_article_removed_recently_keeps_the_id(
    tmp_path: Path, old: str, new: str
) -> None:
    before, after = replace_article(tmp_path, old, new, SOON)
    assert before == set(after)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (LINKED, article("n", excerpt="Other.", webUrl="https://example.org/o")),
        (article("o", webUrl=None), article("o", webUrl=None)),
        (LINKED, LINKED),
        (article("o", publishedDateTime=None), article("o", publishedDateTime=None)),
    ],
    ids=["link and date", "text and date", "link, text and date", "link and text"],
)
def test_strong_match_with_an_article_removed_long_ago_keeps_the_id(
    tmp_path: Path, old: str, new: str
) -> None:
    before, after = replace_article(tmp_path, old, new, LONG)
    assert before == set(after)


def test_same_text_and_link_with_another_date_gets_a_new_id(
    tmp_path: Path,
) -> None:
    """For example a monthly invitation, with the date in its file name."""
    text = article("o", publishedDateTime=None)
    before, after = replace_article(tmp_path, text, text, LONG, "2025-04-01-new.md")
    assert len(after) == 1
    assert not before & set(after)


def test_draft_withdrawn_long_ago_keeps_its_id_when_renamed(tmp_path: Path) -> None:
    """Its file is removed in the build that restores it, long after its entry was withdrawn."""
    site = Publication(tmp_path, {"old.md": LINKED, "b.md": article("b")})
    site.build()
    before = item(site, "o")["id"]
    site.write("old.md", article("o", published=False))
    site.build()
    site.file("old.md").unlink()
    site.write("new.md", article("n", **{**DIFFERENT, "webUrl": "https://example.org/o"}))
    now = NOW + LONG
    site.build(now)
    assert item(site, "n", now)["id"] == before


@pytest.mark.rule("R20")
@pytest.mark.parametrize("id_", ["tag:example.org,2026:", "7f1c1d0e-6f3e-4e0c-9d7e-1c1b2a3d4e5f"])
def test_reused_path_gets_another_id(tmp_path: Path, id_: str) -> None:
    site = Publication(tmp_path, {"a.md": article("first")}, id=id_)
    site.build()
    for number, title in enumerate(["second", "third"]):
        site.file("a.md").rename(site.file(f"moved-{number}.md"))
        site.build()
        site.write("a.md", article(title))
        site.build()
    ids = {entry["title"]: entry["id"] for entry in site.items()}
    assert len(set(ids.values())) == 3
    assert all("~" not in id_ for id_ in ids.values() if id_.startswith("urn:uuid:"))


def test_first_of_two_articles_that_differ_in_extension_is_published(
    site: Publication,
) -> None:
    site.write("a.html", article("other"))
    for _ in range(2):
        report = site.build()
        assert sorted(site.titles()) == ["a", "b"]
        assert [(row.path, row.fatal) for row in report.problems] == [("a.html", True)]
    # The other one is published when the first is gone.
    site.file("a.md").unlink()
    site.build()
    assert sorted(site.titles()) == ["b", "other"]


def test_articles_with_the_same_link_are_published_and_reported(site: Publication) -> None:
    site.write("c.md", article("c", webUrl="https://example.org/a"))
    report = site.build()
    assert sorted(site.titles()) == ["a", "b", "c"]
    assert [(row.path, row.field, row.fatal) for row in report.problems] == [
        ("c.md", "webUrl", False)
    ]
    assert "a.md" in report.problems[0].message


def test_id_of_an_inaccessible_article_is_not_reused(site: Publication) -> None:
    before = item(site, "a")["id"]
    site.file("a.md").unlink()
    site.file("a.md").symlink_to(site.file("a.md"))
    site.write("c.md", article("c", webUrl="https://example.org/a"))
    site.build()
    assert sorted(site.titles()) == ["a", "b", "c"]
    assert item(site, "a")["id"] == before


def test_similar_articles_keep_their_own_ids_after_a_rename(tmp_path: Path) -> None:
    links = {"a": "https://example.org/1", "b": "https://example.org/2"}
    site = Publication(
        tmp_path, {f"{name}.md": article("same", webUrl=link) for name, link in links.items()}
    )
    site.build()
    before = {entry["url"]: entry["id"] for entry in site.items()}
    site.file("a.md").rename(site.file("z.md"))
    site.file("b.md").rename(site.file("y.md"))
    site.build()
    assert {entry["url"]: entry["id"] for entry in site.items()} == before


def test_many_renamed_undated_articles_keep_their_dates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are read twice, by workers that accept one run at a time."""
    monkeypatch.setattr(workers, "_MIN_TASKS", 1)
    monkeypatch.setattr(workers, "_CHUNK", 1)
    names = [f"{number:02}" for number in range(24)]
    articles = {
        f"a/{name}.md": front_matter(title=name, webUrl=None, publishedDateTime=None)
        for name in names
    }
    site = Publication(tmp_path, articles, permalink=PERMALINK)
    site.build()
    before = {entry["id"]: entry["date_published"] for entry in site.items()}
    site.file("a").rename(site.file("b"))
    for name in names:
        touch(site.file(f"b/{name}.md"), int(NOW.timestamp()) - 60)
    with within(20):
        report = site.build(jobs=2, force=True)
    assert {entry["id"]: entry["date_published"] for entry in site.items()} == before
    assert {entry["url"] for entry in site.items()} == {
        f"https://example.org/b/{name}/" for name in names
    }
    assert (report.read, report.added, report.changed, report.withdrawn) == (24, 0, 24, 0)
    assert site.build().read == 0


def test_only_one_of_two_copies_takes_over_the_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files match the removed one; the second is read while the first is deferred."""
    monkeypatch.setattr(workers, "_CHUNK", 1)
    text = front_matter(title="t", webUrl=None, publishedDateTime=None)
    site = Publication(tmp_path, {"a.md": text, "z.md": article("z")}, permalink=PERMALINK)
    site.build()
    (before,) = [entry for entry in site.items() if entry["title"] == "t"]
    site.file("a.md").unlink()
    for name in ("b.md", "c.md"):
        site.write(name, text)
    report = site.build()
    ids = {entry["url"]: entry["id"] for entry in site.items() if entry["title"] == "t"}
    assert ids.pop("https://example.org/b/") == before["id"]
    assert list(ids) == ["https://example.org/c/"]
    assert (report.added, report.changed, report.withdrawn) == (1, 1, 0)
