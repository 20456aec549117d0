"""Sites with Hexo's features, built by Hexo itself, with the feed of its plugin.

TEST_NODE_MODULES names the folder in which npm installed hexo (.ci/run does).
"""

import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest

from feeds.init.initialiser import Outcome
from feeds.model.entry import Entry
from tests.init.sites import init, report_of, write

_NODE = shutil.which("node") or ""
_MODULES = Path(os.environ.get("TEST_NODE_MODULES", "/nowhere"))
_PLUGINS = ("hexo-renderer-marked", "hexo-generator-feed")
_NEEDED = [_MODULES / name for name in ("hexo/bin/hexo", *_PLUGINS)]
pytestmark = pytest.mark.skipif(
    not _NODE or not all(path.exists() for path in _NEEDED),
    reason="TEST_NODE_MODULES holds no hexo with hexo-renderer-marked and hexo-generator-feed, or "
    "node is missing",
)

ZONE = "Asia/Tokyo"
_SITE = (
    f"title: Made up\nurl: https://example.org/sub\nroot: /sub/\ntimezone: {ZONE}\ntheme: none\n"
)
_FEED = "feed: {type: [atom, rss2], limit: 0}\nfuture: false\n"
CONFIGS = {
    "plain": _SITE + _FEED,
    "dated": _SITE
    + _FEED
    + "new_post_name: :year-:month-:day-:title.md\n"
    + "permalink: :category/:year/:i_month/:title.html\n"
    + "pretty_urls: {trailing_html: false}\n"
    + "category_map: {Big Cats: felines}\n"
    + "filename_case: 1\n",
    "key": _SITE
    + _FEED
    + "permalink: p/:abbrlink/\n"
    + "post_asset_folder: true\n"
    + "skip_render: _posts/sub/deep/*\n",
}
# The posts: their front matter. Each has its path as title, unless it has one.
POSTS: dict[str, str] = {
    "plain.md": "date: 2024-05-01",
    "night.md": "date: 2024-05-02 00:30:00",
    "short.md": "date: 2024-05-03 01:30",
    "slashes.md": "date: 2024/05/04 02:30:00",
    "zone.md": "date: 2024-05-05T23:30:00-05:00",
    "utc.md": "date: 2024-05-06T20:30:00Z",
    "2024-05-08-both.md": "date: 2024-05-09",
    "Spaces & Größe.md": "date: 2024-05-10",
    "sub/below.md": "date: 2024-05-11",
    "sub/deep/er.md": "date: 2024-05-12",
    "slug.md": "date: 2024-05-13\nslug: other",
    "moved.md": "date: 2024-05-14\npermalink: other/place",
    "file.md": "date: 2024-05-15\npermalink: other/file.html",
    "tag.md": "date: 2024-05-16\ntags: two words",
    "tags.md": "date: 2024-05-17\ntags: [a, 1984]",
    "category.md": "date: 2024-05-18\ncategory: Big Cats",
    "branch.md": "date: 2024-05-19\ncategories: [Big Cats, C D]\ntags: [C D, x]",
    "branches.md": "date: 2024-05-20\ncategories: [[E, F], [E, G]]",
    "draft.md": "date: 2024-05-21\npublished: false",
    "future.md": "date: 2999-05-22",
    "_hidden.md": "date: 2024-05-23",
    "title.md": "date: 2024-05-24\ntitle: 1984",
    "more.md": "date: 2024-05-25",
    "summary.md": "date: 2024-05-26\ndescription: A *summary*",
    "excerpt.md": "date: 2024-05-27\nexcerpt: An excerpt",
    "page.html": "date: 2024-05-28",
    "updated.md": "date: 2024-05-29\nupdated: 2024-05-30 10:00:00",
    "index.md": "date: 2024-05-31",
    "json.md": "",
}
# The date of a post that has one in its name, too: only one configuration reads it there.
DATED = {"plain": "date: 2024-05-07", "dated": "", "key": "date: 2024-05-07"}
BODIES = {"more.md": "First.\n\n<!-- more -->\n\nSecond."}
JSON = '"title": "json.md",\n"date": "2024-06-01 10:00:00",\n"abbrlink": "6a"\n;;;\nText.\n'


class Item(NamedTuple):
    """An item of a feed, as Hexo or this project makes it."""

    title: str
    link: str
    id: str
    published: datetime
    topics: tuple[str, ...]


def _post(path: str, matter: str) -> str:
    if path == "json.md":
        return JSON
    title = "" if "title:" in matter else f"title: {path}\n"
    abbreviation = path.encode().hex()
    head = f"{title}{matter}\nabbrlink: {abbreviation}"
    return f"---\n{head.strip()}\n---\n{BODIES.get(path, 'Text.')}\n"


@pytest.fixture(scope="module", params=CONFIGS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hexo")
    posts = {f"source/_posts/{path}": _post(path, matter) for path, matter in POSTS.items()}
    packages = {"hexo": {"version": ""}, "dependencies": dict.fromkeys(("hexo", *_PLUGINS), "*")}
    others = {
        "_config.yml": CONFIGS[request.param],
        "_config.landscape.yml": "title: Theme\n",
        "package.json": json.dumps(packages),
        "source/_drafts/a.md": _post("a.md", "date: 2024-05-01"),
        "source/_posts/2024-05-07-dated.md": _post("dated", DATED[request.param]),
        "source/about/index.md": _post("about", "date: 2024-05-01"),
    }
    write(root, others | posts)
    (root / "node_modules").symlink_to(_MODULES)
    command = [_NODE, str(_MODULES / "hexo/bin/hexo"), "generate"]
    environment = {**os.environ, "TZ": ZONE}
    subprocess.run(command, cwd=root, check=True, timeout=120, env=environment, capture_output=True)
    (root / "node_modules").unlink()
    return root


@pytest.fixture(scope="module")
def outcome(built: Path) -> Outcome:
    return init(built)


def _theirs(root: Path) -> dict[str, Item]:
    atom = "{http://www.w3.org/2005/Atom}"
    items = [
        Item(
            element.findtext(f"{atom}title", ""),
            unquote(element.find(f"{atom}link").attrib["href"]),  # type: ignore[union-attr]
            unquote(element.findtext(f"{atom}id", "")),
            datetime.fromisoformat(element.findtext(f"{atom}published", "")),
            tuple(sorted({tag.attrib["term"] for tag in element.findall(f"{atom}category")})),
        )
        for element in ET.parse(root / "public/atom.xml").iter(f"{atom}entry")
    ]
    return {item.title: item for item in items}


def _own(entry: Entry) -> Item:
    return Item(
        entry.title,
        unquote(entry.link),
        unquote(entry.id),
        entry.published,
        tuple(sorted(entry.topics)),
    )


def test_entries_are_those_of_hexo(built: Path, outcome: Outcome) -> None:
    entries = [entry for entry in outcome.trial.entries if entry.title != "future.md"]
    ours = {entry.title: _own(entry) for entry in entries}
    assert ours == _theirs(built)
    assert outcome.findings.unclear == []


def test_both_feeds_of_the_plugin_have_the_same_items(outcome: Outcome) -> None:
    assert [name for name, _ in outcome.comparisons] == ["public/atom.xml", "public/rss2.xml"]
    for _, comparison in outcome.comparisons:
        assert comparison.same == comparison.total > len(POSTS) / 2, report_of(outcome)


def test_summaries_are_those_that_hexo_is_given(outcome: Outcome) -> None:
    summaries = {entry.title: entry.summary for entry in outcome.trial.entries if entry.summary}
    assert summaries == {
        "more.md": "First.", "summary.md": "A *summary*", "excerpt.md": "An excerpt",
    }  # fmt: skip
