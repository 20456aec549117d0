"""Articles of reStructuredText, as Pelican and Nikola read them."""

import os
from pathlib import Path

import pytest
from docutils.core import Publisher

from feeds.articles import frontmatter, restructured_text
from feeds.errors import ArticleError, Notice

FIELDS = """\
My *first* post
###############

:date: 2024-03-05 10:30
:tags: one, two
:authors: Jane Doe, John Doe
:Status: draft
:summary: A *short*
   text

"""


def html(body: str) -> str:
    """The body of a document as HTML."""
    return restructured_text.read(FIELDS + body).html


def notices(body: str) -> list[str]:
    return [notice.subject for notice in restructured_text.read(FIELDS + body).notices]


def test_title_and_fields_are_the_front_matter() -> None:
    document = restructured_text.read(FIELDS + "Text")
    assert document.data == {
        "title": "My first post",
        "date": "2024-03-05 10:30",
        "tags": "one, two",
        "authors": ["Jane Doe", "John Doe"],
        "status": "draft",
        "summary": "A short\ntext",
    }
    assert document.html == "<p>Text</p>\n"


def test_header_lines_of_nikola_are_the_front_matter() -> None:
    file = frontmatter.split(
        "a.rst", b".. title: A: b\n.. date: 2024-03-05\n\nOne\n===\n\nText\n", ("headers", "rst")
    )
    assert file.data == {"title": "A: b", "date": "2024-03-05"}
    assert file.body == '<h2 id="one">One</h2>\n<p>Text</p>'
    assert (file.line("date"), file.body_line) == (2, 3)


def test_field_that_occurs_twice_is_reported() -> None:
    text = "Title\n=====\n\n:status: draft\n:status: published\n\nText"
    assert restructured_text.read(text).repeated == ("status",)


def test_code_has_its_language_and_no_highlighting() -> None:
    code = '<pre><code class="language-python">x = 1 &lt; 2</code></pre>\n'
    for name in ("code", "code-block", "sourcecode"):
        assert html(f".. {name}:: python\n   :linenos: table\n\n   x = 1 < 2\n") == code
    assert html("Text::\n\n  a\n") == "<p>Text:</p>\n<pre><code>a</code></pre>\n"


def test_note_is_a_quotation_with_a_title() -> None:
    expected = "<blockquote>\n<p><strong>Warning</strong></p>\n<p>Text</p>\n</blockquote>\n"
    assert html(".. warning:: Text") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (".. youtube:: abcdefghijk\n   :width: 100\n", "https://www.youtube.com/watch?v=abcdefghijk"),
        (".. gist:: 12345\n", "https://gist.github.com/12345"),
        (".. image:: {static}/a.png\n   :lightbox: x\n", '<img src="{static}/a.png"'),
        (".. figure:: |filename|/a.png\n   :album: x\n\n   Text\n", '<img src="|filename|/a.png"'),
        ("`Text <{filename}b.rst>`_", 'href="{filename}b.rst"'),
        (":abbr:`CSS (Cascading)`", '<abbr title="Cascading">CSS</abbr>'),
        (":kbd:`Ctrl`", "<kbd>Ctrl</kbd>"),
        (".. role:: red\n\n:red:`Text`", '<span class="red">Text</span>'),
        (".. raw:: html\n\n   <b>Text</b>\n", "<b>Text</b>"),
        (":math:`a<b`", "<code>a&lt;b</code>"),
        (".. TEASER_END\n\nText", "<!-- TEASER_END -->"),
    ],
)  # fmt: skip
def test_known_names_are_shown(body: str, expected: str) -> None:
    assert expected in html(body)
    assert notices(body) == []


@pytest.mark.parametrize(
    ("body", "subject", "shown"),
    [
        (".. gallery:: x\n   :a: b\n\n   inner\n", ".. gallery::", ""),
        (":ref:`Text <target>` more", ":ref:", "<p>Text more</p>\n"),
        (".. table:: T\n   :odd: 1\n\n   x\n", ".. table::", ""),
    ],
)
def test_unknown_names_are_left_out_and_reported(body: str, subject: str, shown: str) -> None:
    assert html(body) == shown
    assert notices(body) == [subject]


def test_role_of_another_document_is_unknown() -> None:
    assert notices(".. role:: blue\n\n:blue:`Text`") == []
    assert notices(":blue:`Text`") == [":blue:"]


@pytest.mark.parametrize(
    "body",
    [
        ".. include:: secret.txt\n",
        ".. raw:: html\n   :file: secret.txt\n",
        ".. csv-table::\n   :file: secret.txt\n",
        ".. image:: secret.txt\n   :loading: embed\n",
        ".. code:: x\n   :include: secret.txt\n",
    ],
)
def test_no_file_is_read(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.txt").write_text("confidential")
    (tmp_path / "docutils.conf").write_text("[general]\nfile_insertion_enabled: yes\n")
    monkeypatch.chdir(tmp_path)
    assert os.path.exists("secret.txt")  # noqa: PTH110
    assert "confidential" not in html(body)


def test_mistake_costs_only_its_article_and_names_the_line() -> None:
    with pytest.raises(ArticleError) as raised:
        frontmatter.split("a.rst", f"{FIELDS}|x|\n".encode(), ("rst",))
    assert str(raised.value).startswith("a.rst:11: is not valid reStructuredText: Undefined")
    file = frontmatter.split("a.rst", f"{FIELDS}Text *x\n".encode(), ("rst",))
    assert [problem.line for problem in file.problems] == [11]
    assert file.body == "<p>Text *x</p>"


def test_text_that_nests_too_deeply_is_refused() -> None:
    body = "".join(f"{' ' * depth}* a\n\n" for depth in range(0, 1000, 2))
    with pytest.raises(ArticleError, match="nests too deeply"):
        frontmatter.split("a.rst", (FIELDS + body).encode(), ("rst",))


def test_failure_of_docutils_itself_costs_one_article(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_publisher: Publisher) -> None:
        raise KeyError("x")

    monkeypatch.setattr(Publisher, "publish", fail)
    with pytest.raises(ArticleError, match="docutils fails with KeyError"):
        frontmatter.split("a.rst", FIELDS.encode(), ("rst",))


def test_substitutions_that_multiply_are_refused() -> None:
    lines = [f".. |s{index}| replace:: |s{index + 1}| |s{index + 1}|\n" for index in range(20)]
    with pytest.raises(ArticleError, match="too many substitutions"):
        frontmatter.split("a.rst", f"{FIELDS}{''.join(lines)}\n|s0|\n".encode(), ("rst",))
    body = ".. |a| replace:: |b|!\n.. |b| replace:: Text\n\n|a|\n"
    assert html(body) == "<p>Text!</p>\n"


def test_notices_of_the_body_are_those_of_the_file() -> None:
    file = frontmatter.split("a.rst", f"{FIELDS}.. gallery:: y\n".encode(), ("rst",))
    assert isinstance(file.notices[0], Notice)
