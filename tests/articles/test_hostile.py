"""Parsing takes time in proportion to the length of the text, whatever an author writes.

Each case runs in a separate process, whose deadline only a quadratic algorithm misses: before
limits were added, these took from a minute to hours, or all memory.
"""

import json
import multiprocessing
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import nh3
import pytest

from feeds.articles import frontmatter, markup, parser, sanitizer
from feeds.errors import ArticleError
from feeds.util import dates, text, urls, yaml_loader, yaml_subset
from tests.support.site import front_matter, make_site

DEADLINE = 30  # seconds: a hundred times the duration of the slowest case
LARGE = 300_000  # characters
SITE = make_site()
SEEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BASE = sanitizer.Base("https://example.org/news/a", "https://example.org/", "https://example.org/")


def assert_ends_in_time(read: Callable[[str], object], *texts: str) -> None:
    """Fail unless `read` ends within the deadline for each text; its own errors are accepted."""

    def read_all() -> None:
        for source in texts:
            with suppress(ValueError, ArticleError):
                read(source)

    process = multiprocessing.get_context("fork").Process(target=read_all)
    process.start()
    process.join(DEADLINE)
    if process.is_alive():
        process.kill()
        process.join()
        pytest.fail(f"{read} does not end in time")
    assert process.exitcode == 0


def repeated(unit: str, size: int = LARGE) -> str:
    return (unit * (size // len(unit) + 1))[:size]


MARKDOWN = {
    **{unit: repeated(unit) for unit in ["[", "*", "&", "![", "- ", "1. ", "> ", "`", "<", "*a _"]},
    "a reference used often": "[a]: /" + "x" * 100_000 + "\n\n" + "[a] " * 100_000,
    "many references": "".join(f"[a{n}]: /x\n\n[a{n}]\n\n" for n in range(30_000)),
    "deep quotation, many lines": "> " * 90 + "a\n" + "b\n" * 300_000,
    "deeper quotation, many lines": "> " * 50_000 + "a\n" + "b\n" * 300_000,
    "deep list, many lines": "1. " * 50_000 + "a\n" + "b\n" * 300_000,
    "a staircase of lists": "".join(" " * 2 * n + "- a\n" for n in range(900)) + "b\n" * 90_000,
    "a wide table of short rows": "|a" * 5_000 + "|\n" + "|-" * 5_000 + "|\n" + "x\n" * 90_000,
    "backticks of every length": "a".join("`" * n for n in range(1, 1_400)),
    "C1 controls as references": "&#133;" * 150_000,
}


@pytest.mark.parametrize("source", MARKDOWN.values(), ids=[repr(name) for name in MARKDOWN])
def test_markdown_takes_linear_time(source: str) -> None:
    assert_ends_in_time(lambda text: sanitizer.from_markdown(text, BASE), source)


HTML = {
    **{
        unit: repeated(unit)
        for unit in ["&", "&nbsp;", "<", "<!--", "<?", "<a ", '<a b="', "<svg>", "<script>", "« &"]
    },
    "unfinished iframes": repeated("<iframe>"),
    "many attributes": "<a " + " ".join(f"a{n}" for n in range(150_000)) + ">x</a>",
    "a large attribute": f'<img alt="{repeated("&")}">',
    "attributes of html": "".join(f"<html a{n}>" for n in range(9_000)),
    "srcset of spaces": "".join(f'<img srcset="{" " * 4_900}">' for _ in range(200)),
    "srcset of words": "".join(f'<img srcset="{"a " * 2_450}">' for _ in range(200)),
    "srcset of URLs": "".join(f'<img srcset="{"a, " * 1_600}">' for _ in range(200)),
    "end tags": repeated("</b>"),
    "text between ends that close nothing": ("&" * 90 + "</x>") * 9_000,
    "text between comments": ("&" * 90 + "<!-- -->") * 9_000,
    "space that may show": "<p>" + repeated("&nbsp; "),
}


@pytest.mark.parametrize("source", HTML.values(), ids=[repr(name) for name in HTML])
def test_html_takes_linear_time(source: str) -> None:
    assert_ends_in_time(lambda html: sanitizer.sanitise(html, BASE), source)


MISNESTED = {
    "blocks in open elements": "".join(f"<i title=a{n}><p>x" for n in range(450)) + "<p>x" * 4_000,
    "elements that blocks end": "".join(f"<p><i title=a{n}>x</p>" for n in range(450)) * 2,
    "elements that a table keeps open": (
        "".join(f"<b title={n}><table></b></table>" for n in range(1_500)) + "<p>x</p>" * 3_000
    ),
    "a large element": f"<b title={'a' * 9_000}>" + "<p>x</p><div>x</div>" * 4_000,
    "ends in deep blocks": "".join(
        f"<b title={n}>{'<div>' * 9}</b>{'</div>' * 9}" for n in range(400)
    ),
}


@pytest.mark.parametrize("source", MISNESTED.values(), ids=MISNESTED.keys())
def test_misnested_formatting_does_not_multiply_the_output(source: str) -> None:
    try:
        output = sanitizer.sanitise(source, BASE)
    except sanitizer.BodyError:
        return
    assert len(output) < 30 * len(source)


def test_large_link_repeated_by_blocks_is_rejected() -> None:
    source = f'<a href="/{"a" * 9_000}">' + "<p>x</p><div>x</div>" * 4_000
    with pytest.raises(sanitizer.BodyError, match="very long links"):
        sanitizer.sanitise(source, BASE)


def test_total_length_of_resolved_urls_is_limited() -> None:
    base = sanitizer.Base("https://example.org/" + "a" * 3_900 + "/", BASE.site, BASE.assets)
    with pytest.raises(sanitizer.BodyError, match="URLs of the body have more than"):
        sanitizer.sanitise("<img src=a>" * 9_000, base)


@pytest.mark.parametrize("end", ["</x>", "</p>", "</li>", "<br/>"])
def test_unmatched_end_tags_do_not_hide_depth(end: str) -> None:
    with pytest.raises(sanitizer.BodyError, match="flatten it"):
        sanitizer.sanitise(f"<div>{end}" * 501, BASE)


def test_unclosed_elements_with_optional_end_tags_count_as_nesting() -> None:
    with pytest.raises(sanitizer.BodyError, match="flatten it"):
        sanitizer.sanitise("<dd><li>" * 300, BASE)


def test_too_many_attributes_are_rejected() -> None:
    names = " ".join(f"a{number}" for number in range(201))
    with pytest.raises(sanitizer.BodyError, match="201 attributes"):
        sanitizer.sanitise(f"<p {names}>x</p>", BASE)


def test_long_thematic_break_does_not_count_as_nesting() -> None:
    assert (
        sanitizer.from_markdown("a\n\n" + "* " * 150 + "\n\nb", BASE) == "<p>a</p>\n<hr>\n<p>b</p>"
    )


PIECES = """
<p> </p> <b> </b> <i·title=a> </i> <a·href=/x> </a> <div> </div> <ul><li> </ul> <table> <tr> <td>
</table> text a·<·b a·&amp;·b &copy <!--·c·--> <!--> <!---> <!--·<b>·--!> <!DOCTYPE·x> <?x·y?> </>
</·x> <script>a<b></script> <style>b{}</style> <br/> <img·alt='x>y'> <img·alt="a<b>">
<a·title='</b>'> <html·lang=x> <body·class=y> </body> <head> <span·="x>y"> <q·a=b"c> <h1> </h1>
<dl><dd> </dl> <custom-x> </custom-x> <a·b=">
"""


def test_markup_removed_before_parsing_does_not_change_the_result() -> None:
    rng = random.Random(0)
    cleaner = nh3.Cleaner(tags=sanitizer._TAGS, clean_content_tags=sanitizer._DROPPED_WHOLE)
    for _ in range(2_000):
        source = "".join(rng.choices(PIECES.split(), k=8)).replace("·", " ")
        assert cleaner.clean(markup.simplify(source, str)) == cleaner.clean(source), source


def test_splitting_long_text_does_not_change_the_result() -> None:
    source = "<p title='a>b'>a &amp; b&nbsp;«c» &lt;" * 3_000
    simplified = markup.simplify(source, str)
    assert simplified != source
    sanitizer._current_base.set(BASE)
    assert sanitizer._CLEANER.clean(simplified) == sanitizer._CLEANER.clean(source)


READERS: dict[str, Callable[[str], object]] = {
    "yaml": yaml_loader.parse,
    "a yaml value": lambda source: yaml_loader.parse(f"a: {source}"),
    "a quoted yaml value": lambda source: yaml_loader.parse(f'a: "{source}"'),
    "usual yaml": lambda source: (
        yaml_subset.read(source[:99_000]),
        yaml_subset.is_in_subset(source[:99_000]),
    ),
    "a file": lambda source: frontmatter.split("a.md", source.encode()),
    "front matter": lambda source: frontmatter.split("a.md", f"---\n{source}\n---\n".encode()),
    "a flag": lambda source: frontmatter.split(
        "a.md", f"---\nremoved: true\n{'x: y' * 999}\ndeleted: a{source}b\n---\n".encode()
    ),
    "a date": lambda source: dates.parse(source, ZoneInfo("UTC")),
    "a duration": dates.iso_duration,
    "text": lambda source: (text.clean(source), text.one_line(source), text.slug(source)),
    "a URL": urls.absolute,
    "a path": lambda source: urls.in_site(f"/{source}", "https://example.org/"),
    "a host": lambda source: urls.absolute(f"https://{source}/"),
    "a reference": lambda source: urls.resolve(source, "https://example.org/a/b"),
    "a player": markup.frame_source,
}
UNITS = [
    "[", "{a: ", "- ", "? ", "&a ", "*a ", "'", '"', "a: b\n", "a:\n", "- a: b\n", "1:", "1_",
    "0x1", "1", " ", "\t", "\n", "---\n", "---", "\\", "a", "a@", "é", "\u0301\u0316", "\x85", "a.",
    "a-", "/", "../", "%", "#", "1/", "2024-01-01 ", "Jan ", "T1", "<iframe ", "<iframe src='",
    "src=a ", "%TAG !a! b\n", "|\n", "xn--",
]  # fmt: skip


@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
def test_readers_take_linear_time(read: Callable[[str], object]) -> None:
    assert_ends_in_time(read, *(repeated(unit, 100_000) for unit in UNITS))


FIELDS = {
    "an author without @": "authors: ['{}']",
    "an author": "authors: [{{name: '{}'}}]",
    "a provider": "provider: {{name: '{}', domain: '{}'}}",
    "a topic": "topics: ['{}']",
    "a category": "category: '{}'",
    "a date": "updatedDateTime: '{}'",
    "a number": "quality: {}",
    "a length": "length: '{}'",
    "a media type": "images: [{{url: /a.png, mediaType: '{}'}}]",
}


@pytest.mark.parametrize("line", FIELDS.values(), ids=FIELDS.keys())
def test_fields_take_linear_time(line: str) -> None:
    def read(source: str) -> None:
        content = front_matter().replace("---\n", f"---\n{line.format(source, source)}\n", 1)
        parser.parse("a.md", content.encode(), SEEN, SITE)

    assert_ends_in_time(
        read, *(repeated(unit, 200_000) for unit in ["a", "a.", "1:", "1 ", "é", "a-"])
    )


def test_many_long_author_names_take_linear_time() -> None:
    authors = json.dumps([f"{number}{'a' * 990}" for number in range(900)])
    assert_ends_in_time(
        lambda source: parser.parse("a.md", source.encode(), SEEN, SITE),
        front_matter().replace("---\n", f"---\nauthors: {authors}\n", 1),
    )


def test_many_problems_among_many_keys_take_linear_time() -> None:
    keys = "".join(f"k{number}: a\n" for number in range(40_000))
    wrong = "".join(f"{name}:\n" + "- 1\n" * 1_000 for name in ("images", "related", "actions"))
    assert_ends_in_time(
        lambda source: parser.parse("a.md", source.encode(), SEEN, SITE),
        front_matter().replace("---\n", f"---\n{keys}{wrong}", 1),
    )
