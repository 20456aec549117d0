"""Front matter of lines, as Pelican and Nikola read it."""

from feeds.articles import frontmatter, header_lines


def test_everything_after_the_first_colon_is_the_value() -> None:
    data, lines, _ = header_lines.pelican("Title: Atelier : sapin\nDate: 2024-01-02 10:30\n\nText.")
    assert data == {"title": "Atelier : sapin", "date": "2024-01-02 10:30"}
    assert lines == 3


def test_fence_around_headers_is_optional() -> None:
    data, lines, _ = header_lines.pelican("---\ntitle: A: b\n---\nText.")
    assert (data, lines) == ({"title": "A: b"}, 3)


def test_any_line_that_begins_like_a_fence_ends_the_headers() -> None:
    assert header_lines.pelican("----\ntitle: A\n...x\nText.")[:2] == ({"title": "A"}, 3)


def test_indented_line_continues_the_value_above() -> None:
    data, _, _ = header_lines.pelican("Summary: One\n    two\n\tthree\n\nText.")
    assert data == {"summary": "One\ntwo\nthree"}


def test_first_of_two_states_counts_and_is_reported() -> None:
    data, _, repeated = header_lines.pelican("Status: draft\nStatus: published\n\nText.")
    assert (data, repeated) == ({"status": "draft"}, ("status",))


def test_line_that_is_no_header_begins_the_body() -> None:
    assert header_lines.pelican("Title: A\nText.")[1] == 1
    assert header_lines.pelican("Text.") == ({}, 0, ())


def test_nikola_headers_are_the_first_paragraph() -> None:
    text = ".. title: A: b\n  .. tags: x, draft\n.. link:\n\nText."
    assert header_lines.nikola(text) == ({"title": "A: b", "tags": "x, draft"}, 3, ())


def test_nikola_headers_may_be_a_comment() -> None:
    file = frontmatter.split("a.md", b"<!--\n.. title: A\n-->\n\nText.\n", ("headers",))
    assert (file.data, file.body) == ({"title": "A"}, "Text.")
    assert (file.line("title"), file.body_line) == (2, 4)


def test_last_of_two_nikola_headers_counts_and_is_reported() -> None:
    text = ".. status: draft\n.. status: published\n.. status:\n\nText."
    assert header_lines.nikola(text) == ({"status": "published"}, 3, ("status",))


def test_comment_without_headers_is_no_front_matter() -> None:
    assert header_lines.nikola("<!-- .. title: A -->\n\nText.") == ({}, 0, ())
    assert header_lines.nikola("") == ({}, 0, ())


def test_file_with_headers_is_split_where_the_format_is_known() -> None:
    file = frontmatter.split("a.md", b"Title: A : b\nStatus: draft\n\nText.\n", ("headers",))
    assert (file.data, file.body) == ({"title": "A : b", "status": "draft"}, "Text.")
    assert (file.line("status"), file.body_line) == (2, 4)


def test_fence_is_yaml_where_that_format_is_known_too() -> None:
    file = frontmatter.split("a.md", b"---\ntitle: A\n---\nText.\n", ("headers", "yaml"))
    assert (file.data, file.format) == ({"title": "A"}, "yaml")
