"""Atom entries: the fast path, which writes nearly every entry as text. Pure; no I/O.

Its twin is `feeds.render.feedgen_entry`, the fallback for rare entries. Both must give the same
bytes (tests/render/test_feedgen_equivalence.py), so change both.
"""

from collections.abc import Iterator, Sequence

from feeds.model.entry import Entry
from feeds.render.elements import escape_attribute, escape_text, optional_attribute
from feeds.util import dates


def atom_entry(
    entry: Entry, tags: Sequence[tuple[str, str]], content: str, media: str
) -> Iterator[str]:
    """Yield the Atom entry in pieces.

    `tags` are (scheme, term), `content` is escaped, `media` are the elements of Media RSS. Raises
    `NeedsFeedgenError`.
    """
    language = optional_attribute("xml:lang", entry.language or None)
    yield f"<entry{language}><id>{escape_text(entry.id)}</id>"
    yield f"<title>{escape_text(entry.title)}</title>"
    yield f"<updated>{entry.updated.isoformat()}</updated>"
    for person in entry.authors:
        uri = f"<uri>{escape_text(person.url)}</uri>" if person.url else ""
        yield f"<author><name>{escape_text(person.name)}</name>{uri}</author>"
    yield f'<content type="html">{content}</content>'
    yield f'<link href="{escape_attribute(entry.link)}" rel="alternate"/>'
    if entry.summary:
        yield f"<summary>{escape_text(entry.summary)}</summary>"
    for scheme, term in tags:
        yield f'<category term="{escape_attribute(term)}" scheme="{escape_attribute(scheme)}"/>'
    yield f"<published>{entry.published.isoformat()}</published>"
    yield from _source(entry)
    if entry.via:
        yield f'<link rel="via" href="{escape_attribute(entry.via)}"/>'
    for related in entry.related:
        title = escape_attribute(related.title)
        yield f'<link rel="related" href="{escape_attribute(related.url)}" title="{title}"/>'
    for enclosure in entry.enclosures:
        url, type_ = escape_attribute(enclosure.url), escape_attribute(enclosure.media_type)
        length = optional_attribute("length", enclosure.length)
        title = optional_attribute("title", enclosure.title)
        yield f'<link rel="enclosure" href="{url}" type="{type_}"{length}{title}/>'
    yield f"{media}</entry>\n"


def _source(entry: Entry) -> Iterator[str]:
    """Yield `atom:source` (RFC 4287 §4.2.11) if the provider has a URL."""
    provider = entry.provider
    if provider is None or not (source := provider.feed or provider.home):
        return
    yield f"<source><id>{escape_text(source)}</id><title>{escape_text(provider.name)}</title>"
    yield f"<updated>{dates.rfc3339(entry.published)}</updated>"
    if provider.feed:
        yield f'<link rel="self" href="{escape_attribute(provider.feed)}"/>'
    if provider.home:
        yield f'<link rel="alternate" href="{escape_attribute(provider.home)}"/>'
    if provider.icon:
        yield f"<icon>{escape_text(provider.icon)}</icon>"
    yield "</source>"
