"""The ids that other tools give to the entries of their feeds, for new articles. No I/O."""

from datetime import datetime
from typing import Literal
from urllib.parse import unquote, urlsplit

IdRule = Literal[
    "own", "link", "jekyll", "hugo", "eleventy", "pelican", "zola", "astro", "mkdocs", "hexo",
    "docusaurus", "nikola", "quarto", "wordpress",
]  # fmt: skip


def mint(rule: IdRule, link: str, published: datetime, number: str = "") -> str | None:
    """Return the id that a tool gives to an article; None for ids of this project's own form.

    `published` is in the site's time zone. `number` is the article's `wordpress_id`.
    """
    if rule == "own" or (rule == "wordpress" and not number):
        return None
    parts = urlsplit(link)
    if rule == "wordpress":
        return f"{parts.scheme}://{parts.netloc}/?p={number}"
    if rule == "jekyll":  # jekyll-feed: the URL of the site and the post's id
        return link.removesuffix("/").removesuffix(".html")
    if rule == "pelican":  # feedgenerator.get_tag_uri, RFC 4151
        fragment = f"/{parts.fragment}" if parts.fragment else ""
        return f"tag:{parts.hostname},{published:%Y-%m-%d}:{parts.path}{fragment}"
    if rule == "docusaurus":
        return unquote(link)
    return link
