"""Reads the configuration of a Hexo site (hexo.io/docs/configuration). No code is run."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from feeds.init import literals
from feeds.init.findings import Findings, OldFeed
from feeds.model.document import Format
from feeds.presets.hexo import Hexo

# The settings of a theme are in files such as _config.landscape.yml, which are not these.
_CONFIGS = ("_config.yml", "_config.yaml", "_config.json")
_PLUGIN = "hexo-generator-feed"
_FEED_SIZE = 20
_FORMATS: Mapping[str, Format] = {"atom": "atom", "rss2": "rss"}
_PLACEHOLDER = re.compile(r":(\w+)")
_PLACEHOLDERS: Mapping[str, str] = {
    "title": "{slug}", "slug": "{slug}", "name": "{name}", "post_title": "{title}",
    "category": "{category}", "year": "{year}", "month": "{month}", "day": "{day}",
    "i_month": "{date:%-m}", "i_day": "{date:%-d}", "hour": "{date:%H}", "minute": "{date:%M}",
    "second": "{date:%S}", "lang": "{language}", "author": "{author}",
}  # fmt: skip
# Made by Hexo from more than the front matter.
_COMPUTED = frozenset({"hash", "timestamp"})
_RULES = ("new_post_name", "default_category", "filename_case", "post_asset_folder")


def detect(root: Path) -> tuple[str, ...]:
    """Return the files that show that a folder is a Hexo site; none if it is not."""
    config = literals.first_file(root, *_CONFIGS)
    if config is None:
        return ()
    settings = literals.read_mapping(config, [])
    posts = _posts(settings)
    is_hexo = "hexo" in _packages(root) or "new_post_name" in settings
    return (config.name, f"{posts}/") if is_hexo and (root / posts).is_dir() else ()


def inspect(root: Path) -> Findings:
    """Return the settings of a Hexo site."""
    unclear: list[str] = []
    config = literals.first_file(root, *_CONFIGS)
    settings = literals.read_mapping(config, unclear, root) if config else {}
    permalink, fields = _permalink(_text(settings, "permalink"), unclear)
    feed = _mapping(settings, "feed")
    findings = Findings(
        preset="hexo",
        generator="Hexo",
        evidence=detect(root),
        root=root,
        timezone=_text(settings, "timezone") or "UTC",
        folder=_posts(settings),
        ignore=_ignored(settings, unclear),
        extensions=_extensions(settings),
        assets=_source(settings),
        permalink=permalink,
        fields=fields,
        rules=_rules(settings),
        defaults=_defaults(settings),
        ids="hexo",
        old_feeds=tuple(_old_feeds(root, settings, feed)),
        built=(_text(settings, "public_dir") or "public",),
        unclear=unclear,
    )
    _add_site(findings, settings, feed)
    _add_unclear(unclear, settings)
    return findings


def _mapping(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = settings.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(settings: Mapping[str, Any], name: str) -> str:
    """Return a setting that is text, or the first text of a list; empty if it is neither."""
    value = settings.get(name)
    value = value[0] if isinstance(value, list) and value else value
    return str(value).strip() if isinstance(value, str | int) else ""


def _source(settings: Mapping[str, Any]) -> str:
    return _text(settings, "source_dir").strip("/") or "source"


def _posts(settings: Mapping[str, Any]) -> str:
    return f"{_source(settings)}/_posts"


def _packages(root: Path) -> frozenset[str]:
    """Return the packages that the site depends on."""
    package = literals.read_mapping(root / "package.json", [])
    names = ("dependencies", "devDependencies")
    return frozenset(str(name) for kind in names for name in _mapping(package, kind))


def _permalink(template: str, unclear: list[str]) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Return Hexo's `permalink` as our pattern, and names of front matter that it needs.

    A key of the front matter, such as `:abbrlink`, can stand for the slug.
    """
    if not template:
        return "", {}
    names = _PLACEHOLDER.findall(template)
    keys = list(dict.fromkeys(name for name in names if name not in _PLACEHOLDERS))
    if _COMPUTED & set(keys) or len(keys) > 1 or (keys and {"title", "slug"} & set(names)):
        unclear.append(
            f"permalink {template} has :{', :'.join(keys)}, which has no counterpart here; write "
            "permalink in site.yaml"
        )
        return "", {}
    pattern = _PLACEHOLDER.sub(lambda match: _PLACEHOLDERS.get(match[1], "{slug}"), template)
    return "/" + pattern.lstrip("/"), {"slug": tuple(keys)} if keys else {}


def _ignored(settings: Mapping[str, Any], unclear: list[str]) -> tuple[str, ...]:
    """Return the patterns of files that Hexo makes no posts of, relative to their folder."""
    patterns: list[str] = []
    for name in ("skip_render", "ignore"):
        value = settings.get(name)
        for item in value if isinstance(value, list) else [value] if value else []:
            pattern = str(item).removeprefix(f"{_source(settings)}/")
            if pattern.startswith("_posts/"):
                patterns.append(pattern.removeprefix("_posts/").replace("**/", ""))
            elif pattern.startswith("**/"):
                patterns.append(pattern.replace("**/", ""))
            elif set("*{!(") & set(pattern.partition("/")[0]):
                unclear.append(f"{name}: {item} may keep posts back; write articles.ignore for it")
    return tuple(dict.fromkeys(patterns))


def _extensions(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the extension of posts, if the other files of a post's folder are its assets."""
    if not settings.get("post_asset_folder"):
        return ()
    name = _text(settings, "new_post_name") or str(Hexo.rules["new_post_name"])
    return (PurePosixPath(name).suffix,)


def _rules(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that decide on URLs, where they are not Hexo's defaults."""
    rules = {name: settings[name] for name in _RULES if settings.get(name)}
    if categories := _mapping(settings, "category_map"):
        rules["category_map"] = tuple(f"{name}={slug}" for name, slug in categories.items())
    pretty = _mapping(settings, "pretty_urls")
    rules |= {name: pretty[name] for name in ("trailing_index", "trailing_html") if name in pretty}
    return {name: value for name, value in rules.items() if value != Hexo.rules[name]}


def _defaults(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    values = dict(_mapping(settings, "permalink_defaults"))
    return {"*": values} if values else {}


def _add_site(findings: Findings, settings: Mapping[str, Any], feed: Mapping[str, Any]) -> None:
    findings.url = _text(settings, "url")
    findings.title = _text(settings, "title")
    findings.description = _text(settings, "description") or _text(settings, "subtitle")
    findings.language = _text(settings, "language")
    findings.author = _text(settings, "author")
    findings.author_email = _text(settings, "email")
    findings.icon = _text(feed, "icon")


def _old_feeds(root: Path, settings: Mapping[str, Any], feed: Mapping[str, Any]) -> list[OldFeed]:
    """Return the feeds of hexo-generator-feed, if the site has it."""
    if not feed and _PLUGIN not in _packages(root):
        return []
    types = feed.get("type")
    wanted = types if isinstance(types, list) else [types]
    names = [str(name) for name in wanted if str(name) in _FORMATS][:1] or ["atom"]
    if len(wanted) > 1:
        names = ["atom", "rss2"]  # whatever their order is
    given = feed.get("path")
    paths = [str(path) for path in given] if isinstance(given, list) else []
    if isinstance(given, str) and not isinstance(types, list):
        paths = [given]
    paths += [f"{name}.xml" for name in names[len(paths) :]]
    size = feed.get("limit", _FEED_SIZE)
    limit = size if isinstance(size, int) and size > 0 else None
    title = _text(settings, "title")
    return [
        OldFeed(_with_extension(path).lstrip("/"), _FORMATS[name], limit, title)
        for name, path in zip(names, paths, strict=False)
    ]


def _with_extension(path: str) -> str:
    return path if PurePosixPath(path).suffix else f"{path}.xml"


def _add_unclear(unclear: list[str], settings: Mapping[str, Any]) -> None:
    if settings.get("future", True):
        unclear.append(
            "Hexo publishes posts before their date, unless future: false; here they wait until it "
            "has come"
        )
    if not _text(settings, "timezone"):
        unclear.append(
            "_config.yml has no timezone, so that Hexo uses that of its machine; UTC is written "
            "for it; correct site.timezone if it is another"
        )
    if settings.get("titlecase"):
        unclear.append("titlecase: true changes titles in Hexo; here they are as the author's")
