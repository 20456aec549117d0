"""Drafts, future and expired articles are withheld, whichever tool wrote the front matter."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from feeds.articles.parser import Article, parse
from feeds.build.builder import BuildCache
from feeds.cli.main import main
from tests.support.site import NOW, Publication, front_matter, make_site, write_article

SITE = make_site()
SEEN = datetime(2024, 1, 2, tzinfo=UTC)
DATED = "title: A\nwebUrl: https://example.org/a\npublishedDateTime: 2024-01-01T00:00:00Z\n"
UNDATED = "title: A\nwebUrl: https://example.org/a\n"


def article(lines: str, path: str = "a.md", before: str = DATED) -> Article:
    return parse(path, f"---\n{before}{lines}\n---\nText\n".encode(), SEEN, SITE, NOW)


def is_withheld_and_reported(parsed: Article, *fields: str) -> bool:
    reported = {problem.field for problem in parsed.problems}
    assert all(problem.fatal for problem in parsed.problems)
    return (
        parsed.entry is None and parsed.withheld and bool(parsed.problems) and reported >= {*fields}
    )


DRAFTS = [
    # Hugo, Zola, Eleventy, Quarto, Astro
    "draft: true", "draft: True", "draft: yes", "draft: on", "draft: y", "draft: 1",
    'draft: "true"', 'draft: "True"', 'draft: "1"', "Draft: true", "DRAFT: TRUE", "_draft: true",
    "isDraft: true", "is_draft: true", "darft: true",
    # Pelican, WordPress, Ghost and others
    "status: draft", "Status: hidden", "status: Draft", "status: skip", "status: private",
    "status: pending", "status: scheduled", "status: auto-draft", "status: trash",
    "visibility: private", "status: false",
    # Jekyll, Hexo, Docusaurus and others
    "hidden: true", "private: true", "private: yes", "unlisted: true", "publish: false",
    "publish: no", "headless: true", "permalink: false", "render: false", "public: false",
    "eleventyExcludeFromCollections: true", "eleventyExcludeFromCollections: [posts]",
    "state: draft", "state: Draft", "visible: false", "live: no", "enabled: false",
    "embargoed: true", "internal: true", "disabled: true",
    "params:\n  draft: true", 'params: {hidden: "yes"}', "extra:\n  draft: true",
    "build:\n  list: never", "_build:\n  render: never", "build:\n  render: false",
]  # fmt: skip


@pytest.mark.parametrize("line", DRAFTS)
def test_draft_marked_in_the_way_of_any_tool_is_withheld_and_reported(line: str) -> None:
    parsed = article(line)
    assert is_withheld_and_reported(parsed, line.partition(":")[0])
    assert parsed.problems[0].line == 5
    assert "so the article is withheld" in parsed.problems[0].message


UNCLEAR = [
    "published:", "published: ~", "published: null", 'published: ""', "published: maybe",
    "published: 0", 'published: "no"', 'published: "False"', "published: 2024-04-01",
    "Published: False", "PUBLISHED: no", "Published: ~", "Published: 2024-04-01",
    "publised: false", "pubished: false", "publishd: no", "publsihed: 0", 'publised: "False"',
    "publised:", "is_published: false", "Removed: true", "removed: ~", "deleted: maybe",
    "published: true\npublished: false", "published: false\npublished: true",
    "published: true\n'published': true", "draft: false\ndraft: false",
    "draft: maybe", "draft:", "draft: {}", "hidden: 2", "private: ~", "unlisted: [a]",
    "status: brouillon", "status:", "status: [draft]", "expiryDate: soon",
    "expires: 2099-01-01\nexpires: 2098-01-01", "embargoed: maybe",
    # A publication date that cannot be read
    "publishDate: 12/31/2027", "publish_date: tba", "publish_date: 20271231", "date: [2027-01-01]",
    "date: {start: 2027-01-01}", "publishedAt: Medium", "embargo: soon", "embargo: true",
    "scheduled: true", "goLive: next week", "expiration: 3600", "valid_until: soon",
]  # fmt: skip


@pytest.mark.parametrize("lines", UNCLEAR)
def test_ambiguous_value_withholds_and_is_reported(lines: str) -> None:
    assert is_withheld_and_reported(article(lines), lines.partition(":")[0])


@pytest.mark.parametrize(
    "line",
    ["published: false", "published: no", "published: off", "removed: true", "deleted: yes",
     "published: true\nremoved: true", "published: false\ndraft: true", "removed: true\nstatus: x"],
)  # fmt: skip
def test_valid_withholding_flags_are_not_reported(line: str) -> None:
    parsed = article(line)
    assert (parsed.entry, parsed.withheld, parsed.problems) == (None, True, ())
    assert parsed.reason.partition(":")[0] in ("published", "removed", "deleted")


@pytest.mark.parametrize(
    "line",
    ["published: true", "published: yes", "removed: false", "Published: true", "publish: true",
     "publised: true", "draft: false", 'draft: "no"', "draft: 0", "hidden: off", "private: false",
     "status: published", "Status: Published", "status: publish", "visibility: public",
     "status: budding\npublished: true", "publisher: ACM", "publisher: false", "publishers: [A]",
     "state: open", "state: Ohio", "visible: true", "live: on stage", "active: false",
     "enabled: true", "internal: false", "embargoed: false", "embargo: none", "embargo: false",
     "scheduled: false", "scheduled:", "publishDate:", "date: Last Modified", "date: 1700000000",
     "publish_date: 1700000000000", "date: {created: 2020-01-01, updated: 2099-01-01}",
     "params: {draft: false}", "params: {draft: 3}", "params: {color: red}", "extra: 3",
     "expire: never", "valid_until: 2099-01-01",
     "permalink: /a/", "permalink:", "render: markdown", "public: everybody", "build: 17",
     "build:\n  list: always\n  render: link", "eleventyExcludeFromCollections: false",
     "expiryDate:", "expires: never", "expires: false", "deletedAt: ~", "date: 2020-01-01",
     "pubDate: 2023-01-01", "lastmod: 2030-01-01", "created: 2099-01-01", "eventDate: 2099-01-01",
     "draught: true", "1: true", "yes: true", "secured: xyz", "unlimited: true", "remote: true"],
)  # fmt: skip
def test_other_values_do_not_withhold(line: str) -> None:
    parsed = article(line)
    assert parsed.problems == ()
    assert parsed.entry is not None


def test_draft_status_takes_precedence_over_published_true() -> None:
    assert is_withheld_and_reported(article("status: draft\npublished: true"), "status")
    assert is_withheld_and_reported(article("draft: true\npublished: true"), "draft")


@pytest.mark.parametrize(
    "path",
    ["_drafts/a.md", "blog/_drafts/b/2024-05-31-a.md", "drafts/a.md", "blog/_Drafts/a.md"],
)
def test_drafts_folder_is_withheld(path: str) -> None:
    assert is_withheld_and_reported(article("quality: 1", path))
    assert article("quality: 1", "_drafts.md").entry is not None
    assert article("quality: 1", "draughts/a.md").entry is not None


# --- dates under unsupported keys


@pytest.mark.parametrize(
    ("line", "published"),
    [("date: 2020-01-01", "2020-01-01T00:00"), ("date: 2099-01-01", "2099-01-01T00:00"),
     ("Date: 2020-01-01T10:00:00+01:00", "2020-01-01T09:00"),
     ("date: 2020-01-01 10:00:00 +0100", "2020-01-01T09:00"),
     ("date:\n  created: 2020-01-01", "2020-01-01T00:00"),
     ("pubDate: Jul 08 2022", "2022-07-08T00:00"),
     ("pubDatetime: 2022-09-23T15:22:00Z", "2022-09-23T15:22"),
     ("publishDate: 2099-01-01", "2099-01-01T00:00"),
     ("publishedAt: 2020-01-01", "2020-01-01T00:00"),
     ("created: 31 May 2024", "2024-05-31T00:00"), ("createdAt: 2020-01-01", "2020-01-01T00:00"),
     ("created: 1700000000", "2023-11-14T22:13:20"), ("date: 1700000000000", "2023-11-14T22:13:20"),
     ("publishedDateTime:\ndate: 2020-01-01", "2020-01-01T00:00")],
)  # fmt: skip
def test_common_names_of_the_date_are_read(line: str, published: str) -> None:
    parsed = article(line, before=UNDATED)
    assert parsed.problems == ()
    assert parsed.entry is not None
    assert parsed.entry.published == datetime.fromisoformat(published).replace(tzinfo=UTC)
    assert parsed.dated == "front matter"


@pytest.mark.parametrize(
    "line",
    ["date: Last Modified", "date: 05/06/2024", "publishDate: tba", "pubDate: 2024-02-31",
     "lastmod: 2020-01-01"],
)  # fmt: skip
def test_unreadable_date_is_an_error_that_names_the_key(line: str) -> None:
    parsed = article(line, before=UNDATED)
    assert parsed.entry is None
    assert not parsed.withheld  # so that its entry stays, if it is published
    [problem] = parsed.problems
    assert (problem.field, problem.line, problem.fatal) == (line.partition(":")[0], 4, True)


@pytest.mark.parametrize(
    "line",
    ["PublishedDateTime: 2020-01-01", "publishdDateTime: 2020-01-01", "datum: 2020-01-01",
     'datum: "2020-01-01 10:00"', "embargo: 2099-01-01"],
)  # fmt: skip
def test_unsupported_date_key_prevents_dating_by_first_seen(line: str) -> None:
    parsed = article(line, before=UNDATED)
    assert parsed.entry is None
    assert not parsed.withheld  # so that its entry stays, if it is published
    assert [problem.fatal for problem in parsed.problems] == [True]
    assert "write publishedDateTime" in parsed.problems[0].message


@pytest.mark.parametrize(
    "line", ["birthday: 1980-01-01", "deadline: 2030-01-01", "reviewed: 2024-05-05",
             "since: 2019-05-05", "dob: 1980-01-01", "event_date: 2030-01-01",
             "quality: 1", "date:", 'date: ""', "updated: true", "created: by hand", "price: 10",
             "expiryDate: 2099-01-01", "updatedDateTime: 2023-01-01"]
)  # fmt: skip
def test_article_without_date_is_dated_when_first_seen(line: str) -> None:
    parsed = article(line, before=UNDATED)
    assert parsed.problems == ()
    assert parsed.entry is not None
    assert parsed.entry.published == SEEN


NAMED = "2024-05-31-a.md"


@pytest.mark.parametrize(
    "line",
    ["created: 2020-01-01", "lastmod: 2024-06-02", "date:", 'date: "31 May 2024"'],
)
def test_file_name_date_is_used_without_a_date_of_publication(line: str) -> None:
    parsed = article(line, NAMED, UNDATED)
    assert parsed.problems == ()
    assert parsed.entry is not None
    assert parsed.entry.published == datetime(2024, 5, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "published"),
    [("date: 2024-05-31T23:30:00-08:00", "2024-06-01T07:30"),
     ("date: 2024-05-30", "2024-05-30T00:00"),
     ("pubDate: 2023-05-31", "2023-05-31T00:00")],
)  # fmt: skip
def test_date_in_the_front_matter_takes_precedence_over_the_file_name(
    line: str, published: str
) -> None:
    parsed = article(line, NAMED, UNDATED)
    assert parsed.problems == ()
    assert parsed.entry is not None
    assert parsed.entry.published == datetime.fromisoformat(published).replace(tzinfo=UTC)


@pytest.mark.parametrize("line", ["date: Last Modified", "date: [2024-05-31]"])
def test_unreadable_date_is_an_error_despite_the_file_name(line: str) -> None:
    parsed = article(line, NAMED, UNDATED)
    assert parsed.entry is None
    assert not parsed.withheld
    assert parsed.problems[0].field == "date"


# --- dates in the future

TOMORROW, YESTERDAY = NOW + timedelta(days=1), NOW - timedelta(days=1)


@pytest.mark.rule("R36")
@pytest.mark.parametrize(
    "name",
    ["publishDate", "date", "pubDate", "pubDatetime", "embargo", "embargo_until", "embargoUntil",
     "scheduled", "scheduled_for", "goLive", "visible_from", "publishdDateTime"],
)  # fmt: skip
def test_article_with_future_date_is_withheld_until_then(name: str) -> None:
    parsed = article(f"{name}: {TOMORROW.isoformat()}")
    assert is_withheld_and_reported(parsed, name)
    assert parsed.until == int(TOMORROW.timestamp())
    assert article(f"{name}: {NOW.isoformat()}").entry is not None


@pytest.mark.parametrize(
    "value", ["1830000000", "1830000000000", "{created: 2027-12-28 13:20:00Z}"]
)
def test_epoch_and_mapping_dates_are_read(value: str) -> None:
    parsed = article(f"date: {value}")
    assert is_withheld_and_reported(parsed, "date")
    assert parsed.until == 1_830_000_000


@pytest.mark.rule("R36")
def test_entry_dated_by_a_common_name_appears_when_due(tmp_path: Path) -> None:
    at = NOW + timedelta(hours=2)
    lines: dict[str, Any] = {"title": "a", "publishedDateTime": None, "date": at}
    site = Publication(tmp_path, {f"{NOW:%Y-%m-%d}-a.md": front_matter(**lines)})
    report = site.build()
    assert report.problems == ()
    assert report.due == at.timestamp()
    assert site.titles() == []
    site.build(at)
    assert site.titles(now=at) == ["a"]


@pytest.mark.parametrize(
    "name",
    [
        "expiryDate",
        "expirydate",
        "unpublishDate",
        "expires",
        "Expiry",
        "deleted_at",
        "expiration",
        "expire",
        "valid_until",
    ],
)
@pytest.mark.parametrize("before", [DATED, UNDATED])
def test_expired_article_is_withheld(name: str, before: str) -> None:
    parsed = article(f"{name}: {NOW.isoformat()}", before=before)
    assert is_withheld_and_reported(parsed, name)
    assert parsed.until is None
    parsed = article(f"{name}: {TOMORROW.isoformat()}", before=before)
    assert parsed.entry is not None
    assert parsed.problems == ()
    assert parsed.until == int(TOMORROW.timestamp())


def dated(**fields: Any) -> str:
    return front_matter(publishedDateTime="2024-06-01T00:00:00Z", **fields)


@pytest.mark.rule("R36")
@pytest.mark.parametrize("changed_paths", [None, ()])
def test_article_appears_when_due_and_disappears_when_expired(
    tmp_path: Path, changed_paths: tuple[str, ...] | None
) -> None:
    """Without a change of any file: in a scan, and in a build with an empty list of changes."""
    later = TOMORROW + timedelta(days=1)
    site = Publication(
        tmp_path,
        {
            "ends.md": dated(title="ends", webUrl="https://example.org/1", expires=TOMORROW),
            "comes.md": dated(title="comes", webUrl="https://example.org/2", pubDate=later),
            "stays.md": dated(title="stays", webUrl="https://example.org/3"),
        },
    )
    report = site.build()
    assert sorted(site.titles()) == ["ends", "stays"]
    assert report.due == TOMORROW.timestamp()
    assert [row.path for row in report.problems] == ["comes.md"]
    cache = BuildCache()
    for at, titles, due in (
        (TOMORROW - timedelta(seconds=1), ["ends", "stays"], TOMORROW),
        (TOMORROW, ["stays"], later),
        (later, ["comes", "stays"], None),
    ):
        report = site.build(at, changed_paths=changed_paths, cache=cache)
        assert sorted(site.titles(now=at)) == titles
        assert report.due == (due.timestamp() if due else None)
    report = site.build(later + timedelta(days=1))
    assert (report.read, report.added, report.withdrawn) == (0, 0, 0)
    assert [row.field for row in report.problems] == ["expires"]


def test_due_time_is_forgotten_with_its_article_or_expiry(tmp_path: Path) -> None:
    site = Publication(
        tmp_path,
        {name: dated(title=name, webUrl=f"https://example.org/{name}", expires=TOMORROW)
         for name in ("a.md", "b.md", "c.md")},
    )  # fmt: skip
    assert site.build().due == TOMORROW.timestamp()
    site.file("a.md").unlink()
    site.write("b.md", dated(title="b.md", webUrl="https://example.org/b.md"))
    site.file("c.md").rename(site.file("d.md"))
    site.build()
    report = site.build(TOMORROW)
    assert (report.read, report.withdrawn, report.due) == (1, 1, None)
    assert site.titles(now=TOMORROW) == ["b.md"]


# --- published articles that become drafts


@pytest.mark.parametrize("line", ["draft: true", "status: hidden", "published: ~", "draft: maybe"])
def test_article_that_becomes_a_draft_is_withdrawn(tmp_path: Path, line: str) -> None:
    site = Publication(tmp_path, {"a.md": dated(title="a"), "b.md": dated(title="b")})
    site.build()
    site.write("a.md", dated(title="a").replace("title: a\n", f"title: a\n{line}\n"))
    report = site.build()
    assert report.withdrawn == 1
    assert site.titles() == ["b"]
    assert [row.path for row in report.problems] == ["a.md"]


def test_entry_stays_published_if_its_date_becomes_unreadable(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": dated(title="a")})
    site.build()
    site.write("a.md", front_matter(title="b", publishedDateTime=None, date="last Tuesday"))
    report = site.build()
    assert site.titles() == ["a"]
    assert "published as it was before" in report.problems[0].message


def test_check_lists_and_counts_withheld_articles(tmp_path: Path) -> None:
    root = Publication(tmp_path, {"a.md": dated(draft=True), "b.md": dated()}).root
    write_article(root, "c.md", front_matter(publishedDateTime=None, datum="2020-01-01"))
    write_article(root, "d.md", front_matter(published=False))
    result = CliRunner().invoke(main, ["check", "--config", str(root)])
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0].startswith("error: a.md:8: draft: is true, so the article is withheld")
    assert lines[1].startswith("error: c.md:7: datum: is not read")
    assert lines[2:6] == [
        "articles: 1 published, 1 with errors, 1 draft: true, 1 published: false",
        "dates from: 1 front matter",
        "without: 1 author",
        "other files: none",
    ]
    assert lines[6].startswith("4 articles, 2 problems, of which 2 keep an article from being")
    result = CliRunner().invoke(main, ["check", "--json", "--config", str(root)])
    assert [row["fatal"] for row in json.loads(result.output)["problems"]] == [True, True]
