"""The configuration of a Docusaurus site becomes settings and old feeds."""

from pathlib import Path

import pytest

from feeds.init import docusaurus
from feeds.init.findings import OldFeed
from tests.init.sites import init, report_of, write

CONFIG = """\
import type {Config} from '@docusaurus/types';
const base = '/sub/';
const config: Config = {
  title: 'Example', tagline: 'A site', url: 'https://example.org', baseUrl: base,
  favicon: 'img/icon.ico', trailingSlash: false,
  i18n: {defaultLocale: 'de', locales: ['de']},
  presets: [['classic', {
    docs: {sidebarPath: require.resolve('./sidebars.js')},
    blog: {path: 'news', routeBasePath: 'n/ews', feedOptions: {type: 'all', limit: 7}},
  } satisfies Preset.Options]],
};
export default config;
"""
POST = "---\nauthors: jane\ntags: [rel]\n---\n# A day\n\nText\n"


def test_site_with_a_blog_is_found(tmp_path: Path) -> None:
    assert docusaurus.detect(write(tmp_path, {"docusaurus.config.ts": CONFIG})) == ()
    assert docusaurus.detect(write(tmp_path, {"news/2024-05-31-a.md": POST})) == (
        "docusaurus.config.ts",
    )


def test_settings_and_old_feeds_are_read(tmp_path: Path) -> None:
    files = {
        "docusaurus.config.ts": CONFIG,
        "news/authors.yml": "jane: {name: Jane}\n",
        "news/tags.yml": "rel: {label: Releases}\nx: {label: x}\n",
        "static/a.png": "",
    }
    found = docusaurus.inspect(write(tmp_path, files))
    assert (found.url, found.title, found.language) == ("https://example.org/sub/", "Example", "de")
    assert (found.description, found.icon, found.assets) == ("A site", "img/icon.ico", "static")
    assert (found.folder, found.permalink) == ("news", "/n/ews/{slug}")
    assert found.rules == {"trailingSlash": "never", "tags": ("rel=Releases",)}
    assert found.authors_file == "news/authors.yml"
    assert found.old_feeds == (
        OldFeed("n/ews/rss.xml", "rss", 7, "Example Blog"),
        OldFeed("n/ews/atom.xml", "atom", 7, "Example Blog"),
        OldFeed("n/ews/feed.json", "json", 7, "Example Blog"),
    )
    assert found.unclear == []


@pytest.mark.parametrize(
    ("options", "paths", "size"),
    [
        ("{}", ["blog/rss.xml", "blog/atom.xml"], 20),
        ("{feedOptions: {type: null}}", [], None),
        ("{feedOptions: {type: ['rss'], limit: false}}", ["blog/rss.xml"], None),
        ("{routeBasePath: '/', feedOptions: {type: 'json'}}", ["feed.json"], 20),
    ],
)
def test_feeds_are_those_of_the_options(
    tmp_path: Path, options: str, paths: list[str], size: int | None
) -> None:
    config = f"module.exports = {{presets: [['classic', {{blog: {options}}}]]}};"
    found = docusaurus.inspect(write(tmp_path, {"docusaurus.config.js": config}))
    assert [feed.path for feed in found.old_feeds] == paths
    assert {feed.size for feed in found.old_feeds} <= {size}


def test_site_without_blog_is_none(tmp_path: Path) -> None:
    config = "module.exports = {presets: [['classic', {blog: false}]]};"
    write(tmp_path, {"docusaurus.config.js": config, "blog/a.md": POST})
    assert docusaurus.detect(tmp_path) == ()


def test_blog_of_a_plugin_is_read(tmp_path: Path) -> None:
    config = (
        "module.exports = {presets: [['classic', {blog: false}]], plugins: ["
        "['@docusaurus/plugin-content-blog', {id: 'a', path: 'a', routeBasePath: 'x'}],"
        "['@docusaurus/plugin-content-blog', {id: 'b', path: 'b', routeBasePath: 'y'}]]};"
    )
    found = docusaurus.inspect(
        write(tmp_path, {"docusaurus.config.js": config, "a/2024-05-31-a.md": POST})
    )
    assert (found.folder, found.permalink) == ("a", "/x/{slug}")
    assert "another blog in b" in found.unclear[0]


def test_configuration_of_a_function_is_read_as_far_as_it_is_plain(tmp_path: Path) -> None:
    config = (
        "module.exports = async function create() {\n  const x = await load();\n"
        "  return {url: 'https://example.org', baseUrl: '/', title: 'F',\n"
        "    presets: [['classic', {blog: {path: 'news'}}]]};\n}\n"
    )
    found = docusaurus.inspect(write(tmp_path, {"docusaurus.config.js": config}))
    assert (found.url, found.title, found.folder) == ("https://example.org/", "F", "news")


def test_what_is_not_taken_over_is_named(tmp_path: Path) -> None:
    config = (
        "module.exports = {i18n: {defaultLocale: 'en', locales: ['en', 'fr']},"
        "presets: [['classic', {blog: {exclude: ['**/old/**']}}]]};"
    )
    found = docusaurus.inspect(write(tmp_path, {"docusaurus.config.js": config}))
    named = "\n".join(found.unclear)
    assert "i18n" in named
    assert "blog.exclude" in named


def test_articles_of_a_whole_site_are_published(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "docusaurus.config.ts": CONFIG,
            "news/authors.yml": "jane: {name: Jane}\n",
            "news/2024-05-31-a.md": POST,
            "news/2024-05-30-b.mdx": "---\ndraft: true\n---\n# B\n",
            "news/2024-05-29-c.md": "---\nunlisted: true\n---\n# C\n",
            "news/_part.mdx": "Part",
        },
    )
    outcome = init(tmp_path)
    assert [entry.link for entry in outcome.trial.entries] == [
        "https://example.org/sub/n/ews/2024/05/31/a"
    ]
    assert [person.name for person in outcome.trial.entries[0].authors] == ["Jane"]
    assert "draft: true" in report_of(outcome)
    assert "unlisted: true" in report_of(outcome)


def test_footer_that_is_longer_than_a_notice_of_rights_is_left_out(tmp_path: Path) -> None:
    for text, rights in (("<p>© <b>Jane</b> &amp; Joe</p>", "© Jane & Joe"), ("x " * 200, "")):
        config = f"module.exports = {{themeConfig: {{footer: {{copyright: `{text}`}}}}}};"
        root = tmp_path / str(len(text))
        write(root, {"docusaurus.config.js": config, "blog/2024-05-31-a.md": POST})
        found = init(root, generator="docusaurus", url="https://example.org/").findings
        assert found.rights == rights
