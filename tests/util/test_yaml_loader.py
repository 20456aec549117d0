"""YAML is parsed within limits, and the line of every key can be found."""

from datetime import date

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from feeds.util import yaml_loader

TEXT = st.text(st.characters(exclude_categories=("C", "Z")), max_size=10)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


@given(PLAIN)
def test_output_of_pyyaml_is_parsed(data: object) -> None:
    assert yaml_loader.parse(yaml.safe_dump(data, allow_unicode=True)) == data


SCALARS = r"""
a b1 'q' "d\n" null ~ yes Off true 0 7 -3 +4 012 0o7 0x1F 0b101 1_000 1:30 190:20:30 1.5 00 08
-.5e3 6.8523015e+5 .inf -.INF .nan 123456789012345678901234567890 1e3 12e03 +.inf 0.0 1__0 0b2 ٣
2024-05-31 2024-05-31T09:00:00Z 2001-12-14t21:59:43.10-05:00 C# http://example.org/ a:b
<<: = !!str !!int !!set !!binary !x &x *x '' - ? : | > # % @
"""
SCALAR = st.sampled_from(SCALARS.split())
LINES = st.lists(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", "  ", "    "]),
        st.sampled_from(["", "- ", "a: ", "b: ", "<<: ", "? ", "1: ", "[", "{", "- - ", "c: &x "]),
        st.lists(SCALAR, max_size=3).map(" ".join)
        | st.lists(SCALAR, max_size=3).map(", ".join).map("[{}]".format)
        | st.lists(SCALAR, max_size=3).map(": 1, ".join).map("{{{}}}".format),
    ),
    max_size=5,
).map("\n".join)


def parse_with_pyyaml(text: str) -> object:
    """Parse with PyYAML alone, which raises an error for an invalid scalar."""
    return yaml.load(text, yaml.CSafeLoader)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(
    LINES | LINES.map(lambda text: f"a: {text}") | st.text(st.sampled_from("[]{}-?:,&*!1a .\n~<="))
)
def test_text_that_pyyaml_accepts_gives_the_same_data(text: str) -> None:
    try:
        data = parse_with_pyyaml(text)
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError):
        assume(False)
    # repr, because 1 equals True, and NaN does not equal itself
    assert repr(yaml_loader.parse(text)) == repr(data)


@given(st.text(st.sampled_from("[]{}-?:,&*! \n\t'\"#|>ab1.<%@`"), max_size=60))
def test_any_text_is_data_or_an_error_with_a_line(text: str) -> None:
    try:
        yaml_loader.parse(text)
    except yaml_loader.YAMLTextError as error:
        assert 1 <= error.line <= text.count("\n") + 1  # noqa: PT017 - any text may be fine
        assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: 2024-05-31", {"a": date(2024, 5, 31)}),
        ("a: 2024-02-30", {"a": "2024-02-30"}),
        ("a: 2024-05-31T25:00:00Z", {"a": "2024-05-31T25:00:00Z"}),
        ("a: !!int x", {"a": "x"}),
        ("a: !!int", {"a": ""}),
        ("a: !!float ''", {"a": ""}),
        ("a: !!bool x", {"a": "x"}),
        ("a: !!timestamp x", {"a": "x"}),
        (f"a: {'1' * 5000}", {"a": "1" * 5000}),
        ("a: yes", {"a": True}),
        ("a: C#", {"a": "C#"}),
        ("", None),
    ],
)
def test_invalid_scalars_stay_text(text: str, data: object) -> None:
    assert yaml_loader.parse(text) == data


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
def test_deep_nesting_is_rejected(text: str) -> None:
    with pytest.raises(yaml_loader.YAMLTextError, match="nests deeper than 50 levels"):
        yaml_loader.parse(text)


def test_brackets_in_quoted_text_are_not_nesting() -> None:
    assert yaml_loader.parse(f"a: '{'[' * 1000}'") == {"a": "[" * 1000}


@pytest.mark.parametrize("text", ["{" * 100_000, "[" * 100_000, "- " * 100_000, "&a [*a, *a]"])
def test_deep_or_recursive_text_does_not_crash(text: str) -> None:
    try:
        yaml_loader.parse(text)
    except yaml_loader.YAMLTextError as error:
        assert error.line == 1  # noqa: PT017 - the last one is fine
    assert yaml_loader.line_of("a: 1", ("a",)) == 1


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
def test_line_of_a_key(keys: tuple[str | int, ...], line: int) -> None:
    text = (
        "\ntitle: >\n  A: title\nimages:\n  - url: /a\n  - url: /b\n    width: 5\n"
        "flow: {a: 1,\n  b: 2}\n"
    )
    assert yaml_loader.line_of(text, keys) == line


def test_line_of_invalid_yaml_is_1() -> None:
    assert yaml_loader.line_of("a: [", ("a",)) == 1
