"""A site with Astro's features, built by Astro itself, with the feed of @astrojs/rss.

TEST_NODE_MODULES names the folder in which npm installed astro (.ci/run does).
"""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest

from feeds.init.initialiser import Outcome
from tests.init.sites import init, report_of, write
from tests.support.initialised import Item, items

_NODE = shutil.which("node") or ""
_MODULES = Path(os.environ.get("TEST_NODE_MODULES", "/nowhere"))
_NEEDED = [_MODULES / name for name in ("astro/astro.js", "@astrojs/rss", "@astrojs/mdx")]
pytestmark = pytest.mark.skipif(
    not _NODE or not all(path.exists() for path in _NEEDED),
    reason="TEST_NODE_MODULES holds no astro with @astrojs/rss and mdx, or node is missing",
)

CONFIG = """\
import { defineConfig, passthroughImageService } from "astro/config";
import mdx from "@astrojs/mdx";
import { SITE } from "./src/consts";
export default defineConfig({
  site: SITE.url,
  integrations: [mdx()],
  image: { service: passthroughImageService() },
});
"""
CONTENT = """\
import { glob } from "astro/loaders";
import { defineCollection } from "astro:content";
import { z } from "astro/zod";
const schema = z.object({
  title: z.string(),
  pubDate: z.coerce.date(),
  tags: z.array(z.string()).default([]),
  draft: z.boolean().default(false),
});
const blog = defineCollection({
  loader: glob({ base: "./src/blog", pattern: "**/[^_]*.{md,mdx}" }),
  schema,
});
const work = defineCollection({ loader: glob({ base: "./src/work", pattern: "**/*.md" }), schema });
export const collections = { blog, work };
"""
FEED = """\
import rss from "@astrojs/rss";
import { getCollection } from "astro:content";
import { SITE } from "../consts";
export async function GET(context: any) {
  const posts = [...(await getCollection("blog")), ...(await getCollection("work"))];
  return rss({
    title: SITE.title,
    description: "All about cats",
    site: context.site,
    items: posts.filter((post) => !post.data.draft).map((post) => ({
      title: post.data.title,
      pubDate: post.data.pubDate,
      categories: post.data.tags,
      link: `/${post.collection}/${post.id}/`,
    })),
  });
}
"""
# What Astro publishes, as its pages see it.
PAGES_JSON = """\
import { getCollection } from "astro:content";
export async function GET() {
  const posts = [...(await getCollection("blog")), ...(await getCollection("work"))];
  return new Response(JSON.stringify(posts.filter((post) => !post.data.draft)
    .map(({ id, collection, filePath, data }) => ({ id, collection, filePath, data }))));
}
"""
# The articles, with their front matter.
ARTICLES: dict[str, str] = {
    "blog/plain.md": "pubDate: 2024-05-01",
    "blog/With Spaces & Signs (v1.0).md": "pubDate: 2024-05-02",
    "blog/I don't know.md": "pubDate: 2024-05-03",
    "blog/Größe_und-ΟΔΟΣ.md": "pubDate: 2024-05-04",
    "blog/2024/Deep/er.md": "pubDate: 2024-05-05",
    "blog/bundle/index.md": "pubDate: 2024-05-06",
    "blog/2024-05-07-dated.mdx": "pubDate: 2024-05-07",
    "blog/slug.md": "pubDate: 2024-05-08\nslug: another/Slug",
    "blog/time.md": "pubDate: 2024-05-09 17:13:45",
    "blog/zone.md": "pubDate: 2024-05-10T23:30:00-05:00",
    "blog/text.md": "pubDate: May 11 2024",
    "blog/american.md": "pubDate: 05/12/2024",
    "blog/no-such-day.md": "pubDate: 2024-09-31",
    "blog/no-such-text.md": "pubDate: '2024-02-30'",
    "blog/tags.md": "pubDate: 2024-05-13\ntags: [cats, two words]",
    "blog/draft.md": "pubDate: 2024-05-14\ndraft: true",
    "blog/_hidden.md": "pubDate: 2024-05-15",
    "work/first.md": "pubDate: 2024-05-16",
    "work/in/index.md": "pubDate: 2024-05-17",
}
FILES = {
    "astro.config.mjs": CONFIG,
    "src/consts.ts": 'export const SITE = { url: "https://example.org", title: "Cats" };',
    "src/content.config.ts": CONTENT,
    "src/pages/rss.xml.ts": FEED,
    "src/pages/pages.json.ts": PAGES_JSON,
    "package.json": '{"type": "module"}',
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("astro")
    articles = {
        f"src/{path}": f"---\ntitle: {path}\n{matter}\n---\nText\n"
        for path, matter in ARTICLES.items()
    }
    write(root, FILES | articles)
    (root / "node_modules").symlink_to(_MODULES)
    environment = {**os.environ, "TZ": "UTC", "ASTRO_TELEMETRY_DISABLED": "1"}
    command = [_NODE, str(_MODULES / "astro/astro.js"), "build", "--silent"]
    subprocess.run(command, cwd=root, check=True, timeout=240, env=environment)
    return root


@pytest.fixture(scope="module")
def theirs(site: Path) -> dict[str, Item]:
    return {
        page["filePath"].removeprefix("src/"): Item(
            f"https://example.org/{page['collection']}/{page['id']}/",
            page["data"]["title"],
            datetime.fromisoformat(page["data"]["pubDate"]).astimezone(UTC),
            tuple(page["data"]["tags"]),
        )
        for page in json.loads((site / "dist/pages.json").read_text())
    }


@pytest.fixture(scope="module")
def outcome(site: Path, theirs: dict[str, Item]) -> Outcome:
    assert theirs
    (site / "node_modules").unlink()
    return init(site)


@pytest.fixture(scope="module")
def ours(outcome: Outcome) -> dict[str, Item]:
    found = items(outcome.config).items()
    return {path: item._replace(link=unquote(item.link)) for path, item in found}


def test_nothing_is_unclear(outcome: Outcome) -> None:
    assert outcome.findings.unclear == []


def test_articles_are_the_entries_of_the_collections(
    theirs: dict[str, Item], ours: dict[str, Item]
) -> None:
    assert sorted(ours) == sorted(theirs)


@pytest.mark.parametrize("path", ARTICLES)
def test_article_is_as_astro_has_it(
    path: str, theirs: dict[str, Item], ours: dict[str, Item]
) -> None:
    assert ours.get(path) == theirs.get(path)


def test_feed_has_the_same_items(outcome: Outcome) -> None:
    [(_, comparison)] = outcome.comparisons
    assert comparison.same == comparison.total == len(ARTICLES) - 2, report_of(outcome)
