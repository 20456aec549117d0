"""The configuration of an Eleventy site becomes settings and old feeds; its code is not run."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from feeds.init import eleventy
from feeds.init.findings import Findings, OldFeed
from tests.init.sites import post, write

CONFIG = """\
import { feedPlugin } from "@11ty/eleventy-plugin-rss";
import filters from "./config/filters.js";
export default function (eleventyConfig) {
  eleventyConfig.addPassthroughCopy({ "./public/": "/" });
  eleventyConfig.addPlugin(filters);
  eleventyConfig.addPlugin(feedPlugin, {
    type: "rss",
    outputPath: "/feed/feed.xml",
    collection: { name: "posts", limit: 10 },
    metadata: { title: "The feed", base: "https://example.org/", language: "de" },
  });
}
export const config = {
  markdownTemplateEngine: "njk",
  dir: { input: "content", data: "../_data", includes: "../_includes", output: "built" },
};
"""
FILTERS = """\
export default (c) => c.addFilter("toPath", (d) => DateTime.fromJSDate(d).toFormat("yyyy/LL"));
"""
METADATA = """\
export default {
  title: "Cats", url: "https://example.org/", language: "en", description: "All about cats",
  author: { name: "Jane", email: "jane@example.org", url: "/about/" },
};
"""
BLOG: dict[str, str] = {
    "eleventy.config.js": CONFIG,
    "config/filters.js": FILTERS,
    "_data/metadata.js": METADATA,
    "_data/authors.yml": "jane: {name: Jane}\n",
    "content/about.md": post("About"),
    "content/blog/blog.11tydata.json": '{"tags": ["posts"], "layout": "a", "description": "All"}',
    "content/blog/first.md": post("First"),
    "content/blog/2024/second.md": post("Second"),
}


def _inspect(root: Path, files: dict[str, str] | None = None) -> Findings:
    return eleventy.inspect(write(root, BLOG | (files or {})))


def commit(root: Path, *arguments: str) -> None:
    names = ("-c", "user.name=Jane", "-c", "user.email=jane@example.org")
    subprocess.run(["git", *names, *arguments], cwd=root, check=True, timeout=20)


def test_site_is_known_by_its_configuration_or_package(tmp_path: Path) -> None:
    assert eleventy.detect(tmp_path) == ()
    write(tmp_path, {"package.json": '{"devDependencies": {"@11ty/eleventy": "^3"}}'})
    assert eleventy.detect(tmp_path) == ("package.json",)
    write(tmp_path, {".eleventy.js": ""})
    assert eleventy.detect(tmp_path) == (".eleventy.js",)


def test_settings_data_and_feeds_of_the_plugin_are_read(tmp_path: Path) -> None:
    found = _inspect(tmp_path)
    assert (found.title, found.url, found.language) == ("Cats", "https://example.org/", "en")
    assert found.description == "All about cats"
    assert (found.author, found.author_email, found.author_url) == (
        "Jane",
        "jane@example.org",
        "/about/",
    )
    assert (found.folder, found.include, found.built) == ("content", ("blog/*",), ("built",))
    assert (found.assets, found.authors_file) == ("public", "_data/authors.yml")
    assert found.rules == {"collection": "posts", "markdownTemplateEngine": "njk"}
    assert found.defaults == {"blog": {"tags": ["posts"]}}
    assert (found.permalink, found.fields, found.unclear) == ({}, {}, [])
    assert found.old_feeds == (OldFeed("feed/feed.xml", "rss", 10, "The feed"),)


@pytest.mark.parametrize(
    ("permalink", "pattern"),
    [
        ("/blog/{{ page.fileSlug }}/", "/blog/{slug}/"),
        ("b/{{ page.date | toPath }}/{{ title | slugify }}/", "/b/{date:%Y/%m}/{title}/"),
        ('/{{ page.date | date: "%Y" }}/{{ page.filePathStem }}/', "/{date:%Y}//{path}/"),
        ("/{{ section }}/{{ page.fileSlug }}.html", "/news/{slug}.html"),
    ],
)
def test_permalinks_of_folders_become_patterns(
    tmp_path: Path, permalink: str, pattern: str
) -> None:
    data = f"export default {{tags: 'posts', section: 'news', permalink: {permalink!r}}};"
    found = _inspect(
        tmp_path,
        {"content/blog/blog.11tydata.js": data, "content/blog/blog.11tydata.json": "{}"},
    )
    assert (found.permalink, found.unclear) == ({"blog": pattern}, [])


def test_permalink_with_values_of_articles_is_handed_down_as_it_is(tmp_path: Path) -> None:
    data = '{"tags": "posts", "permalink": "/{{ series }}/{{ page.fileSlug }}/"}'
    found = _inspect(tmp_path, {"content/blog/blog.11tydata.json": data})
    assert found.permalink == {}
    assert found.defaults["blog"]["permalink"] == "/{{ series }}/{{ page.fileSlug }}/"


@pytest.mark.parametrize(
    ("expression", "pattern", "advice"),
    [
        ("page.date | strange", {"blog": "/{date:%Y/%m}/"}, "correct site.permalink"),
        ("page.fileSlug | strange", {}, "write a pattern for blog into site.permalink"),
    ],
)
def test_filters_of_code_are_named_with_a_proposal(
    tmp_path: Path, expression: str, pattern: dict[str, str], advice: str
) -> None:
    data = f'{{"tags": "posts", "permalink": "/{{{{ {expression} }}}}/"}}'
    found = _inspect(tmp_path, {"content/blog/blog.11tydata.json": data})
    assert found.permalink == pattern
    [sentence] = found.unclear
    assert "the filter strange" in sentence
    assert advice in sentence


@pytest.mark.parametrize(
    ("code", "include"),
    [
        ('c.addCollection("posts", (a) => a.getFilteredByGlob("./content/notes/**/*.md"))',
         ("notes/*.md",)),
        ('c.addCollection("posts", (a) => notes(a));'
         'const GLOB = ["content/{notes,blog}/*.md"];'
         "const notes = (a) => a.getFilteredByGlob(GLOB).reverse();",
         ("notes/*.md", "blog/*.md")),
        ('c.addCollection("posts", require("./config/posts.js"))', ("blog/*",)),
    ],
)  # fmt: skip
def test_collections_of_code_are_its_globs_and_tags(
    tmp_path: Path, code: str, include: tuple[str, ...]
) -> None:
    files = {
        "eleventy.config.js": f"{CONFIG}\n{code}",
        "config/posts.js": 'module.exports = (a) => a.getFilteredByTag("posts");',
        "content/notes/third.md": post("Third"),
        "content/notes/drafts/fourth.md": post("Fourth"),
    }
    assert _inspect(tmp_path, files).include == include


def test_feeds_of_templates_have_collection_limit_and_keys(tmp_path: Path) -> None:
    template = """---json
{"permalink": "atom.xml", "metadata": {"title": "News", "url": "https://example.net/"}}
---
<feed>{% for post in collections.news | reverse | limit(5) %}
<title>{{ post.data.headline }}</title><summary>{{ post.data.teaser }}</summary>{% endfor %}</feed>
"""
    files = {
        "eleventy.config.js": "module.exports = () => ({dir: {input: 'content'}});",
        "_data/metadata.js": "",
        "content/feed.njk": template,
        "content/a.md": post("A", tags="news"),
        "content/b.md": post("B"),
    }
    found = _inspect(tmp_path, files)
    assert found.old_feeds == (OldFeed("atom.xml", "atom", 5, "News"),)
    assert (found.title, found.url) == ("News", "https://example.net/")
    assert (found.include, found.rules) == (("a.md",), {"collection": "news"})
    assert found.fields["title"] == ("headline", "title")
    assert found.fields["summary"][0] == "teaser"


def test_feeds_of_languages_and_of_other_collections_are_told_apart(tmp_path: Path) -> None:
    code = """
c.addCollection("posts_de", (a) => a.getFilteredByTag("posts").filter((p) => p.data.lang == "de"));
"""
    feeds = {
        f"content/{name}.njk": f"---\npermalink: /{name}.xml\n---\n<rss>{{% for p in {of} %}}</rss>"
        for name, of in (("de", "collections.posts_de"), ("x", 'collections["cats"]'))
    }
    found = _inspect(tmp_path, {"eleventy.config.js": CONFIG + code, **feeds})
    assert found.old_feeds == (
        OldFeed("feed/feed.xml", "rss", 10, "The feed"),
        OldFeed("de.xml", "rss", term=("language", "de")),
    )
    assert found.unclear == ["x.xml is the feed of another collection, cats; it is not taken over"]


def test_data_of_code_and_dates_of_files_are_named(tmp_path: Path) -> None:
    files = {
        "content/blog/blog.11tydata.js": "module.exports = {eleventyComputed: {tags: (d) => 1}};",
        "content/blog/first.md": post("First", "git Last Modified"),
        "content/blog/page.njk": "---\n---\n",
    }
    found = _inspect(tmp_path, files)
    dated, code, other = found.unclear
    assert code.startswith("content/blog/blog.11tydata.js is code, which is not run")
    assert dated.startswith("articles are dated by their files or by git (1 in all, such as blog/f")
    assert other.startswith("templates beside articles are not read (1 in all, such as content/bl")


def test_data_of_imported_code_are_named(tmp_path: Path) -> None:
    files = {
        "content/blog/blog.11tydata.js": 'import a from "../a.js";\nexport default a;',
        "content/a.js": "export default {eleventyComputed: {permalink: (data) => 1}};",
    }
    [code] = _inspect(tmp_path, files).unclear
    assert code.startswith("content/blog/blog.11tydata.js is code, which is not run")


@pytest.mark.parametrize(
    ("date", "expected"),
    [("git Last Modified", "2024-05-31T10:00:00Z"), ("Created", "2024-05-30T10:00:00Z")],
)
def test_dates_of_files_are_those_of_git(tmp_path: Path, date: str, expected: str) -> None:
    write(tmp_path, BLOG)
    commit(tmp_path, "init", "-q")
    for day in (30, 31):
        write(tmp_path, {"content/blog/first.md": post("First", date, f"Text {day}")})
        commit(tmp_path, "add", ".")
        commit(tmp_path, "commit", "-qm", "x", "--date", f"2024-05-{day}T10:00:00Z")
    found = eleventy.inspect(tmp_path)
    assert found.defaults["blog/first.md"] == {"date": expected}
    assert found.unclear == [
        "articles are dated by their files or by git (1 in all, such as blog/first.md); "
        "their dates of now are written into articles.defaults"
    ]


@pytest.mark.parametrize(
    ("settings", "value"),
    [
        ('c.setInputDirectory("source")', "source"),
        ("return { dir: { input: './source/' } }", "source"),
        ("", "."),
    ],
)
def test_input_folder_is_that_of_the_configuration(
    tmp_path: Path, settings: str, value: str
) -> None:
    write(tmp_path, {".eleventy.js": f"module.exports = function (c) {{ {settings} }};"})
    assert eleventy.inspect(tmp_path).folder == value


def test_path_prefix_is_part_of_the_url(tmp_path: Path) -> None:
    config = CONFIG.replace("config = {", 'config = { pathPrefix: "/blog/",')
    assert _inspect(tmp_path, {"eleventy.config.js": config}).url == "https://example.org/blog/"


def test_address_of_a_developer_is_no_url(tmp_path: Path) -> None:
    data: dict[str, Any] = {
        "eleventy.config.js": "",
        "_data/metadata.js": "export const url = process.env.URL || 'http://localhost:8080';\n"
        "export const siteName = 'Cats';",
    }
    write(tmp_path, data)
    found = eleventy.inspect(tmp_path)
    assert (found.url, found.title) == ("", "Cats")
