"""The fast path writes the bytes of feedgen, and leaves entries that feedgen rejects to it."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.lib.corpus import Corpus
from feeds.articles import parser
from feeds.config.site import Site
from feeds.errors import RenderError
from feeds.model.entry import Entry, Image, Person, Provider, Related
from feeds.render import elements, feedgen_entry, fragment
from tests.render.test_fragment import ENTRIES, FULL, PLAIN
from tests.support.site import CORPUS, make_site

SITE = make_site()
SEEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ANY = st.text(st.sampled_from("ab <>&\"'\n\t\r\xa0\x85é\u2028\x00\x07\ud800\ufffe🎈]"), max_size=5)


def check(entry: Entry, site: Site = SITE) -> bool:
    """Compare an entry with feedgen's; return whether the fast path could write it."""
    try:
        expected: tuple[bytes, bytes] | None = feedgen_entry.render_by_feedgen(entry, site)
    except RenderError:
        expected = None
    try:
        direct = fragment.render_directly(entry, elements.categories(entry, site))
    except elements.NeedsFeedgenError:
        return False
    assert direct == expected
    return True


@settings(max_examples=150)
@given(ENTRIES)
def test_any_entry_gives_the_bytes_of_feedgen(entry: Entry) -> None:
    check(entry)


@settings(max_examples=300)
@given(ENTRIES, ANY, st.sampled_from(["title", "id", "link", "content", "summary", "category"]))
def test_any_text_gives_the_bytes_of_feedgen(entry: Entry, text: str, field: str) -> None:
    check(msgspec.structs.replace(entry, **{field: text}))
    check(
        msgspec.structs.replace(
            entry,
            via=text,
            authors=(Person(text, text),),
            provider=Provider(text, "k", text, None, text),
            images=(Image(text, 1, None, text, text, 5),),
            related=(Related(text, text),),
            topics=(text,),
            language=text,
        )
    )


@pytest.mark.parametrize("entry", [FULL, PLAIN], ids=["full", "plain"])
def test_usual_entries_take_the_fast_path(entry: Entry) -> None:
    assert check(entry)


@pytest.mark.parametrize("field", ["title", "link", "content", "id", "category"])
@pytest.mark.parametrize("text", ["a\x00b", "a\rb", "a\ud800b", "a\ufffeb", "a\x0bb"])
def test_characters_forbidden_in_xml_are_left_to_feedgen(field: str, text: str) -> None:
    assert not check(msgspec.structs.replace(FULL, **{field: text}))


def test_generated_site_gives_the_bytes_of_feedgen(tmp_path: Path) -> None:
    Corpus(150, 10).write(tmp_path)
    files = sorted((tmp_path / "articles").rglob("*.md"))
    entries = [parser.parse(file.name, file.read_bytes(), SEEN, SITE).entry for file in files]
    assert all(check(entry) for entry in entries if entry)


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"needs {CORPUS}")
def test_real_site_gives_the_bytes_of_feedgen() -> None:
    files = [file for file in CORPUS.rglob("_*/**/*.*") if file.suffix in (".md", ".html")]
    parsed = [parser.parse(file.name, file.read_bytes(), SEEN, SITE) for file in sorted(files)]
    entries = [article.entry for article in parsed if article.entry]
    assert sum(check(entry) for entry in entries) > 0.99 * len(entries)
    assert len(entries) > 1000
