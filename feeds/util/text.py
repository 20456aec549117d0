"""Plain text that every format can hold, and the slugs made of it. No I/O."""

import hashlib
import re
import unicodedata
from functools import cache, lru_cache

# Outside XML's Char production (XML 1.0 §2.2), and the C1 controls that XML discourages.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_CONTROLS = bytes({*range(32), 127} - {9, 10, 13})
_MAX_SLUG = 120  # bytes: slugs become names of files, which may have 255
_MOST_KEPT = 200  # characters of a name
_MOST_FOLDED = 1000  # characters: Unicode's order of marks takes the square of their number
_SIGNS = {"+": " plus ", "&": " and "}
_SIGN = re.compile(r"[+&]|(?<=\w)#")


@cache
def _replacements() -> dict[int, str]:
    """What a forbidden character most likely was: C1 controls are cp1252 read as latin-1."""
    forbidden = (chr(code) for code in range(0x10000) if _NOT_XML.match(chr(code)))
    made = dict.fromkeys(map(ord, forbidden), "")
    for code in range(0x80, 0xA0):
        made[code] = bytes([code]).decode("cp1252", errors="ignore")
    return made


def clean(text: str) -> str:
    """`text` without the characters that XML forbids (XML 1.0 §2.2), cp1252 mojibake mended."""
    return text.translate(_replacements()) if _NOT_XML.search(text) else text


def may_be_forbidden(encoded: bytes) -> bool:
    """Whether UTF-8 text can hold what `clean` takes out: False for nearly all, and quick."""
    return (
        b"\xc2" in encoded  # C1 controls begin with this byte
        or b"\xef" in encoded  # and noncharacters with this one
        or len(encoded.translate(None, _CONTROLS)) < len(encoded)
    )


def first_forbidden(text: str) -> int | None:
    """Where in `text` the first character stands that `clean` would take out, None if none."""
    found = _NOT_XML.search(text)
    return found.start() if found else None


def one_line(text: str) -> str:
    """`text` cleaned, every run of whitespace one space, none at the ends."""
    if text.isprintable() and "  " not in text and text[:1] != " " != text[-1:]:
        return text  # nearly all is so; the one space that is printable is U+0020
    return " ".join(clean(text).split())


def slug(name: str) -> str:
    """A name as a path segment: lower case, letters and digits of any script, hyphens.

    `C`, `C++` and `C#` stay apart; names that differ in case or spacing only become one.
    A name without a letter or digit, and what a very long one loses, becomes a stable hash.
    """
    return _kept_slug(name) if len(name) <= _MOST_KEPT else _slug(name)


def _slug(name: str) -> str:
    folded = _folded(
        _folded(clean(name[:_MOST_FOLDED]))
    )  # twice, for once is not stable for all of Unicode
    signs = _SIGN.sub(lambda found: _SIGNS.get(found.group(), " sharp "), folded)
    made = "-".join("".join(c if _is_letter(c) else " " for c in signs).split())
    if made and len(made.encode()) <= _MAX_SLUG and len(name) <= _MOST_FOLDED:
        return made
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    kept = made.encode()[: _MAX_SLUG - 9].decode(errors="ignore").strip("-")
    return f"{kept or 'x'}-{digest}"


# Names recur in most articles; whole texts that stand where a name should are not kept.
_kept_slug = lru_cache(10_000)(_slug)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _is_letter(character: str) -> bool:
    """Whether it is a letter or digit, or a mark on one: many scripts write vowels as marks."""
    return character.isalnum() or unicodedata.category(character).startswith("M")


def quote_for_message(value: object) -> str:
    """What an author wrote, for a message about it: in quotes, and never long."""
    if isinstance(value, dict | list | tuple | set):
        return f"a {type(value).__name__}"
    return repr(shorten(str(value), 100))


def shorten(text: str, limit: int) -> str:
    """`text` cut at a word before `limit` characters, with an ellipsis if anything was cut."""
    if len(text) <= limit:
        return text
    return text[:limit].rsplit(" ", 1)[0].rstrip(" ,;:.-–") + "…"
