"""The rules on docs/contributing/conformance.md and the tests that are marked with them agree."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent.parent
PAGE = TESTS.parent / "docs/contributing/conformance.md"

_ROW = re.compile(r"^\| ([A-Z]\d+) \| (\S+) \| (.+) \| (.+) \|$", re.MULTILINE)
_LEVELS = {"required", "recommended", "practice"}


def rows() -> list[tuple[str, str, str, str]]:
    """Code, level, rule and source of each rule of the page."""
    return _ROW.findall(PAGE.read_text(encoding="utf-8"))


def trees() -> Iterator[ast.Module]:
    for file in TESTS.rglob("test_*.py"):
        yield ast.parse(file.read_text(encoding="utf-8"))


def marked() -> set[str]:
    """The codes in `@pytest.mark.rule(...)` and in `pytestmark`."""
    return {
        str(argument.value)
        for tree in trees()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.rule"
        for argument in call.args
        if isinstance(argument, ast.Constant)
    }


def test_each_rule_is_once_on_the_page_and_has_a_level_and_a_source() -> None:
    codes = [code for code, *_ in rows()]
    assert len(codes) > 150
    assert sorted(codes) == sorted(set(codes))
    assert {level for _, level, _, _ in rows()} <= _LEVELS


def test_every_marked_rule_is_on_the_page() -> None:
    assert marked() - {code for code, *_ in rows()} == set()


def test_every_rule_has_a_test() -> None:
    assert {code for code, *_ in rows()} - marked() == set()


def test_every_row_of_a_table_can_be_read() -> None:
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("|") and not line.startswith(("| code |", "|---")):
            assert _ROW.fullmatch(line), line
