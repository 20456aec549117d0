"""The configuration of Hugo sites, in all its places and formats."""

from pathlib import Path
from typing import Any

import pytest

from feeds.init import hugo
from feeds.init.findings import Findings

POST = "---\ntitle: A\ndate: 2024-03-05\n---\nText\n"
BASE = 'baseURL = "https://example.org/"\ntitle = "Example"\n'


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def inspect(root: Path, config: str = "", files: dict[str, str] | None = None) -> Findings:
    """What is found in a site with this configuration, and these files besides one post."""
    base = {"hugo.toml": BASE + config, "content/posts/a.md": POST}
    return hugo.inspect(write(root, {**base, **(files or {})}))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"hugo.yaml": "baseURL: /"}, ("hugo.yaml",)),
        ({"config.toml": 'baseurl = "/"', "content/a.md": POST}, ("config.toml",)),
        ({"config.toml": 'base_url = "/"', "content/a.md": POST}, ()),
        ({"config.toml": 'baseURL = "/"'}, ()),
        ({"config/_default/params.toml": "x = 1"}, ("config/_default/params.toml",)),
        ({"content/a.md": POST}, ()),
    ],
)
def test_site_is_known_by_its_configuration(
    tmp_path: Path, files: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert hugo.detect(write(tmp_path, files)) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hugo.toml", 'BaseURL="https://a.example/"\ntitle="A"\n[params]\ndescription="D"'),
        ("hugo.yaml", "baseurl: https://a.example/\nTitle: A\nparams: {description: D}"),
        ("config.json", '{"baseURL": "https://a.example/", "title": "A",'
                        ' "params": {"description": "D"}}'),
    ],
)  # fmt: skip
def test_formats_of_the_configuration_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    found = hugo.inspect(write(tmp_path, {name: text, "content/a.md": POST}))
    assert (found.url, found.title, found.description) == ("https://a.example/", "A", "D")


def test_files_of_a_folder_are_joined_and_production_overrules(tmp_path: Path) -> None:
    files = {
        "config/_default/hugo.yaml": "baseURL: https://dev.example/\ntitle: A",
        "config/production/hugo.yaml": "baseURL: https://a.example/",
        "config/_default/params.toml": 'description = "D"\nauthor = {name = "Jane", email = "j@a"}',
        "config/_default/permalinks.toml": 'posts = "/:slug/"',
        "config/_default/languages.fr.yaml": "locale: fr-FR\nweight: 2",
        "content/posts/a.md": POST,
    }
    found = hugo.inspect(write(tmp_path, files))
    assert (found.url, found.title, found.description) == ("https://a.example/", "A", "D")
    assert (found.author, found.author_email) == ("Jane", "j@a")
    assert found.permalink == {"posts": "/{slug_or_title}/"}
    assert found.rules["languages"] == ("en", "fr")


def test_url_without_a_host_is_unknown(tmp_path: Path) -> None:
    found = hugo.inspect(write(tmp_path, {"hugo.yaml": "baseURL: /", "content/a.md": POST}))
    assert found.url == ""


def test_languages_have_folders_or_suffixes(tmp_path: Path) -> None:
    config = """
    defaultContentLanguage = "de"
    [languages.de]
    contentDir = "content/de"
    locale = "de-AT"
    [languages.en]
    contentDir = "content/en"
    [languages.fr]
    disabled = true
    """
    found = inspect(tmp_path, config, {"content/de/p/a.md": POST, "content/en/p/a.md": POST})
    assert (found.folder, found.language) == ("content", "de-AT")
    assert found.rules["languages"] == ("de=de", "en=en")
    assert found.rules["defaultContentLanguage"] == "de"
    assert found.defaults == {"de": {"language": "de-AT"}}
    assert found.ignore == ("*.fr.*",)
    feeds = {feed.path: feed.term for feed in found.old_feeds}
    assert feeds["index.xml"] == ("language", "de-AT")
    assert feeds["en/index.xml"] == ("language", "en")


def test_languages_on_hosts_of_their_own_are_named(tmp_path: Path) -> None:
    config = '[languages.en]\nbaseURL="https://a.example/"\n[languages.fr]\nbaseURL="https://b.fr/"'
    found = inspect(tmp_path, config)
    assert "languages" not in found.rules
    assert "baseURL of its own" in found.unclear[0]


def test_mounts_of_content_folders_are_followed_and_others_named(tmp_path: Path) -> None:
    config = """
    [[module.mounts]]
    source = "content/en"
    target = "content"
    [[module.mounts]]
    source = "elsewhere"
    target = "content/docs"
    """
    found = inspect(tmp_path, config, {"content/en/p/a.md": POST})
    assert found.folder == "content/en"
    assert found.unclear == ["module.mounts brings content to content/docs; it is not read"]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ('posts = "/:year/:slug/"', {"posts": "/{year}/{slug_or_title}/"}),
        ('posts = ":contentbasename"', {"posts": "/{name}"}),
        ('page = {posts = "/:slug/"}\nsection = {posts = "/x/"}', {"posts": "/{slug_or_title}/"}),
        ('"/" = "/:slug/"', {"/": "/{slug_or_title}/"}),
    ],
)
def test_permalinks_by_section_become_patterns(
    tmp_path: Path, config: str, expected: dict[str, str]
) -> None:
    assert inspect(tmp_path, f"[permalinks]\n{config}").permalink == expected


def test_permalinks_as_a_list_become_patterns(tmp_path: Path) -> None:
    config = """
    [[permalinks]]
    pattern = "/p/:slug/"
    target = {kind = "page", path = "/{posts,posts/**}"}
    [[permalinks]]
    pattern = "/s/"
    target = {kind = "section"}
    [[permalinks]]
    pattern = "/:sections[1:]/:slug/"
    """
    expected = {"posts": "/p/{slug_or_title}/", "*": "/{sections:1:}/{slug_or_title}/"}
    assert inspect(tmp_path, config).permalink == expected


def test_permalink_with_an_unknown_token_is_named(tmp_path: Path) -> None:
    found = inspect(tmp_path, '[permalinks]\nposts = "/:sectionslugs/:slug/"')
    assert found.permalink == {}
    assert ":sectionslugs" in found.unclear[0]


@pytest.mark.parametrize(
    ("config", "rule", "expected"),
    [
        ("uglyURLs = true", "uglyURLs", ("*",)),
        ("[uglyURLs]\nposts = true\ndocs = false", "uglyURLs", ("posts",)),
        ("disablePathToLower = true", "disablePathToLower", True),
        ("removePathAccents = true", "removePathAccents", True),
        ('[taxonomies]\nseries = "series"', "taxonomies", ("tags", "categories", "series")),
        ('[frontmatter]\ndate = [":filename", ":default"]', "date",
         (":filename", "date", "publishdate", "pubdate", "published", "lastmod", "modified")),
        ("enableEmoji = true", "enableEmoji", True),
        ("hasCJKLanguage = true", "hasCJKLanguage", True),
        ("summaryLength = 30", "summaryLength", 30),
        ("[markup.goldmark.extensions]\nlinkify = false", "linkify", False),
        ("[markup.goldmark.extensions.typographer]\ndisable = true", "typographer", False),
        ('[frontmatter]\nlastmod = ["lastmod"]', "lastmod", ("lastmod", "modified")),
    ],
)  # fmt: skip
def test_settings_of_urls_and_dates_become_rules(
    tmp_path: Path, config: str, rule: str, expected: Any
) -> None:
    assert inspect(tmp_path, config).rules[rule] == expected


def test_default_settings_need_no_rules(tmp_path: Path) -> None:
    found = inspect(tmp_path, 'timeZone = "Europe/Vienna"')
    assert (found.rules, found.permalink, found.include, found.unclear) == ({}, {}, (), [])
    assert (found.timezone, found.ids, found.built) == ("Europe/Vienna", "hugo", ("public",))


def test_feeds_are_those_of_home_sections_and_terms(tmp_path: Path) -> None:
    config = "[services.rss]\nlimit = 15"
    found = inspect(tmp_path, config, {"content/docs/a.md": POST})
    feeds = {feed.path: (feed.size, feed.term, feed.field) for feed in found.old_feeds}
    assert feeds == {
        "index.xml": (15, None, None),
        "docs/index.xml": (15, ("folder", "docs"), None),
        "posts/index.xml": (15, ("folder", "posts"), None),
        "tags/{topic}/index.xml": (15, None, "topic"),
        "categories/{topic}/index.xml": (15, None, "topic"),
    }


def test_only_section_has_the_feed_of_the_home_page(tmp_path: Path) -> None:
    feeds = {feed.path: feed.term for feed in inspect(tmp_path).old_feeds}
    assert feeds["posts/index.xml"] is None


def test_outputs_decide_on_feeds_and_their_names(tmp_path: Path) -> None:
    config = """
    disableKinds = ["taxonomy", "term"]
    [outputs]
    home = ["HTML", "RSS", "Atom"]
    section = ["HTML"]
    [outputFormats.RSS]
    baseName = "feed"
    [outputFormats.Atom]
    mediaType = "application/atom+xml"
    baseName = "atom"
    """
    feeds = inspect(tmp_path, config).old_feeds
    assert [(feed.path, feed.format) for feed in feeds] == [
        ("feed.xml", "rss"),
        ("atom.xml", "atom"),
    ]


@pytest.mark.parametrize(
    ("template", "config", "include"),
    [
        ("{{ range where .Site.RegularPages `Section` `notes` }}", "", ("notes/*",)),
        ("{{ where site.RegularPages `Type` `in` (slice `notes` `posts`) }}", "",
         ("notes/*", "posts/*")),
        ("{{ where site.RegularPages `Type` `in` site.Params.mainSections }}",
         '[params]\nmainSections = ["notes"]', ("notes/*",)),
        ("{{ where site.RegularPages `Type` `in` site.Params.mainSections }}", "", ("posts/*",)),
        ("{{ range site.RegularPages }}", "", ()),
    ],
)  # fmt: skip
def test_sections_of_the_rss_template_are_the_articles(
    tmp_path: Path, template: str, config: str, include: tuple[str, ...]
) -> None:
    files = {
        "layouts/_default/rss.xml": template.replace("`", '"'),
        "content/notes/a.md": POST,
        "content/posts/b.md": POST,
    }
    assert inspect(tmp_path, config, files).include == include


def test_date_summary_and_size_of_the_rss_template_are_followed(tmp_path: Path) -> None:
    template = (
        "{{ range first 10 .Pages }}<item><pubDate>{{ .Date.Format `x` }}</pubDate>"
        "<description>{{ .Description | html }}</description></item>{{ end }}"
    )
    found = inspect(tmp_path, files={"layouts/_default/rss.xml": template})
    assert found.rules == {"feedDate": "date"}
    assert found.fields == {"summary": ("description", "summary")}
    assert {feed.size for feed in found.old_feeds} == {10}


def test_what_sections_hand_down_becomes_defaults(tmp_path: Path) -> None:
    cascade = """\
---
title: Posts
cascade:
  - draft: true
    target: {path: /posts/hidden/**}
  - params: {author: Jane, theme: dark}
    target: {kind: page}
  - weight: 3
    tags: [x]
    target: {kind: section}
---
"""
    config = "[[cascade]]\n[cascade.target]\npath = '{/notes/**,/docs/**}'\n[cascade.params]\nauthor = 'Ann'"  # noqa: E501
    found = inspect(tmp_path, config, {"content/posts/_index.md": cascade})
    assert found.defaults == {
        "notes": {"author": "Ann"},
        "docs": {"author": "Ann"},
        "posts/hidden": {"draft": True},
        "posts": {"author": "Jane"},
    }


def test_cascade_that_withholds_at_any_depth_becomes_a_pattern(tmp_path: Path) -> None:
    config = """
    [[cascade]]
    build = {list = "never"}
    target = {path = "{,/**}/_includes{,/**}"}
    [[cascade]]
    draft = true
    target = {path = "/posts/*-old"}
    """
    found = inspect(tmp_path, config)
    assert found.ignore == ("_includes/*", "*/_includes/*")
    assert "/posts/*-old, which is no folder" in found.unclear[0]


def test_files_that_are_not_read_are_counted_and_named(tmp_path: Path) -> None:
    files = {"content/a.org": "", "content/b.org": "", "content/x/_content.gotmpl": ""}
    assert inspect(tmp_path, files=files).unclear == [
        "2 .org files cannot be read; convert to Markdown",
        "x/_content.gotmpl makes pages by a template; they are not read",
    ]


def test_static_files_and_authors_are_found(tmp_path: Path) -> None:
    found = inspect(tmp_path, files={"static/a.png": "", "data/authors.yaml": "jane: {name: Jane}"})
    assert (found.assets, found.authors_file) == ("static", "data/authors.yaml")


def test_files_that_the_site_ignores_are_ignored(tmp_path: Path) -> None:
    config = "ignoreFiles = ['draft-.*\\.md$']"
    assert inspect(tmp_path, config, {"content/posts/draft-1.md": POST}).ignore == (
        "posts/draft-1.md",
    )


def test_configuration_that_is_broken_is_named(tmp_path: Path) -> None:
    found = hugo.inspect(write(tmp_path, {"hugo.toml": "title = \n", "content/a.md": POST}))
    assert "hugo.toml:1 is not valid TOML" in found.unclear[0]


def test_section_with_most_dated_pages_is_that_of_the_feed_where_home_has_none(
    tmp_path: Path,
) -> None:
    files = {f"content/docs/{name}.md": "---\ntitle: A\n---\n" for name in "abc"}
    found = inspect(tmp_path, "[outputs]\nhome = ['HTML']", files)
    assert found.include == ("posts/*",)
    assert {feed.path: feed.term for feed in found.old_feeds}["posts/index.xml"] is None


def test_dates_of_git_and_authors_in_pages_are_named(tmp_path: Path) -> None:
    config = "[frontmatter]\ndate = ['date', ':git']"
    found = inspect(tmp_path, config, {"content/authors/jane/_index.md": "---\ntitle: J\n---\n"})
    assert [line.partition(";")[0] for line in found.unclear] == [
        "content/authors has a file for each author",
        "frontmatter takes dates from git or from files",
    ]
