"""Imports point one way, and modules stay small enough to read in one sitting."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = [*sorted(ROOT.glob("feeds/**/*.py")), ROOT / "server.py"]

# The table of modules in ARCHITECTURE.md: each imports only from rows above its own.
ROWS = re.findall(r"^\| `(\S+\.py)` \|", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)


def row(path: Path) -> str:
    """What the table calls a file."""
    return path.relative_to(ROOT / "feeds" if path.parent != ROOT else ROOT).as_posix()


def imported(path: Path) -> set[str]:
    """The rows of what a file imports of this package, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: write absolute imports"
            names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    own = {name.removeprefix("feeds.") for name in names if name.startswith("feeds.")}
    return {f"{name.replace('.', '/')}.py" for name in own} & {row(each) for each in FILES}


def test_architecture_names_every_module_once() -> None:
    assert sorted(ROWS) == sorted(row(path) for path in FILES if path.name != "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=row)
def test_imports_point_one_way(path: Path) -> None:
    above = ROWS[: ROWS.index(row(path))] if row(path) in ROWS else []
    assert sorted(imported(path) - set(above)) == [], f"{path} imports from rows below its own"


@pytest.mark.parametrize("path", FILES, ids=row)
def test_a_module_is_of_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 330
