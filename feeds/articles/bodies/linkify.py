"""Bare addresses in HTML -> links, as GitHub's Markdown makes them (GFM §6.9). No I/O."""

import re

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)?[^<>]*+>")
_ADDRESS = re.compile(r"(?<![\w/@.:=-])(?:https?://|www\.)[^\s<>\"]++")
_UNLINKED = frozenset({"a", "code", "pre", "script", "style", "textarea"})
_LONGEST = 4_000  # characters
_PUNCTUATION = "?!.,:*_~'"
_REFERENCES = ("&quot;", "&gt;", "&lt;", "&#39;")


def linkified(html: str) -> str:
    """Return HTML whose bare addresses, but those in links and code, are links."""
    pieces: list[str] = []
    at = depth = 0
    for match in _TAG.finditer(html):
        text = html[at : match.start()]
        pieces += (text if depth else _ADDRESS.sub(_link, text), match[0])
        if match[2] and match[2].lower() in _UNLINKED:
            depth = max(0, depth - 1) if match[1] else depth + 1
        at = match.end()
    pieces.append(html[at:] if depth else _ADDRESS.sub(_link, html[at:]))
    return "".join(pieces)


def _link(match: re.Match[str]) -> str:
    """Return a link to an address without the punctuation after it."""
    text = match[0]
    if len(text) > _LONGEST:
        return text
    address = _trimmed(text)
    if "." not in address:
        return text
    url = address if address.startswith("http") else f"http://{address}"
    return f'<a href="{url}">{address}</a>{text[len(address) :]}'


def _trimmed(text: str) -> str:
    surplus = text.count(")") - text.count("(")
    while True:
        length = len(text)
        text = text.rstrip(_PUNCTUATION)
        for reference in _REFERENCES:
            text = text.removesuffix(reference)
        if surplus > 0 and text.endswith(")"):
            text = text[:-1]
            surplus -= 1
        if len(text) == length:
            return text
