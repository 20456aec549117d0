"""Path segments as site generators make them from titles and file names. No I/O."""

import re
import unicodedata

_JEKYLL_RAW = re.compile(r"[^\w._~!$&'()+,;=@]+")
_NOT_WORD = re.compile(r"[^\w]+")
_GITHUB = re.compile(r"[^\w\- ]")
_DJANGO_DROPPED = re.compile(r"[^\w\s-]")
_DJANGO_JOINED = re.compile(r"[-\s]+")


def jekyll_pretty(name: str) -> str:
    """Return Jekyll's `:title`: letters, digits and URL characters; case is kept."""
    return _JEKYLL_RAW.sub("-", name).strip("-")


def jekyll(name: str) -> str:
    """Return Jekyll's `:slug`: letters and digits of any script, in lower case."""
    return re.sub(r"[\W_]+", "-", name).strip("-").lower()


def github(name: str) -> str:
    """Return a heading or file name as github-slugger writes it (Astro, VitePress)."""
    return _GITHUB.sub("", name.lower()).replace(" ", "-")


def pelican(name: str) -> str:
    """Return a title as Pelican's default `SLUG_REGEX_SUBSTITUTIONS` make it: ASCII only."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    dropped = _DJANGO_DROPPED.sub("", ascii_name).strip().lower()
    return _DJANGO_JOINED.sub("-", dropped)


def without_accents(name: str) -> str:
    """Return the text without combining marks."""
    decomposed = unicodedata.normalize("NFD", name)
    return unicodedata.normalize(
        "NFC", "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
    )


def hugo(name: str) -> str:
    """Return a path as Hugo's `urlize` leaves it, but for its case: spaces become hyphens."""
    words = "-".join(name.split())
    kept = "".join(c for c in words if c.isalnum() or c in "./_-#+~%" or _is_mark(c))
    return re.sub(r"-{2,}", "-", kept)


def zola(name: str) -> str:
    """Return a name as the `slug` crate writes it: ASCII in lower case, words joined by hyphens."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _NOT_WORD.sub("-", ascii_name.replace("_", "-").lower()).strip("-")


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")
