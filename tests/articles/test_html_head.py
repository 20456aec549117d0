"""Front matter in the head of an HTML page, as Pelican reads it."""

from feeds.articles import frontmatter, html_head

PAGE = """\
<html>
<head>
<title>A &amp; b
</title>
<meta charset="utf-8">
<meta name="Date" content="2024-03-05" />
<meta content="one, two" name="keywords">
<meta name="status" contents="draft">
<meta name="status" content="published">
</head>
<body class="x">
<p>Text <title>t</title></p>
</body>
</html>
"""


def test_title_and_meta_are_the_front_matter() -> None:
    file = frontmatter.split("a.html", PAGE.encode(), ("html",))
    assert file.data == {
        "title": "A & b", "date": "2024-03-05", "tags": "one, two", "status": "draft",
    }  # fmt: skip
    assert file.body == "<p>Text <title>t</title></p>"
    assert file.repeated == ("status",)
    assert (file.line("date"), file.body_line) == (6, 11)


def test_page_without_a_body_or_head_has_none() -> None:
    assert html_head.split("<p>Text</p>") == ({}, "<p>Text</p>", "", ())
    assert html_head.split("<head><title>A</title></head>x<body>y")[2] == "y"
