"""An article that links to another, or includes a file, follows when that changes."""

import struct
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Publication, front_matter

DATE = "2024-01-01T00:00:00Z"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8) + struct.pack(">II", 2, 3)


def article(body: str = "", **fields: object) -> str:
    return front_matter(body, **{"title": "T", "date": DATE, **fields})


def publish(root: Path, articles: dict[str, str], **settings: Any) -> Publication:
    preset = {"preset": "plain", **settings}
    return Publication(root, articles, articles=preset, url="https://example.org/")


def content(site: Publication, name: str) -> str:
    [html] = [item["content_html"] for item in site.items() if f"/{name}/" in item["url"]]
    return str(html)


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    articles = {"a.md": article("[b](sub/b.md#c)"), "sub/b.md": article()}
    site = publish(tmp_path, articles)
    site.build()
    assert content(site, "a") == '<p><a href="https://example.org/sub/b/#c">b</a></p>'
    return site


def change(site: Publication, path: str, text: str | None) -> None:
    if text is None:
        site.file(path).unlink()
    else:
        site.write(path, text)


@pytest.mark.parametrize("paths", [None, ["sub/b.md"]])
@pytest.mark.parametrize(
    ("text", "html"),
    [
        (article(url="/new/"), '<a href="https://example.org/new/#c">b</a>'),
        (article(draft=True), "<a>b</a>"),
        (None, "<a>b</a>"),
    ],
)
def test_a_link_follows_the_article_that_it_leads_to(
    site: Publication, paths: list[str] | None, text: str | None, html: str
) -> None:
    change(site, "sub/b.md", text)
    site.build(changed_paths=paths)
    assert content(site, "a") == f"<p>{html}</p>"
    assert site.build().read == 0


def test_a_link_to_an_article_appears_with_it(tmp_path: Path) -> None:
    site = publish(tmp_path, {"a.md": article("[b](b.md)")})
    site.build()
    assert content(site, "a") == "<p><a>b</a></p>"
    site.write("b.md", article())
    site.build()
    assert content(site, "a") == '<p><a href="https://example.org/b/">b</a></p>'


def test_an_included_file_is_read_again_once_it_has_changed(tmp_path: Path) -> None:
    articles = {"_posts/2024-01-01-a.md": article("{% include_relative c.txt %}")}
    site = publish(tmp_path, articles, preset="jekyll")
    included = site.file("_posts/c.txt")
    included.write_text("one", encoding="utf-8")
    site.build()
    assert [item["content_html"] for item in site.items()] == ["<p>one</p>"]
    included.write_text("two", encoding="utf-8")
    assert site.build().read == 1
    assert [item["content_html"] for item in site.items()] == ["<p>two</p>"]


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", ".hidden", "link.txt"])
def test_only_files_of_the_site_are_included(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.txt").write_text("secret", encoding="utf-8")
    articles = {"_posts/2024-01-01-a.md": article(f"x{{% include_relative {name} %}}")}
    root = tmp_path / "a" / "site"
    site = publish(root, articles, preset="jekyll")
    site.file("_posts/.hidden").write_text("secret", encoding="utf-8")
    site.file("_posts/link.txt").symlink_to(tmp_path / "outside.txt")
    site.build()
    assert [item["content_html"] for item in site.items()] == ["<p>x</p>"]


def test_a_local_image_has_its_url_and_size(tmp_path: Path) -> None:
    site = publish(tmp_path, {"sub/a/index.md": article(image="b.png")})
    site.file("sub/a/b.png").write_bytes(PNG)
    site.build()
    [item] = site.items()
    assert item["image"] == "https://example.org/sub/a/b.png"
    [image] = item["attachments"]
    assert image["size_in_bytes"] == len(PNG)
    assert b'width="2"' in site.fetch()["rss"].body
    site.file("sub/a/b.png").write_bytes(PNG + b"x")
    assert site.build().read == 1
