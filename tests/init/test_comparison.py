"""Articles are compared with the items of an old feed, and keep its ids."""

from pathlib import Path

import pytest

from feeds.config import load
from feeds.errors import FeedsError
from feeds.init import registry
from feeds.init.findings import OldFeed
from feeds.old_feeds import documents
from tests.init.sites import init, post, report_of, write

DAYS = range(1, 5)
POSTS = {f"posts/{n}.md": post(f"Post {n}", f"2024-05-{n:02}T10:00:00Z") for n in DAYS}
FOUR = "4 of 4 items have the same link, date and id: subscribers will see nothing new"


def atom(
    *, id_: str = "https://x.org/{n}", link: str = "https://x.org/{n}/", hour: int = 10
) -> str:
    entries = "".join(
        f"<entry><id>{id_.format(n=n)}</id><title>Post {n}</title>"
        f"<link href='{link.format(n=n)}'/><published>2024-05-{n:02}T{hour:02}:00:00Z</published>"
        f"<updated>2024-06-01T00:00:00Z</updated></entry>"
        for n in DAYS
    )
    return (
        f"<feed xmlns='http://www.w3.org/2005/Atom'><title>X</title>"
        f"<link rel='self' href='https://x.org/atom.xml'/>{entries}</feed>"
    )


def rss() -> str:
    items = "".join(
        f"<item><title>Post {n}</title><link>https://x.org/{n}/</link>"
        f"<guid isPermaLink='true'>https://x.org/{n}/</guid>"
        f"<pubDate>Wed, {n:02} May 2024 12:00:00 +0200</pubDate></item>"
        for n in DAYS
    )
    return f"<rss version='2.0'><channel><title>X</title>{items}</channel></rss>"


RDF = """<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><channel><title>X</title></channel>
 <item rdf:about="https://x.org/1/"><title>Post 1</title><link>https://x.org/1/</link>
 <dc:date>2024-05-01T10:00:00Z</dc:date></item></rdf:RDF>"""
JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": "X", "items": [
 {"id": "https://x.org/1/", "url": "https://x.org/1/", "title": "Post 1",
 "date_published": "2024-05-01T10:00:00Z"}]}"""


@pytest.mark.parametrize(
    ("name", "text", "format_", "number"),
    [("a.xml", atom(), "atom", 4), ("a.xml", rss(), "rss", 4), ("a.rdf", RDF, "rss", 1),
     ("a.json", JSON, "json", 1)],
)  # fmt: skip
def test_feeds_of_every_format_are_read(
    tmp_path: Path, name: str, text: str, format_: str, number: int
) -> None:
    (tmp_path / name).write_text(text)
    document = documents.read(tmp_path / name)
    assert (document.format, len(document.items), document.title) == (format_, number, "X")
    item = document.items[0]
    assert (item.title, item.link) == ("Post 1", "https://x.org/1/")
    assert item.published
    assert item.published.isoformat() == "2024-05-01T10:00:00+00:00"


@pytest.mark.parametrize("text", ["", "hello", "<html></html>", "{}", "{", "[1]", "<rss"])
def test_other_files_are_no_feeds(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_text(text)
    if text == "<rss":
        assert not documents.read(tmp_path / "a").items
        return
    with pytest.raises(
        FeedsError, match=r"is neither RSS nor Atom nor JSON Feed|is not valid JSON"
    ):
        documents.read(tmp_path / "a")


def test_an_entity_of_an_old_feed_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    text = f"<!DOCTYPE a [<!ENTITY e SYSTEM 'file://{tmp_path}/secret'>]>" + rss().replace(
        "X", "&e;"
    )
    (tmp_path / "a.xml").write_text(text)
    assert "secret" not in documents.read(tmp_path / "a.xml").title


@pytest.mark.parametrize(
    ("text", "rule"),
    [(atom(), "jekyll"), (atom(id_="https://x.org/{n}/"), "link"), (rss(), "link"),
     (atom(id_="tag:x.org,2024-05-0{n}:/{n}/"), "pelican")],
)  # fmt: skip
def test_the_rule_that_gives_the_old_ids_is_chosen(tmp_path: Path, text: str, rule: str) -> None:
    outcome = init(write(tmp_path, {**POSTS, "public/feed.xml": text}), url="https://x.org")
    assert f"Compared with public/feed.xml: {FOUR}" in report_of(outcome)
    assert load.load(outcome.config, {}).settings.ids == rule


def test_an_old_feed_may_be_named(tmp_path: Path) -> None:
    file = write(tmp_path / "old", {"feed.xml": atom()}) / "feed.xml"
    outcome = init(write(tmp_path / "site", POSTS), old_feed=file, url="https://x.org")
    assert FOUR in report_of(outcome)
    assert outcome.plan.moved == {"atom.xml": "all.atom"}  # by its link to itself
    assert load.load(outcome.config, {}).feeds[0].size == 4


def test_a_file_that_is_no_feed_is_a_message_and_nothing_is_written(tmp_path: Path) -> None:
    write(tmp_path, {**POSTS, "a.txt": "x"})
    with pytest.raises(FeedsError, match="is neither RSS nor Atom nor JSON Feed"):
        init(tmp_path, old_feed=tmp_path / "a.txt")
    assert not (tmp_path / "config").exists()


@pytest.mark.parametrize(
    ("text", "part", "advice"),
    [
        (atom(link="https://x.org/?id={n}"), "link", "permalink"),
        (atom(link="http://www.x.org/{n}/"), "link", "url"),
        (atom(hour=12), "date", "timezone"),
        (atom(id_="urn:x:{n}"), "id", "ids"),
        (
            atom(link="https://x.org/y{n}", id_="urn:{n}").replace("Post", "Other"),
            "item",
            "articles.folder",
        ),
    ],
)
def test_a_difference_names_the_setting_that_changes_it(
    tmp_path: Path, text: str, part: str, advice: str
) -> None:
    outcome = init(write(tmp_path, {**POSTS, "public/feed.xml": text}), url="https://x.org")
    compared = outcome.comparisons[0][1]
    assert compared.same < compared.total == 4
    assert len(compared.differences) == 3
    assert any(one.part == part and one.advice.startswith(advice) for one in compared.differences)
    assert "0 of 4 items have the same link, date and id" in report_of(outcome)


def test_entries_that_the_old_feed_does_not_have_are_counted(tmp_path: Path) -> None:
    newer = {"posts/9.md": post("New", "2024-06-01")}
    outcome = init(
        write(tmp_path, {**POSTS, **newer, "public/feed.xml": atom()}), url="https://x.org"
    )
    assert outcome.comparisons[0][1].added == 1
    assert "Subscribers will see 1 entry as new" in report_of(outcome)


def test_a_feed_of_one_language_is_compared_with_its_entries_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"posts/9.md": post("Neu", "2024-06-01", lang="de"), "public/feed.xml": atom()}
    findings = registry.generator("plain").inspect(write(tmp_path, {**POSTS, **files}))
    findings.old_feeds = (OldFeed("feed.xml", "atom", 9, term=("language", "en")),)
    plain = registry.generator("plain")._replace(inspect=lambda _: findings)
    monkeypatch.setattr(registry, "generators", lambda: [plain])
    assert FOUR in report_of(init(tmp_path, url="https://x.org"))


@pytest.mark.parametrize(
    ("link", "pattern"),
    [
        ("https://x.org/{n}.html", "/{path}.html"),
        ("https://x.org/posts/{n}", "/posts/{path}"),
        ("https://x.org/2024/05/0{n}/{n}/", "/{date:%Y/%m/%d}/{path}/"),
        ("https://x.org/blog/2024/05/{n}/", "/blog/{date:%Y/%m}/{path}/"),
    ],
)
def test_the_urls_of_a_plain_folder_are_those_of_its_old_feed(
    tmp_path: Path, link: str, pattern: str
) -> None:
    feed = atom(link=link, id_=link)
    outcome = init(write(tmp_path, {**POSTS, "public/feed.xml": feed}), url="https://x.org")
    assert load.load(outcome.config, {}).settings.permalink == pattern
    assert FOUR in report_of(outcome)


def test_links_without_a_pattern_leave_the_guess(tmp_path: Path) -> None:
    feed = atom(link="https://x.org/?id={n}")
    outcome = init(write(tmp_path, {**POSTS, "public/feed.xml": feed}), url="https://x.org")
    assert load.load(outcome.config, {}).settings.permalink == "/{path}/"
