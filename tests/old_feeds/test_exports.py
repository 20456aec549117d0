"""Exports of WordPress and Ghost give the ids of their feeds."""

import json

import pytest

from feeds.old_feeds.documents import OldDocumentError, parse

WXR = """<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>X</title>
<wp:wxr_version>1.2</wp:wxr_version>
<item><title>A</title><link>https://x.org/a/</link>
<guid isPermaLink="false">https://old.org/?p=7</guid><wp:status>publish</wp:status>
<wp:post_type>post</wp:post_type><wp:post_date_gmt>2024-05-01 10:00:00</wp:post_date_gmt>
<wp:post_modified_gmt>2024-05-02 10:00:00</wp:post_modified_gmt></item>
<item><title>B</title><guid>https://x.org/?p=8</guid><wp:status>draft</wp:status></item>
</channel></rss>"""


def test_published_posts_of_wordpress_keep_the_guid_column() -> None:
    document = parse("x.xml", WXR.encode())
    (item,) = document.items
    assert document.is_export
    assert (item.id, item.permalink) == ("https://old.org/?p=7", False)
    assert f"{item.published:%d %H} {item.updated:%d %H}" == "01 10 02 10"


def test_published_posts_of_ghost_have_the_id_of_its_feed() -> None:
    posts = [
        {"id": "5f" * 12, "slug": "a", "title": "A", "status": "published"},
        {"id": "60" * 12, "slug": "b", "title": "B", "status": "draft"},
        {"id": "61" * 12, "slug": "c", "title": "C", "status": "published", "type": "page"},
    ]
    content = json.dumps({"db": [{"data": {"posts": posts}}]}).encode()
    (item,) = parse("ghost.json", content).items
    assert (item.id, item.link) == ("5f" * 12, "/a/")


def test_rss_items_keep_whether_the_guid_is_a_permalink() -> None:
    items = "".join(
        f"<item><guid{attribute}>{guid}</guid></item>"
        for attribute, guid in (
            ("", "https://x.org/a"),
            (' isPermaLink="false"', "https://x.org/b"),
            ("", "17"),
        )
    )
    document = parse("x", f"<rss><channel>{items}</channel></rss>".encode())
    assert [item.permalink for item in document.items] == [True, False, False]


def test_other_content_is_one_clear_error() -> None:
    with pytest.raises(OldDocumentError, match=r"x\.txt: is neither RSS"):
        parse("x.txt", b"hello")
