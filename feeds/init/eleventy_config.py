"""Eleventy's configuration: its scripts are read as text, for their literals. Nothing is run."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from feeds.init import literals
from feeds.init.javascript import Script
from feeds.presets.eleventy_permalinks import date_format

NAMES = (
    "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs", "eleventy.config.ts",
    "eleventy.config.mts", ".eleventy.js",
)  # fmt: skip
_IMPORT = re.compile(r"""(?:\bfrom\s*|\brequire\(\s*|\bimport\(?\s*)["'](\.{1,2}/[^"']+)["']""")
_COLLECTION = re.compile(r"""\baddCollection\(\s*["'`]([\w -]+)["'`]\s*,\s*""")
_DATE_FILTER = re.compile(r"""\badd(?:Nunjucks|Liquid|Async)?Filter\(\s*["'`](\w+)["'`]\s*,""")
_REQUIRED = re.compile(r"""(?:await\s+)?require\(\s*["'](\.[^"']+)["']\s*\)""")
_STRING = re.compile(r"""["'`]([^"'`\n]+)["'`]""")
_BRACES = re.compile(r"\{([^{}]*)\}")
_MEMBERS = re.compile(r"""\bgetFilteredBy(Glob|Tag)s?\(\s*(\[[^\]]*\]|[^()]*?)\s*,?\s*\)""")
_CALL = re.compile(r"(?<![.\w])([A-Za-z_]\w*)\(")
_NEXT = re.compile(r"\badd(?:Collection|\w*Filter|Plugin|\w*Shortcode)\(")
_MAX_SCRIPTS = 60
_MAX_LENGTH = 4_000  # characters of a function
_DEPTH = 3


class Collection(NamedTuple):
    """A collection that code defines, by globs from the root of the site, or by tags.

    `is_by_language` if it has the articles of one language.
    """

    globs: tuple[str, ...]
    tags: tuple[str, ...]
    is_by_language: bool


class Config:
    """The configuration of a site, with the local scripts that it imports."""

    def __init__(self, root: Path) -> None:
        self.root = root
        first = next((root / name for name in NAMES if (root / name).is_file()), None)
        self.texts: dict[Path, str] = {}
        if first is not None:
            self._load(first, 0)
        self.scripts = [Script(text, path) for path, text in self.texts.items()]

    def _load(self, path: Path, depth: int) -> None:
        if path in self.texts or len(self.texts) >= _MAX_SCRIPTS:
            return
        text = literals.read_text(path)
        self.texts[path] = text
        for match in _IMPORT.finditer(text) if depth < _DEPTH else ():
            if (imported := _module(path, match[1])) and imported.suffix != ".json":
                self._load(imported, depth + 1)

    def setting(self, name: str, setter: str = "") -> Any:
        """Return the value of a property of the configuration, or of a call that sets it."""
        for script in self.scripts:
            values = [arguments[0] for arguments in script.calls(setter) if arguments]
            values += script.properties(name)
            for value in values:
                if isinstance(value, str | bool | dict):
                    return value
        return None

    def folder(self, name: str) -> str:
        """Return a folder of `dir`, without `./` and a slash at the end; empty if not set."""
        set_ = self.setting("dir")
        value = self.setting("", f"set{name.capitalize()}Directory")
        if not isinstance(value, str) and isinstance(set_, Mapping):
            value = set_.get(name)
        return value.removeprefix("./").strip("/") if isinstance(value, str) else ""

    def has(self, name: str) -> bool:
        """Return whether a property is true anywhere."""
        return any(True in script.properties(name) for script in self.scripts)

    def feed_plugins(self) -> list[dict[str, Any]]:
        """Return the options of each feed of @11ty/eleventy-plugin-rss."""
        return [
            options
            for script in self.scripts
            for _, options, *_ in (call for call in script.calls("addPlugin") if len(call) > 1)
            if isinstance(options, dict) and isinstance(options.get("collection"), dict)
        ]

    def static(self) -> str:
        """Return the folder that is copied to the root of the site; empty if there is none."""
        for script in self.scripts:
            for first, *_ in filter(None, script.calls("addPassthroughCopy")):
                for source, target in first.items() if isinstance(first, dict) else ():
                    if target in ("/", ".", "./", "") and "*" not in source:
                        return str(source).removeprefix("./").strip("/")
        return ""

    def collections(self) -> dict[str, Collection]:
        """Return the collections that code defines, by name."""
        found: dict[str, Collection] = {}
        for path, text in self.texts.items():
            for match in _COLLECTION.finditer(text):
                body = self._function(path, text, match.end())
                found.setdefault(match[1], _collection(_with_helpers(body, text), text, path))
        return found

    def date_filters(self) -> dict[str, str]:
        """Return the formats of strftime of those filters that format dates."""
        found: dict[str, str] = {}
        for path, text in self.texts.items():
            for match in _DATE_FILTER.finditer(text):
                body = self._function(path, text, match.end())
                layouts = [date_format(string) for string in _STRING.findall(body)]
                if layout := next(filter(None, layouts), None):
                    found.setdefault(match[1], layout)
        return found

    def global_data(self) -> dict[str, Any]:
        """Return the data that `addGlobalData` sets to a literal."""
        return {
            call[0]: call[1]
            for script in self.scripts
            for call in script.calls("addGlobalData")
            if len(call) > 1 and isinstance(call[0], str) and isinstance(call[1], str | bool | list)
        }

    def _function(self, path: Path, text: str, at: int) -> str:
        """Return the source of a function: that at `at`, or of the module that stands there."""
        if (required := _REQUIRED.match(text, at)) and (file := _module(path, required[1])):
            return literals.read_text(file)
        if name := re.compile(r"(\w+)\s*\)").match(text, at):
            if named := re.search(rf"(?:function\s+|const\s+){name[1]}\b", text):
                at = named.end()
            elif imported := re.search(
                rf"""\b{name[1]}\b[^;\n]*?(?:from|require\()\s*["'](\.[^"']+)["']""", text
            ):
                file = _module(path, imported[1])
                return literals.read_text(file) if file else ""
        end = _NEXT.search(text, at)
        return text[at : min(end.start() if end else len(text), at + _MAX_LENGTH)]


def with_imports(path: Path) -> str:
    """Return the text of a script, and of the local ones that it imports."""
    text = literals.read_text(path)
    files = [_module(path, name) for name in _IMPORT.findall(text)]
    return "\n".join([text, *(literals.read_text(file) for file in files if file)])


def _module(path: Path, name: str) -> Path | None:
    """Return the file of a relative module."""
    base = path.parent / name
    for candidate in (base, *(Path(f"{base}{suffix}") for suffix in (".js", ".cjs", ".mjs", ".ts")),
                      base / "index.js"):  # fmt: skip
        if candidate.is_file():
            return candidate.resolve()
    return None


def _with_helpers(body: str, text: str) -> str:
    """Return a function with those functions of its file that it calls."""
    names = dict.fromkeys(_CALL.findall(body))
    patterns = (rf"(?:function\s+{name}\b|const\s+{name}\s*=)" for name in names)
    starts = [match.end() for pattern in patterns if (match := re.search(pattern, text))]
    return "\n".join([body, *(text[at : at + _MAX_LENGTH // 4] for at in starts)])


def _collection(body: str, text: str, path: Path) -> Collection:
    constants = Script(text, path).constants
    globs: list[str] = []
    tags: list[str] = []
    for method, argument in _MEMBERS.findall(body):
        value = constants.get(argument) if argument.isidentifier() else None
        if value is None:
            value = Script(argument, path).expression()
        values = value if isinstance(value, list) else [value]
        (globs if method == "Glob" else tags).extend(v for v in values if isinstance(v, str))
    is_by_language = re.search(r"\.data\.(?:lang|language|locale)\b", body) is not None
    expanded = tuple(part for glob in globs for part in _expanded(glob))
    return Collection(expanded, tuple(dict.fromkeys(tags)), is_by_language)


def _expanded(glob: str) -> Iterator[str]:
    """Yield the globs for which a glob with `{a,b}` stands, without `./` in front."""
    braces = _BRACES.search(glob)
    if braces is None:
        yield glob.removeprefix("./").lstrip("/")
        return
    for choice in braces[1].split(","):
        yield from _expanded(glob[: braces.start()] + choice + glob[braces.end() :])
