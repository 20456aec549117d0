"""YAML is read within bounds, and every key is found on its line."""

from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from feeds import yamltext

TEXT = st.text(st.characters(exclude_categories=("C", "Z")), max_size=10)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


@given(PLAIN)
def test_what_pyyaml_writes_is_read(data: object) -> None:
    assert yamltext.parse(yaml.safe_dump(data, allow_unicode=True)) == data


@given(st.text(st.sampled_from("[]{}-?:,&*! \n\t'\"#|>ab1.<%@`"), max_size=60))
def test_any_text_is_data_or_an_error_with_a_line(text: str) -> None:
    try:
        yamltext.parse(text)
    except yamltext.YAMLTextError as error:
        assert 1 <= error.line <= text.count("\n") + 1  # noqa: PT017 - any text may be fine
        assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: 2024-05-31", {"a": date(2024, 5, 31)}),
        ("a: 2024-02-30", {"a": "2024-02-30"}),
        ("a: 2024-05-31T25:00:00Z", {"a": "2024-05-31T25:00:00Z"}),
        ("a: !!int x", {"a": "x"}),
        (f"a: {'1' * 5000}", {"a": "1" * 5000}),
        ("a: yes", {"a": True}),
        ("a: C#", {"a": "C#"}),
        ("", None),
    ],
)
def test_values_that_do_not_exist_stay_text(text: str, data: object) -> None:
    assert yamltext.parse(text) == data


DEEP = {
    "brackets": "[" * 60 + "]" * 60,
    "braces": "{a: " * 60 + "}" * 60,
    "mixed": "[{a: " * 30 + "}]" * 30,
    "dashes": "- " * 60,
    "indents": "\n".join(" " * depth + "a:" for depth in range(110)),
    "indents and dashes": "\n".join(" " * (14 * n) + "- - - - - - -" for n in range(9)),
    "question marks": "? " * 60,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(yamltext.YAMLTextError, match="nests deeper than 50 levels"):
        yamltext.parse(text)


def test_brackets_in_text_are_not_nesting() -> None:
    assert yamltext.parse(f"a: '{'[' * 1000}'") == {"a": "[" * 1000}


@pytest.mark.parametrize("text", ["{" * 100_000, "[" * 100_000, "- " * 100_000, "&a [*a, *a]"])
def test_nothing_crashes_the_process(text: str) -> None:
    try:
        yamltext.parse(text)
    except yamltext.YAMLTextError as error:
        assert error.line == 1  # noqa: PT017 - the last one is fine
    assert yamltext.line_of("a: 1", ("a",)) == 1


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ((), 1),
        (("title",), 2),
        (("images",), 4),
        (("images", 1), 6),
        (("images", 1, "width"), 7),
        (("images", 1, "height"), 6),  # absent: its parent
        (("images", 9), 4),
        (("flow", "b"), 9),
        (("none",), 1),
        (("title", "below"), 2),
    ],
)
def test_a_key_is_found_on_its_line(keys: tuple[str | int, ...], line: int) -> None:
    text = (
        "\ntitle: >\n  A: title\nimages:\n  - url: /a\n  - url: /b\n    width: 5\n"
        "flow: {a: 1,\n  b: 2}\n"
    )
    assert yamltext.line_of(text, keys) == line


def test_text_that_is_not_yaml_has_line_1() -> None:
    assert yamltext.line_of("a: [", ("a",)) == 1
