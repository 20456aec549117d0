"""The sources of an Astro site: its configuration, collections, and modules. Nothing is run."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from feeds.init import literals
from feeds.init.javascript import Call, Script

CONFIGS = tuple(f"astro.config.{suffix}" for suffix in ("mjs", "ts", "js", "mts", "cjs"))
_CONTENT = tuple(
    f"src/{name}.{suffix}"
    for name in ("content.config", "content/config")
    for suffix in ("ts", "mts", "js", "mjs")
)
_IMPORT = re.compile(r"""\bimport\s+([^;"'`]*?)\s*from\s*["']([^"']+)["']""")
_SUFFIXES = ("", ".ts", ".js", ".mjs", ".mts", ".astro", "/index.ts", "/index.js")
_NAME = re.compile(r"\w+")
_URL = re.compile(r"""new URL\(\s*["'`]([^"'`]+)["'`]""")
_MAX_MODULES = 30


class Collection(NamedTuple):
    """A content collection: its folder from the root of the site, and its glob patterns.

    `is_legacy` if its folder is in `src/content` without a loader, `is_custom` if code may make
    its ids.
    """

    folder: str
    patterns: tuple[str, ...]
    is_legacy: bool = False
    is_custom: bool = False


class Sources:
    """The modules of a site, by the names that others import."""

    def __init__(self, root: Path) -> None:
        self.root = root
        config = literals.first_file(root, *CONFIGS)
        value = literals.read_script(config).default if config else {}
        self.config: Mapping[str, Any] = value if isinstance(value, dict) else {}
        self._aliases = _aliases(root)

    def text(self, name: str) -> str:
        """Return a text of the configuration; empty if it is absent or needs to be run."""
        value = self.config.get(name)
        return value if isinstance(value, str) else ""

    def module(self, path: Path, name: str) -> Path | None:
        """Return the file of an imported module of the site."""
        bases = [path.parent / name] if name.startswith(".") else []
        for alias, folder in self._aliases.items():
            if name.startswith(alias):
                bases.append(self.root / folder / name.removeprefix(alias))
        for base in bases:
            for suffix in _SUFFIXES:
                file = Path(f"{base}{suffix}")
                if file.is_file():
                    return file
        return None

    def imports(self, path: Path, text: str) -> Iterator[tuple[frozenset[str], Path]]:
        """Yield the names that a module imports, and the files from which it does."""
        for match in _IMPORT.finditer(text):
            if file := self.module(path, match[2]):
                yield frozenset(_NAME.findall(match[1])), file

    def with_imports(self, path: Path) -> str:
        """Return the text of a module and of those that it imports, from one to the next."""
        texts: dict[Path, str] = {}
        queue = [path.resolve()]
        while queue and len(texts) < _MAX_MODULES:
            file = queue.pop(0)
            if file in texts or file.suffix in (".json", ".css", ".svg", ".png", ".md"):
                continue
            texts[file] = literals.read_text(file)
            queue += [each.resolve() for _, each in self.imports(file, texts[file])]
        return "\n".join(texts.values())

    def constants(self, path: Path) -> dict[str, Any]:
        """Return the constants of a module, and those that it imports."""
        text = literals.read_text(path)
        found = Script(text, path).constants
        for names, file in self.imports(path, text):
            if file.suffix == ".json":
                found |= dict.fromkeys(names, literals.read_mapping(file, []))
                continue
            theirs = literals.read_script(file).constants
            found |= {name: theirs[name] for name in names if name in theirs}
        return found

    def collections(self) -> dict[str, Collection]:
        """Return the collections of Markdown files, by name."""
        path = literals.first_file(self.root, *_CONTENT)
        found: dict[str, Collection] = {}
        if path is not None:
            is_custom = "generateId" in literals.read_text(path)
            for name, value in _defined(literals.read_script(path)).items():
                if collection := self._collection(name, value):
                    found[name] = collection._replace(is_custom=is_custom)
        content = self.root / "src/content"
        for folder in sorted(content.iterdir()) if content.is_dir() else ():
            if folder.is_dir() and folder.name[0] not in "._":
                known = {each.folder for each in found.values()}
                name = f"src/content/{folder.name}"
                if name not in known:
                    found.setdefault(folder.name, Collection(name, (), is_legacy=True))
        return found

    def _collection(self, name: str, value: Any) -> Collection | None:
        options = value.arguments[0] if isinstance(value, Call) and value.arguments else value
        loader = options.get("loader") if isinstance(options, dict) else None
        if loader is None:
            return Collection(f"src/content/{name}", (), is_legacy=True)
        arguments = loader.arguments if isinstance(loader, Call) else ()
        settings = arguments[0] if arguments and isinstance(arguments[0], dict) else None
        if settings is None or "pattern" not in settings:
            return None
        base, pattern = settings.get("base", "."), settings["pattern"]
        patterns = pattern if isinstance(pattern, list) else [pattern]
        if not isinstance(base, str):
            return None
        folder = base.removeprefix("./").strip("/") or "."
        return Collection(folder, tuple(filter(_is_text, patterns)))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _defined(script: Script) -> dict[str, Any]:
    """Return the definitions of collections, by name."""
    value = script.constant("collections")
    if isinstance(value, dict) and value:
        return value
    return {
        name: value
        for name, value in script.constants.items()
        if isinstance(value, Call) and value.name == "defineCollection"
    }


def _aliases(root: Path) -> dict[str, str]:
    """Return the folders that modules name by an alias, those of tsconfig.json first."""
    found: dict[str, str] = {}
    options = literals.read_mapping(root / "tsconfig.json", []).get("compilerOptions")
    paths = options.get("paths") if isinstance(options, dict) else None
    base = str(options.get("baseUrl", ".")) if isinstance(options, dict) else "."
    for alias, targets in paths.items() if isinstance(paths, dict) else ():
        target = targets[0] if isinstance(targets, list) and targets else ""
        if alias.endswith("*") and isinstance(target, str) and target.endswith("*"):
            found[alias[:-1]] = f"{base}/{target[:-1]}"
    return {**found, "@/": "src/", "~/": "src/", "src/": "src/", **found}
