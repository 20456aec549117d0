"""Stylesheets of feeds and links of pages."""

import re

import pytest

from tests.support.feeds_server import Server
from tests.support.http_site import KINDS

pytestmark = pytest.mark.xdist_group("http")


@pytest.mark.rule("B1", "B4", "B7")
@pytest.mark.parametrize("path", ["/all.rss", "/all.atom"])
def test_feeds_link_a_stylesheet_but_no_xslt_or_script(server: Server, path: str) -> None:
    body = server.ask(path).body
    instructions = re.findall(rb'<\?xml-stylesheet type="([^"]*)" href="([^"]*)"\?>', body)
    assert instructions == [(b"text/css", b"feed.css")]
    assert server.ask("/feed.css").headers["content-type"].startswith("text/css")
    for word in (b"xsl", b"<script"):
        assert word not in body.replace(b"<?xml-stylesheet", b"")


@pytest.mark.rule("B5", "B9", "B10")
def test_page_links_every_format_of_its_feed(server: Server) -> None:
    page = server.ask("/topics/ai.html").body.decode()
    links = re.findall(r'<link rel="alternate" type="([^"]*)" title="[^"]+" href="([^"]*)"', page)
    formats = list(KINDS.items())[:3]
    assert links == [(media_type, f"../topics/ai{path[4:]}") for path, media_type in formats]
