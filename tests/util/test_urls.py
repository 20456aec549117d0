"""Published URLs are absolute, http or https, ASCII, and follow RFC 3986."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.util import urls

_CHARACTER = r"[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2}"
RFC3986 = re.compile(
    r"https?://(?:[A-Za-z0-9\-._~!$&'()*+,;=]+|\[[0-9a-f:.]+\])(?::\d+)?"
    rf"/(?:{_CHARACTER}|/)*(?:\?(?:{_CHARACTER}|[/?])*)?(?:#(?:{_CHARACTER}|[/?])*)?"
)
PIECES = st.sampled_from(
    ["http://", "https://", "HTTPS:", "//", "/", "\\", "..", ".", "%2e", "%", "%41", "?", "#", "@",
     ":", ":80", ":443", ":99999", "[", "]", "[::1]", "a", "xn--", "xn--bcher-kva", "bücher", "日",
     "example.org", "1.2.3", "0x7f", " ", "\t", "\n", "\x00", "|", '"', "<", "^", "`", "{", "é",
     "javascript:", "\ud800", "🎉", "_", "-", "&amp;"]
)  # fmt: skip
ANY = st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=20)


@pytest.mark.rule("R50")
@given(ANY, st.sampled_from(["", "https://example.org/", "http://", "https://a"]))
def test_absolute_urls_follow_rfc_3986_and_are_stable(rest: str, start: str) -> None:
    try:
        url = urls.absolute(start + rest)
    except urls.BadURLError:
        return
    assert RFC3986.fullmatch(url), url
    assert urls.absolute(url) == url


def absolute_or_none(value: str) -> str | None:
    try:
        return urls.absolute(value)
    except urls.BadURLError:
        return None


@given(st.sampled_from(["http://", "https://"]), st.lists(PIECES, max_size=8).map("".join))
def test_fast_path_gives_the_same_url_as_normalisation(start: str, rest: str) -> None:
    for value in (start + rest, f"{start}a-1.example/{rest}", f"{start}{rest}.a/b"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(urls, "_READY", re.compile(r"(?!)"))
            normalised = absolute_or_none(value)
        # A dot segment with percent-encoded dots may stay unchanged.
        assert absolute_or_none(value) == normalised or "%2e" in value.lower()


@given(ANY)
def test_path_never_leaves_the_site(rest: str) -> None:
    try:
        url = urls.in_site("/" + rest.lstrip("/"), "https://example.org/site/")
    except urls.BadURLError:
        return
    assert url.startswith("https://example.org/site/")
    assert RFC3986.fullmatch(url), url


@pytest.mark.rule("R51")
@given(ANY)
def test_reference_in_html_is_absolute_or_removed(value: str) -> None:
    url = urls.resolve(value, "https://example.org/a/b?c#d")
    if url is not None and not url.startswith(("mailto:", "tel:")):
        assert RFC3986.fullmatch(url), url


@pytest.mark.rule("R26")
@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("https://example.org/a", "https://example.org/a"),
        ("https://example.org", "https://example.org/"),
        ("HTTPS://Example.ORG/A", "https://example.org/A"),
        ("https://example.org:443/", "https://example.org/"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("https://example.org/é?é#é", "https://example.org/%C3%A9?%C3%A9#%C3%A9"),
        ("https://example.org/100%", "https://example.org/100%25"),
        ("https://example.org/%7Ea", "https://example.org/%7Ea"),
        ("https://example.org/a#b#c", "https://example.org/a#b%23c"),
        ("https://example.org/a?b=[1]#[2]", "https://example.org/a?b=%5B1%5D#%5B2%5D"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://例え.jp/", "https://xn--r8jz45g.jp/"),
        ("https://example.org/a/../b/./c", "https://example.org/b/c"),
        ("https://example.org\\a\\b", "https://example.org/a/b"),
        ("https://[::1]/", "https://[::1]/"),
    ],
)
def test_urls_are_normalised(reference: str, expected: str) -> None:
    assert urls.absolute(reference) == expected


@pytest.mark.parametrize(
    "value",
    ["", "a", "/a", "//example.org/", "example.org", "www.example.org/a", "#a", "?a", "../a",
     "javascript:alert(1)", "JaVaScRiPt:1", "data:text/html,x", "ftp://example.org/",
     "mailto:a@example.org", "file:///etc/passwd", "https://", "http:///", "https://a b/",
     "https://u@example.org/", "https://u:p@example.org/", 'https://a"b.org/', "https://a`b.org/",
     "https://{a}.org/", "https://a:99999/", "https://[::1/", "https://a%00b/"],
)  # fmt: skip
def test_other_urls_are_rejected_with_advice(value: str) -> None:
    with pytest.raises(urls.BadURLError, match=r"write|check|remove|only those"):
        urls.absolute(value)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("/a.png", "https://cdn.example/x/a.png"),
        ("/a b.png", "https://cdn.example/x/a%20b.png"),
        ("/v1..2/a.b.png", "https://cdn.example/x/v1..2/a.b.png"),
        ("/a?u=/../b", "https://cdn.example/x/a?u=/../b"),
        ("/a?b=%2e", "https://cdn.example/x/a?b=%2e"),
        ("//other.example/a.png", "https://other.example/a.png"),
        ("http://other.example/a.png", "http://other.example/a.png"),
    ],
)
def test_path_is_resolved_below_the_base(reference: str, expected: str) -> None:
    assert urls.in_site(reference, "https://cdn.example/x/") == expected


@pytest.mark.parametrize(
    "value",
    ["/../a", "/a/../b", "/..", "/./a", "/..\\a", "\\..\\a", "/a/%2e%2e/b", "/%2E/a", "/.\t./a",
     "a.png", "./a.png", "../a.png", ""],
)  # fmt: skip
def test_relative_references_and_dot_segments_are_rejected(value: str) -> None:
    with pytest.raises(urls.BadURLError):
        urls.in_site(value, "https://cdn.example/x/")


@pytest.mark.rule("R52")
@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("b", "https://example.org/a/b"),
        ("../b", "https://example.org/b"),
        ("/b", "https://example.org/b"),
        ("//other.example/b", "https://other.example/b"),
        ("?b", "https://example.org/a/x?b"),
        ("#b", "https://example.org/a/x?q#b"),
        ("#b c", "https://example.org/a/x?q#b%20c"),
        ("mailto:a@example.org?subject=x y", "mailto:a@example.org?subject=x%20y"),
        ("tel:+49 30", "tel:+49%2030"),
        ("javascript:1", None),
        (" java\nscript:1", None),
        ("data:image/png;base64,x", None),
        ("https://a b/", None),
    ],
)
def test_references_resolve_as_in_a_browser(reference: str, expected: str | None) -> None:
    assert urls.resolve(reference, "https://example.org/a/x?q#f") == expected
