"""A bad file is reported with path, line, field and advice; the rest is published."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest

from feeds.articles import parser
from feeds.articles.parser import Article
from feeds.errors import Problem
from feeds.model.entry import Provider
from feeds.render import fragment
from tests.support.site import front_matter, make_site

SITE = make_site(timezone="Europe/Berlin")
SEEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PATH = "_news/2024-05-31-a.md"
# Every message advises what to do, not only what is wrong.
ADVICE = re.compile(
    r"\b(write|put|quote|give|save|begin|end it|flatten|shorten|remove|delete|check|use|add|leave"
    r"|name|set|show|only those are published|the first .* are read)\b"
)
GOOD = """---
title: A title
webUrl: https://example.org/a
publishedDateTime: 2024-05-31T09:00:00Z
---
"""


def parse(content: str | bytes, path: str = PATH) -> Article:
    data = content.encode() if isinstance(content, str) else content
    return parser.parse(path, data, SEEN, SITE)


def with_line(line: str) -> str:
    """A good article whose line 5 is `line`."""
    return GOOD.removesuffix("---\n") + f"{line}\n---\n"


def only_problem(article: Article) -> Problem:
    assert len(article.problems) == 1, article.problems
    problem = article.problems[0]
    assert problem.path == PATH
    assert ADVICE.search(problem.message), problem.message
    assert len(problem.message) < 300
    assert "\n" not in problem.message
    return problem


FILES = {
    "0 bytes": (b"", 1, "is empty"),
    "white space only": (b" \n\n", 1, "is empty"),
    "a byte order mark only": (b"\xef\xbb\xbf", 1, "no front matter"),
    "no front matter": (b"# A title\n\nText", 1, "no front matter"),
    "text before front matter": (b"Hello\n---\ntitle: A\n---\n", 1, "no front matter"),
    "not closed": (b"---\ntitle: A\n", 1, "not closed"),
    "not closed after blank lines": (b"\n\n---\ntitle: A\n", 3, "not closed"),
    "empty front matter": (b"---\n---\nText", 1, "front matter is empty"),
    "a list": (b"---\n- title\n---\n", 1, "front matter is a list"),
    "text": (b"---\ntitle\n---\n", 1, "front matter is a str"),
    "a colon in a value": (b"---\nlink: x\ntitle: A: B\n---\n", 3, "not valid YAML"),
    "a colon in a value, CRLF": (b"---\r\nlink: x\r\ntitle: A: B\r\n---\r\n", 3, "not valid YAML"),
    "a colon in a value, CR": (b"---\rlink: x\rtitle: A: B\r---\r", 3, "not valid YAML"),
    "a colon after blank lines": (b"\n \n---\nlink: x\ntitle: A: B\n---\n", 5, "not valid YAML"),
    "a tab": (b"---\ntitle: A\n\tx: B\n---\n", 3, "not valid YAML"),
    "an open quote": (b'---\ntitle: "A\nlink: x\n---\n', 2, "not valid YAML"),
    "no colon": (b"---\ntitle: A\nlink\nx: 1\n---\n", 3, "not valid YAML"),
    "no colon at the end": (b"---\ntitle: A\nlink\n---\n", 3, "not valid YAML"),
    "a tag": (b"---\ntitle: A\nx: !!python/object:os.system {}\n---\n", 3, "not valid YAML"),
    "two documents": (b"---\ntitle: A\n...\n- b\n---\n", 4, "not valid YAML"),
    "not UTF-8": (b"---\ntitle: caf\xe9\n---\n", 2, "byte 0xE9 is not UTF-8"),
    "not UTF-8, in the body": (b"---\ntitle: A\n---\n\nText \xff\n", 5, "byte 0xFF is not UTF-8"),
    "not UTF-8, after a mark": (b"\xef\xbb\xbf---\ntitle: caf\xe9\n---\n", 2, "byte 0xE9 is not"),
    "UTF-16": ("---\ntitle: A\n---\n".encode("utf-16"), 1, "not UTF-8"),
    "an encoded lone surrogate": (b"---\ntitle: \xed\xa0\x80\n---\n", 2, "not UTF-8"),
    "an escaped lone surrogate": (b'---\nx: 1\ntitle: "\\ud800"\n---\n', 3, "not valid YAML"),
    "nested brackets": (b"---\nx: 1\ny: " + b"[" * 100_000 + b"\n---\n", 3, "nests deeper"),
    "nested braces": (b"---\nx: " + b"{a: " * 100_000 + b"\n---\n", 2, "nests deeper"),
    "nested dashes": (b"---\nx:\n " + b"- " * 100_000 + b"\n---\n", 3, "nests deeper"),
    "nested question marks": (b"---\n" + b"? " * 100_000 + b"\n---\n", 2, "nests deeper"),
}


@pytest.mark.parametrize(("content", "line", "message"), FILES.values(), ids=FILES.keys())
def test_unreadable_file_is_one_fatal_problem(content: bytes, line: int, message: str) -> None:
    article = parse(content)
    problem = only_problem(article)
    assert article.entry is None
    assert not article.withheld
    assert (problem.line, problem.field, problem.fatal) == (line, "", True)
    assert message in problem.message


def test_deep_blocks_are_rejected_before_parsing() -> None:
    lines = [" " * depth + "a:" for depth in range(1500)]
    for separator in ("\n", "\u2028"):  # YAML 1.1 breaks lines at U+2028 too
        problem = only_problem(parse(f"---\n{separator.join(lines)}\n---\n"))
        assert "nests deeper" in problem.message
        assert problem.fatal


def _bomb(alias: str) -> str:
    levels = ["a0: &a0 {k0: 1, k1: 1}"]
    levels += [f"a{n}: &a{n} {alias.format(', '.join([f'*a{n - 1}'] * 9))}" for n in range(1, 9)]
    return "\n".join(levels)


@pytest.mark.parametrize("alias", ["[{}]", "{{<<: [{}]}}", "{{x: [{}]}}"])
@pytest.mark.parametrize("key", ["", "title: *a8", "publishedDateTime: *a8"])
def test_alias_bomb_is_rejected(alias: str, key: str) -> None:
    problem = only_problem(parse(f"---\n{_bomb(alias)}\n{key}\n---\n"))
    assert "fewer aliases" in problem.message
    assert 2 <= problem.line <= 10
    assert problem.fatal


def test_alias_bomb_without_spaces_is_rejected() -> None:
    levels = ['{"a0":&a0 [1,1]']
    levels += [f'"a{n}":&a{n} [{",".join([f"*a{n - 1}"] * 9)}]' for n in range(1, 9)]
    problem = only_problem(parse("---\n" + ",\n".join(levels) + "}\n---\n"))
    assert "fewer aliases" in problem.message


def test_few_aliases_and_ampersands_are_accepted() -> None:
    article = parse(with_line("topics: &t [AI]\nx: *t\nexcerpt: 'R & D &co *and* more'"))
    assert article.problems == ()
    assert article.entry is not None
    assert article.entry.topics == ("AI",)


def test_recursive_alias_does_not_hang() -> None:
    article = parse(with_line("x: &a [*a]\nimages: &b\n  - *b"))
    assert [problem.field for problem in article.problems] == ["images[0]"]


@pytest.mark.parametrize("name", ["excerpt", "price", "x", "quality", "updatedDateTime"])
def test_huge_number_affects_only_its_field(name: str) -> None:
    number = "0x" + "F" * 5000
    article = parse(with_line(f"{name}: {number}\nprovider: {{name: P, x: {number}}}"))
    assert article.entry is not None
    assert {problem.field for problem in article.problems} <= {name}
    assert article.entry.provider == Provider("P", "p")


def test_long_chain_of_aliases_is_resolved() -> None:
    chain = "\n".join(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 400))
    article = parse(with_line(f"a0: &a0 []\n{chain}\nprovider: {{name: P, x: *a399}}"))
    assert article.entry is not None
    assert article.entry.provider == Provider("P", "p")


FATAL: dict[str, tuple[dict[str, Any], str, str]] = {
    "title is a number": ({"title": 2024}, "title", "is a number, not text"),
    "title is a date": ({"title": date(2024, 5, 31)}, "title", "is a date, not text"),
    "title is a list": ({"title": ["A"]}, "title", "is a list, not text"),
    "title is a mapping": ({"title": {"a": 1}}, "title", "is a mapping, not text"),
    "title is false": ({"title": False}, "title", "is true or false, not text"),
    "title is 0": ({"title": 0}, "title", "is a number, not text"),
    "no title": ({"title": None}, "title", "is missing"),
    "empty title": ({"title": ""}, "title", "is missing"),
    "blank title": ({"title": " \t"}, "title", "is missing"),
    "title of control characters": ({"title": "\x07"}, "title", "is missing"),
    "name is a number": ({"title": None, "name": 5}, "name", "is a number, not text"),
    "no link": ({"webUrl": None}, "webUrl", "is missing"),
    "empty link": ({"webUrl": ""}, "webUrl", "is missing"),
    "blank links": ({"webUrl": " ", "originalUrl": " "}, "webUrl", "is missing"),
    "link without a scheme": ({"webUrl": "example.org/a"}, "webUrl", "has no scheme"),
    "javascript:": ({"webUrl": "javascript:alert(1)"}, "webUrl", "is not http or https"),
    "data:": ({"webUrl": "data:text/html,x"}, "webUrl", "is not http or https"),
    "mailto:": ({"webUrl": "mailto:a@example.org"}, "webUrl", "is not http or https"),
    "no host": ({"webUrl": "https://"}, "webUrl", "is not a URL"),
    "bad host": ({"webUrl": "https://exa mple.org/"}, "webUrl", "is not a URL"),
    "password": ({"webUrl": "https://a:b@example.org/"}, "webUrl", "contains a user name"),
    "dots": ({"webUrl": "/../a"}, "webUrl", "leads out"),
    "link is a number": ({"webUrl": 7}, "webUrl", "is a number, not text"),
    "very long link": ({"webUrl": "x" * 100_000}, "webUrl", "has no scheme"),
    "originalUrl alone, and bad": (
        {"webUrl": None, "originalUrl": "ftp://example.org/"},
        "originalUrl",
        "is not http or https",
    ),
    "no such date": ({"publishedDateTime": "2024-02-30"}, "publishedDateTime", "is not a date"),
    "no such time": (
        {"publishedDateTime": "2024-02-03T25:00:00Z"},
        "publishedDateTime",
        "is not a date",
    ),
    "no date": ({"publishedDateTime": "soon"}, "publishedDateTime", "is not a date"),
    "a year": ({"publishedDateTime": 2024}, "publishedDateTime", "is not a date"),
    "a year and month": ({"publishedDateTime": "2024-05"}, "publishedDateTime", "lacks its"),
    "a month and day": ({"publishedDateTime": "31 May"}, "publishedDateTime", "lacks its"),
    "a time": ({"publishedDateTime": "09:30"}, "publishedDateTime", "lacks its"),
    "an unknown zone": (
        {"publishedDateTime": "2024-05-31 09:00 XYZ"},
        "publishedDateTime",
        "is not a date",
    ),
    "an impossible zone": (
        {"publishedDateTime": "2024-05-31T09:00:00+99:00"},
        "publishedDateTime",
        "",
    ),
    "before year 1 in UTC": (
        {"publishedDateTime": "0001-01-01T00:00:00+10:00"},
        "publishedDateTime",
        "out of range",
    ),
    "date is a list": ({"publishedDateTime": [1]}, "publishedDateTime", "a list is not a date"),
    "published is text": ({"published": "no"}, "published", "is text, not true or false"),
    "removed is a number": ({"removed": 1}, "removed", "is a number, not true or false"),
}


@pytest.mark.parametrize(("fields", "field", "message"), FATAL.values(), ids=FATAL.keys())
def test_invalid_title_link_date_or_flag_is_fatal(
    fields: dict[str, Any], field: str, message: str
) -> None:
    content = front_matter(**fields)
    article = parse(content)
    problem = only_problem(article)
    assert article.entry is None
    assert problem.fatal
    assert problem.field == field
    assert message in problem.message
    lines = [number for number, line in enumerate(content.splitlines(), 1) if f"{field}:" in line]
    assert problem.line == (lines[0] if lines else 1)


PARTIAL = {
    "excerpt: 5": ("excerpt", "is a number, not text"),
    "topics: AI": ("topics", "is text, not a list"),
    "topics: [1]": ("topics[0]", "is a number, not text"),
    "topics: [AI, null]": ("topics[1]", "is empty, not text"),
    "topics: {a: 1}": ("topics", "is a mapping, not a list"),
    "images: {url: /a.png}": ("images", "is a mapping, not a list"),
    "images: [{url: a.png}]": ("images[0].url", "has no scheme"),
    "images: [{url: /../a.png}]": ("images[0].url", "leads out"),
    "images: [{url: '/..\\a.png'}]": ("images[0].url", "leads out"),
    "images: [{url: 'javascript:1'}]": ("images[0].url", "is not http or https"),
    "images: [{url: /a.png, width: wide}]": ("images[0].width", "is text, not a whole number"),
    "images: [{url: /a.png, mediaType: png}]": ("images[0].mediaType", "is not a media type"),
    "provider: PC Magazine": ("provider", "is text, not a mapping"),
    "provider: {domain: 'a b'}": ("provider.domain", "is not a domain"),
    "related: [x]": ("related[0]", "is text, not a mapping"),
    "quality: high": ("quality", "is text, not a whole number"),
    "heat: 1.5": ("heat", "is a number, not a whole number"),
    "quality: true": ("quality", "is true or false, not a whole number"),
    "heat: 99999999999999999999": ("heat", "is a number, not a whole number"),
    f"heat: {'9' * 5000}": ("heat", "is text, not a whole number"),
    "updatedDateTime: 2024-13-01": ("updatedDateTime", "is not a date"),
    "originalUrl: example.org": ("originalUrl", "has no scheme"),
    "locale: en/GB": ("locale", "is not a language tag"),
    "audio: [https://example.org/a.mp3]": ("audio[0]", "is text, not a mapping"),
    "featuredContent: 7": ("featuredContent", "is a number, not text"),
}


@pytest.mark.parametrize(("line", "expected"), PARTIAL.items(), ids=[key[:40] for key in PARTIAL])
@pytest.mark.parametrize(("before", "end"), [("", "\n"), ("\n\n", "\n"), ("", "\r\n")])
def test_other_mistakes_affect_only_their_field(
    line: str, expected: tuple[str, str], before: str, end: str
) -> None:
    article = parse(before + with_line(line).replace("\n", end))
    field, message = expected
    problem = next(row for row in article.problems if row.field == field)
    assert article.entry is not None
    assert not any(row.fatal for row in article.problems)
    assert problem.line == 5 + len(before)
    assert message in problem.message
    assert ADVICE.search(problem.message), problem.message


def test_problem_has_the_line_of_the_list_item() -> None:
    article = parse(with_line("topics:\n  - AI\n\n  - 365\nimages:\n  - url: /a.png\n    width: x"))
    assert [(problem.line, problem.field) for problem in article.problems] == [
        (11, "images[0].width"),
        (8, "topics[1]"),
    ]


def test_last_of_duplicate_keys_is_used_and_reported() -> None:
    problem = only_problem(parse(with_line("heat: 1\nheat: high")))
    assert problem.line == 6


def test_many_mistakes_in_one_list_are_all_located() -> None:
    people = "\n".join(f"  - {number}" for number in range(1000))
    article = parse(with_line(f"authors:\n{people}"))
    assert article.problems[-1].line == 1005


@pytest.mark.parametrize(("name", "limit"), [("topics", 100), ("authors", 1000)])
def test_list_is_cut_at_its_limit(name: str, limit: int) -> None:
    items = ", ".join(f"t{number}" for number in range(1001))
    article = parse(with_line(f"{name}: [{items}]"))
    assert f"has 1,001 items; the first {limit:,} are read" in only_problem(article).message
    assert article.entry is not None
    assert len(getattr(article.entry, name)) == limit


LONG = "a" * 1001


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (f"topics: [AI, {LONG}]", "topics[1]"),
        (f"authors: [{LONG}]", "authors[0]"),
        (f"authors: [{{name: {LONG}}}]", "authors[0].name"),
        (f"provider: {{name: {LONG}, domain: example.org}}", "provider.name"),
        (f"provider: {{name: P, domain: {LONG}}}", "provider.domain"),
        (f"category: {LONG}", "category"),
        (f"type: {LONG}", "type"),
        (f"images: [{{url: https://example.org/{'a' * 4000}}}]", "images[0].url"),
        (f"updatedDateTime: {'1 ' * 60}", "updatedDateTime"),
    ],
)
def test_too_long_value_is_omitted_and_reported(line: str, field: str) -> None:
    article = parse(with_line(line))
    problem = only_problem(article)
    assert (problem.field, problem.line, problem.fatal) == (field, 5, False)
    assert article.entry is not None
    assert LONG not in str(fragment.render_entry(article.entry, SITE))


@pytest.mark.parametrize("number", ["1" + ":1" * 30_000, "0x" + "F" * 30_000, "1.5:" * 900 + "1"])
def test_number_too_long_to_convert_stays_text(number: str) -> None:
    article = parse(with_line(f"quality: {number}"))
    assert article.entry is not None
    assert "is text, not a whole number" in only_problem(article).message


def test_content_above_the_limit_is_replaced_by_the_summary() -> None:
    site = make_site(articles={"folder": "articles", "max_content": 1_000})
    content = front_matter("é" * 600, excerpt="In short.").encode()
    article = parser.parse(PATH, content, SEEN, site)
    assert article.entry is not None
    assert article.entry.content == "<p>In short.</p>"
    problem = only_problem(article)
    assert (problem.field, problem.line) == ("", 9)
    assert "1,207 bytes of HTML, more than articles.max_content (1,000)" in problem.message
    assert parser.parse(PATH, content, SEEN, make_site()).problems == ()


def test_summary_above_the_content_limit_is_shortened() -> None:
    site = make_site(articles={"folder": "articles", "max_content": 1_000})
    article = parser.parse(PATH, front_matter(excerpt="word " * 300).encode(), SEEN, site)
    assert article.entry is not None
    assert len(article.entry.summary) <= 1_000
    assert (only_problem(article).field, only_problem(article).fatal) == ("excerpt", False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-31", "2024-05-30T22:00:00+00:00"),  # naive: midnight in the site's zone
        ("2024-05-31T09:00:00", "2024-05-31T07:00:00+00:00"),
        ("2024-01-31 09:00", "2024-01-31T08:00:00+00:00"),
        ("2024-05-31T09:00:00.987+05:45", "2024-05-31T03:15:00+00:00"),
        ("Fri, 31 May 2024 09:00:00 EST", "2024-05-31T14:00:00+00:00"),
        ("31 May 2024", "2024-05-30T22:00:00+00:00"),
    ],
)
def test_common_date_forms_are_accepted(value: str, expected: str) -> None:
    article = parse(front_matter(publishedDateTime=value))
    assert article.problems == ()
    assert article.entry is not None
    assert article.entry.published.isoformat() == expected


def test_date_before_1970_is_published_and_reported() -> None:
    article = parse(front_matter(publishedDateTime="1969-07-20T20:17:40Z"))
    assert article.entry is not None
    assert article.entry.published == datetime(1969, 7, 20, 20, 17, 40, tzinfo=UTC)
    assert (only_problem(article).field, only_problem(article).fatal) == (
        "publishedDateTime",
        False,
    )


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf" + GOOD.encode(), GOOD.replace("\n", "\r\n")])
def test_byte_order_mark_and_crlf_are_accepted(content: str | bytes) -> None:
    assert parse(content) == parse(GOOD)


@pytest.mark.rule("X2")
def test_control_characters_are_removed_and_reported_with_line() -> None:
    article = parse(GOOD.replace("A title", "A\x00 ti\x08tle\x7f"))
    assert article.entry is not None
    assert article.entry.title == "A title"
    assert (only_problem(article).line, only_problem(article).fatal) == (2, False)
    assert "U+0000" in only_problem(article).message


@pytest.mark.rule("X2", "X3")
def test_escaped_control_characters_are_removed() -> None:
    article = parse(with_line(r'excerpt: "a\0b\a\x9F\uFFFE\tc"'))
    assert article.entry is not None
    assert article.entry.summary == "abŸ c"


@pytest.mark.rule("R43")
@pytest.mark.parametrize(
    "title",
    [
        "a < b",
        "AT&T",
        "&amp;",
        "<b>x</b>",
        "a ]]> b",
        "🎉 👩‍👩‍👧",
        "مرحبا بالعالم",
        "א < ב",
        "'\"",
        "\u202eabc",
    ],
)
def test_title_is_published_unchanged(title: str) -> None:
    article = parse(front_matter(title=title))
    assert article.problems == ()
    assert article.entry is not None
    assert article.entry.title == title
    assert fragment.render_entry(article.entry, SITE)


@pytest.mark.parametrize(
    ("value", "link"),
    [
        ("https://example.org/a b", "https://example.org/a%20b"),
        (
            "https://example.org/日本?q=é#ü",
            "https://example.org/%E6%97%A5%E6%9C%AC?q=%C3%A9#%C3%BC",
        ),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("HTTPS://EXAMPLE.ORG", "https://example.org/"),
        ("//example.org/a", "https://example.org/a"),
        (" https://example.org/a ", "https://example.org/a"),
        ("/a/b", "https://example.org/a/b"),
    ],
)
def test_urls_are_normalised(value: str, link: str) -> None:
    article = parse(front_matter(webUrl=value))
    assert article.problems == ()
    assert article.entry is not None
    assert article.entry.link == link


def test_too_deep_body_is_omitted_and_reported_with_line() -> None:
    article = parse(GOOD + "\n<div>" + "<div>" * 100_000)
    assert article.entry is not None
    assert "<div>" not in article.entry.content
    assert (only_problem(article).line, only_problem(article).fatal) == (6, False)


@pytest.mark.parametrize("unit", ["[", "![", "> ", "*", "<iframe ", "[a](", "- ", "<p>"])
def test_repeated_markup_in_a_body_is_parsed_quickly(unit: str) -> None:
    parse(GOOD + unit * 5_000)
