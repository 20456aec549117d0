"""Reads the configuration of a MkDocs site with Material's blog plugin."""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from feeds.init import cldr, literals
from feeds.init.findings import Findings, OldFeed
from feeds.model.document import Format
from feeds.presets.mkdocs import Mkdocs

_CONFIGS = ("mkdocs.yml", "mkdocs.yaml", "mkdocs*.yml", "mkdocs*.yaml")
_BLOG = ("blog", "material/blog")
_FEEDS: Mapping[str, tuple[str, Format]] = {
    "rss_created": ("feed_rss_created.xml", "rss"),
    "rss_updated": ("feed_rss_updated.xml", "rss"),
    "json_created": ("feed_json_created.json", "json"),
    "json_updated": ("feed_json_updated.json", "json"),
}
_LENGTH = 20
_MAX_PARENTS = 5
_NUMBERS_AND_WORDS = ("post_url_max_categories", "post_slugify_separator",
                      "categories_slugify_separator", "post_excerpt_separator")  # fmt: skip
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_PLACEHOLDERS = frozenset({"date", "slug", "file", "categories"})
_MORE = "<!-- more -->"


def detect(root: Path) -> tuple[str, ...]:
    """Return the configuration file of a MkDocs site with a blog; none if it is not one."""
    path = _config_file(root)
    return (path.name,) if path else ()


def inspect(root: Path) -> Findings:
    """Return the settings of a MkDocs site."""
    unclear: list[str] = []
    path = _config_file(root)
    settings = _read(path, unclear) if path else {}
    docs = posixpath.normpath(_text(settings, "docs_dir") or "docs")
    blogs = _plugins(settings, *_BLOG) or [{}]
    findings = Findings(
        preset="mkdocs",
        generator="MkDocs Material",
        evidence=detect(root),
        root=root,
        folder=docs,
        include=tuple(f"{_posts(blog)}/*" for blog in blogs),
        permalink=_permalinks(blogs, settings, unclear),
        rules=_rules(blogs, settings, unclear),
        defaults=_defaults(root / docs, settings, unclear),
        ids="mkdocs",
        built=(_text(settings, "site_dir") or "site",),
        unclear=unclear,
    )
    _add_site(findings, settings, docs)
    _add_authors(findings, blogs, docs)
    _add_feeds(findings, settings, blogs)
    return findings


def _config_file(root: Path) -> Path | None:
    """Return the first configuration file that names the blog plugin."""
    for pattern in _CONFIGS:
        for path in sorted(root.glob(pattern)):
            if path.is_file() and _plugins(_read(path, []), *_BLOG):
                return path
    return None


def _read(path: Path, unclear: list[str], depth: int = 0) -> dict[str, Any]:
    """Return a configuration, merged with the one that it inherits from."""
    settings = literals.read_mapping(path, unclear, path.parent)
    parent = settings.get("INHERIT")
    if isinstance(parent, str) and depth < _MAX_PARENTS:
        return _merged(_read(path.parent / parent, unclear, depth + 1), settings)
    return settings


def _merged(outer: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(outer)
    for key, value in inner.items():
        above = merged.get(key)
        both = isinstance(above, dict) and isinstance(value, dict)
        merged[key] = _merged(cast("dict[str, Any]", above), value) if both else value
    return merged


def _plugins(settings: Mapping[str, Any], *names: str) -> list[dict[str, Any]]:
    """Return the options of each use of a plugin."""
    listed = settings.get("plugins")
    if isinstance(listed, dict):
        items = list(listed.items())
    else:
        items = [
            pair
            for item in (listed if isinstance(listed, list) else [])
            for pair in (item.items() if isinstance(item, dict) else [(item, None)])
        ]
    # A plugin of which there are several has a number or a label: `blog #2`.
    return [
        options if isinstance(options, dict) else {}
        for name, options in items
        if str(name).partition("#")[0].strip() in names
    ]


def _text(settings: Mapping[str, Any], *names: str) -> str:
    """Return the first of these dotted names that is text; empty if none is."""
    for name in names:
        value: Any = settings
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, str):
            return " ".join(value.split())
    return ""


def _blog_folder(blog: Mapping[str, Any]) -> str:
    return posixpath.normpath(_text(blog, "blog_dir") or "blog")


def _below_blog(blog: Mapping[str, Any], setting: str, default: str) -> str:
    path = _text(blog, setting) or default
    return posixpath.normpath(path.replace("{blog}", _blog_folder(blog)))


def _posts(blog: Mapping[str, Any]) -> str:
    return _below_blog(blog, "post_dir", "{blog}/posts")


# URLs.


def _permalinks(
    blogs: list[dict[str, Any]], settings: Mapping[str, Any], unclear: list[str]
) -> str | dict[str, str]:
    """Return the pattern of the posts of the blog, or of each of several blogs."""
    patterns = {_posts(blog): _permalink(blog, settings, unclear) for blog in blogs}
    return patterns if len(patterns) > 1 else next(iter(patterns.values()))


def _permalink(blog: Mapping[str, Any], settings: Mapping[str, Any], unclear: list[str]) -> str:
    layout = _text(blog, "post_url_date_format") or "yyyy/MM/dd"
    date = cldr.translate(layout)
    language = _text(settings, "theme.language") or "en"
    if date is None or (cldr.has_words(layout) and not language.startswith("en")):
        unclear.append(
            f"post_url_date_format: {layout} cannot be followed; write the dates in URLs into "
            "permalink, such as {date:%Y/%m/%d}"
        )
        date = "%Y/%m/%d"
    path = _text(blog, "post_url_format") or "{date}/{slug}"
    for name in _PLACEHOLDER.findall(path):
        if name not in _PLACEHOLDERS:
            unclear.append(f"post_url_format: {{{name}}} is not known; correct permalink")
            path = path.replace(f"{{{name}}}", "")
    path = path.replace("{date}", f"{{date:{date}}}")
    ending = ".html" if settings.get("use_directory_urls") is False else "/"
    return posixpath.normpath(posixpath.join("/", _blog_folder(blog), path.strip("/"))) + ending


def _rules(
    blogs: list[dict[str, Any]], settings: Mapping[str, Any], unclear: list[str]
) -> dict[str, Any]:
    """Return those rules that differ from the plugin's defaults."""
    blog = blogs[0]
    rules: dict[str, Any] = {
        name: blog[name]
        for name in _NUMBERS_AND_WORDS
        if type(blog.get(name)) is type(Mkdocs.rules[name]) and blog[name] != _MORE
    }
    rules["posts"] = tuple(f"{_posts(blog)}={_blog_folder(blog)}" for blog in blogs)
    rules["use_directory_urls"] = settings.get("use_directory_urls") is not False
    for name in ("post_slugify", "categories_slugify"):
        rules[name] = _case(name, blog.get(name), unclear)
    for options in _plugins(settings, "rss")[:1]:
        rules["default_time"] = _text(options, "date_from_meta.default_time") or "00:00"
    if len(blogs) > 1:
        unclear.append("There are several blogs; the slugs of all are made as those of the first")
    return {name: value for name, value in rules.items() if value != Mkdocs.rules[name]}


def _case(name: str, value: Any, unclear: list[str]) -> str:
    """Return the case of slugs, from a function such as `pymdownx.slugs.slugify` with options."""
    if value is None:
        return "lower"
    options = value.get("kwds") if isinstance(value, dict) else None
    if isinstance(options, dict):
        if set(options) <= {"case", "percent_encode", "normalize"}:
            return str(options.get("case", "none"))
    elif isinstance(value, str) and value.endswith(("uslugify", "slugify_lower", "toc.slugify")):
        return "lower"
    unclear.append(f"{name} is code that is not run; slugs are made in lower case, without marks")
    return "lower"


# Front matter, the site, authors and feeds.


def _defaults(
    docs: Path, settings: Mapping[str, Any], unclear: list[str]
) -> dict[str, dict[str, Any]]:
    """Return the contents of `.meta.yml` files, by folder."""
    plugins = _plugins(settings, "meta", "material/meta")
    if not plugins:
        return {}
    name = _text(plugins[0], "meta_file") or ".meta.yml"
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(docs.rglob(name)):
        folder = path.parent.relative_to(docs).as_posix()
        if values := literals.read_mapping(path, unclear, docs):
            found["*" if folder == "." else folder] = values
    return found


def _add_site(findings: Findings, settings: Mapping[str, Any], docs: str) -> None:
    findings.url = _text(settings, "site_url")
    findings.title = _text(settings, "site_name")
    findings.description = _text(settings, "site_description")
    findings.author = _text(settings, "site_author")
    findings.rights = _text(settings, "copyright")
    findings.language = _text(settings, "theme.language", "theme.locale")
    for name, setting in (("icon", "theme.favicon"), ("logo", "theme.logo")):
        path = _text(settings, setting)
        if "://" in path or (path and (findings.root / docs / path).is_file()):
            setattr(findings, name, path)
    findings.assets = docs if (findings.root / docs).is_dir() else ""
    patterns = settings.get("exclude_docs")
    lines = patterns.split("\n") if isinstance(patterns, str) else []
    ignored = [line.strip() for line in lines if line.strip() and line.strip()[0] not in "#!"]
    findings.ignore = tuple(_ignored(line) for line in ignored)
    if any(line.strip().startswith("!") for line in lines):
        findings.unclear.append("exclude_docs: exceptions (!) are not followed; correct ignore")


def _ignored(pattern: str) -> str:
    """Return a pattern of .gitignore as one of ours."""
    pattern = pattern.rstrip("/")
    return pattern.lstrip("/") if "/" in pattern else f"*{pattern}" if "*" in pattern else pattern


def _add_authors(findings: Findings, blogs: list[dict[str, Any]], docs: str) -> None:
    for blog in blogs:
        path = posixpath.join(docs, _below_blog(blog, "authors_file", "{blog}/.authors.yml"))
        if not (findings.root / path).is_file():
            continue
        if findings.authors_file and findings.authors_file != path:
            findings.unclear.append(f"{path} is not read, because authors_file is one file")
        findings.authors_file = findings.authors_file or path


def _add_feeds(
    findings: Findings, settings: Mapping[str, Any], blogs: list[dict[str, Any]]
) -> None:
    """Add the feeds of mkdocs-rss-plugin, the one that shows the blog first."""
    plugins = _plugins(settings, "rss")
    folder = _posts(blogs[0])
    plugins.sort(key=lambda options: not _matches(options, f"{folder}/x.md"))
    feeds: list[OldFeed] = []
    for options in plugins:
        length = options.get("length", _LENGTH)
        for name, (default, format_) in _FEEDS.items():
            is_enabled = options.get(f"{format_}_feed_enabled") is not False
            path = _text(options, f"feeds_filenames.{name}") or default
            if is_enabled and path not in [feed.path for feed in feeds]:
                size = length if isinstance(length, int) and length > 0 else _LENGTH
                feeds.append(OldFeed(path, format_, size, _text(options, "feed_title")))
    findings.old_feeds = tuple(feeds)
    if plugins:
        _add_dates(findings, plugins[0])
        if _matches(plugins[0], "index.md"):
            findings.unclear.append(
                "plugins.rss.match_path: the old feeds have pages that are no posts; "
                "the new ones have posts only"
            )


def _matches(options: Mapping[str, Any], path: str) -> bool:
    try:
        return re.match(_text(options, "match_path") or ".*", path) is not None
    except re.error:
        return False


def _add_dates(findings: Findings, options: Mapping[str, Any]) -> None:
    """Add the names of dates in the feeds, and the zone of dates without one."""
    findings.timezone = _text(options, "date_from_meta.default_timezone")
    for ours, setting, default in (
        ("published", "as_creation", Mkdocs.fields["published"]),
        ("updated", "as_update", Mkdocs.fields["updated"]),
    ):
        name = _text(options, f"date_from_meta.{setting}") or "git"
        if name != "git" and name not in default:
            findings.fields[ours] = (name, *default)
    if _text(options, "date_from_meta.as_creation") in ("", "git"):
        findings.unclear.append(
            "plugins.rss.date_from_meta: the old feeds have the dates of git; the new ones have "
            "those of the posts"
        )
