"""Images, enclosures, players and related articles of an entry."""

from pathlib import Path

import pytest

from feeds.model.entry import (
    Enclosure,
    Image,
    Player,
    Related,
)
from tests.support.articles import parse_article, parse_entry
from tests.support.site import make_site


def test_enclosures_are_audio_video_downloads_then_images() -> None:
    entry = parse_entry(
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
    assert entry.enclosures == (
        Enclosure(f"{x}/s.mp3", "audio/mpeg", "audio"),
        Enclosure(f"{x}/v.mp4", "video/mp4", "video", length=7, duration=60),
        Enclosure(f"{x}/a.zip", "application/zip", "document", title="Source"),
        Enclosure("https://example.org/app.msapp", "application/octet-stream", "document"),
        Enclosure(f"{x}/a.png", "image/png", "image", width=5, height=6),
        Enclosure(f"{x}/b.webp", "image/webp", "image"),
    )
    assert entry.images == (
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
def test_image_without_media_type_is_not_an_enclosure(
    image: dict[str, str], expected: str | None
) -> None:
    entry = parse_entry(images=[image], site=make_site(media_types={"pic": "image/x-pict"}))
    assert entry.images[0].media_type == expected
    assert [file.media_type for file in entry.enclosures] == ([expected] if expected else [])


def test_audio_of_unknown_media_type_is_reported() -> None:
    article = parse_article(audio={"url": "/stream"})
    assert [problem.field for problem in article.problems] == ["audio.url"]
    assert article.entry is not None
    assert article.entry.enclosures == ()


@pytest.mark.rule("R24")
def test_length_of_own_files_is_measured(tmp_path: Path) -> None:
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
        entry = parse_entry(actions=[{"type": "download", "url": url}], site=site)
        assert entry.enclosures[0].length == length, url
    entry = parse_entry(actions=[{"type": "download", "url": "/a b.zip", "size": 9}], site=site)
    assert entry.enclosures[0].length == 9


@pytest.mark.rule("V13")
@pytest.mark.parametrize("size", [0, -1, None])
def test_size_that_is_not_positive_counts_as_unknown(size: int | None) -> None:
    entry = parse_entry(images=[{"url": "/a.png", "size": size, "width": size}])
    assert (entry.images[0].length, entry.images[0].width) == (None, None)


@pytest.mark.rule("R53")
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
def test_embedded_player_becomes_a_link_with_duration(featured: str, url: str | None) -> None:
    entry = parse_entry(featuredContent=featured, length="PT2M", excerpt=None)
    assert entry.player == (Player(url, 120) if url else None)
    assert "<iframe" not in entry.content
    assert ("Watch: " in entry.content) == (url is not None)


def test_player_with_invalid_url_is_reported() -> None:
    article = parse_article(featuredContent='<iframe src="javascript:1">')
    assert article.entry is not None
    assert article.entry.player is None
    assert len(article.problems) == 1


def test_related_articles_are_those_of_highest_quality() -> None:
    related = [
        {"title": f"T{n}", "webUrl": f"https://r.example/{n}", "quality": quality}
        for n, quality in enumerate([10, 50, None, 50, 90, -5, 60])
    ]
    related += [
        {"title": "T4 again", "webUrl": "https://r.example/4", "quality": 89},
        {"title": "x"},
    ]
    entry = parse_entry(related=related)
    assert [article.title for article in entry.related] == ["T4", "T6", "T1", "T3", "T0"]
    assert parse_entry(related=related, site=make_site(related=1)).related == (
        Related("T4", "https://r.example/4"),
    )
    assert parse_entry(related=related, site=make_site(related=0)).related == ()
