"""RSS items and Atom entries written directly, byte for byte as feedgen and lxml would. No I/O.

feedgen takes ten times as long, for it builds a tree of each. What it would refuse, and what
lxml would write in a way of its own, is left to it (`feeds.fragment`). A test holds the two
equal, over whatever it can think of.
"""

from collections.abc import Iterator, Sequence
from html import escape

from feeds import dates
from feeds.entry import Enclosure, Entry, Image, Medium
from feeds.text import first_forbidden, may_be_forbidden


class UnusualError(Exception):
    """An entry that feedgen has to write, or to refuse."""


def write(entry: Entry, tags: Sequence[tuple[str, str]]) -> tuple[bytes, bytes]:
    """The RSS item and the Atom entry; `tags` are (scheme, term). Raises `UnusualError`."""
    provider, people = entry.provider, [person.name for person in entry.authors]
    named = [entry.id, entry.title, entry.link, entry.content, *people, *[tag for _, tag in tags]]
    if not all(named) or (provider and not provider.name):
        raise UnusualError
    content, media = _text(entry.content), "".join(_media(entry))
    rss = "".join(_rss(entry, tags, content, media))
    atom = "".join(_atom(entry, tags, content, media))
    try:
        encoded = rss.encode(), atom.encode()
    except UnicodeEncodeError:
        raise UnusualError from None
    _check(atom, encoded[1])
    return encoded


def _check(atom: str, encoded: bytes) -> None:
    """Raise `UnusualError` for characters that lxml would refuse, or write as references.

    All that an RSS item says is in the Atom entry too, so that only this one is looked at.
    """
    if "\r" in atom or (may_be_forbidden(encoded) and first_forbidden(atom) is not None):
        raise UnusualError


def _rss(entry: Entry, tags: Sequence[tuple[str, str]], content: str, media: str) -> Iterator[str]:
    yield f"<item><title>{_plain(entry.title)}</title><link>{_text(entry.link)}</link>"
    if entry.summary:
        described = _text(_text(entry.summary))
        yield f"<description>{described}</description><content:encoded>{content}</content:encoded>"
    else:
        yield f"<description>{content}</description>"
    yield f'<guid isPermaLink="false">{_text(entry.id)}</guid>'
    for scheme, term in tags:
        yield f'<category domain="{_attribute(scheme)}">{_plain(term)}</category>'
    yield f"<pubDate>{dates.rfc822(entry.published)}</pubDate>"
    provider = entry.provider
    if provider and (source := provider.feed or provider.home):
        yield f'<source url="{_attribute(source)}">{_plain(provider.name)}</source>'
    for person in entry.authors:
        yield f"<dc:creator>{_plain(person.name)}</dc:creator>"
    for file in entry.enclosures[:1]:
        url, type_ = _attribute(file.url), _attribute(file.media_type)
        yield f'<enclosure url="{url}" length="{file.length or 0}" type="{type_}"/>'
    if entry.via:
        yield f'<atom:link rel="via" href="{_attribute(entry.via)}"/>'
    yield f"{media}</item>\n"


def _atom(entry: Entry, tags: Sequence[tuple[str, str]], content: str, media: str) -> Iterator[str]:
    language = _optional("xml:lang", entry.language or None)
    yield f"<entry{language}><id>{_text(entry.id)}</id><title>{_text(entry.title)}</title>"
    yield f"<updated>{entry.updated.isoformat()}</updated>"
    for person in entry.authors:
        uri = f"<uri>{_text(person.url)}</uri>" if person.url else ""
        yield f"<author><name>{_text(person.name)}</name>{uri}</author>"
    yield f'<content type="html">{content}</content>'
    yield f'<link href="{_attribute(entry.link)}" rel="alternate"/>'
    if entry.summary:
        yield f"<summary>{_text(entry.summary)}</summary>"
    for scheme, term in tags:
        yield f'<category term="{_attribute(term)}" scheme="{_attribute(scheme)}"/>'
    yield f"<published>{entry.published.isoformat()}</published>"
    yield from _source(entry)
    if entry.via:
        yield f'<link rel="via" href="{_attribute(entry.via)}"/>'
    for each in entry.related:
        title = _attribute(each.title)
        yield f'<link rel="related" href="{_attribute(each.url)}" title="{title}"/>'
    for file in entry.enclosures:
        url, type_ = _attribute(file.url), _attribute(file.media_type)
        more = _optional("length", file.length) + _optional("title", file.title)
        yield f'<link rel="enclosure" href="{url}" type="{type_}"{more}/>'
    yield f"{media}</entry>\n"


def _source(entry: Entry) -> Iterator[str]:
    """atom:source (RFC 4287 §4.2.11), where there is anything to point to."""
    provider = entry.provider
    if provider is None or not (source := provider.feed or provider.home):
        return
    yield f"<source><id>{_text(source)}</id><title>{_text(provider.name)}</title>"
    yield f"<updated>{dates.rfc3339(entry.published)}</updated>"
    if provider.feed:
        yield f'<link rel="self" href="{_attribute(provider.feed)}"/>'
    if provider.home:
        yield f'<link rel="alternate" href="{_attribute(provider.home)}"/>'
    if provider.icon:
        yield f"<icon>{_text(provider.icon)}</icon>"
    yield "</source>"


def _media(entry: Entry) -> Iterator[str]:
    """Media RSS, the same in both formats (`feeds.mending`)."""
    for file in entry.enclosures:
        if file.medium != "image":
            size = _optional("duration", file.duration) + _size(file)
            yield _file(file, _attribute(file.url), file.medium, size)
    if entry.player:
        duration = _optional("duration", entry.player.duration)
        shown = f'<media:player url="{_attribute(entry.player.url)}"/>'
        yield f'<media:content medium="video"{duration}>{shown}</media:content>'
    for index, image in enumerate(entry.images):
        url, size = _attribute(image.url), _size(image)
        yield _file(image, url, "image", size)
        if index == 0:
            yield f'<media:thumbnail url="{url}"{size}/>'


def _file(file: Enclosure | Image, url: str, medium: Medium, size: str) -> str:
    length, type_ = _optional("fileSize", file.length), _optional("type", file.media_type)
    return f'<media:content url="{url}"{length}{type_} medium="{medium}"{size}/>'


def _size(file: Enclosure | Image) -> str:
    return _optional("width", file.width) + _optional("height", file.height)


def _optional(name: str, value: str | int | None) -> str:
    """An attribute, where there is a value for it."""
    if value is None:
        return ""
    return f' {name}="{_attribute(value) if isinstance(value, str) else value}"'


def _text(value: str) -> str:
    if "&" in value or "<" in value or ">" in value:
        value = escape(value, quote=False)
    return value


def _plain(value: str) -> str:
    """Plain text in RSS, as `feeds.mending.plain_references` makes it."""
    if "&" in value or "<" in value or ">" in value:
        value = value.replace("&", "&#x26;").replace("<", "&#x3C;").replace(">", "&#x3E;")
    return value


def _attribute(value: str) -> str:
    if "\n" in value or "\t" in value:
        raise UnusualError  # lxml writes these in attributes as references
    return _text(value).replace('"', "&quot;")
