"""The configuration of a VitePress site becomes settings and old feeds."""

from pathlib import Path

from feeds.init import vitepress
from feeds.init.findings import OldFeed
from tests.init.sites import init, post, write

CONFIG = """\
import {defineConfig} from 'vitepress'
import {genFeed} from './genFeed.js'
export default defineConfig({
  title: 'Example', description: 'A site', lang: 'en-GB', base: '/sub/', cleanUrls: true,
  srcDir: 'src', sitemap: {hostname: 'https://example.org'},
  themeConfig: {logo: '/logo.svg', footer: {copyright: 'Jane'}},
  buildEnd: genFeed,
})
"""
FEED = """\
import {createContentLoader} from 'vitepress'
const baseUrl = 'https://blog.example.org'
export async function genFeed(config) {
  const feed = new Feed({title: 'Feed', link: baseUrl, language: 'fr'})
  const posts = await createContentLoader('news/*.md', {excerpt: true}).load()
  writeFileSync(path.join(config.outDir, 'feed.rss'), feed.rss2())
}
"""


def test_configuration_shows_the_site(tmp_path: Path) -> None:
    assert vitepress.detect(tmp_path) == ()
    write(tmp_path, {".vitepress/config.mts": CONFIG})
    assert vitepress.detect(tmp_path) == (".vitepress/config.mts",)


def test_settings_and_posts_are_read(tmp_path: Path) -> None:
    files = {
        ".vitepress/config.ts": CONFIG,
        ".vitepress/genFeed.ts": FEED,
        "src/news/a.md": post("A"),
        "src/public/x.png": "",
    }
    found = vitepress.inspect(write(tmp_path, files))
    assert (found.url, found.title, found.language) == (
        "https://example.org/sub/",
        "Example",
        "en-GB",
    )
    assert (found.description, found.rights, found.logo) == ("A site", "Jane", "logo.svg")
    assert (found.folder, found.include, found.assets) == ("src", ("news/*",), "src/public")
    assert (found.permalink, found.rules) == ("/{path}", {"cleanUrls": True, "excerpt": "---"})
    assert found.old_feeds == (OldFeed("feed.rss", "rss"),)
    assert found.unclear == []


def test_code_of_the_feed_says_what_the_configuration_does_not(tmp_path: Path) -> None:
    files = {
        ".vitepress/config.ts": "export default {}",
        ".vitepress/genFeed.ts": FEED,
        "news/a.md": post("A"),
    }
    found = vitepress.inspect(write(tmp_path, files))
    assert (found.url, found.title, found.language) == ("https://blog.example.org/", "Feed", "fr")
    assert found.permalink == "/{path}.html"


def test_folder_of_posts_is_that_of_the_dates(tmp_path: Path) -> None:
    files = {
        ".vitepress/config.js": "export default {rewrites: {'a/:b': ':b'}}",
        "index.md": "---\nlayout: home\n---\n",
        "guide/intro.md": "# Intro\n",
        "blog/a.md": post("A"),
        "blog/b.md": post("B"),
    }
    found = vitepress.inspect(write(tmp_path, files))
    assert found.include == ("blog/*",)
    assert "rewrites" in "\n".join(found.unclear)


def test_site_without_dates_has_no_posts(tmp_path: Path) -> None:
    files = {".vitepress/config.js": "export default {}", "guide/intro.md": "# Intro\n"}
    assert "No page has a date" in vitepress.inspect(write(tmp_path, files)).unclear[0]


def test_languages_are_named(tmp_path: Path) -> None:
    config = "export default {locales: {root: {lang: 'en'}, fr: {lang: 'fr'}}}"
    files = {".vitepress/config.js": config, "posts/a.md": post("A")}
    assert "fr" in "\n".join(vitepress.inspect(write(tmp_path, files)).unclear)


def test_articles_of_a_whole_site_are_published(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".vitepress/config.ts": CONFIG,
            ".vitepress/genFeed.ts": FEED,
            "src/news/a.md": post("A"),
            "src/news/b.md": post("B", draft="true"),
            "src/guide.md": "# Guide\n",
        },
    )
    links = [entry.link for entry in init(tmp_path).trial.entries]
    assert links == ["https://example.org/sub/news/a"]
