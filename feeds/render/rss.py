"""RSS items: the fast path, which writes nearly every item as text. Pure; no I/O.

Its twin is `feeds.render.feedgen_entry`, the fallback for rare entries. Both must give the same
bytes (tests/render/test_feedgen_equivalence.py), so change both.
"""

from collections.abc import Iterator, Sequence

from feeds.model.entry import Entry
from feeds.render.elements import escape_attribute, escape_plain, escape_text
from feeds.util import dates


def rss_item(
    entry: Entry, tags: Sequence[tuple[str, str]], content: str, media: str
) -> Iterator[str]:
    """Yield the item in pieces.

    `tags` are (scheme, term), `content` is escaped, `media` are the elements of Media RSS. Raises
    `NeedsFeedgenError`.
    """
    yield f"<item><title>{escape_plain(entry.title)}</title><link>{escape_text(entry.link)}</link>"
    if entry.summary:
        summary = escape_text(escape_text(entry.summary))
        yield f"<description>{summary}</description><content:encoded>{content}</content:encoded>"
    else:
        yield f"<description>{content}</description>"
    permalink = "true" if entry.permalink_id else "false"
    yield f'<guid isPermaLink="{permalink}">{escape_text(entry.id)}</guid>'
    for scheme, term in tags:
        yield f'<category domain="{escape_attribute(scheme)}">{escape_plain(term)}</category>'
    yield f"<pubDate>{dates.rfc822(entry.published)}</pubDate>"
    provider = entry.provider
    if provider and (source := provider.feed or provider.home):
        yield f'<source url="{escape_attribute(source)}">{escape_plain(provider.name)}</source>'
    for person in entry.authors:
        yield f"<dc:creator>{escape_plain(person.name)}</dc:creator>"
    for enclosure in entry.enclosures[:1]:  # RSS 2.0 allows one per item
        url, type_ = escape_attribute(enclosure.url), escape_attribute(enclosure.media_type)
        yield f'<enclosure url="{url}" length="{enclosure.length or 0}" type="{type_}"/>'
    if entry.via:
        yield f'<atom:link rel="via" href="{escape_attribute(entry.via)}"/>'
    yield f"{media}</item>\n"
