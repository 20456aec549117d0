"""Reads the configuration of a Jekyll site (jekyllrb.com/docs/configuration). No code is run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feeds.init import hexo, jekyll_feeds, jekyll_permalinks, literals
from feeds.init.findings import Findings
from feeds.presets.matter import Matter

_CONFIGS = ("_config.yml", "_config.yaml", "_config.toml")
_MAX_FOLDERS = 2_000
_EXCLUDED = ("node_modules", "vendor", ".*")


def detect(root: Path) -> tuple[str, ...]:
    """Return the files that show that a folder is a Jekyll site; none if it is not, or Hexo's."""
    config = literals.first_file(root, *_CONFIGS)
    if config is None or hexo.detect(root):
        return ()
    source = root / str(literals.read_mapping(config, []).get("source") or ".")
    posts = next(iter(_posts_folders(source)), None)
    if posts is None:
        return ()
    return (config.name, posts.relative_to(source).as_posix() + "/")


def inspect(root: Path) -> Findings:
    """Return the settings of a Jekyll site."""
    unclear: list[str] = []
    config = literals.first_file(root, *_CONFIGS)
    data = literals.read_mapping(config, unclear, root) if config else {}
    folder = "/".join(
        part for name in ("source", "collections_dir")
        if (part := str(data.get(name) or "").strip("./"))
    )  # fmt: skip
    source = root / str(data.get("source") or ".")
    posts = root / folder
    permalink = jekyll_permalinks.site_pattern(data, unclear)
    findings = Findings(
        preset="jekyll",
        generator="Jekyll",
        evidence=detect(root),
        root=root,
        timezone=str(data.get("timezone") or "UTC"),
        folder=folder or ".",
        include=("_posts/*", "*/_posts/*"),
        ignore=_ignored(data),
        assets=str(data.get("source") or "."),
        permalink=permalink,
        defaults=_defaults(data, posts, unclear),
        rules=jekyll_permalinks.rules(data),
        ids="jekyll",
        built=(str(data.get("destination") or "_site"),),
        unclear=unclear,
    )
    _add_site(findings, data)
    findings.old_feeds, is_plugin = jekyll_feeds.feeds(root, source, data)
    if findings.old_feeds and not is_plugin:
        findings.ids = "link"
    people = literals.first_file(source / str(data.get("data_dir") or "_data"), "authors.*")
    if people and people.suffix in (".yml", ".yaml", ".json"):
        findings.authors_file = people.relative_to(root).as_posix()
    _add_unclear(unclear, data)
    return findings


def _posts_folders(source: Path) -> list[Path]:
    """Return the folders `_posts`, at most four levels down."""
    patterns = ("_posts", "*/_posts", "*/*/_posts", "*/*/*/_posts")
    return [
        path
        for pattern in patterns
        for path in sorted(source.glob(pattern))
        if path.is_dir() and not {"node_modules", "vendor"} & set(path.parts)
    ]


def _ignored(data: Mapping[str, Any]) -> tuple[str, ...]:
    names = data.get("exclude")
    excluded = [str(name).strip("/") for name in names] if isinstance(names, list) else []
    return tuple(dict.fromkeys((*_EXCLUDED, *(name for name in excluded if name))))


def _add_site(findings: Findings, data: Mapping[str, Any]) -> None:
    matter = Matter({name: value for name, value in data.items() if value is not None})

    def text(*names: str) -> str:
        values = (value.value for value in matter.all(names))
        return next((str(value).strip() for value in values if isinstance(value, str | int)), "")

    base = text("baseurl").strip("/")
    url = text("url").rstrip("/")
    if url and "://" not in url:
        url = f"https://{url}"
    findings.url = f"{url}/{base}/" if url and base else f"{url}/" if url else ""
    findings.title = text("title", "name")
    findings.description = text("description", "tagline")
    findings.language = text("lang", "locale").replace("_", "-")
    findings.author = text("author.name", "author")
    findings.author_email = text("author.email", "email")
    uri = text("author.uri", "author.url")
    findings.author_url = uri if "://" in uri else ""


def _defaults(
    data: Mapping[str, Any], posts: Path, unclear: list[str]
) -> dict[str, dict[str, Any]]:
    """Return front matter by folder; `*` is that of all posts. Deeper folders have it first."""
    found: dict[str, dict[str, Any]] = {}
    rows = data.get("defaults")
    for row in rows if isinstance(rows, list) else []:
        scope = row.get("scope") if isinstance(row, Mapping) else None
        values = row.get("values") if isinstance(row, Mapping) else None
        if not isinstance(scope, Mapping) or not isinstance(values, Mapping):
            continue
        if scope.get("type") not in (None, "", "posts", "post"):
            continue
        _add_scope(found, str(scope.get("path") or "").strip("/"), values, posts, unclear)
    return found


def _add_scope(
    found: dict[str, dict[str, Any]],
    scope: str,
    values: Mapping[Any, Any],
    posts: Path,
    unclear: list[str],
) -> None:
    kept = _translated(values, unclear)
    if not kept:
        return
    folders = [scope or "*"]
    if "*" in scope:
        paths = [path for path in posts.glob(scope) if path.is_dir()][:_MAX_FOLDERS]
        folders = [path.relative_to(posts).as_posix() for path in paths]
    for folder in folders:
        found.setdefault(folder, {}).update(kept)


def _translated(values: Mapping[Any, Any], unclear: list[str]) -> dict[str, Any]:
    """Return the values that mean something in feeds, without that of layouts."""
    kept = {str(name): value for name, value in values.items() if name != "layout"}
    if isinstance(template := kept.get("permalink"), str) and ":" in template:
        kept["permalink"] = jekyll_permalinks.translate(template, unclear)
    return kept


def _add_unclear(unclear: list[str], data: Mapping[str, Any]) -> None:
    if data.get("future"):
        unclear.append(
            "future: true publishes posts before their date; here they wait until it has come"
        )
    if not data.get("timezone"):
        unclear.append(
            "_config.yml has no timezone, so that Jekyll uses that of its machine; UTC is written "
            "for it; correct site.timezone if it is another"
        )
