"""One entry in one format, as bytes: an RSS item, an Atom entry, a JSON Feed item. Pure; no I/O.

A fragment depends on its entry (and the site settings it uses) alone, so one serves every feed.
"""

from collections.abc import Sequence

import msgspec

from feeds.config.site import Site
from feeds.model.document import Format
from feeds.model.entry import Entry
from feeds.render.atom import atom_entry
from feeds.render.elements import NeedsFeedgenError, categories, escape_text, media_elements
from feeds.render.feedgen_entry import by_feedgen
from feeds.render.json_feed import json_item
from feeds.render.rss import rss_item
from feeds.util.text import first_forbidden, may_be_forbidden

# Raised with any change to what becomes of the same article: to what it says as an entry
# (feeds.articles.parser, body, composed, attachments, attribution, ...) as to how that is rendered.
# tests/render/test_golden.py tells when that was forgotten.
VERSION = 4


def render_entry(entry: Entry, site: Site) -> dict[Format, bytes]:
    """The entry's fragment in every format.

    RSS 2.0 with its Best Practices Profile, RFC 4287, JSON Feed 1.1. The XML fragments end in a
    newline. Raises `RenderError` for an entry that feedgen refuses.
    """
    tags = categories(entry, site)
    try:
        rss, atom = write_directly(entry, tags)
    except NeedsFeedgenError:
        rss, atom = by_feedgen(entry, site)
    return {"rss": rss, "atom": atom, "json": msgspec.json.encode(json_item(entry, tags))}


def write_directly(entry: Entry, tags: Sequence[tuple[str, str]]) -> tuple[bytes, bytes]:
    """The RSS item and the Atom entry; `tags` are (scheme, term). Raises `UnusualError`."""
    provider, people = entry.provider, [person.name for person in entry.authors]
    named = [entry.id, entry.title, entry.link, entry.content, *people, *[tag for _, tag in tags]]
    if not all(named) or (provider and not provider.name):
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
    """Raise `UnusualError` for characters that lxml would refuse, or write as references.

    All that an RSS item says is in the Atom entry too, so that only this one is looked at.
    """
    if "\r" in atom or (may_be_forbidden(encoded) and first_forbidden(atom) is not None):
        raise NeedsFeedgenError
