"""The content folder of a Hugo site: its sections, and what the pages of sections hand down."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from feeds.init import literals
from feeds.presets import vocabulary
from feeds.presets.matter import fold
from feeds.util.text import counted

_ARTICLES = (".md", ".markdown", ".mdown", ".html", ".htm")
_OTHER_FORMATS = (".org", ".adoc", ".asciidoc", ".ad", ".rst", ".pandoc", ".pdc")
_FRONT_MATTER = re.compile(r"\s*(?P<fence>---|\+\+\+)[ \t]*\n(?P<text>.*?)\n(?P=fence)", re.DOTALL)
_FOLDER = re.compile(r"/?([^*?\[\]{},]+?)(?:/\*\*|/\*)?")
_HEAD = 3_000  # characters in which the date of a page is sought
_DATE = re.compile(r"^\s*\"?(?:publish|pub)?date\"?\s*[:=]\s*\S", re.IGNORECASE | re.MULTILINE)
_ANYWHERE = re.compile(r"(?:\{,/\*\*\}|/\*\*)/([\w-]+)(?:\{,/\*\*\}|/\*\*)")
_WITHHOLDING = frozenset(
    ["draft", "build", "headless", "expirydate", "unpublishdate", "publishdate", "pubdate"]
)
# The keys that are worth handing down: those that are read, and those that withhold.
_KEYS = _WITHHOLDING | {
    fold(name.partition(".")[0]) for names in vocabulary.COMMON.values() for name in names
}


def paths(folder: Path) -> Iterator[PurePosixPath]:
    """Yield the files of a content folder, below it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield PurePosixPath(path.relative_to(folder).as_posix())


def dated_sections(folder: Path) -> list[str]:
    """Return the top folders that contain pages with a date, those with most pages first."""
    counts = Counter(
        path.parts[0]
        for path in paths(folder)
        if len(path.parts) > 1
        and path.suffix in _ARTICLES
        and _stem(path) != "_index"
        and _DATE.search(literals.read_text(folder / path)[:_HEAD])
    )
    bundles = {path.parts[0] for path in paths(folder)
               if len(path.parts) == 2 and _stem(path) == "index"}  # fmt: skip
    return sorted(set(counts) - bundles, key=lambda name: (-counts[name], name))


def unread(folder: Path) -> list[str]:
    """Return sentences about the pages that are not read."""
    files = list(paths(folder))
    counts = Counter(path.suffix for path in files if path.suffix in _OTHER_FORMATS)
    found = [
        f"{counted(count, f'{suffix} file')} cannot be read; convert to Markdown"
        for suffix, count in sorted(counts.items())
    ]
    adapters = [str(path) for path in files if path.name.startswith("_content.")]
    if adapters:
        found.append(f"{adapters[0]} makes pages by a template; they are not read")
    return found


def _stem(path: PurePosixPath) -> str:
    return path.name.partition(".")[0]


def cascades(folder: Path, language: str, unclear: list[str]) -> dict[str, dict[str, Any]]:
    """Return what the pages of sections hand down, by folder; `*` is the top."""
    found: dict[str, dict[str, Any]] = {}
    for path in paths(folder):
        if _stem(path) != "_index" or path.suffix not in _ARTICLES:
            continue
        suffix = path.name.split(".")[1:-1]
        if suffix and suffix[-1].lower() != language:
            continue
        matter = front_matter(literals.read_text(folder / path))
        above = "" if str(path.parent) == "." else str(path.parent)
        for target, values in handed_down(matter.get("cascade"), above, unclear):
            found.setdefault(target, {}).update(values)
    return found


def front_matter(text: str) -> dict[str, Any]:
    """Return the front matter of a page, with its top keys in lower case; empty if it is wrong."""
    match = _FRONT_MATTER.match(text)
    try:
        if match is None:
            data = literals.parse_json(text) if text.lstrip().startswith("{") else {}
        elif match["fence"] == "+++":
            data = literals.parse_toml(match["text"])
        else:
            data = literals.parse_yaml(match["text"])
    except literals.UnreadableError:
        return {}
    return (
        {str(key).lower(): value for key, value in data.items()} if isinstance(data, dict) else {}
    )


def handed_down(
    cascade: Any, above: str, unclear: list[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the values of a cascade with the folders to which they apply; `*` is the top."""
    for item in cascade if isinstance(cascade, list) else [cascade]:
        if not isinstance(item, Mapping):
            continue
        names = {fold(str(name)): value for name, value in item.items()}
        target = names.get("target", names.get("_target"))
        params = names.get("params")
        values = {
            str(name): value
            for name, value in {**(params if isinstance(params, Mapping) else {}), **item}.items()
            if fold(str(name)) in _KEYS
        }
        if values:
            for folder in _targets(target, above, unclear):
                yield folder or "*", values


def _targets(target: Any, above: str, unclear: list[str]) -> Iterator[str]:
    """Yield the folders that the target of a cascade means."""
    items = target.items() if isinstance(target, Mapping) else ()
    matches = {str(name).lower(): str(value) for name, value in items}
    if "kind" in matches and "page" not in matches["kind"].lower():
        return
    if not (pattern := matches.get("path", "").strip()):
        yield above
        return
    for part in _alternatives(pattern):
        match = _FOLDER.fullmatch(part)
        if part.strip("/") == "**":
            yield ""
        elif match:
            yield match[1].lower()
        elif not _ANYWHERE.fullmatch(part):
            unclear.append(
                f"a cascade applies to {pattern}, which is no folder; "
                "write its values into articles.defaults, by folder"
            )


def _alternatives(pattern: str) -> list[str]:
    """Return the patterns of `{a,b}`; a pattern of another form is one."""
    inner = pattern[1:-1]
    if pattern.startswith("{") and pattern.endswith("}") and not set("{}") & set(inner):
        return [part.strip() for part in inner.split(",")]
    return [pattern]


def ignored(cascade: Any) -> Iterator[str]:
    """Yield patterns of the folders of any depth whose pages a cascade withholds."""
    for item in cascade if isinstance(cascade, list) else [cascade]:
        if not isinstance(item, Mapping):
            continue
        build = item.get("build")
        listing = build.get("list") if isinstance(build, Mapping) else None
        target = item.get("target")
        path = str(target.get("path")) if isinstance(target, Mapping) else ""
        match = _ANYWHERE.fullmatch(path)
        if match and (item.get("draft") is True or listing in ("never", "local")):
            yield f"{match[1]}/*"
            yield f"*/{match[1]}/*"
