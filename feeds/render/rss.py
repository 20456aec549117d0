"""An RSS item, written directly. Pure; no I/O."""

from collections.abc import Iterator, Sequence

from feeds.model.entry import Entry
from feeds.render.elements import escape_attribute, escape_plain, escape_text
from feeds.util import dates


def rss_item(
    entry: Entry, tags: Sequence[tuple[str, str]], content: str, media: str
) -> Iterator[str]:
    yield f"<item><title>{escape_plain(entry.title)}</title><link>{escape_text(entry.link)}</link>"
    if entry.summary:
        described = escape_text(escape_text(entry.summary))
        yield f"<description>{described}</description><content:encoded>{content}</content:encoded>"
    else:
        yield f"<description>{content}</description>"
    yield f'<guid isPermaLink="false">{escape_text(entry.id)}</guid>'
    for scheme, term in tags:
        yield f'<category domain="{escape_attribute(scheme)}">{escape_plain(term)}</category>'
    yield f"<pubDate>{dates.rfc822(entry.published)}</pubDate>"
    provider = entry.provider
    if provider and (source := provider.feed or provider.home):
        yield f'<source url="{escape_attribute(source)}">{escape_plain(provider.name)}</source>'
    for person in entry.authors:
        yield f"<dc:creator>{escape_plain(person.name)}</dc:creator>"
    for file in entry.enclosures[:1]:
        url, type_ = escape_attribute(file.url), escape_attribute(file.media_type)
        yield f'<enclosure url="{url}" length="{file.length or 0}" type="{type_}"/>'
    if entry.via:
        yield f'<atom:link rel="via" href="{escape_attribute(entry.via)}"/>'
    yield f"{media}</item>\n"
