"""An Atom entry, written directly. Pure; no I/O."""

from collections.abc import Iterator, Sequence

from feeds.model.entry import Entry
from feeds.render.elements import escape_attribute, escape_text, optional_attribute
from feeds.util import dates


def atom_entry(
    entry: Entry, tags: Sequence[tuple[str, str]], content: str, media: str
) -> Iterator[str]:
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
    for each in entry.related:
        title = escape_attribute(each.title)
        yield f'<link rel="related" href="{escape_attribute(each.url)}" title="{title}"/>'
    for file in entry.enclosures:
        url, type_ = escape_attribute(file.url), escape_attribute(file.media_type)
        more = optional_attribute("length", file.length) + optional_attribute("title", file.title)
        yield f'<link rel="enclosure" href="{url}" type="{type_}"{more}/>'
    yield f"{media}</entry>\n"


def _source(entry: Entry) -> Iterator[str]:
    """atom:source (RFC 4287 §4.2.11), where there is anything to point to."""
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
