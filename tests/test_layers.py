"""Imports point one way, and modules stay small enough to read in one sitting."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = [*sorted(ROOT.glob("feeds/**/*.py")), ROOT / "server.py"]

# A module imports only from rows above its own. ARCHITECTURE.md says what each is for.
LAYERS = [
    {"errors", "text"},
    {"urls", "dates", "yamltext", "entry", "selection"},
    {"media", "site", "settings", "reading", "mending"},
    {"definitions", "fields", "body", "composed", "facts"},
    {"config"},
    {"attachments", "fragment"},
    {"attribution", "envelope"},
    {"article"},
    {"document", "catalogue"},
    {"documents", "folder", "opml"},
    {"work", "pages"},
    {"decisions"},
    {"ingest"},
    {"build"},
    {"export", "checking", "shelf", "watch"},
    {"output", "server"},
    {"cli"},
    {"__main__"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def unit(path: Path) -> str:
    """What a file is for the layers: its module, or the folder `catalogue`."""
    return "catalogue" if path.parent.name == "catalogue" else path.stem


def imported(path: Path) -> set[str]:
    """The units of this package that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if "feeds." in alias.name}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: write absolute imports"
            parts = (node.module or "").split(".")
            if parts[0] == "feeds":
                found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_imports_point_one_way(path: Path) -> None:
    me = unit(path)
    if path.name == "__init__.py":
        assert not imported(path)
        return
    assert me in RANK, f"give {me} its place in LAYERS and in ARCHITECTURE.md"
    for other in imported(path) - {me}:
        assert RANK[other] < RANK[me], f"{me} must not import {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_module_is_of_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 320


def test_architecture_names_every_module() -> None:
    said = (ROOT / "ARCHITECTURE.md").read_text()
    names = [path.relative_to(ROOT / "feeds" if path.parent != ROOT else ROOT) for path in FILES]
    assert [str(name) for name in names if f"| `{name}` |" not in said] == [
        "__init__.py",
        "catalogue/__init__.py",
    ]
