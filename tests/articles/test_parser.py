"""Front matter and body become an entry."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from feeds.model.entry import content_hash
from feeds.render import fragment
from tests.support.articles import SEEN, SITE, parse_article, parse_entry
from tests.support.site import make_site

CANARY = "canary-7f3a"


def test_title_and_excerpt_are_plain_single_lines() -> None:
    entry = parse_entry(title=" A  <b> &amp;\nC ", excerpt="x\n\ny")
    assert (entry.title, entry.summary) == ("A <b> &amp; C", "x y")


def test_name_and_bio_replace_missing_title_and_excerpt() -> None:
    entry = parse_entry(title=None, excerpt=None, name="Ada", bio="Wrote programs")
    assert (entry.title, entry.summary) == ("Ada", "Wrote programs")
    entry = parse_entry(title="", excerpt="", name="Ada", bio="Wrote programs")
    assert (entry.title, entry.summary) == ("Ada", "Wrote programs")
    entry = parse_entry(name="Ada", bio="Wrote programs")
    assert (entry.title, entry.summary) == ("A title", "What it is about.")


@pytest.mark.parametrize(
    ("path", "category", "article_type"),
    [
        ("_news/a.md", "news", "article"),
        ("_learning/videos/a.md", "learning", "video"),
        ("_learning/courses/x/a.md", "education", "course"),
        ("a.md", None, "article"),
    ],
)
def test_folder_sets_default_category_and_type(
    path: str, category: str | None, article_type: str
) -> None:
    defaults = {
        "_learning/videos": {"type": "video"},
        "_learning/courses": {"type": "course", "category": "education"},
    }
    site = make_site(articles={"defaults": defaults})
    entry = parse_entry(path=path, site=site)
    assert (entry.category, entry.type) == (category, article_type)
    entry = parse_entry(path=path, site=site, category="own", type="kind")
    assert (entry.category, entry.type) == ("own", "kind")


@pytest.mark.parametrize(
    ("flags", "withheld"),
    [
        ({"published": False}, True),
        ({"removed": True}, True),
        ({"deleted": True}, True),
        ({"published": True, "removed": True}, True),
        ({"published": True, "removed": False, "deleted": False}, False),
        ({}, False),
    ],
)
def test_withheld_article_has_no_entry(flags: dict[str, Any], withheld: bool) -> None:
    article = parse_article(**flags)
    assert article.withheld == withheld
    assert (article.entry is None) == withheld
    assert article.problems == ()


def test_ambiguous_flag_withholds_the_article() -> None:
    article = parse_article(published="false")
    assert article.withheld
    assert article.entry is None


@pytest.mark.parametrize(
    ("path", "published", "expected"),
    [
        ("2024-05-01-a.md", "2024-05-31", "2024-05-31T00:00:00+00:00"),
        ("2024-05-01-a.md", None, "2024-05-01T00:00:00+00:00"),
        ("2024-05-01-a.md", "", "2024-05-01T00:00:00+00:00"),
        ("a.md", None, SEEN.isoformat()),
        ("2023-01-01-folder/a.md", None, SEEN.isoformat()),
        ("a.md", "2099-01-01", "2099-01-01T00:00:00+00:00"),
    ],
)
def test_date_comes_from_front_matter_then_file_name_then_first_seen(
    path: str, published: str | None, expected: str
) -> None:
    assert parse_entry(path=path, publishedDateTime=published).published.isoformat() == expected


@pytest.mark.rule("A15")
def test_updated_is_never_before_published() -> None:
    entry = parse_entry(updatedDateTime="2024-06-01")
    assert entry.updated == datetime(2024, 6, 1, tzinfo=UTC)
    entry = parse_entry(updatedDateTime="2020-01-01")
    assert entry.updated == entry.published
    assert parse_entry().updated == entry.published


WEB, ORIGINAL = "https://web.example/", "https://original.example/"


OWN = "https://example.org/news/2024/05/a"


@pytest.mark.parametrize(
    ("web", "original", "permalink", "to_permalink", "link", "via"),
    [
        (WEB, None, False, False, WEB, None),
        (WEB, ORIGINAL, False, False, WEB, ORIGINAL),
        (WEB, WEB, False, False, WEB, WEB),
        (None, ORIGINAL, False, False, ORIGINAL, ORIGINAL),
        (None, None, True, False, OWN, None),
        (WEB, None, True, False, WEB, None),
        (WEB, None, True, True, OWN, WEB),
        (WEB, ORIGINAL, True, True, OWN, ORIGINAL),
        (None, None, True, True, OWN, None),
        (WEB, None, False, True, WEB, None),
    ],
)
def test_link_and_via_follow_the_link_setting(
    web: str | None,
    original: str | None,
    permalink: bool,
    to_permalink: bool,
    link: str,
    via: str | None,
) -> None:
    site = make_site(
        permalink="https://example.org/{category}/{year}/{month}/{name}" if permalink else None,
        link="permalink" if to_permalink else "source",
    )
    entry = parse_entry(webUrl=web, originalUrl=original, site=site)
    assert (entry.link, entry.via) == (link, via)


def test_permalink_is_percent_encoded() -> None:
    site = make_site(permalink="https://example.org/{path}/{day}")
    entry = parse_entry(webUrl=None, site=site, path="_news/é a.md", publishedDateTime="2024-05-09")
    assert entry.link == "https://example.org/_news/%C3%A9%20a/09"


@pytest.mark.parametrize(("tag", "language"), [("en", "en"), ("de_AT", "de-AT"), (None, None)])
def test_language_or_locale_becomes_a_language_tag(tag: str | None, language: str | None) -> None:
    assert parse_entry(language=tag).language == language
    assert parse_entry(locale=tag).language == language


@pytest.mark.rule("R20")
def test_id_depends_on_the_path_only() -> None:
    one = parse_entry(path="_news/é a.md")
    other = parse_entry(
        "Body", "_news/é a.html", title="X", webUrl=WEB, site=make_site(url="https://n.example/")
    )
    assert one.id == other.id == "tag:example.org,2026:site/_news/%C3%A9%20a"


def test_likeness_does_not_depend_on_the_path() -> None:
    assert parse_article(path="a.md").likeness == parse_article(path="b.md").likeness
    assert parse_article("x").likeness != parse_article("y").likeness


def test_quality_and_heat_are_stored_but_not_published() -> None:
    entry = parse_entry(quality=72113, heat=-68113)
    assert (entry.quality, entry.heat) == (72113, -68113)
    for rendered in fragment.render_entry(entry, SITE).values():
        assert b"72113" not in rendered
        assert b"68113" not in rendered
    assert content_hash(entry) == content_hash(parse_entry())


NESTED: dict[str, Any] = {
    "secured": CANARY,
    "x": {"y": [CANARY]},
    "isCached": CANARY,
    "email": CANARY,
    CANARY: CANARY,
}


def test_secured_and_unlisted_keys_are_never_published() -> None:
    """Only keys that are read by name are published, at every level."""
    entry = parse_entry(
        **NESTED,
        items=[CANARY],
        tags=[CANARY],
        description=CANARY,
        content=CANARY,
        ampWebUrl=f"https://{CANARY}.example/",
        sharedWith=CANARY,
        provider={"name": "P", **NESTED, "authors": [{"name": "Jane", **NESTED}]},
        images=[{"url": "/a.png", **NESTED}],
        actions=[
            {"type": "download", "url": "/a.zip", "attribution": CANARY, **NESTED},
            {"type": "visit", "url": f"https://{CANARY}.example/", "title": CANARY},
        ],
        audio={"url": "/a.mp3", **NESTED},
        related=[
            {
                "title": "R",
                "webUrl": "https://r.example/",
                "excerpt": CANARY,
                "cdnAmpWebUrl": f"https://{CANARY}.example/",
                "images": [{"url": f"https://{CANARY}.example/a.png"}],
                "provider": {"name": "RP", **NESTED},
                **NESTED,
            }
        ],
        ratings={"average": 4, "count": 2, **NESTED},
        featuredContent=f'<iframe src="https://v.example/" title="{CANARY}"></iframe>',
    )
    assert CANARY.encode() not in msgspec.json.encode(entry)
    for rendered in fragment.render_entry(entry, SITE).values():
        assert CANARY.encode() not in rendered
