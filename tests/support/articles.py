"""Parse single articles in tests."""

from datetime import UTC, datetime
from typing import Any

from feeds.articles import parser
from feeds.articles.parser import Article
from feeds.articles.site_folder import ArticleFiles, SiteFolder
from feeds.config.site import Site
from feeds.model.entry import Entry
from tests.support.site import front_matter, make_site

SITE = make_site(assets_url="https://cdn.example/x/")
SEEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def parse_article(
    body: str = "", path: str = "_news/2024-05-01-a.md", site: Site = SITE, **fields: Any
) -> Article:
    files = ArticleFiles(SiteFolder(site))
    return parser.parse(path, front_matter(body, **fields).encode(), SEEN, site, files=files)


def parse_entry(body: str = "", path: str = "_news/2024-05-01-a.md", **fields: Any) -> Entry:
    article = parse_article(body, path, fields.pop("site", SITE), **fields)
    assert article.problems == ()
    assert article.entry is not None
    return article.entry
