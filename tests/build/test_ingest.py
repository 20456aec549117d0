"""Articles into the catalogue: only what changed, ids for ever, and nothing lost to a bad file."""

import logging
import multiprocessing
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feeds.articles.folder import read, scan
from feeds.build import ingest_result
from feeds.build import workers as work
from feeds.build.workers import ReadTask, article_workers
from feeds.config.site import Site
from feeds.errors import ArticleError, ArticleFolderError, GuardError, RenderError
from feeds.model import document
from feeds.model.entry import Entry
from feeds.render import fragment
from tests.support.site import NOW, Publication, front_matter, within

LATER = NOW + timedelta(days=1)
PERMALINK = "https://example.org/{path}/"


def article(title: str, /, **fields: Any) -> str:
    """An article with a link of its own."""
    known = {"title": title, "webUrl": f"https://example.org/{title}", **fields}
    return front_matter(**known)


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    """Two articles, built."""
    made = Publication(tmp_path, {"a.md": article("a"), "b.md": article("b")})
    made.build()
    return made


def item(site: Publication, title: str, now: datetime = NOW) -> dict[str, Any]:
    return next(each for each in site.items(now=now) if each["title"] == title)


def touch(file: Path, seconds: int) -> None:
    os.utime(file, (seconds, seconds))


# --- only what changed is read


def test_only_changed_files_are_read(site: Publication) -> None:
    assert site.build().read == 0
    site.write("b.md", article("b2"))
    report = site.build()
    assert (report.read, report.changed) == (1, 1)
    assert sorted(site.titles()) == ["a", "b2"]


def test_a_file_that_was_only_touched_is_not_parsed(site: Publication) -> None:
    touch(site.file("a.md"), site.written + 600)
    report = site.build()
    assert (report.read, report.changed, report.feeds_changed) == (1, 0, ())
    assert site.build().read == 0, "its new time was not remembered"


@pytest.mark.parametrize("way", ["verify", "trust"])
def test_where_times_are_not_trusted_the_content_tells(tmp_path: Path, way: str) -> None:
    trust = {"articles": {"folder": "articles", "trust": "content"}} if way == "trust" else {}
    site = Publication(tmp_path, {"a.md": article("aaa"), "b.md": article("b")}, **trust)
    site.build()
    before = site.file("a.md").stat()
    site.file("a.md").write_text(article("AAA"))
    os.utime(site.file("a.md"), ns=(before.st_atime_ns, before.st_mtime_ns))
    report = site.build(verify=way == "verify")
    assert (report.read, report.changed) == (2, 1)
    assert sorted(site.titles()) == ["AAA", "b"]


def test_a_file_that_may_change_again_unseen_is_read_again(tmp_path: Path) -> None:
    """Two writes within the grain of file times look the same; the second must not be missed."""
    site = Publication(tmp_path, {"a.md": article("a")})
    file, just_now = site.file("a.md"), int(datetime.now(UTC).timestamp()) + 3600
    touch(file, just_now)
    site.build()
    file.write_text(article("A"))
    touch(file, just_now)
    site.build()
    assert site.titles() == ["A"]


def test_decisions_are_logged_at_level_debug(
    site: Publication, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("moved", "bad", "same"):
        site.write(f"{name}.md", article(name))
    site.build()
    site.write("a.md", article("a", excerpt="Another text."))
    site.file("b.md").unlink()
    site.file("moved.md").rename(site.file("new-path.md"))
    site.write("bad.md", "---\ntitle: [\n---\n")
    touch(site.file("same.md"), site.written + 600)
    site.write("new.md", article("new", excerpt="New."))
    with caplog.at_level(logging.DEBUG, "feeds"):
        site.build()
    assert {message for message in caplog.messages if ".md: " in message} == {
        "a.md: updated: its content changed",
        "b.md: withdrawn: its file is gone",
        "new-path.md: matched as a rename of moved.md: same link and content, same date",
        "new-path.md: stored without a new date: its content is the same to subscribers",
        "bad.md: left alone: the article has problems",
        "same.md: left alone: its bytes are the same",
        "new.md: added: no known entry matches",
    }


# --- ids


@pytest.mark.parametrize(
    "change",
    [
        {"title": "other"},
        {"webUrl": "https://example.org/other"},
        {"publishedDateTime": "2024-02-02T00:00:00Z"},
        {"title": "other", "webUrl": "https://example.org/x", "publishedDateTime": "2024-02-02"},
    ],
)
def test_an_id_outlives_changes_of_title_url_and_date(
    site: Publication, change: dict[str, object]
) -> None:
    before = {each["id"] for each in site.items()}
    site.write("a.md", article("a", **change))
    site.build()
    assert {each["id"] for each in site.items()} == before


def test_an_id_outlives_a_rename_with_the_same_source_url(site: Publication) -> None:
    before = item(site, "a")["id"]
    site.file("a.md").unlink()
    site.write("moved/x.md", article("a", excerpt="Said otherwise."))
    report = site.build()
    assert item(site, "a")["id"] == before
    assert (report.added, report.withdrawn) == (0, 0)


def test_an_id_outlives_a_rename_with_the_same_content(tmp_path: Path) -> None:
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


def test_a_rename_of_extension_keeps_the_id(site: Publication) -> None:
    before = item(site, "a")["id"]
    site.file("a.md").rename(site.file("a.html"))
    site.build()
    assert item(site, "a")["id"] == before


SOON, LONG = timedelta(days=2), timedelta(days=300)
OF_ITS_OWN = {"title": "n", "excerpt": "Other.", "publishedDateTime": "2024-06-10T00:00:00Z"}


def gone_then(
    root: Path, old: str, new: str, after: timedelta, name: str = "new.md"
) -> tuple[set[str], list[str]]:
    """An article is taken away, and `after` that there is a `new` one.

    Returns the ids that were published, and then is: of all but the article that stays.
    """
    site = Publication(root, {"old.md": old, "b.md": article("b")}, permalink=PERMALINK)
    site.build()
    before = {each["id"] for each in site.items() if each["title"] != "b"}
    site.file("old.md").unlink()
    site.build()
    site.write(name, new)
    now = NOW + after
    touch(site.file(name), int(now.timestamp()) - 60)
    site.build(now)
    return before, [each["id"] for each in site.items(now=now) if each["title"] != "b"]


LINKED = article("o")
UNDATED = article("n", webUrl=None, publishedDateTime=None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (LINKED, article("n", **{**OF_ITS_OWN, "webUrl": "https://example.org/o"})),
        (UNDATED, UNDATED),
    ],
    ids=["link", "text"],
)
def test_a_new_article_with_one_sign_of_one_long_gone_has_an_id_of_its_own(
    tmp_path: Path, old: str, new: str
) -> None:
    before, after = gone_then(tmp_path, old, new, LONG)
    assert len(after) == 1
    assert not before & set(after)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (LINKED, article("n", **{**OF_ITS_OWN, "webUrl": "https://example.org/o"})),
        (UNDATED, UNDATED),
    ],
    ids=["link", "text"],
)
def test_an_article_back_after_a_few_days_keeps_its_id_by_one_sign(
    tmp_path: Path, old: str, new: str
) -> None:
    before, after = gone_then(tmp_path, old, new, SOON)
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
def test_an_article_back_after_long_keeps_its_id_where_its_date_agrees(
    tmp_path: Path, old: str, new: str
) -> None:
    before, after = gone_then(tmp_path, old, new, LONG)
    assert before == set(after)


def test_an_article_of_another_date_is_not_one_long_gone_with_the_same_text_and_link(
    tmp_path: Path,
) -> None:
    """Such as the invitation to what is every month, with the date in the name of its file."""
    text = article("o", publishedDateTime=None)
    before, after = gone_then(tmp_path, text, text, LONG, "2025-04-01-new.md")
    assert len(after) == 1
    assert not before & set(after)


def test_a_draft_taken_back_long_ago_keeps_its_id_when_it_is_renamed(tmp_path: Path) -> None:
    """Its file goes in the build that brings it back, though its entry went long ago."""
    site = Publication(tmp_path, {"old.md": LINKED, "b.md": article("b")})
    site.build()
    before = item(site, "o")["id"]
    site.write("old.md", article("o", published=False))
    site.build()
    site.file("old.md").unlink()
    site.write("new.md", article("n", **{**OF_ITS_OWN, "webUrl": "https://example.org/o"}))
    now = NOW + LONG
    site.build(now)
    assert item(site, "n", now)["id"] == before


@pytest.mark.parametrize("id_", ["tag:example.org,2026:", "7f1c1d0e-6f3e-4e0c-9d7e-1c1b2a3d4e5f"])
def test_a_path_used_again_after_a_rename_gets_another_id(tmp_path: Path, id_: str) -> None:
    site = Publication(tmp_path, {"a.md": article("first")}, id=id_)
    site.build()
    for number, title in enumerate(["second", "third"]):
        site.file("a.md").rename(site.file(f"moved-{number}.md"))
        site.build()
        site.write("a.md", article(title))
        site.build()
    ids = {each["title"]: each["id"] for each in site.items()}
    assert len(set(ids.values())) == 3
    assert all("~" not in each for each in ids.values() if each.startswith("urn:uuid:"))


def test_of_two_articles_that_differ_in_extension_the_first_is_published(
    site: Publication,
) -> None:
    site.write("a.html", article("other"))
    for _ in range(2):
        report = site.build()
        assert sorted(site.titles()) == ["a", "b"]
        assert [(row.path, row.fatal) for row in report.problems] == [("a.html", True)]
    # and the other one as soon as there is only one
    site.file("a.md").unlink()
    site.build()
    assert sorted(site.titles()) == ["b", "other"]


def test_articles_with_one_link_are_both_published_and_reported(site: Publication) -> None:
    site.write("c.md", article("c", webUrl="https://example.org/a"))
    report = site.build()
    assert sorted(site.titles()) == ["a", "b", "c"]
    assert [(row.path, row.field, row.fatal) for row in report.problems] == [
        ("c.md", "webUrl", False)
    ]
    assert "a.md" in report.problems[0].message


# --- dates


def test_updated_moves_when_and_only_when_subscribers_see_a_change(site: Publication) -> None:
    before = item(site, "a")["date_modified"]
    site.write("a.md", article("a", quality=7, keywords=["x"], publishedDateTime="2024-05-30"))
    site.build()
    assert item(site, "a")["date_modified"] == before
    site.write("a.md", article("a", excerpt="Something else."))
    site.build()
    written = datetime.fromtimestamp(site.written, UTC)
    assert item(site, "a")["date_modified"] == written.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_r36_an_update_dated_in_the_future_dates_nothing(tmp_path: Path) -> None:
    article = front_matter(updatedDateTime="2999-01-01T00:00:00Z")
    made = Publication(tmp_path, {"a.md": article})
    made.build()
    (item,) = made.items()
    assert item["date_modified"] == item["date_published"] == "2024-05-31T09:00:00Z"


def test_updated_moves_also_when_the_new_file_is_older(site: Publication) -> None:
    touch(site.write("a.md", article("a", excerpt="As it was.")), 1_000_000_000)
    site.build(LATER)
    assert item(site, "a", LATER)["date_modified"] == "2024-06-16T12:00:00Z"


def test_a_change_of_settings_is_no_news(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": article("a", images=[{"url": "/a.png"}])})
    site.build()
    before = site.items()[0]
    site = Publication(tmp_path, {}, assets_url="https://cdn.example.org/")
    assert site.build(LATER).read == 1
    after = site.items()[0]
    assert (before["image"], after["image"]) == (
        "https://example.org/a.png",
        "https://cdn.example.org/a.png",
    )
    assert before["date_modified"] == after["date_modified"]


def test_an_article_without_a_date_keeps_that_when_it_was_first_seen(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": article("a", publishedDateTime=None)})
    site.build()
    first = site.items()[0]["date_published"]
    assert first == "2024-06-14T12:01:00Z", "not the time of its file"
    site.write("a.md", article("a", excerpt="New.", publishedDateTime=None))
    site.build()
    assert site.items()[0]["date_published"] == first
    site.file("a.md").rename(site.file("b.md"))
    site.build()
    assert site.items()[0]["date_published"] == first, "a rename made it new"


def test_a_file_from_the_future_is_first_seen_now(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": article("a", publishedDateTime=None)})
    touch(site.file("a.md"), int(LATER.timestamp()))
    site.build()
    assert site.items()[0]["date_published"] == "2024-06-15T12:00:00Z"


# --- withdrawn articles


@pytest.mark.parametrize("key", [{"published": False}, {"removed": True}, {"deleted": True}, None])
def test_a_withdrawn_article_leaves_all_feeds_and_comes_back_as_itself(
    site: Publication, key: dict[str, object] | None
) -> None:
    before, dated = item(site, "a")["id"], site.fetch()["atom"].updated
    if key is None:
        site.file("a.md").unlink()
    else:
        site.write("a.md", article("a", **key))
    report = site.build(LATER)
    assert report.withdrawn == 1
    assert site.titles() == site.titles("topics/ai") == ["b"]
    assert set(report.feeds_changed) == {"all", "topics/ai"}
    assert dated < site.fetch()["atom"].updated == LATER
    assert site.build(LATER).withdrawn == 0
    site.write("a.md", article("a"))
    site.build(LATER)
    assert item(site, "a")["id"] == before


def test_an_article_that_turns_bad_stays_published_as_it_was(site: Publication) -> None:
    before = item(site, "a")
    site.write("a.md", "---\ntitle: [\n---\n")
    for _ in range(2):
        report = site.build()
        assert item(site, "a") == before
        assert [(row.path, row.fatal) for row in report.problems] == [("a.md", True)]
        assert "published as it was before" in report.problems[0].message


def test_a_file_that_grows_too_large_stays_published_as_it_was(site: Publication) -> None:
    site.write("a.md", article("a2", body="x" * 2_000_001))
    report = site.build()
    assert sorted(site.titles()) == ["a", "b"]
    assert "2,000,0" in report.problems[0].message


# --- what cannot be read


def test_a_bad_article_costs_no_other(tmp_path: Path) -> None:
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


def test_links_that_lead_out_of_the_folder_are_not_followed(site: Publication) -> None:
    outside = site.root / "outside"
    outside.mkdir()
    (outside / "c.md").write_text(article("secret"))
    site.file("c.md").symlink_to(outside / "c.md")
    site.file("folder").symlink_to(outside)
    site.file("inside.md").symlink_to(site.write("sub/d.md", article("d")))
    report = site.build()
    assert "secret" not in site.titles()
    refused = {row.path for row in report.problems if "leads out" in row.message}
    assert refused == {"c.md", "folder"}


def test_links_to_nothing_and_to_themselves_are_reported(site: Publication) -> None:
    site.file("nothing.md").symlink_to(site.file("no-such.md"))
    site.file("loop.md").symlink_to(site.file("loop.md"))
    site.file("round").symlink_to(site.file("."))
    report = site.build()
    assert [row.path for row in report.problems] == ["loop.md", "nothing.md"]
    assert sorted(site.titles()) == ["a", "b"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_reported_and_stays_published(site: Publication) -> None:
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


def test_what_cannot_be_looked_at_is_not_gone(site: Publication) -> None:
    site.file("a.md").unlink()
    site.file("a.md").symlink_to(site.file("a.md"))  # opening it is an error, for root too
    report = site.build()
    assert [row.path for row in report.problems] == ["a.md"]
    assert sorted(site.titles()) == ["a", "b"]


def test_a_file_that_vanishes_before_it_is_read_is_a_problem_of_its_own(
    site: Publication,
) -> None:
    found = scan(site.site)
    site.file("a.md").unlink()
    assert "a.md" in found.files
    with pytest.raises(ArticleError, match=r"a\.md:1: cannot be read"):
        read(site.site.folder, "a.md", 1000)


def test_files_of_at_most_max_bytes_are_read(tmp_path: Path) -> None:
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


def test_names_that_are_not_utf8_are_reported(site: Publication) -> None:
    folder = os.fsencode(site.file("."))
    try:
        Path(os.fsdecode(folder + b"/\xff.md")).write_text(article("c"))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    report = site.build()
    assert [row.path for row in report.problems] == [r"\xff.md"]
    assert sorted(site.titles()) == ["a", "b"]


def test_hidden_ignored_and_other_files_are_no_articles(tmp_path: Path) -> None:
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


def test_an_empty_or_missing_folder_is_an_error_and_changes_nothing(site: Publication) -> None:
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


def test_what_cannot_be_looked_at_gives_its_id_to_no_other(site: Publication) -> None:
    before = item(site, "a")["id"]
    site.file("a.md").unlink()
    site.file("a.md").symlink_to(site.file("a.md"))
    site.write("c.md", article("c", webUrl="https://example.org/a"))
    site.build()
    assert sorted(site.titles()) == ["a", "b", "c"]
    assert item(site, "a")["id"] == before


# --- many at once


def test_many_changes_at_once_refresh_every_feed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those of entries past the number up to which it is noted which have changed."""
    monkeypatch.setattr(ingest_result, "MANY_CHANGES", 6)
    monkeypatch.setattr(work, "_CHUNK", 2)
    names = [f"{number:02}" for number in range(12)]
    site = Publication(tmp_path, {f"{n}.md": article(n, topics=[f"T{n}"]) for n in names})
    site.build()
    for name in names:
        site.write(f"{name}.md", article(f"{name} again", topics=[f"T{name}"]))
    report = site.build(LATER)
    assert report.changed == 12
    assert set(report.feeds_changed) == {"all", *(f"topics/t{name}" for name in names)}
    assert site.titles("topics/t11") == ["11 again"]


# --- the guard


def test_the_guard_stops_a_build_that_would_withdraw_too_much(tmp_path: Path) -> None:
    site = Publication(tmp_path, {f"{n:02}.md": article(f"t{n}") for n in range(40)}, guard=60)
    site.build()
    before = site.items()
    for number in range(25):
        site.file(f"{number:02}.md").unlink()
    with pytest.raises(GuardError, match="25 of 40 entries"):
        site.build()
    assert site.items() == before
    assert site.build(force=True).withdrawn == 25
    assert len(site.items()) == 15


def test_the_guard_lets_pass_what_the_site_allows(tmp_path: Path) -> None:
    site = Publication(tmp_path, {f"{n:02}.md": article(f"t{n}") for n in range(40)}, guard=60)
    site.build()
    for number in range(24):
        site.file(f"{number:02}.md").unlink()
    assert site.build().withdrawn == 24


def test_entries_that_expire_do_not_count_for_the_guard(tmp_path: Path) -> None:
    expiry = f"{LATER:%Y-%m-%dT%H:%M:%SZ}"
    articles = {f"{n:02}.md": article(f"t{n}", expiryDate=expiry) for n in range(30)}
    articles |= {f"{n:02}.md": article(f"t{n}") for n in range(30, 40)}
    site = Publication(tmp_path, articles)
    site.build()
    site.write("new.md", article("breaking"))
    report = site.build(LATER + timedelta(hours=1))
    assert (report.withdrawn, report.added, len(site.items())) == (30, 1, 11)


def test_the_guard_names_the_front_matter_that_withholds_most(tmp_path: Path) -> None:
    site = Publication(tmp_path, {f"{n:02}.md": article(f"t{n}") for n in range(40)})
    site.build()
    for number in range(25):
        site.write(f"{number:02}.md", article(f"t{number}", draft=True))
    with pytest.raises(GuardError, match=r"front matter of 25 of them .* first is 00\.md:.*draft"):
        site.build()


def refuse(monkeypatch: pytest.MonkeyPatch, *titles: str) -> None:
    """Entries with these titles cannot be rendered."""
    render = fragment.render_entry

    def refusing(entry: Entry, site: Site) -> dict[document.Format, bytes]:
        if entry.title in titles:
            raise RenderError(entry.id, "refused")
        return render(entry, site)

    monkeypatch.setattr(fragment, "render_entry", refusing)


def test_the_guard_counts_entries_that_cannot_be_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Publication(tmp_path, {f"{n:02}.md": article(f"t{n}") for n in range(40)}, guard=60)
    site.build()
    before = site.items()
    with monkeypatch.context() as patch:
        patch.setattr(fragment, "VERSION", -1)  # all are rendered anew
        refuse(patch, *(f"t{number}" for number in range(25)))
        with pytest.raises(GuardError, match=r"25 of 40.* 25 of them cannot be rendered.*refused"):
            site.build()
        assert site.items() == before
        assert site.build(force=True).withdrawn == 25
        assert len(site.items()) == 15
        assert site.build().read == 0
    report = site.build(LATER)
    assert (len(site.items()), report.problems) == (40, ()), "another version does not try again"
    assert {each["id"] for each in site.items()} == {each["id"] for each in before}


def test_the_guard_lets_the_first_build_refuse_a_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"t{number}" for number in range(60)]
    site = Publication(tmp_path, {f"{name}.md": article(name) for name in names}, guard=50)
    refuse(monkeypatch, *names[:30])
    assert site.build().withdrawn == 30
    assert len(site.items()) == 30


# --- dates in the future


def test_a_future_article_comes_out_at_its_time_without_a_build(site: Publication) -> None:
    due = datetime(2024, 6, 15, 18, tzinfo=UTC)
    site.write("c.md", article("c", publishedDateTime=due.isoformat()))
    site.build()
    before = due - timedelta(seconds=1)
    assert "c" not in site.titles(now=before)
    assert site.titles(now=due)[0] == "c"
    documents = site.fetch(now=due)
    assert documents["rss"].updated == due
    # the same at any time after, and after the build that follows
    assert site.fetch(now=LATER) == documents
    assert set(site.build(LATER).feeds_changed) == {"all", "topics/ai"}
    assert site.fetch(now=LATER) == documents


def test_a_future_article_is_no_ones_before_its_time(site: Publication) -> None:
    site.write("c.md", article("c", publishedDateTime="2024-06-16T00:00:00Z"))
    assert site.build().feeds_changed == ()
    with site.read() as reader:
        assert reader.feeds.next_publication(NOW) == datetime(2024, 6, 16, tzinfo=UTC)
        assert reader.feeds.next_publication(LATER) is None


# --- worker processes


def test_worker_processes_that_are_killed_are_replaced_and_no_article_is_to_blame(
    site: Publication,
) -> None:
    tasks = [ReadTask("a.md")] * 10_000
    with article_workers(site.site, int(NOW.timestamp()), 2, len(tasks)) as workers:
        results = workers.read(tasks)
        read = [*next(results)]
        for process in multiprocessing.active_children():
            process.kill()
        read += [each for chunk in results for each in chunk]
    assert len(read) == len(tasks)
    assert all(each.article and each.article.entry for each in read)
    assert not multiprocessing.active_children()


def test_articles_that_look_alike_keep_their_own_ids_over_a_rename(tmp_path: Path) -> None:
    links = {"a": "https://example.org/1", "b": "https://example.org/2"}
    made = Publication(
        tmp_path, {f"{name}.md": article("same", webUrl=link) for name, link in links.items()}
    )
    made.build()
    before = {each["url"]: each["id"] for each in made.items()}
    made.file("a.md").rename(made.file("z.md"))
    made.file("b.md").rename(made.file("y.md"))
    made.build()
    assert {each["url"]: each["id"] for each in made.items()} == before


def test_many_renamed_articles_without_a_date_keep_it_and_the_build_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are read twice, by workers that do one run at a time."""
    monkeypatch.setattr(work, "_WORTH_PROCESSES", 1)
    monkeypatch.setattr(work, "_CHUNK", 1)
    names = [f"{number:02}" for number in range(24)]
    articles = {
        f"a/{name}.md": front_matter(title=name, webUrl=None, publishedDateTime=None)
        for name in names
    }
    site = Publication(tmp_path, articles, permalink=PERMALINK)
    site.build()
    before = {each["id"]: each["date_published"] for each in site.items()}
    site.file("a").rename(site.file("b"))
    for name in names:
        touch(site.file(f"b/{name}.md"), int(NOW.timestamp()) - 60)
    with within(20):
        report = site.build(jobs=2)
    assert {each["id"]: each["date_published"] for each in site.items()} == before
    assert {each["url"] for each in site.items()} == {
        f"https://example.org/b/{name}/" for name in names
    }
    assert (report.read, report.added, report.changed, report.withdrawn) == (24, 0, 24, 0)
    assert site.build().read == 0


def test_an_article_that_waits_to_be_read_again_gives_its_entry_to_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files are like the one that is gone; the second is read after the first was put off."""
    monkeypatch.setattr(work, "_CHUNK", 1)
    text = front_matter(title="t", webUrl=None, publishedDateTime=None)
    site = Publication(tmp_path, {"a.md": text, "z.md": article("z")}, permalink=PERMALINK)
    site.build()
    (before,) = [each for each in site.items() if each["title"] == "t"]
    site.file("a.md").unlink()
    for name in ("b.md", "c.md"):
        site.write(name, text)
    report = site.build()
    ids = {each["url"]: each["id"] for each in site.items() if each["title"] == "t"}
    assert ids.pop("https://example.org/b/") == before["id"]
    assert list(ids) == ["https://example.org/c/"]
    assert (report.added, report.changed, report.withdrawn) == (1, 1, 0)
