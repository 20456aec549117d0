"""Packages import one way, use only public modules of each other, and have short modules."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in sorted((ROOT / "feeds").rglob("*.py"))
    if path.name != "__init__.py"
}
PACKAGES = sorted((ROOT / "feeds").rglob("__init__.py"))


class Row(NamedTuple):
    """A row of the table: the public modules (None: all) and the packages it may import."""

    public: frozenset[str] | None
    imports: frozenset[str]


def table_rows() -> dict[str, Row]:
    """The table of packages in ARCHITECTURE.md, in its order."""
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \| ([^|]*) \|$",
        (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    return {
        name: Row(
            None if public.strip() == "all" else frozenset(re.findall(r"`([\w.]+)`", public)),
            frozenset(re.findall(r"`(\w+)`", imports)),
        )
        for name, public, imports in rows
    }


ROWS = table_rows()


def package_of(module: str) -> str:
    """The package of a module: `feeds.build.ingest` is in `build`."""
    return module.split(".")[1]


def imported(module: str) -> Iterator[tuple[str, str]]:
    """Every module of the package that a module imports, wherever in it, with the name taken."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            assert not any(name.startswith("feeds") for name in names), f"{module}: import from it"
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: write absolute imports"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                target = whole if whole in MODULES else str(node.module)
                if target in MODULES:
                    yield target, alias.name


def test_the_table_names_every_package_and_its_public_modules() -> None:
    assert list(ROWS) == [
        "util", "model", "presets", "config", "articles", "catalogue", "render", "compare",
        "build", "old_feeds", "adopt", "diff", "init", "memory", "websub", "export",
        "publish", "serve", "cli",
    ]  # fmt: skip
    # Git leaves a folder with __pycache__ behind when its modules are moved.
    folders = {path.parent for path in (*PACKAGES, *MODULES.values())}
    assert {folder.relative_to(ROOT / "feeds").parts[:1] for folder in folders} == {
        (), *((name,) for name in ROWS)
    }  # fmt: skip
    for name, row in ROWS.items():
        for public in row.public or ():
            assert f"feeds.{name}.{public}" in MODULES, f"{name} has no module {public}"


def test_packages_are_listed_below_the_packages_that_they_import() -> None:
    order = list(ROWS)
    for name, row in ROWS.items():
        assert row.imports <= set(order[: order.index(name)]), name


@pytest.mark.parametrize("module", MODULES)
def test_modules_import_only_what_their_package_may(module: str) -> None:
    for target, name in imported(module):
        if package_of(target) in (package_of(module), "errors") or package_of(module) == "__main__":
            continue
        assert package_of(target) in ROWS[package_of(module)].imports, f"{module} imports {target}"
        public = ROWS[package_of(target)].public
        inner = target.split(".", 2)[2]
        assert public is None or inner in public, f"{module} imports {target}, which is private"
        assert not name.startswith("_"), f"{module} imports {name}, which is private"


def test_there_is_no_import_cycle() -> None:
    graph = {module: {target for target, _ in imported(module)} for module in MODULES}
    list(TopologicalSorter(graph).static_order())  # raises CycleError


@pytest.mark.parametrize("name", ROWS)
def test_public_modules_are_imported_from_other_packages(name: str) -> None:
    elsewhere = {
        target for module in MODULES if package_of(module) != name for target, _ in imported(module)
    }
    scripts = [*ROOT.glob("scripts/*.py"), ROOT / "server.py", ROOT / "pyproject.toml"]
    text = "".join(path.read_text(encoding="utf-8") for path in scripts)
    for public in ROWS[name].public or ():
        whole = f"feeds.{name}.{public}"
        assert whole in elsewhere or whole in text, f"nothing outside {name} imports {public}"


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: path.parent.name)
def test_package_inits_contain_only_a_docstring(path: Path) -> None:
    # Imports are most of the time of a short command; re-exports would load what it does not need.
    (docstring,) = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr)


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_short(module: str) -> None:
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= 320
