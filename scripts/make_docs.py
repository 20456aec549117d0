"""Fill the generated blocks of docs/: settings, commands, metrics, members of the access log.

    python scripts/make_docs.py            write the pages that are out of date
    python scripts/make_docs.py --check    exit 1 if a page is out of date, write nothing

A block begins with `<!-- generated: NAME -->` and ends with `<!-- end -->`, each on its own line.
"""

import ast
import inspect
import itertools
import re
import sys
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from feeds.cli import main as cli
from feeds.config import feed_settings, settings
from feeds.export.hosts import apache, caddy, cloudflare, github, netlify, nginx, registry, s3
from feeds.presets import registry as registry_of_presets
from feeds.presets import vocabulary
from feeds.serve.stats import access_log, metrics
from feeds.util.compression import SUFFIXES

ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(
    r"(?P<open><!-- generated: (?P<name>[^>]+?) -->\n)(?P<old>.*?)(?P<end><!-- end -->)", re.S
)

# The struct that each block describes, and the prefix of its keys.
SETTINGS: Mapping[str, tuple[type[msgspec.Struct], str]] = {
    "site.yaml": (settings.SiteSettings, ""),
    "author": (settings.Author, "author."),
    "articles": (settings.ArticleSettings, "articles."),
    "articles.defaults": (settings.Defaults, ""),
    "guard": (settings.GuardSettings, "guard."),
    "http": (settings.HTTPSettings, "http."),
    "moved": (feed_settings.MoveSettings, ""),
    "pages": (settings.PageSettings, "pages."),
    "export": (settings.ExportSettings, "export."),
    "upload": (settings.UploadSettings, "upload."),
    "purge": (settings.PurgeSettings, ""),
    "feeds.yaml": (feed_settings.FeedFile, ""),
    "feeds": (feed_settings.FeedSettings, ""),
    "defaults": (feed_settings.FeedDefaults, "defaults."),
    "topics": (feed_settings.Topic, ""),
    "providers": (feed_settings.Provider, ""),
    "images": (feed_settings.Picture, ""),
}


_LIKE_SERVER = "as the server"
# What each static host supports: configuration, media types, Cache-Control, Link header,
# redirects, status 410.
HOST_FEATURES: Mapping[str, Sequence[str]] = {
    "plain": ("nothing", "by its own list", "its own", "in the feeds only", "none", "none"),
    "nginx": (f"`{nginx.NAME}`, to include", *[_LIKE_SERVER] * 5),
    "caddy": (f"`{caddy.NAME}`, to import", *[_LIKE_SERVER] * 5),
    "apache": (f"`{apache.NAME}`", *[_LIKE_SERVER] * 5),
    "netlify": (
        f"`{netlify.HEADERS}`, `{netlify.REDIRECTS}`",
        _LIKE_SERVER,
        _LIKE_SERVER,
        "in the feeds only",
        "301 and 302",
        _LIKE_SERVER,
    ),
    "cloudflare-pages": (
        f"`{cloudflare.HEADERS}`, `{cloudflare.REDIRECTS}`",
        _LIKE_SERVER,
        f"as the server, in {cloudflare.MOST_RULES} rules",
        _LIKE_SERVER,
        f"{cloudflare.MOST_STATIC:,}, and {cloudflare.MOST_DYNAMIC} patterns",
        "404",
    ),
    "github-pages": (
        f"`{github.NOJEKYLL}`",
        "by its own list",
        "10 minutes",
        "in the feeds only",
        "a copy of the feed, if the old path ends in its format",
        "404",
    ),
    "s3": (
        f"`{s3.NAME}`, a CloudFront Function",
        "set with the upload",
        "set with the upload",
        "in the feeds only",
        f"in {s3.MOST_BYTES:,} bytes of the function",
        "as redirects",
    ),
}


class DocsError(Exception):
    """A block cannot be filled."""


def documents(root: Path = ROOT) -> Iterator[tuple[Path, str, str]]:
    """Yield the path, the current text and the up-to-date text of each page of docs/."""
    blocks = {name: settings_table(*described) for name, described in SETTINGS.items()}
    blocks["commands"] = commands()
    blocks["metrics"] = metrics_table()
    blocks["access log"] = members_table(access_log.Line)
    blocks["hosts"] = hosts()
    blocks["common names"] = common_names()
    blocks["presets"] = presets_table()
    used: set[str] = set()
    for path in sorted((root / "docs").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        yield path, text, filled(text, blocks, used)
    if missing := set(blocks) - used:
        raise DocsError(f"no file of docs/ has the block {sorted(missing)[0]}")


# The key of our vocabulary for each meaning of `articles.fields`; others have none.
_KEYS = {
    "title": "title", "published": "publishedDateTime", "created": "publishedDateTime",
    "updated": "updatedDateTime", "summary": "excerpt", "topics": "topics", "authors": "authors",
    "image": "images", "language": "language", "canonical": "originalUrl", "audio": "audio",
}  # fmt: skip


def common_names() -> str:
    """Return a table of the names that other tools have for keys of ours."""
    rows = []
    for meaning, names in vocabulary.COMMON.items():
        own = _KEYS.get(meaning)
        others = [f"`{name}`" for name in names if name != own]
        if own:
            note = ", if the file name has no date" if meaning == "created" else ""
            rows.append(f"| `{own}` | {', '.join(others)}{note} |")
    return "".join(f"{row}\n" for row in rows)


def presets_table() -> str:
    """Return a table of the presets, with the extensions of their articles."""
    presets = [registry_of_presets.preset_class(name) for name in registry_of_presets.NAMES]
    return "".join(
        f"| `{preset.name}` | {preset.title}: {', '.join(f'`{e}`' for e in preset.extensions)} |\n"
        for preset in presets
    )


def filled(text: str, blocks: Mapping[str, str], used: set[str]) -> str:
    """Return the text with filled blocks, and add their names to `used`."""

    def fill(block: re.Match[str]) -> str:
        name = block["name"]
        if name not in blocks:
            raise DocsError(f"there is no block {name}; there are {', '.join(blocks)}")
        used.add(name)
        return block["open"] + blocks[name] + block["end"]

    return _BLOCK.sub(fill, text)


def settings_table(struct: type[msgspec.Struct], prefix: str) -> str:
    """One row for each key of a struct: key, type, default, description."""
    descriptions = _descriptions(struct)
    rows = [("key", "value", "default", "description")]
    for field in msgspec.structs.fields(struct):
        if field.name not in descriptions:
            raise DocsError(f"{struct.__name__}.{field.name} has no description below it")
        key = f"`{prefix}{field.encode_name}`"
        rows.append((key, _kind(field.type), _default(field), descriptions[field.name]))
    return _table(rows)


def members_table(struct: type[msgspec.Struct]) -> str:
    """One row for each member of a struct that is written as JSON: name and description."""
    rows = [(f"`{name}`", text) for name, text in _descriptions(struct).items()]
    return _table([("member", "description"), *rows])


def metrics_table() -> str:
    """One row for each metric: name, kind, labels, description."""
    rows = [("metric", "kind", "labels", "description")]
    rows += [
        (f"`{spec.name}`", spec.kind, " ".join(f"`{label}`" for label in spec.labels), spec.help)
        for spec in metrics.METRICS
    ]
    return _table(rows)


def _descriptions(struct: type) -> dict[str, str]:
    """Return the docstrings below the fields of a class, by field name."""
    body = typing.cast(ast.ClassDef, ast.parse(inspect.getsource(struct)).body[0]).body
    texts = {}
    for field, below in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
            name, text = field.target, below.value
            if isinstance(name, ast.Name) and isinstance(text, ast.Constant):
                texts[name.id] = " ".join(str(text.value).split())
    return texts


def _kind(type_: Any) -> str:
    """Return the name of a type in terms of YAML."""
    origin, of = typing.get_origin(type_), typing.get_args(type_)
    if origin is typing.Annotated:
        return _kind(of[0]) + "".join(_bounds(meta) for meta in of[1:])
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in of)
    if origin in (types.UnionType, typing.Union):
        if set(of) - {type(None)} == {int, str}:
            return "duration"
        return " or ".join(_kind(part) for part in of if part is not type(None))
    if origin is tuple:
        if typing.get_origin(of[0]) is typing.Literal:
            return f"list of {_kind(of[0])}"
        return "list of mappings" if _is_struct(of[0]) else f"list of {_kind(of[0])}s"
    simple = {str: "text", int: "whole number", bool: "true or false"}
    return simple.get(type_, "mapping")


def _is_struct(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, msgspec.Struct)


def _bounds(meta: Any) -> str:
    """Return the range of numbers that a `msgspec.Meta` allows, in words."""
    if meta.le is not None:
        return f" from {meta.ge if meta.ge is not None else meta.gt + 1} to {meta.le}"
    return " above 0" if meta.gt == 0 else ""


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "**required**"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory
    if isinstance(value, tuple):
        return " ".join(f"`{item}`" for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"`{value}`" if isinstance(value, str | int) and value != "" else ""


def hosts() -> str:
    """One row for each static host: the features that it supports."""
    rows: list[tuple[str, ...]] = [
        (
            "`--for`", "", "configuration", "media types", "Cache-Control", "Link header",
            "redirects", "410", "precompressed",
        )
    ]  # fmt: skip
    for host in registry.HOSTS.values():
        encodings = "".join(f"`{SUFFIXES[coding]}` " for coding in host.default_codings)
        optional = [
            SUFFIXES[coding]
            for coding in host.supported_codings
            if coding not in host.default_codings
        ]
        encodings += "".join(f"(`{suffix}` optional)" for suffix in optional)
        if host.name not in HOST_FEATURES:
            raise DocsError(f"HOST_FEATURES has no {host.name}")
        features = HOST_FEATURES[host.name]
        rows.append((f"`{host.name}`", host.title, *features, encodings or "no"))
    return _table(rows)


def commands() -> str:
    """A section for each command: usage, help text and options."""
    return "\n".join(_command(name, command) for name, command in _all_commands(cli.main))


def _all_commands(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield the commands of a group with their names, those of its groups included."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _all_commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _command(name: str, command: click.Command) -> str:
    arguments = [
        str(parameter.metavar)
        for parameter in command.params
        if isinstance(parameter, click.Argument)
    ]
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    rows = [("option", "value", "default", "description")]
    rows += [
        (f"`{option.opts[0]}`", _option_kind(option), _option_default(option), option.help or "")
        for option in options
    ]
    usage = " ".join(["feeds", name, *arguments])
    return f"## `{usage}`\n{inspect.cleandoc(command.help or '')}\n\n{_table(rows)}"


def _option_kind(option: click.Option) -> str:
    if option.is_flag:
        return ""
    kind = option.type
    if isinstance(kind, click.IntRange):
        return f"whole number from {kind.min} to {kind.max}"
    if isinstance(kind, click.Choice):
        return " or ".join(f"`{choice}`" for choice in kind.choices)
    names = {click.Path: "path", click.types.IntParamType: "whole number"}
    return names.get(type(kind), "text")


def _option_default(option: click.Option) -> str:
    value = option.default
    if option.is_flag or not isinstance(value, str | int | Path) or value == "":
        return ""
    return f"`{value}`" + (f", or `${option.envvar}`" if option.envvar else "")


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(re.sub(" +", " ", line) for line in lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Update the pages that are out of date, or list them (`--check`); return the exit status."""
    try:
        stale = [(path, wanted) for path, text, wanted in documents() if text != wanted]
    except DocsError as error:
        click.echo(f"make_docs: {error}", err=True)
        return 2
    for path, wanted in stale:
        if "--check" in arguments:
            click.echo(f"{path.relative_to(ROOT)} is out of date; run python scripts/make_docs.py")
        else:
            path.write_text(wanted, encoding="utf-8")
            click.echo(f"{path.relative_to(ROOT)} written")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
