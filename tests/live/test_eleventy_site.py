"""A site with Eleventy's features, built by Eleventy itself, with the feed of its plugin.

TEST_NODE_MODULES names the folder in which npm installed @11ty/eleventy (.ci/run does).
"""

import json
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from feeds.init.initialiser import Outcome
from tests.init.sites import init, report_of, write
from tests.support.initialised import Item, items

_NODE = shutil.which("node") or ""
_MODULES = Path(os.environ.get("TEST_NODE_MODULES", "/nowhere"))
_NEEDED = [_MODULES / "@11ty" / name for name in ("eleventy/cmd.cjs", "eleventy-plugin-rss")]
pytestmark = pytest.mark.skipif(
    not _NODE or not all(path.exists() for path in _NEEDED),
    reason="TEST_NODE_MODULES holds no @11ty/eleventy with eleventy-plugin-rss, or node is missing",
)

CONFIG = """\
import { feedPlugin } from "@11ty/eleventy-plugin-rss";
export default function (eleventyConfig) {
  eleventyConfig.addPreprocessor("drafts", "*", (data) => data.draft ? false : undefined);
  eleventyConfig.addFilter("monthPath", (date) => {
    const format = "yyyy/MM";
    return date.toISOString().slice(0, format.length).replace("-", "/");
  });
  eleventyConfig.addPlugin(feedPlugin, {
    type: "atom",
    outputPath: "/feed/feed.xml",
    collection: { name: "posts", limit: 0 },
    metadata: { title: "The feed", base: "https://example.org/", author: { name: "Jane" } },
  });
}
export const config = {
  markdownTemplateEngine: "njk",
  dir: { input: "content", data: "../_data", includes: "../_includes" },
};
"""
# What Eleventy publishes, as its templates see it.
TEMPLATE = """---
permalink: pages.json
eleventyExcludeFromCollections: true
---
[{% for post in collections.posts %}
{{ {path: post.inputPath, link: post.url, title: post.data.title, date: post.date,
    topics: post.data.tags} | dump | safe }}{% if not loop.last %},{% endif %}{% endfor %}]
"""
TITLE = "title: Cats & Dogs: the user's Größe"
# The articles: their front matter, but for the collection of their folder.
PAGES: dict[str, str] = {
    "blog/plain.md": "date: 2024-05-01",
    "blog/time.md": "date: 2024-05-02 17:13:45",
    "blog/zone.md": "date: 2024-05-03T23:30:00-05:00",
    "blog/2024-05-04-dated.md": "",
    "blog/before-2024-05-05-dated.md": "",
    "blog/2024-05-06/in-folder.md": "",
    "blog/2024-05-07-bundle/index.md": "",
    "blog/same/same.md": "date: 2024-05-08",
    "blog/index/index.md": "date: 2024-05-09",
    "blog/tagged.md": "date: 2024-05-10\ntags: cats",
    "blog/list.md": "date: 2024-05-11\ntags: [cats, posts, two words]",
    "blog/override.md": "date: 2024-05-12\noverride:tags: [posts, birds]",
    "blog/outside.md": "date: 2024-05-13\noverride:tags: [birds]",
    "blog/text.md": "date: 2024-05-14\npermalink: /other/place/",
    "blog/file.md": "date: 2024-05-15\npermalink: /other/file.html",
    "blog/title.md": "date: 2024-05-16\npermalink: '/t/{{ title | slugify }}/'",
    "blog/old.md": "date: 2024-05-17\nkey: A b\npermalink: '/k/{{ key | lower }}/index.html'",
    "blog/stem.md": "date: 2024-05-18\npermalink: '{{ page.filePathStem }}.html'",
    "blog/stem-of/index.md": "date: 2024-05-19\npermalink: '{{ page.filePathStem }}.html'",
    "blog/data.md": "date: 2024-05-20",
    "blog/draft.md": "date: 2024-05-21\ndraft: true",
    "blog/excluded.md": "date: 2024-05-22\neleventyExcludeFromCollections: true",
    "blog/partly.md": "date: 2024-05-23\neleventyExcludeFromCollections: [posts]",
    "blog/others.md": "date: 2024-05-24\neleventyExcludeFromCollections: [cats]",
    "blog/unwritten.md": "date: 2024-05-25\npermalink: false\ndraft: true",
    "notes/2024-05-26-Note with Spaces.md": "",
    "notes/deep/er/2024-05-27-note.md": "tags: [deep]",
    "single.md": "date: 2024-05-28\ntags: [posts]",
    "about.md": "date: 2024-05-29",
    "blog.md": "date: 2024-05-30",
}
FILES = {
    "eleventy.config.js": CONFIG,
    "_data/metadata.json": '{"title": "Cats", "url": "https://example.org/", "language": "en"}',
    "content/pages.njk": TEMPLATE,
    "content/blog/blog.11tydata.json": '{"tags": ["posts", "blogging"]}',
    "content/blog/data.11tydata.json": '{"permalink": "/from/data/", "tags": "dogs"}',
    "content/notes/notes.json": json.dumps(
        {"tags": "posts", "permalink": "/n/{{ page.date | monthPath }}/{{ page.fileSlug }}/"}
    ),
    "content/notes/deep/deep.11tydata.js": 'export default { tags: ["posts", "deeper"] };',
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("eleventy")
    pages = {
        f"content/{path}": f"---\n{TITLE}\n{matter}\n---\nText of {{{{ title }}}}.\n"
        for path, matter in PAGES.items()
    }
    write(root, FILES | {path: text.replace(": the", " the") for path, text in pages.items()})
    (root / "node_modules").symlink_to(_MODULES)
    (root / "package.json").write_text('{"type": "module"}')
    command = [_NODE, str(_MODULES / "@11ty/eleventy/cmd.cjs"), "--quiet"]
    subprocess.run(command, cwd=root, check=True, timeout=120, env={**os.environ, "TZ": "UTC"})
    return root


@pytest.fixture(scope="module")
def theirs(site: Path) -> dict[str, Item]:
    hidden = {"posts"}
    return {
        page["path"].removeprefix("./content/"): Item(
            f"https://example.org{quote(page['link'])}",
            page["title"],
            datetime.fromisoformat(page["date"]),
            tuple(tag for tag in page["topics"] if tag not in hidden),
        )
        for page in json.loads((site / "_site/pages.json").read_text())
    }


@pytest.fixture(scope="module")
def outcome(site: Path) -> Outcome:
    (site / "node_modules").unlink()
    return init(site)


@pytest.fixture(scope="module")
def ours(theirs: dict[str, Item], outcome: Outcome) -> dict[str, Item]:  # noqa: ARG001
    return items(outcome.config)


def test_nothing_is_unclear(outcome: Outcome) -> None:
    assert outcome.findings.unclear == []


def test_articles_are_those_of_the_collection(
    theirs: dict[str, Item], ours: dict[str, Item]
) -> None:
    assert sorted(ours) == sorted(theirs)


@pytest.mark.parametrize("path", PAGES)
def test_article_is_as_eleventy_has_it(
    path: str, theirs: dict[str, Item], ours: dict[str, Item]
) -> None:
    their, our = theirs.get(path), ours.get(path)
    assert (our and our._replace(topics=())) == (their and their._replace(topics=()))
    assert sorted(our.topics if our else ()) == sorted(their.topics if their else ())


def test_feed_of_the_plugin_has_the_same_items(outcome: Outcome) -> None:
    [(_, comparison)] = outcome.comparisons
    assert comparison.same == comparison.total == len(PAGES) - 7, report_of(outcome)
