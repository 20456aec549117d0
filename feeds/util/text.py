"""Cleans plain text for all feed formats, and makes slugs. No I/O."""

import hashlib
import re
import unicodedata
from functools import cache, lru_cache

# Characters outside XML's Char production (XML 1.0 §2.2), and the discouraged C1 controls.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_CONTROLS = bytes({*range(32), 127} - {9, 10, 13})
_MAX_SLUG = 120  # bytes; slugs become file names, which have at most 255
_MAX_CACHED = 200  # characters of a name
_MAX_FOLDED = 1000  # characters: ordering combining marks takes quadratic time
_SIGNS = {"+": " plus ", "&": " and "}
_SIGN = re.compile(r"[+&]|(?<=\w)#")


@cache
def _replacements() -> dict[int, str]:
    """Return replacements for forbidden characters. C1 controls are misread cp1252."""
    forbidden = (chr(code) for code in range(0x10000) if _NOT_XML.match(chr(code)))
    replacements = dict.fromkeys(map(ord, forbidden), "")
    for code in range(0x80, 0xA0):
        replacements[code] = bytes([code]).decode("cp1252", errors="ignore")
    return replacements


def clean(text: str) -> str:
    """Return `text` without the characters that XML forbids, and with cp1252 mojibake repaired."""
    return text.translate(_replacements()) if _NOT_XML.search(text) else text


def may_be_forbidden(encoded: bytes) -> bool:
    """Return whether UTF-8 text may contain characters that `clean` removes. Fast; rarely True."""
    return (
        b"\xc2" in encoded  # C1 controls begin with this byte
        or b"\xef" in encoded  # and noncharacters with this one
        or len(encoded.translate(None, _CONTROLS)) < len(encoded)
    )


def first_forbidden(text: str) -> int | None:
    """Return the index of the first character that `clean` would remove; None if there is none."""
    match = _NOT_XML.search(text)
    return match.start() if match else None


def one_line(text: str) -> str:
    """Return `text` cleaned, with every run of whitespace as one space and none at the ends."""
    if text.isprintable() and "  " not in text and text[:1] != " " != text[-1:]:
        return text  # the usual case; the only printable whitespace is U+0020
    return " ".join(clean(text).split())


def slug(name: str) -> str:
    """Return a name as a path segment: lower-case letters and digits of any script, and hyphens.

    `C`, `C++` and `C#` stay distinct; names that differ only in case or spacing become equal.
    A stable hash replaces a name without letters or digits, and the end of a very long one.
    """
    return _cached_slug(name) if len(name) <= _MAX_CACHED else _slug(name)


def _slug(name: str) -> str:
    # Twice, because folding once is not idempotent for all of Unicode.
    folded = _folded(_folded(clean(name[:_MAX_FOLDED])))
    spelled_out = _SIGN.sub(lambda match: _SIGNS.get(match.group(), " sharp "), folded)
    words = "".join(c if _is_letter(c) else " " for c in spelled_out).split()
    segment = "-".join(words)
    if segment and len(segment.encode()) <= _MAX_SLUG and len(name) <= _MAX_FOLDED:
        return segment
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    beginning = segment.encode()[: _MAX_SLUG - 9].decode(errors="ignore").strip("-")
    return f"{beginning or 'x'}-{digest}"


# Names recur in most articles. Overlong ones are not worth caching.
_cached_slug = lru_cache(10_000)(_slug)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _is_letter(character: str) -> bool:
    """True for letters, digits, and combining marks, which many scripts use for vowels."""
    return character.isalnum() or unicodedata.category(character).startswith("M")


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, such as `1 article` or `2,193 articles`.

    `plural` is the plural of nouns that do not form it with an s.
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def quote_for_message(value: object) -> str:
    """Return an author's value for use in a message: quoted, and shortened."""
    if isinstance(value, dict | list | tuple | set):
        return f"a {type(value).__name__}"
    return repr(shorten(str(value), 100))


def shorten(text: str, limit: int) -> str:
    """Return `text` cut at a word boundary within `limit` characters, with an ellipsis if cut."""
    if len(text) <= limit:
        return text
    return text[:limit].rsplit(" ", 1)[0].rstrip(" ,;:.-–") + "…"
