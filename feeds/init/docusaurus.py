"""Reads the configuration of a Docusaurus site with a blog, as literals."""

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from feeds.init import literals
from feeds.init.findings import Findings, OldFeed
from feeds.init.javascript import Script
from feeds.model.document import Format

_CONFIGS = tuple(f"docusaurus.config.{suffix}" for suffix in ("ts", "js", "mjs", "cjs", "mts"))
_PLUGIN, _PRESETS = "plugin-content-blog", ("classic", "@docusaurus/preset-classic")
_FEEDS: Mapping[str, tuple[str, Format]] = {
    "rss": ("rss.xml", "rss"), "atom": ("atom.xml", "atom"), "json": ("feed.json", "json"),
}  # fmt: skip
_LIMIT = 20
_TOP = ("url", "baseUrl", "title", "tagline", "favicon", "trailingSlash")


def detect(root: Path) -> tuple[str, ...]:
    """Return the configuration file of a Docusaurus site; none if it has no blog."""
    path = literals.first_file(root, *_CONFIGS)
    if path is None:
        return ()
    blogs = _blogs(_settings(literals.read_script(path)))
    has_blog = any((root / _folder(blog)).is_dir() for blog in blogs)
    return (path.name,) if has_blog else ()


def inspect(root: Path) -> Findings:
    """Return the settings of a Docusaurus site."""
    unclear: list[str] = []
    path = literals.first_file(root, *_CONFIGS)
    script = literals.read_script(path) if path else None
    settings = _settings(script) if script else {}
    blogs = _blogs(settings) or [{}]
    blog = next((blog for blog in blogs if (root / _folder(blog)).is_dir()), blogs[0])
    route = _text(blog, "routeBasePath", "blog").strip("/")
    findings = Findings(
        preset="docusaurus",
        generator="Docusaurus",
        evidence=detect(root),
        root=root,
        folder=_folder(blog),
        permalink=posixpath.join("/", route, "{slug}"),
        rules=_rules(root, settings, blog, unclear),
        ids="docusaurus",
        built=("build",),
        unclear=unclear,
    )
    _add_site(findings, settings, blog)
    findings.old_feeds = tuple(_old_feeds(blog, route, findings.title))
    _name_open_questions(findings, settings, blogs, blog)
    return findings


def _settings(script: Script) -> dict[str, Any]:
    """Return the configuration, or what stands in it if it is returned by a function."""
    if isinstance(script.default, dict) and script.default:
        return script.default
    for value in script.returned:
        if isinstance(value, dict) and "url" in value:
            return value
    found = {name: values[0] for name in _TOP if (values := script.properties(name))}
    blogs = [value for value in script.properties("blog") if isinstance(value, dict)]
    return found | {"presets": [["classic", {"blog": blogs[0]}]] if blogs else []}


def _blogs(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the options of all blogs: of the preset first, then those of plugins."""
    found: list[dict[str, Any]] = []
    for name, options in _entries(settings.get("presets")):
        blog = options.get("blog")
        is_classic = name in _PRESETS or isinstance(blog, dict)
        if is_classic and blog is not False:
            found.append(blog if isinstance(blog, dict) else {})
    for name, options in _entries(settings.get("plugins")):
        if _PLUGIN in name or ("routeBasePath" in options and "postsPerPage" in options):
            found.append(options)
    return found


def _entries(listed: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the names and options of presets or plugins; a name that needs code is empty."""
    for item in listed if isinstance(listed, list) else []:
        parts = item if isinstance(item, list) else [item]
        name = next((part for part in parts if isinstance(part, str)), "")
        options = next((part for part in parts if isinstance(part, dict)), {})
        yield name, options


def _text(settings: Mapping[str, Any], name: str, default: str = "") -> str:
    value = settings.get(name)
    return value if isinstance(value, str) else default


def _mapping(settings: Mapping[str, Any], *names: str) -> dict[str, Any]:
    value: Any = settings
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, dict) else {}


def _folder(blog: Mapping[str, Any]) -> str:
    return posixpath.normpath(_text(blog, "path", "blog"))


def _rules(
    root: Path, settings: Mapping[str, Any], blog: Mapping[str, Any], unclear: list[str]
) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    if isinstance(settings.get("trailingSlash"), bool):
        rules["trailingSlash"] = "always" if settings["trailingSlash"] else "never"
    path = root / _folder(blog) / _text(blog, "tags", "tags.yml")
    labels = literals.read_mapping(path, unclear, root) if path.is_file() else {}
    tags = {key: _text(tag, "label") for key, tag in labels.items() if isinstance(tag, dict)}
    if renamed := tuple(f"{key}={label}" for key, label in tags.items() if label not in ("", key)):
        rules["tags"] = renamed
    return rules


def _add_site(findings: Findings, settings: Mapping[str, Any], blog: Mapping[str, Any]) -> None:
    url = _text(settings, "url")
    findings.url = urljoin(url, _text(settings, "baseUrl", "/")) if "://" in url else ""
    findings.title = _text(settings, "title")
    findings.description = _text(settings, "tagline")
    findings.language = _text(_mapping(settings, "i18n"), "defaultLocale", "en")
    findings.icon = _text(settings, "favicon").lstrip("/")
    feed = _mapping(blog, "feedOptions")
    footer = _mapping(settings, "themeConfig", "footer")
    findings.rights = _text(feed, "copyright") or _text(footer, "copyright")
    listed = settings.get("staticDirectories")
    folders = listed if isinstance(listed, list) else ["static"]
    findings.assets = next(
        (name for name in folders if isinstance(name, str) and (findings.root / name).is_dir()), ""
    )
    authors = posixpath.join(findings.folder, _text(blog, "authorsMapPath", "authors.yml"))
    findings.authors_file = authors if (findings.root / authors).is_file() else ""


def _old_feeds(blog: Mapping[str, Any], route: str, title: str) -> Iterator[OldFeed]:
    options = _mapping(blog, "feedOptions")
    kinds = options.get("type", ["rss", "atom"])
    if isinstance(kinds, str):
        kinds = list(_FEEDS) if kinds == "all" else [kinds]
    limit = options.get("limit", _LIMIT)
    size = limit if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0 else None
    for kind in kinds or ():
        if kind in _FEEDS:
            name, format_ = _FEEDS[kind]
            shown = _text(options, "title") or (f"{title} Blog" if title else "")
            yield OldFeed(posixpath.join(route, name), format_, size, shown)


def _name_open_questions(
    findings: Findings,
    settings: Mapping[str, Any],
    blogs: list[dict[str, Any]],
    blog: Mapping[str, Any],
) -> None:
    for other in blogs:
        if other is not blog:
            findings.unclear.append(
                f"There is another blog in {_folder(other)}; make a config folder for it"
            )
    locales = _mapping(settings, "i18n").get("locales")
    if isinstance(locales, list) and len(locales) > 1:
        findings.unclear.append(
            f"i18n: only the posts of {findings.language} are read, and not those of "
            f"{len(locales) - 1} other languages"
        )
    for name in ("include", "exclude"):
        if blog.get(name):
            findings.unclear.append(
                f"blog.{name} is not taken over; write the patterns into articles."
                f"{'include' if name == 'include' else 'ignore'}"
            )
    if _mapping(blog, "feedOptions").get("createFeedItems") is not None:
        findings.unclear.append("feedOptions.createFeedItems is code; all posts are in the feeds")
