"""What an article says and where it goes: the design's table, row by row."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.articles import attribution, parser
from feeds.articles.assets import AssetFolder
from feeds.articles.parser import Article
from feeds.config.feed_settings import Provider as KnownProvider
from feeds.config.site import Site
from feeds.model.entry import (
    Enclosure,
    Entry,
    Image,
    Person,
    Player,
    Provider,
    Related,
    content_hash,
)
from feeds.render import elements, fragment
from tests.support.site import front_matter, make_site

SITE = make_site(assets_url="https://cdn.example/x/")
SEEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CANARY = "canary-7f3a"


def parse(
    body: str = "", path: str = "_news/2024-05-01-a.md", site: Site = SITE, **given: Any
) -> Article:
    size = AssetFolder(site).size
    return parser.parse(path, front_matter(body, **given).encode(), SEEN, site, asset_size=size)


def entry(body: str = "", path: str = "_news/2024-05-01-a.md", **given: Any) -> Entry:
    made = parse(body, path, given.pop("site", SITE), **given)
    assert made.problems == ()
    assert made.entry is not None
    return made.entry


def test_title_and_excerpt() -> None:
    made = entry(title=" A  <b> &amp;\nC ", excerpt="x\n\ny")
    assert (made.title, made.summary) == ("A <b> &amp; C", "x y")


def test_name_stands_in_for_title_and_bio_for_excerpt() -> None:
    made = entry(title=None, excerpt=None, name="Ada", bio="Wrote programs")
    assert (made.title, made.summary) == ("Ada", "Wrote programs")
    made = entry(title="", excerpt="", name="Ada", bio="Wrote programs")
    assert (made.title, made.summary) == ("Ada", "Wrote programs")
    made = entry(name="Ada", bio="Wrote programs")
    assert (made.title, made.summary) == ("A title", "What it is about.")


def test_the_body_is_the_content_and_its_urls_are_absolute() -> None:
    made = entry(
        "Text with [a link](b).", webUrl="https://example.org/n/a", images=[{"url": "/a.png"}]
    )
    assert made.content == '<p>Text with <a href="https://example.org/n/b">a link</a>.</p>'


def test_an_html_file_has_html_and_no_markdown() -> None:
    made = entry("<p>*a*</p>\n\n    b", path="a.html")
    assert made.content == "<p>*a*</p>\n\n    b"


def test_content_is_composed_where_there_is_no_body() -> None:
    made = entry(
        type="course",
        length="PT1H30M",
        levels=["Beginner"],
        price="Free & easy",
        ratings={"average": 4.46, "count": 1234},
        images=[{"url": "/a.png", "width": 5, "height": 6, "title": 'A "picture"'}],
        provider={"name": "A & B", "domain": "example.com"},
        related=[
            {"title": "R < S", "webUrl": "https://r.example/?a=1&b=2", "provider": {"name": "R"}}
        ],
    )
    assert made.content.split("\n") == [
        '<p><a href="https://example.org/a"><img src="https://cdn.example/x/a.png"'
        ' alt="A &quot;picture&quot;" width="5" height="6"></a></p>',
        "<p>What it is about.</p>",
        "<p>Course · 1 h 30 min · Beginner · Free &amp; easy · Rated 4.5 of 5 by 1,234</p>",
        '<p>Via <a href="https://example.org/a">A &amp; B</a></p>',
        '<p>Related coverage:</p><ul><li><a href="https://r.example/?a=1&amp;b=2">R &lt; S</a>'
        " – R</li></ul>",
    ]


def test_a_body_that_shows_nothing_is_no_body() -> None:
    assert entry("<script>x</script>").content == "<p>What it is about.</p>"


def test_an_article_with_nothing_but_a_title_links_to_itself() -> None:
    made = entry(excerpt=None, title="A < B")
    assert made.content == '<p><a href="https://example.org/a">A &lt; B</a></p>'


@pytest.mark.parametrize(
    ("given", "fact"),
    [
        ({"price": 49}, "49"),
        ({"price": 9.5}, "9.5"),
        ({"length": "PT45S"}, "45 s"),
        ({"length": "PT2H"}, "2 h"),
        ({"length": "PT29M31S"}, "30 min"),
        ({"length": "never"}, None),
        ({"ratings": {"average": 0, "count": 0}}, None),
        ({"ratings": {"average": 5}}, "Rated 5.0 of 5"),
        ({"ratings": {"average": 11, "count": 2}}, None),
        ({"type": "video"}, "Video"),
        ({"type": "article"}, None),
    ],
)
def test_facts_are_said_where_present(given: dict[str, Any], fact: str | None) -> None:
    content = entry(**given).content
    assert content == "<p>What it is about.</p>" + (f"\n<p>{fact}</p>" if fact else "")


def test_a_provider_is_source_author_and_visible_credit() -> None:
    made = entry(
        "Text",
        originalUrl="https://pcmag.example/a",
        webUrl="https://pcmag.example/web",
        provider={
            "name": "PC Magazine",
            "domain": "PCMag.example",
            "images": [{"url": "/pc.png", "width": 50}],
        },
    )
    icon = "https://cdn.example/x/pc.png"
    home = "https://pcmag.example/"
    assert made.provider == Provider("PC Magazine", "pc-magazine", home, None, icon)
    assert made.authors == (Person("PC Magazine", home, icon),)
    assert made.via == "https://pcmag.example/a"
    assert made.content.endswith('<p>Via <a href="https://pcmag.example/a">PC Magazine</a></p>')


NAMES = st.sampled_from(["P", "p", "Q", "", " ", 1, True, 1.0, None, ["P"], "p.example", "a b"])
IMAGES = st.lists(
    st.fixed_dictionaries({"url": NAMES | st.just("/i.png")}, optional={"width": NAMES}) | NAMES,
    max_size=2,
)
PROVIDERS = NAMES | st.dictionaries(
    st.sampled_from(["name", "domain", "images", "authors", "other"]), NAMES | IMAGES
)


@given(st.lists(PROVIDERS, max_size=6), st.integers(1, 5))
def test_what_is_kept_of_providers_changes_no_article(given: list[Any], most: int) -> None:
    known = {"p.example": KnownProvider("P and sons", url="https://p.example/")}
    site = make_site(providers=known)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attribution, "_MAX_CACHED", most)
        for provider in given * 2:
            afresh = parse(site=make_site(providers=known), provider=provider)
            assert parse(site=site, provider=provider) == afresh
            assert len(attribution._cache.of(site)) <= most


def test_a_provider_that_is_not_right_is_a_problem_of_every_article() -> None:
    said = {"name": "P", "domain": "not a domain"}
    assert [len(parse(provider=said).problems) for _ in range(2)] == [1, 1]


def test_a_providers_file_adds_feed_home_and_logo() -> None:
    known = {
        "name": "PC Magazine",
        "url": "https://www.pcmag.example/",
        "feed": "https://www.pcmag.example/feed",
        "images": [{"url": "/logo.png"}],
    }
    site = make_site(providers={"pc magazine": known, "pcmag.example": known})
    logo = "https://example.org/logo.png"
    for said in ({"name": "pc MAGAZINE"}, {"domain": "pcmag.example"}):
        made = entry(provider=said, site=site).provider
        assert made is not None
        assert made.home == "https://www.pcmag.example/"
        assert made.feed == "https://www.pcmag.example/feed"
        assert made.icon == logo


def test_authors_are_people_not_addresses() -> None:
    people = [{"name": "Joe", "url": "https://joe.example", "email": CANARY}, {"x": 1}]
    made = entry(provider={"name": "P", "authors": people})
    assert made.authors == (Person("Joe", "https://joe.example/"),)
    assert entry(authors=["Jane", "Joe", "Jane"]).authors == (Person("Jane"), Person("Joe"))
    assert entry(authors=[{"name": "Jane"}], provider={"name": "P"}).authors == (Person("Jane"),)
    assert entry().authors == ()


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Adam Glassman (@abglassman)", "Adam Glassman (@abglassman)"),
        ("@abglassman", "@abglassman"),
        ("Jane <@jane>", "Jane <@jane>"),
        ("Ann (ann@example.org, @ann)", "Ann (@ann)"),
        ('Ann "B" <ann@example.org>, Lee <lee@example.org>', 'Ann "B", Lee'),
        ("Ann （@ann）", "Ann （@ann）"),
        ("<Ann Lee>", "Ann Lee"),
        ("Ann (@ann@social.example)", "Ann (@ann@social.example)"),
        ("Ann Lee (Editor)", "Ann Lee (Editor)"),
        ("Ann (Editor) Lee (she)", "Ann (Editor) Lee (she)"),
        ("(Ann Lee)", "Ann Lee"),
        ("Ann Lee <ann@example.org>", "Ann Lee"),
        ("Ann Lee (ann@example.org)", "Ann Lee"),
        ("Ann Lee (<ann@example.org>)", "Ann Lee"),
        ("Ann Lee [ann@example.org]", "Ann Lee"),
        ("Ann Lee, ann@example.org", "Ann Lee"),
        ("Ann Lee,ann@example.org", "Ann Lee"),
        ("ann@example.org (Ann Lee)", "Ann Lee"),
        ("ann@example.org (Ann Lee (Editor))", "Ann Lee (Editor)"),
        ("Ann Lee <ann@example.org> (Editor)", "Ann Lee (Editor)"),
        ("Ann Lee (ann@example.org) (@ann)", "Ann Lee (@ann)"),
        ("Ann Lee <mailto:ann@example.org>", "Ann Lee"),
        ("Ann Lee (Editor, ann@example.org)", "Ann Lee (Editor)"),
        ("Ann Lee (", "Ann Lee"),
        ("Ann @ Home", "Ann @ Home"),
        ("<ann@example.org>", None),
        ("ann@example.org", None),
    ],
)
def test_an_author_is_called_by_the_whole_name_and_no_address(
    author: str, name: str | None
) -> None:
    expected = (Person(name),) if name else ()
    assert entry(authors=[author]).authors == expected
    assert entry(authors=[{"name": author}]).authors == expected


@pytest.mark.parametrize("text", ["a", "(", "<", "@", "a@", "( ", "[<("])
def test_no_name_takes_long(text: str) -> None:
    start = time.process_time()
    attribution._without_addresses(text * 40_000)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("domain", "home"),
    [("bücher.example", "https://xn--bcher-kva.example/"), ("a.b.example", "https://a.b.example/")],
)
def test_a_domain_is_a_host(domain: str, home: str) -> None:
    provider = entry(provider={"domain": domain}).provider
    assert provider is not None
    assert (provider.name, provider.home) == (domain, home)


@pytest.mark.parametrize(
    "domain", ["a/b.example", "a b", "localhost", "x.example:80", "u@x.example", "?"]
)
def test_what_is_no_domain_is_refused(domain: str) -> None:
    made = parse(provider={"name": "P", "domain": domain})
    assert [problem.field for problem in made.problems] == ["provider.domain"]
    assert made.entry is not None
    assert made.entry.provider == Provider("P", "p")


def test_categories_have_schemes() -> None:
    made = entry(topics=["C", "C++", "C#", "C"], category="news", type="article")
    assert elements.categories(made, SITE) == [
        ("https://example.org/topics", "C"),
        ("https://example.org/topics", "C++"),
        ("https://example.org/topics", "C#"),
        ("https://example.org/categories", "news"),
        ("https://example.org/types", "article"),
    ]


@pytest.mark.parametrize(
    ("path", "category", "type_"),
    [
        ("_news/a.md", "news", "article"),
        ("_learning/videos/a.md", "learning", "video"),
        ("_learning/courses/x/a.md", "education", "course"),
        ("a.md", None, "article"),
    ],
)
def test_category_and_type_default_by_folder(path: str, category: str | None, type_: str) -> None:
    defaults = {
        "_learning/videos": {"type": "video"},
        "_learning/courses": {"type": "course", "category": "education"},
    }
    site = make_site(articles={"defaults": defaults})
    made = entry(path=path, site=site)
    assert (made.category, made.type) == (category, type_)
    made = entry(path=path, site=site, category="own", type="kind")
    assert (made.category, made.type) == ("own", "kind")


def test_enclosures_come_in_the_order_of_their_worth() -> None:
    made = entry(
        images=[{"url": "/a.png", "width": 5, "height": 6}, {"url": "/b.webp"}, {"url": "/a.png"}],
        actions=[
            {"type": "download", "url": "/a.zip", "title": "Source"},
            {"type": "visit", "url": "/b.zip"},
            {"type": "download", "url": "https://example.org/app.msapp"},
        ],
        video={"url": "/v.mp4", "size": 7, "duration": "PT1M"},
        audio="/s.mp3",
    )
    x = "https://cdn.example/x"
    assert made.enclosures == (
        Enclosure(f"{x}/s.mp3", "audio/mpeg", "audio"),
        Enclosure(f"{x}/v.mp4", "video/mp4", "video", length=7, duration=60),
        Enclosure(f"{x}/a.zip", "application/zip", "document", title="Source"),
        Enclosure("https://example.org/app.msapp", "application/octet-stream", "document"),
        Enclosure(f"{x}/a.png", "image/png", "image", width=5, height=6),
        Enclosure(f"{x}/b.webp", "image/webp", "image"),
    )
    assert made.images == (
        Image(f"{x}/a.png", 5, 6, media_type="image/png"),
        Image(f"{x}/b.webp", media_type="image/webp"),
    )


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({"url": "https://example.org/a.JPG?x=.png"}, "image/jpeg"),
        ({"url": "https://example.org/jpg"}, None),
        ({"url": "https://example.org/a.v1675283309"}, None),
        ({"url": "https://pbs.twimg.com/media/a?format=png&name=x"}, "image/png"),
        ({"url": "https://example.org/a?format=png"}, None),
        ({"url": "https://example.org/a", "mediaType": "Image/WebP"}, "image/webp"),
        ({"url": "https://example.org/a.png", "mediaType": "image/webp"}, "image/webp"),
        ({"url": "https://example.org/a.pic"}, "image/x-pict"),
    ],
)
def test_a_media_type_is_known_or_the_image_is_no_enclosure(
    image: dict[str, str], expected: str | None
) -> None:
    made = entry(images=[image], site=make_site(media_types={"pic": "image/x-pict"}))
    assert made.images[0].media_type == expected
    assert [file.media_type for file in made.enclosures] == ([expected] if expected else [])


def test_audio_of_no_known_type_is_reported() -> None:
    made = parse(audio={"url": "/stream"})
    assert [problem.field for problem in made.problems] == ["audio.url"]
    assert made.entry is not None
    assert made.entry.enclosures == ()


def test_the_size_of_files_of_our_own_is_measured(tmp_path: Path) -> None:
    (tmp_path / "assets" / "folder.zip").mkdir(parents=True)
    (tmp_path / "assets" / "a b.zip").write_bytes(b"12345")
    (tmp_path / "secret.zip").write_bytes(b"123")
    (tmp_path / "assets" / "link.zip").symlink_to(tmp_path / "secret.zip")
    site = make_site(tmp_path, assets_url="https://cdn.example/x/", assets_folder="assets")
    lengths = {
        "/a b.zip": 5,
        "https://cdn.example/x/a%20b.zip": 5,
        "https://other.example/x/a%20b.zip": None,
        "/none.zip": None,
        "/folder.zip": None,
        "/link.zip": None,
        f"/{tmp_path}/secret.zip": None,
        "https://cdn.example/x/..%2Fsecret.zip": None,
        "/a%00.zip": None,
    }
    for url, length in lengths.items():
        made = entry(actions=[{"type": "download", "url": url}], site=site)
        assert made.enclosures[0].length == length, url
    made = entry(actions=[{"type": "download", "url": "/a b.zip", "size": 9}], site=site)
    assert made.enclosures[0].length == 9


@pytest.mark.parametrize("size", [0, -1, None])
def test_sizes_that_tools_do_not_know_are_unknown(size: int | None) -> None:
    made = entry(images=[{"url": "/a.png", "size": size, "width": size}])
    assert (made.images[0].length, made.images[0].width) == (None, None)


@pytest.mark.parametrize(
    ("featured", "url"),
    [
        (
            '<iframe src="https://v.example/e?a=1&amp;b=2" width=5></iframe>',
            "https://v.example/e?a=1&b=2",
        ),
        ("<iframe width=5 src='//v.example/e'>", "https://v.example/e"),
        ('<iframe src="/player/5">', "https://example.org/player/5"),
        ("<p>no player</p>", None),
    ],
)
def test_a_player_is_a_link_with_its_duration(featured: str, url: str | None) -> None:
    made = entry(featuredContent=featured, length="PT2M", excerpt=None)
    assert made.player == (Player(url, 120) if url else None)
    assert "<iframe" not in made.content
    assert ("Watch: " in made.content) == (url is not None)


def test_a_player_that_is_no_url_is_reported() -> None:
    made = parse(featuredContent='<iframe src="javascript:1">')
    assert made.entry is not None
    assert made.entry.player is None
    assert len(made.problems) == 1


def test_related_are_the_best_by_quality() -> None:
    related = [
        {"title": f"T{n}", "webUrl": f"https://r.example/{n}", "quality": quality}
        for n, quality in enumerate([10, 50, None, 50, 90, -5, 60])
    ]
    related += [
        {"title": "T4 again", "webUrl": "https://r.example/4", "quality": 89},
        {"title": "x"},
    ]
    made = entry(related=related)
    assert [each.title for each in made.related] == ["T4", "T6", "T1", "T3", "T0"]
    assert entry(related=related, site=make_site(related=1)).related == (
        Related("T4", "https://r.example/4"),
    )
    assert entry(related=related, site=make_site(related=0)).related == ()


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
def test_withheld_articles_have_no_entry(flags: dict[str, Any], withheld: bool) -> None:
    made = parse(**flags)
    assert made.withheld == withheld
    assert (made.entry is None) == withheld
    assert made.problems == ()


def test_a_flag_that_is_unclear_withholds() -> None:
    made = parse(published="false")
    assert made.withheld
    assert made.entry is None


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
def test_the_date_is_its_own_or_in_its_name_or_when_first_seen(
    path: str, published: str | None, expected: str
) -> None:
    assert entry(path=path, publishedDateTime=published).published.isoformat() == expected


def test_updated_is_never_before_published() -> None:
    made = entry(updatedDateTime="2024-06-01")
    assert made.updated == datetime(2024, 6, 1, tzinfo=UTC)
    made = entry(updatedDateTime="2020-01-01")
    assert made.updated == made.published
    assert entry().updated == made.published


WEB, ORIGINAL = "https://web.example/", "https://original.example/"
OWN = "https://example.org/news/2024/05/a"


@pytest.mark.parametrize(
    ("web", "original", "permalink", "turned", "link", "via"),
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
def test_the_link_and_its_origin(
    web: str | None, original: str | None, permalink: bool, turned: bool, link: str, via: str | None
) -> None:
    site = make_site(
        permalink="https://example.org/{category}/{year}/{month}/{name}" if permalink else None,
        link="permalink" if turned else "source",
    )
    made = entry(webUrl=web, originalUrl=original, site=site)
    assert (made.link, made.via) == (link, via)


def test_a_permalink_is_quoted() -> None:
    site = make_site(permalink="https://example.org/{path}/{day}")
    made = entry(webUrl=None, site=site, path="_news/é a.md", publishedDateTime="2024-05-09")
    assert made.link == "https://example.org/_news/%C3%A9%20a/09"


@pytest.mark.parametrize(("said", "language"), [("en", "en"), ("de_AT", "de-AT"), (None, None)])
def test_language(said: str | None, language: str | None) -> None:
    assert entry(language=said).language == language
    assert entry(locale=said).language == language


def test_the_id_comes_from_the_path_and_nothing_else() -> None:
    one = entry(path="_news/é a.md")
    other = entry(
        "Body", "_news/é a.html", title="X", webUrl=WEB, site=make_site(url="https://n.example/")
    )
    assert one.id == other.id == "tag:example.org,2026:site/_news/%C3%A9%20a"


def test_equal_articles_are_alike_whatever_their_path() -> None:
    assert parse(path="a.md").source_hash == parse(path="b.md").source_hash
    assert parse("x").source_hash != parse("y").source_hash


def test_quality_and_heat_select_and_are_not_published() -> None:
    made = entry(quality=72113, heat=-68113)
    assert (made.quality, made.heat) == (72113, -68113)
    for rendered in fragment.render_entry(made, SITE).values():
        assert b"72113" not in rendered
        assert b"68113" not in rendered
    assert content_hash(made) == content_hash(entry())


NESTED: dict[str, Any] = {
    "secured": CANARY,
    "x": {"y": [CANARY]},
    "isCached": CANARY,
    "email": CANARY,
    CANARY: CANARY,
}


def test_secured_and_unlisted_keys_never_leave() -> None:
    """Whatever is not asked for by name stays, at every level."""
    made = entry(
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
    assert CANARY.encode() not in msgspec.json.encode(made)
    for rendered in fragment.render_entry(made, SITE).values():
        assert CANARY.encode() not in rendered


def test_a_provider_goes_out_under_the_name_in_its_file_whatever_the_article_calls_it() -> None:
    known = {"name": "PC Magazine", "otherNames": ["PCMag"], "domain": "pcmag.example"}
    site = make_site(providers={"pc magazine": known, "pcmag": known})
    made = entry(site=site, provider={"name": "PCMag"}).provider
    assert made is not None
    assert (made.name, made.key, made.home) == (
        "PC Magazine",
        "pc-magazine",
        "https://pcmag.example/",
    )


def test_a_topic_goes_out_once_and_under_the_name_in_its_file() -> None:
    site = make_site(topics={"sea-charts": {"name": "Sea charts"}})
    made = entry(site=site, topics=["sea  CHARTS", "Sea charts", "Fog"])
    terms = [term for _, term in elements.categories(made, site)]
    assert terms == ["Sea charts", "Fog", "news", "article"]
