"""One entry in every format, as bytes: RSS item, Atom entry, JSON Feed item. Pure; no I/O.

A fragment depends only on its entry and the site's settings, so every feed uses the same one.
"""

from collections.abc import Sequence

import msgspec

from feeds.config.site import Site
from feeds.model.document import Format
from feeds.model.entry import Entry
from feeds.render.atom import atom_entry
from feeds.render.elements import NeedsFeedgenError, categories, escape_text, media_elements
from feeds.render.feedgen_entry import render_by_feedgen
from feeds.render.json_feed import json_item
from feeds.render.rss import rss_item
from feeds.util.text import first_forbidden, may_be_forbidden

# Raise this if the same article now gives different fragments, because it is parsed
# (`feeds.articles`) or rendered differently. tests/render/test_golden.py fails if you forget it.
VERSION = 5


def render_entry(entry: Entry, site: Site) -> dict[Format, bytes]:
    """Return the entry's fragment in every format.

    The formats are RSS 2.0 (RSS Best Practices Profile), Atom (RFC 4287) and JSON Feed 1.1.
    The XML fragments end in a newline. Raises `RenderError` if feedgen refuses the entry.
    """
    tags = categories(entry, site)
    try:
        rss, atom = render_directly(entry, tags)
    except NeedsFeedgenError:
        rss, atom = render_by_feedgen(entry, site)
    return {"rss": rss, "atom": atom, "json": msgspec.json.encode(json_item(entry, tags))}


def render_directly(entry: Entry, tags: Sequence[tuple[str, str]]) -> tuple[bytes, bytes]:
    """Return the RSS item and the Atom entry, without feedgen.

    `tags` are (scheme, term). Raises `NeedsFeedgenError`.
    """
    provider, names = entry.provider, [person.name for person in entry.authors]
    terms = [term for _, term in tags]
    required = [entry.id, entry.title, entry.link, entry.content, *names, *terms]
    if not all(required) or (provider and not provider.name):
        raise NeedsFeedgenError
    content, media = escape_text(entry.content), "".join(media_elements(entry))
    rss = "".join(rss_item(entry, tags, content, media))
    atom = "".join(atom_entry(entry, tags, content, media))
    try:
        encoded = rss.encode(), atom.encode()
    except UnicodeEncodeError:
        raise NeedsFeedgenError from None
    _check_characters(atom, encoded[1])
    return encoded


def _check_characters(atom: str, encoded: bytes) -> None:
    """Raise `NeedsFeedgenError` for characters that lxml refuses or writes as references.

    The Atom entry contains all text of the RSS item, so that checking it is enough.
    """
    if "\r" in atom or (may_be_forbidden(encoded) and first_forbidden(atom) is not None):
        raise NeedsFeedgenError
