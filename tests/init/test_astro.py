"""The configuration and routes of an Astro site become settings and old feeds; no code is run."""

from pathlib import Path

import pytest

from feeds.init import astro
from feeds.init.findings import Findings, OldFeed
from tests.init.sites import post, write

CONFIG = """\
import { defineConfig } from "astro/config";
import { SITE } from "./src/consts";
export default defineConfig({ site: SITE.url });
"""
CONSTS = """\
export const SITE: Site = { url: "https://example.org", title: "Cats", author: "Jane", lang: "de" };
export const PREFIX = "blog";
"""
CONTENT = """\
import { glob } from "astro/loaders";
import { defineCollection, z } from "astro:content";
const blog = defineCollection({
  loader: glob({ base: "./src/blog", pattern: "**/[^_]*.{md,mdx}" }),
  schema: z.object({ title: z.string() }),
});
const work = defineCollection({ loader: glob({ base: "./src/work", pattern: "**/*.md" }) });
const people = defineCollection({ loader: file("src/people.json") });
export const collections = { blog, work, people };
"""
FEED = """\
import rss from "@astrojs/rss";
import { getCollection } from "astro:content";
import { SITE } from "../consts";
export async function GET(context) {
  const posts = (await getCollection("blog")).slice(0, 20);
  return rss({
    title: SITE.title,
    description: "All about cats",
    site: context.site,
    items: posts.map((post) => ({
      title: post.data.headline,
      pubDate: new Date(post.data.day),
      description: post.data.teaser,
      link: LINK,
    })),
    customData: `<language>en-us</language>`,
  });
}
"""
ROUTE = "const posts = await getCollection('blog'); const { Content } = await render(post);"
SITE: dict[str, str] = {
    "astro.config.mjs": CONFIG,
    "src/consts.ts": CONSTS,
    "src/content.config.ts": CONTENT,
    "src/pages/rss.xml.js": FEED.replace("LINK", "`/posts/${post.id}/`"),
    "src/blog/first.md": post("First"),
    "src/work/second.md": post("Second"),
    "public/icon.svg": "",
}


def _inspect(root: Path, files: dict[str, str] | None = None) -> Findings:
    return astro.inspect(write(root, SITE | (files or {})))


def test_site_is_known_by_its_configuration(tmp_path: Path) -> None:
    write(tmp_path, {"astro.config.ts": "export default {}"})
    assert astro.detect(tmp_path) == ()
    (tmp_path / "src").mkdir()
    assert astro.detect(tmp_path) == ("astro.config.ts",)


def test_settings_collection_and_feed_are_read(tmp_path: Path) -> None:
    found = _inspect(tmp_path)
    assert (found.url, found.title, found.author) == ("https://example.org", "Cats", "Jane")
    assert (found.description, found.language) == ("All about cats", "en-us")
    assert (found.folder, found.include, found.ignore) == ("src/blog", (), ("_*", "*/_*"))
    assert (found.assets, found.built) == ("public", ("dist",))
    assert found.permalink == "/posts/{path}/"
    assert found.fields == {
        "title": ("headline", "title"),
        "published": ("day", "pubDate"),
        "summary": ("teaser", "description"),
    }
    assert found.old_feeds == (OldFeed("rss.xml", "rss", 20, "Cats"),)
    assert (found.rules, found.unclear) == ({}, [])


@pytest.mark.parametrize(
    ("link", "pattern"),
    [
        ("`/posts/${post.slug}/`", "/posts/{path}/"),
        ("`posts/${post.id}`", "/posts/{path}/"),
        ("'/posts/' + post.slug + '/'", "/posts/{path}/"),
        ("url(`/posts/${post.slug}/`)", "/posts/{path}/"),
        ("`/${post.collection}/${post.id}/`", "/blog/{path}/"),
        ("`/${post.id}/`", "/{path}/"),
        ("path_of(post)", "/articles/{path}/"),
    ],
)
def test_links_of_the_feed_or_routes_become_the_pattern(
    tmp_path: Path, link: str, pattern: str
) -> None:
    files = {
        "src/pages/rss.xml.js": FEED.replace("LINK", link),
        "src/pages/articles/[...slug].astro": ROUTE,
        "src/pages/tags/[tag].astro": "getCollection('blog')",
        "src/pages/work/[id].astro": ROUTE.replace("blog", "work"),
    }
    found = _inspect(tmp_path, files)
    assert (found.permalink, found.unclear) == (pattern, [])


def test_feed_without_slashes_has_links_without_them(tmp_path: Path) -> None:
    feed = SITE["src/pages/rss.xml.js"].replace(
        "site: context", "trailingSlash: false, site: context"
    )
    assert _inspect(tmp_path, {"src/pages/rss.xml.js": feed}).permalink == "/posts/{path}"


@pytest.mark.parametrize(
    ("settings", "pattern"),
    [
        ("", "/blog/{path}/"),
        ("trailingSlash: 'never'", "/blog/{path}"),
        ("build: { format: 'file' }", "/blog/{path}"),
    ],
)
def test_site_without_a_feed_has_the_urls_of_its_routes(
    tmp_path: Path, settings: str, pattern: str
) -> None:
    files = {
        "astro.config.mjs": f"export default {{ site: 'https://example.org', {settings} }};",
        "src/content.config.ts": CONTENT,
        "src/pages/blog/[...id].astro": ROUTE,
        "src/blog/first.md": post("First"),
    }
    found = astro.inspect(write(tmp_path, files))
    assert (found.permalink, found.folder, found.old_feeds) == (pattern, "src/blog", ())


def test_unknown_urls_are_asked_for(tmp_path: Path) -> None:
    found = _inspect(tmp_path, {"src/pages/rss.xml.js": FEED.replace("LINK", "path_of(post)")})
    assert found.unclear == [
        "the URLs of the collection blog are not known; write them into site.permalink"
    ]


def test_collections_of_one_feed_have_folders_and_patterns(tmp_path: Path) -> None:
    feed = FEED.replace("LINK", "`/${post.collection}/${post.id}/`")
    feed = feed.replace("const posts", "const work = await getCollection('work'); const posts")
    found = _inspect(tmp_path, {"src/pages/rss.xml.js": feed})
    assert (found.folder, found.include) == ("src", ("work/*", "blog/*"))
    assert found.permalink == {"work": "/work/{path}/", "blog": "/blog/{path}/"}
    assert found.rules == {"collections": ("work", "blog")}


def test_feed_by_a_function_shows_its_collection(tmp_path: Path) -> None:
    feed = SITE["src/pages/rss.xml.js"].replace('getCollection("blog")', "posts()")
    files = {
        "tsconfig.json": '{"compilerOptions": {"paths": {"@lib/*": ["./src/lib/*"]}}}',
        "src/lib/posts.ts": "export const posts = () => getCollection('work');",
        "src/pages/rss.xml.js": f'import {{ posts }} from "@lib/posts";\n{feed}',
    }
    assert _inspect(tmp_path, files).folder == "src/work"


def test_collections_without_a_loader_are_in_src_content(tmp_path: Path) -> None:
    files = {
        "src/content.config.ts": "",
        "src/content/config.ts": "export const collections = {blog: defineCollection({})};",
        "src/content/blog/first.md": post("First"),
    }
    found = _inspect(tmp_path, files)
    assert (found.folder, found.ignore) == ("src/content/blog", ("_*", "*/_*"))


def test_pages_of_markdown_have_the_urls_of_their_files(tmp_path: Path) -> None:
    feed = "import rss, { pagesGlobToRssItems } from '@astrojs/rss';\n"
    feed += "rss({ items: await pagesGlobToRssItems(import.meta.glob('./posts/*.md')) });"
    files = {"src/pages/rss.xml.js": feed, "src/pages/posts/first.md": post("First")}
    found = _inspect(tmp_path, files)
    assert (found.folder, found.permalink) == ("src/pages/posts", "/posts/{path}/")
    assert found.rules == {"slugger": False}


def test_base_is_part_of_the_url_if_links_name_it(tmp_path: Path) -> None:
    config = 'export default { site: "https://example.org", base: "/cats" };'
    feed = FEED.replace("LINK", "`/cats/posts/${post.id}/`")
    found = _inspect(tmp_path, {"astro.config.mjs": config, "src/pages/rss.xml.js": feed})
    assert (found.url, found.permalink) == ("https://example.org/cats/", "/posts/{path}/")


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    content = CONTENT.replace("pattern: ", "generateId: ({ entry }) => entry, pattern: ")
    files = {
        "src/content.config.ts": content,
        "src/blog/third.mdoc": "",
        "src/pages/work/rss.xml.js": FEED.replace("blog", "work").replace("LINK", "`/${post.id}`"),
    }
    ids, markdoc, feed = _inspect(tmp_path, files).unclear
    assert "may be made by code (generateId)" in ids
    assert markdoc.startswith("Markdoc files (.mdoc) are not read (1 in all, such as third.mdoc)")
    assert feed == "work/rss.xml is a feed of work; it is not taken over"
