"""Path segments as site generators make them from titles and file names. No I/O."""

import re
import unicodedata
from collections.abc import Sequence

_JEKYLL_PRETTY = "._~!$&'()+,;=@"
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{2}")
_NOT_WORD = re.compile(r"[^\w]+")
# What decomposition does not make ASCII, and what slugify makes of German and Nordic letters.
_LETTERS = str.maketrans({
    "ß": "ss", "ẞ": "Ss", "Æ": "AE", "æ": "ae", "Ø": "O", "ø": "o", "Œ": "OE", "œ": "oe",
    "Đ": "D", "đ": "d", "Ł": "L", "ł": "l", "Þ": "TH", "þ": "th", "ð": "d", "Ð": "D", "ı": "i",
    "’": "'", "‘": "'",
})  # fmt: skip
_UMLAUTS = str.maketrans({
    "Ä": "AE", "ä": "ae", "Ö": "OE", "ö": "oe", "Ü": "UE", "ü": "ue",
})  # fmt: skip
_SYMBOLS = str.maketrans({
    "&": "and", "$": "dollar", "%": "percent", "<": "less", ">": "greater", "|": "or",
    "€": "euro", "£": "pound", "…": "...", "–": "-", "“": '"', "”": '"',
})  # fmt: skip
_POSSESSIVE = re.compile(r"([a-z\d]+)'([ts])(\s|$)")
_NOT_IN_SLUG = re.compile(r"[^\w\s$*+~.()'\"!\-:@]+", re.ASCII)
# Pelican's default of SLUG_REGEX_SUBSTITUTIONS.
_PELICAN = ((r"[^\w\s-]", ""), (r"\A\s*", ""), (r"\s*\Z", ""), (r"[-\s]+", "-"))
# Punctuation that Unidecode makes ASCII.
_PUNCTUATION = str.maketrans({
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "--", "―": "--", "−": "-", "…": "...", "•": "*",
    "€": "EUR", "£": "PS", "°": "deg", "×": "x", "©": "(c)", "®": "(r)", "«": "<<", "»": ">>",
})  # fmt: skip
_NOT_PYMDOWNX = re.compile(r"[^\w\- ]")
# hexo-util, slugize.ts: rSpecial.
_NOT_IN_HEXO = re.compile(r"[\s~`!@#$%^&*()\-_+=\[\]{}|\\;:\"'<>,.?/]+")
# hexo-util, escape_diacritic.ts: letters that decomposition does not make ASCII.
_HEXO_LETTERS = str.maketrans({
    "Æ": "AE", "æ": "ae", "Ǣ": "AE", "ǣ": "ae", "Ǽ": "AE", "ǽ": "ae", "Ø": "O", "ø": "o",
    "Ǿ": "O", "ǿ": "o", "Œ": "OE", "œ": "oe", "ß": "s", "ẞ": "S", "ſ": "l", "ẛ": "s", "Đ": "D",
    "đ": "d", "Ħ": "H", "ħ": "h", "ı": "i", "Ŀ": "L", "ŀ": "l", "Ł": "L", "ł": "l", "ŉ": "n",
    "Ŧ": "T", "ŧ": "t", "Ǆ": "DZ", "ǅ": "Dz", "ǆ": "dz", "Ǉ": "LJ", "ǈ": "Lj", "ǉ": "lj",
    "Ǌ": "NJ", "ǋ": "Nj", "ǌ": "nj", "ǝ": "e", "ƒ": "f", "\ufeff": "-",
})  # fmt: skip
_TAG = re.compile(r"</?[^>]*>")


def jekyll_pretty(name: str) -> str:
    """Return Jekyll's `:title`: letters, digits and URL characters; case is kept."""
    return _words_of_jekyll(name, _JEKYLL_PRETTY)


def jekyll(name: str) -> str:
    """Return Jekyll's `:slug`: letters and digits of any script, in lower case."""
    return _words_of_jekyll(name, "").lower()


def _words_of_jekyll(name: str, also: str) -> str:
    """Join by hyphens the runs that `Utils.slugify` keeps: `[\\p{M}\\p{L}\\p{Nd}]`, and `also`."""
    kept = (c if c in also or _is_letter_mark_or_digit(c) else " " for c in name)
    return re.sub("[ -]+", "-", "".join(kept)).strip("-")


def _is_letter_mark_or_digit(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LM" or category == "Nd"


def github(name: str) -> str:
    """Return a heading or file name as github-slugger writes it (Astro, VitePress)."""
    kept = (c for c in name.lower() if c in "- " or _is_github_word(c))
    return "".join(kept).replace(" ", "-")


def _is_github_word(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LM" or category in ("Nd", "Nl", "Pc")


def slugify(name: str) -> str:
    """Return a text as Eleventy's filter `slugify` writes it (@sindresorhus/slugify)."""
    text = unicodedata.normalize("NFC", name).translate(_UMLAUTS).translate(_LETTERS)
    text = without_accents(text.replace("&", " and ")).lower()
    text = _POSSESSIVE.sub(r"\1\2\3", text)
    return re.sub(r"[^a-z\d]+", "-", text).strip("-")


def slug_filter(name: str) -> str:
    """Return a text as Eleventy's old filter `slug` writes it (slugify 1)."""
    text = unicodedata.normalize("NFC", name).translate(_SYMBOLS).translate(_LETTERS)
    text = _NOT_IN_SLUG.sub("", without_accents(text).replace("-", " "))
    return re.sub(r"\s+", "-", text.strip()).lower()


def pelican(
    name: str,
    substitutions: Sequence[tuple[str, str]] = (),
    *,
    keeps_case: bool = False,
    keeps_letters: bool = False,
) -> str:
    """Return a title as Pelican's `slugify` makes it, by SLUG_REGEX_SUBSTITUTIONS or its default.

    `keeps_letters` keeps letters that are not ASCII (SLUGIFY_USE_UNICODE).
    """
    text = unicodedata.normalize("NFKC", name)
    text = text if keeps_letters else _in_ascii(text)
    for pattern, replacement in substitutions or _PELICAN:
        text = re.sub(pattern, replacement, text, flags=re.IGNORECASE)
    return (text if keeps_case else text.lower()).strip()


def _in_ascii(text: str) -> str:
    """Return a text in ASCII. Scripts other than the Latin one are left out."""
    text = text.translate(_LETTERS).translate(_PUNCTUATION)
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def nikola(name: str) -> str:
    """Return a file name as Nikola makes it: ASCII only. Letters that are not Latin are lost."""
    return pelican(name.translate(_LETTERS))


def is_latin(name: str) -> bool:
    """Return whether a text has no letters that `nikola` loses."""
    letters = without_accents(name.translate(_LETTERS))
    return not any(letter.isalpha() and not letter.isascii() for letter in letters)


def without_accents(name: str) -> str:
    """Return the text without combining marks."""
    decomposed = unicodedata.normalize("NFD", name)
    return unicodedata.normalize(
        "NFC", "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
    )


def hugo(name: str) -> str:
    """Return a path as Hugo's `paths.Sanitize` leaves it: spaces become hyphens; case is kept."""
    kept: list[str] = []
    hyphen_is_due = False
    for index, character in enumerate(name):
        if _is_kept_by_hugo(name, index):
            if hyphen_is_due and character != "-":
                kept.append("-")
            hyphen_is_due = False
            kept.append(character)
        elif kept and kept[-1] != "-" and character.isspace():
            hyphen_is_due = True
    return "".join(kept)


def _is_kept_by_hugo(name: str, index: int) -> bool:
    character = name[index]
    if character == "%":
        return _HEXADECIMAL.match(name, index + 1) is not None
    category = unicodedata.category(character)
    return category[0] in "LM" or category == "Nd" or character in "./\\_#+~-@"


def zola(name: str) -> str:
    """Return a name as the `slug` crate writes it: ASCII in lower case, words joined by hyphens."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _NOT_WORD.sub("-", ascii_name.replace("_", "-").lower()).strip("-")


def pymdownx(name: str, separator: str = "-", case: str = "lower") -> str:
    """Return a title as `pymdownx.slugs.slugify(case=…)` makes it; unknown cases keep the case."""
    slug = _TAG.sub("", unicodedata.normalize("NFC", name)).strip()
    if case == "lower":
        slug = slug.lower()
    elif case == "lower-ascii":
        slug = re.sub(r"[A-Z]", lambda match: match[0].lower(), slug)
    elif case == "fold":
        slug = slug.casefold()
    return _NOT_PYMDOWNX.sub("", slug).replace(" ", separator)


def hexo(name: str, case: int = 0) -> str:
    """Return a text as hexo-util's `slugize` writes it; `case` 1 is lower case, 2 upper case."""
    text = "".join(map(_without_diacritic, name.translate(_HEXO_LETTERS)))
    text = re.sub(r"[\x00-\x1f]", "", text)
    slug = _NOT_IN_HEXO.sub("-", text).strip("-")
    return slug.lower() if case == 1 else slug.upper() if case == 2 else slug


def _without_diacritic(character: str) -> str:
    """Return a letter as hexo-util writes it; only those of the Latin script lose their marks."""
    if "Ⓐ" <= character <= "ⓩ" or "Ａ" <= character <= "ｚ":
        return unicodedata.normalize("NFKC", character)
    letters = unicodedata.normalize("NFD", character)
    return letters[0] if letters[0].isascii() and letters[0].isalpha() else character
