"""The hash of an author's text covers every name that is read, and nothing else."""

import ast
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from feeds import presets
from feeds.presets import registry
from feeds.presets.source_hash import SourceHash
from tests.support.site import make_site

HASH = SourceHash(
    ("title", "cover", "extra.image"), ("date", "date.created"), ("updated",), has_templates=False
)
TEMPLATES = SourceHash(("title",), (), ("updated",), has_templates=True)
# Names that presets look up to withhold an article, or to remove the value from it.
NOT_SHOWN = {
    "layout", "listing", "pagination", "status", "build.list", "last_update", "taxonomies.authors",
    "taxonomies.author", "lastmod", "modified",
}  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"title": "a", "layout": "x"}, {"title": "a"}),
        ({"title": "a", "cover": None}, {"title": "a", "cover": ""}),
        ({"title": "a b\n", "cover": "c"}, {"Cover": "c", "title": "a b"}),
        ({"updated": date(2024, 1, 1)}, {}),
        ({"date": {"created": 1, "updated": 2}}, {"date": {"created": 1, "updated": 3}}),
        ({"extra": {"image": "a", "toc": True}}, {"extra": {"image": "a"}}),
        ({"date": True}, {}),
        ({2024: "a", False: "b"}, {}),
    ],
)
def test_details_that_are_not_read_do_not_count(one: dict[Any, Any], other: dict[Any, Any]) -> None:
    assert HASH.of(one, "Text.") == HASH.of(other, "Text.")


@pytest.mark.parametrize(
    "changed",
    [
        {"title": "b"},
        {"title": "\ud800"},
        {"title": {date(2024, 1, 1): "a"}},
        {"title": "a", "cover": {"src": "a.png"}},
        {"title": "a", "extra": {"image": "a"}},
        {"title": "a", "date": "2024-01-01"},
        {"title": "a", "date": {"created": "2024-01-01"}},
    ],
)
def test_values_that_are_read_count(changed: dict[str, Any]) -> None:
    assert HASH.of(changed, "Text.") != HASH.of({"title": "a"}, "Text.")


def test_white_space_of_the_body_does_not_count() -> None:
    assert HASH.of({}, "One.\n\nTwo.") == HASH.of({}, "One. \r\n\r\nTwo.\n")
    assert HASH.of({}, "One.") != HASH.of({}, "Two.")


def test_keys_that_a_template_names_count() -> None:
    body = "{{ page.rating }} {{ page.updated }}"
    assert TEMPLATES.of({"rating": 1}, body) != TEMPLATES.of({"rating": 2}, body)
    assert TEMPLATES.of({"rating": 1}, "rating") == TEMPLATES.of({"rating": 2}, "rating")
    assert TEMPLATES.of({"updated": 1}, body) == TEMPLATES.of({"updated": 2}, body)
    assert HASH.of({"rating": 1}, body) == HASH.of({"rating": 2}, body)


def test_deeply_nested_value_is_not_hashed() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    assert HASH.of({"title": nested}, "Text.") != HASH.of({"title": nested}, "Other.")


def test_other_names_give_another_version() -> None:
    articles: list[dict[str, Any]] = [
        {"preset": "plain"},
        {"preset": "hugo"},
        {"preset": "hugo", "fields": {"id": "key"}},
    ]
    sites = [make_site(articles=settings) for settings in articles]
    assert len({site.preset.source_hash.version for site in sites}) == 3


@pytest.mark.parametrize("name", registry.NAMES)
def test_names_that_a_preset_looks_up_are_hashed(name: registry.PresetName) -> None:
    source_hash = make_site(articles={"preset": name}).preset.source_hash
    module = registry.preset_class(name).__module__.rpartition(".")[2]
    for read in looked_up(Path(presets.__path__[0]) / f"{module}.py") - NOT_SHOWN:
        outer, _, inner = read.partition(".")
        data = {outer: {inner: "a"} if inner else "a"}
        assert source_hash.of(data, "") != source_hash.of({}, ""), read


def looked_up(file: Path) -> set[str]:
    """Return the names that a module looks up in front matter, by literals in its source."""
    literals: list[ast.expr] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and re.search(r"matter\.(get|all)$", ast.unparse(node.func)):
            for argument in node.args:
                literals += argument.elts if isinstance(argument, ast.Tuple) else [argument]
    values = {literal.value for literal in literals if isinstance(literal, ast.Constant)}
    return {value for value in values if isinstance(value, str)}
