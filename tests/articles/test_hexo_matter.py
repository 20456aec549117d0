"""Front matter in the forms that only Hexo knows."""

import pytest

from feeds.articles import frontmatter
from feeds.articles.frontmatter import ParsedFile
from feeds.errors import ArticleError
from feeds.presets.reading import Format

FORMATS: tuple[Format, ...] = ("yaml", "json", "hexo", "none")


def split(content: str) -> ParsedFile:
    return frontmatter.split("a.md", content.encode(), FORMATS)


@pytest.mark.parametrize(
    ("content", "line", "body_line"),
    [
        ("title: A\ndate: x\n---\nText.\n", 2, 4),
        ("---\ntitle: A\ndate: x\n---\nText.\n", 3, 5),
        ('"title": "A",\n"date": "x"\n;;;\nText.\n', 2, 4),
        (';;;\n"title": "A",\n"date": "x"\n;;;\nText.\n', 3, 5),
    ],
    ids=["yaml", "fenced yaml", "json", "fenced json"],
)
def test_line_before_front_matter_is_optional(content: str, line: int, body_line: int) -> None:
    file = split(content)
    assert (file.data, file.body) == ({"title": "A", "date": "x"}, "Text.")
    assert (file.line("date"), file.body_line) == (line, body_line)


@pytest.mark.parametrize("fence", ["", "---\n"])
def test_tabs_indent_by_two_spaces(fence: str) -> None:
    file = split(f"{fence}tags:\n\t- a\n\t- b\n---\nA\tb\n")
    assert (file.data, file.body) == ({"tags": ["a", "b"]}, "A\tb")


@pytest.mark.parametrize("content", ["Title\n---\nText.", "Text.\n\nMore text.", "# H\n\n---\n"])
def test_text_before_a_rule_is_no_front_matter(content: str) -> None:
    file = split(content)
    assert (file.data, file.body) == ({}, content.strip())


@pytest.mark.parametrize(
    ("content", "line"), [("a: 1\nb: [\n---\nText.", 2), (';;;\n"a": 1\n"b"\n;;;\nText.', 3)]
)
def test_mistake_has_its_line(content: str, line: int) -> None:
    with pytest.raises(ArticleError) as caught:
        split(content)
    assert f"a.md:{line}" in str(caught.value)


def test_other_presets_do_not_read_these_forms() -> None:
    assert frontmatter.split("a.md", b"title: A\n---\nText.", ("yaml", "none")).data == {}
