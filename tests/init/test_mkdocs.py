"""The configuration of a MkDocs blog becomes settings and old feeds."""

from pathlib import Path

from feeds.init import mkdocs
from feeds.init.findings import Findings, OldFeed
from tests.init.sites import init, report_of, write

CONFIG = """\
site_name: Example
site_url: https://example.org/
site_author: Jane
site_description: >-
  A
  site
copyright: Copyright &copy; <a href="/">Jane</a>
theme: {name: material, language: de, favicon: assets/icon.png}
plugins:
  - search
  - blog
extra: {a: !ENV [KEY, x], b: !!python/name:material.extensions.emoji.twemoji ""}
"""
POST = "---\ndate: 2024-05-31\nauthors: [jane]\n---\n# A day\n\nText\n"


def inspect(root: Path, plugins: str, **more: str) -> Findings:
    """The findings about a site with these plugins, and lines of configuration."""
    lines = "".join(f"{key}: {value}\n" for key, value in more.items())
    write(root, {"mkdocs.yml": f"{lines}plugins:\n{plugins}"})
    return mkdocs.inspect(root)


def test_site_with_the_blog_plugin_is_found(tmp_path: Path) -> None:
    assert mkdocs.detect(write(tmp_path, {"mkdocs.yml": CONFIG})) == ("mkdocs.yml",)
    assert mkdocs.detect(write(tmp_path, {"mkdocs.yml": "plugins: {blog: {}}\n"}))
    assert mkdocs.detect(write(tmp_path, {"mkdocs.yml": "plugins: [search]\n"})) == ()
    assert mkdocs.detect(write(tmp_path, {"mkdocs.yml": "plugins: {a: [}\n"})) == ()


def test_settings_are_those_of_the_plugin_by_default(tmp_path: Path) -> None:
    files = {"mkdocs.yml": CONFIG, "docs/assets/icon.png": "x", "docs/blog/.authors.yml": "{}"}
    found = mkdocs.inspect(write(tmp_path, files))
    assert (found.url, found.title, found.author) == ("https://example.org/", "Example", "Jane")
    assert found.description == "A site"
    assert (found.language, found.icon) == ("de", "assets/icon.png")
    assert (found.folder, found.include) == ("docs", ("blog/posts/*",))
    assert found.permalink == "/blog/{date:%Y/%m/%d}/{slug}/"
    assert (found.rules, found.defaults, found.old_feeds) == ({}, {}, ())
    assert found.authors_file == "docs/blog/.authors.yml"
    assert found.unclear == []


def test_options_of_the_blog_are_taken_over(tmp_path: Path) -> None:
    found = inspect(
        tmp_path,
        "  - blog:\n"
        "      blog_dir: news\n"
        "      post_dir: '{blog}/entries'\n"
        "      post_url_format: '{categories}/{date}/{file}'\n"
        "      post_url_date_format: yy-M\n"
        "      post_url_max_categories: 2\n"
        "      post_slugify: !!python/object/apply:pymdownx.slugs.slugify {kwds: {case: none}}\n"
        "      post_slugify_separator: _\n"
        "      post_excerpt_separator: '<!-- cut -->'\n",
        docs_dir="content",
        use_directory_urls="false",
    )
    assert (found.folder, found.include) == ("content", ("news/entries/*",))
    assert found.permalink == "/news/{categories}/{date:%y-%-m}/{file}.html"
    assert found.rules == {
        "posts": ("news/entries=news",),
        "use_directory_urls": False,
        "post_slugify": "none",
        "post_slugify_separator": "_",
        "post_url_max_categories": 2,
        "post_excerpt_separator": "<!-- cut -->",
    }
    assert found.unclear == []


def test_blog_at_the_root_has_no_folder_in_urls(tmp_path: Path) -> None:
    found = inspect(tmp_path, "  - blog: {blog_dir: ., post_dir: posts, post_url_format: '{slug}'}")
    assert (found.permalink, found.include) == ("/{slug}/", ("posts/*",))
    assert found.rules == {"posts": ("posts=.",)}


def test_two_blogs_have_a_pattern_each(tmp_path: Path) -> None:
    found = inspect(tmp_path, "  - blog\n  - blog: {blog_dir: news, post_url_format: '{slug}'}\n")
    assert found.permalink == {
        "blog/posts": "/blog/{date:%Y/%m/%d}/{slug}/",
        "news/posts": "/news/{slug}/",
    }
    assert found.rules == {"posts": ("blog/posts=blog", "news/posts=news")}


def test_inherited_configuration_is_merged(tmp_path: Path) -> None:
    child = "INHERIT: ../base.yml\ntheme: {language: fr}\nplugins: {blog: {blog_dir: news}}\n"
    parent = "site_name: Base\ntheme: {name: material}\nplugins: {blog: {post_url_format: x}}\n"
    found = mkdocs.inspect(write(tmp_path, {"a/mkdocs.yml": child, "base.yml": parent}) / "a")
    assert (found.title, found.language, found.permalink) == ("Base", "fr", "/news/x/")


def test_meta_files_become_defaults_of_folders(tmp_path: Path) -> None:
    write(tmp_path, {"docs/.meta.yml": "tags: [a]\n", "docs/blog/posts/x/.meta.yml": "draft: true"})
    found = inspect(tmp_path, "  - blog\n  - meta\n")
    assert found.defaults == {"*": {"tags": ["a"]}, "blog/posts/x": {"draft": True}}
    assert inspect(tmp_path, "  - blog\n").defaults == {}


def test_feeds_of_the_rss_plugin_are_old_feeds(tmp_path: Path) -> None:
    found = inspect(
        tmp_path,
        "  - blog\n"
        "  - rss:\n"
        "      match_path: blog/posts/.*\n"
        "      length: 7\n"
        "      date_from_meta: {as_creation: shown, default_timezone: Europe/Paris,"
        " default_time: '09:30'}\n"
        "      feeds_filenames: {rss_created: feed.xml}\n"
        "      enabled: !ENV [CI, false]\n",
    )
    assert found.old_feeds == (
        OldFeed("feed.xml", "rss", 7),
        OldFeed("feed_rss_updated.xml", "rss", 7),
        OldFeed("feed_json_created.json", "json", 7),
        OldFeed("feed_json_updated.json", "json", 7),
    )
    assert found.timezone == "Europe/Paris"
    assert found.rules == {"default_time": "09:30"}
    assert found.fields == {"published": ("shown", "date", "date.created")}
    assert found.unclear == []


def test_what_cannot_be_followed_is_named(tmp_path: Path) -> None:
    found = inspect(
        tmp_path,
        "  - blog: {post_url_date_format: QQQ, post_slugify: !!python/name:my.code '',"
        " post_url_format: '{date}/{mood}/{slug}'}\n"
        "  - rss\n",
    )
    assert found.permalink == "/blog/{date:%Y/%m/%d}/{slug}/"
    named = "\n".join(found.unclear)
    for name in ("post_url_date_format", "post_slugify", "{mood}", "match_path", "date_from_meta"):
        assert name in named


def test_months_in_the_language_of_the_theme_are_named(tmp_path: Path) -> None:
    theme = "{name: material, language: de}"
    plugins = "  - blog: {post_url_date_format: yyyy/MMM}\n"
    assert "MMM" in inspect(tmp_path, plugins, theme=theme).unclear[0]


def test_articles_of_a_whole_site_are_published(tmp_path: Path) -> None:
    authors = "authors:\n  jane: {name: Jane, avatar: x, description: y}\n"
    write(
        tmp_path,
        {
            "mkdocs.yml": CONFIG,
            "docs/index.md": "# Home\n",
            "docs/blog/.authors.yml": authors,
            "docs/blog/posts/a.md": POST,
            "docs/blog/posts/b.md": "---\ndate: 2024-05-30\ndraft: true\n---\n# B\n",
        },
    )
    outcome = init(tmp_path)
    assert outcome.findings.rights == "Copyright © Jane"
    assert [entry.link for entry in outcome.trial.entries] == [
        "https://example.org/blog/2024/05/31/a-day/"
    ]
    assert [person.name for person in outcome.trial.entries[0].authors] == ["Jane"]
    assert "draft: true" in report_of(outcome)
