"""A site with Jekyll's features, built by Jekyll itself, with a list of its posts."""

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.init.sites import init, write
from tests.support.initialised import Item, items

_JEKYLL = shutil.which("jekyll") or ""
pytestmark = pytest.mark.skipif(not _JEKYLL, reason="jekyll is missing (Debian: jekyll)")

STYLES = (
    "date", "pretty", "ordinal", "weekdate", "none",
    "/:collection/:year/:short_year/:month/:i_month/:short_month/:long_month/:slug/",
    "/:day/:i_day/:y_day/:week/:w_year/:w_day/:short_day/:long_day/:title.html",
    "/:hour/:minute/:second/:name:output_ext",
    "/x/:slugified_categories/:title",
)  # fmt: skip
CONFIG = """\
title: Cats
url: https://example.org
baseurl: /base
timezone: Europe/Vienna
exclude: [old]
defaults:
  - {scope: {path: "", type: posts}, values: {lang: en, layout: none}}
  - {scope: {path: movies}, values: {tags: [film]}}
  - {scope: {path: pages, type: pages}, values: {tags: [page]}}
"""
TEMPLATE = """---
---
[{% for post in site.posts %}{"path": {{ post.path | jsonify }},
"link": {{ post.url | absolute_url | jsonify }}, "title": {{ post.title | jsonify }},
"date": {{ post.date | date_to_xmlschema | jsonify }},
"category": {{ post.category | jsonify }}, "categories": {{ post.categories | jsonify }},
"tags": {{ post.tags | jsonify }}}{% unless forloop.last %},{% endunless %}{% endfor %}]
"""
POSTS = {
    "_posts/2024-05-01-plain.md": "title: Plain",
    "_posts/2024-05-02-no-TITLE-here.md": "tags: one two",
    "_posts/2024-5-3-Short_Date & more.md": "title: S",
    "_posts/2024-05-04-time.md": "title: T\ndate: 2024-05-04 23:30:00 +0000",
    "_posts/2024-05-05-local.md": "title: L\ndate: 2024-05-05 00:30:00",
    "_posts/2024-05-06-slug.md": "title: Sl\nslug: My Slug_x",
    "_posts/2024-05-07-cats.md": "title: C\ncategories: Big Cats",
    "_posts/2024-05-08-cat.md": "title: C\ncategory: Two Words\ntags: [a b, c]",
    "_posts/2024-05-09-own.md": "title: O\npermalink: /own/place/",
    "_posts/2024-05-10-hidden.md": "title: H\npublished: false",
    "_posts/2099-05-11-later.md": "title: Later",
    "_posts/undated.md": "title: U",
    "_posts/deep/2024-05-12-below.md": "title: B",
    "movies/_posts/2024-05-13-film.md": "title: F",
    "Movies/New/_posts/2024-05-14-new.md": "title: N\ncategories: [Drama]",
    "_hidden/_posts/2024-05-15-no.md": "title: N",
    "old/_posts/2024-05-16-no.md": "title: N",
    "_drafts/draft.md": "title: D",
}


def _build(root: Path, style: str) -> dict[str, Item]:
    posts = {path: f"---\n{matter}\n---\nText.\n" for path, matter in POSTS.items()}
    config = f"{CONFIG}permalink: {json.dumps(style)}\n"
    write(root, {"_config.yml": config, "posts.json": TEMPLATE, **posts})
    subprocess.run([_JEKYLL, "build", "-q"], cwd=root, check=True, timeout=120)
    return {
        post["path"]: Item(
            post["link"],
            post["title"],
            datetime.fromisoformat(post["date"]),
            tuple([post["category"]] if post["category"] else post["categories"])
            + tuple(post["tags"]),
        )
        for post in json.loads((root / "_site/posts.json").read_text())
    }


@pytest.mark.parametrize("style", STYLES)
def test_posts_are_those_of_jekyll(tmp_path: Path, style: str) -> None:
    theirs = _build(tmp_path, style)
    now = datetime.now(UTC)
    ours = items(init(tmp_path).config)
    assert {path: item for path, item in ours.items() if item.published <= now} == theirs
