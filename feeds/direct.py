"""RSS items and Atom entries written directly, byte for byte as feedgen and lxml would. No I/O.

feedgen takes ten times as long, for it builds a tree of each. What it would refuse, and what
lxml would write in a way of its own, is left to it (`feeds.fragment`). A test holds the two
equal, over whatever it can think of.
"""

from collections.abc import Iterator, Sequence
from html import escape

from feeds import dates
from feeds.entry import Enclosure, Entry
from feeds.text import first_forbidden, may_be_forbidden


class UnusualError(Exception):
    """An entry that feedgen has to write, or to refuse."""


def write(entry: Entry, tags: Sequence[tuple[str, str]]) -> tuple[bytes, bytes]:
    """The RSS item and the Atom entry; `tags` are (scheme, term). Raises `UnusualError`."""
    provider, people = entry.provider, [person.name for person in entry.authors]
    named = [entry.id, entry.title, entry.link, entry.content, *people, *(tag for _, tag in tags)]
    if not all(named) or (provider and not provider.name):
        raise UnusualError
    content, media = _text(entry.content), "".join(_media(entry))
    rss = "".join(_rss(entry, tags, content, media))
    atom = "".join(_atom(entry, tags, content, media))
    return _encoded(rss), _encoded(atom)


def _encoded(made: str) -> bytes:
    try:
        encoded = made.encode()
    except UnicodeEncodeError:
        raise UnusualError from None
    if b"\r" in encoded or (may_be_forbidden(encoded) and first_forbidden(made) is not None):
        raise UnusualError
    return encoded


def _rss(entry: Entry, tags: Sequence[tuple[str, str]], content: str, media: str) -> Iterator[str]:
    yield f"<item><title>{_plain(entry.title)}</title><link>{_text(entry.link)}</link>"
    if entry.summary:
        described = _text(escape(entry.summary, quote=False))
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
        yield _element("enclosure", url=file.url, length=file.length or 0, type=file.media_type)
    if entry.via:
        yield _element("atom:link", rel="via", href=entry.via)
    yield f"{media}</item>\n"


def _atom(entry: Entry, tags: Sequence[tuple[str, str]], content: str, media: str) -> Iterator[str]:
    language = f' xml:lang="{_attribute(entry.language)}"' if entry.language else ""
    yield f"<entry{language}><id>{_text(entry.id)}</id><title>{_text(entry.title)}</title>"
    yield f"<updated>{entry.updated.isoformat()}</updated>"
    for person in entry.authors:
        uri = f"<uri>{_text(person.url)}</uri>" if person.url else ""
        yield f"<author><name>{_text(person.name)}</name>{uri}</author>"
    yield f'<content type="html">{content}</content>'
    yield _element("link", href=entry.link, rel="alternate")
    if entry.summary:
        yield f"<summary>{_text(entry.summary)}</summary>"
    for scheme, term in tags:
        yield _element("category", term=term, scheme=scheme)
    yield f"<published>{entry.published.isoformat()}</published>"
    yield from _source(entry)
    if entry.via:
        yield _element("link", rel="via", href=entry.via)
    for each in entry.related:
        yield _element("link", rel="related", href=each.url, title=each.title)
    for file in entry.enclosures:
        yield _element(
            "link",
            rel="enclosure",
            href=file.url,
            type=file.media_type,
            length=file.length,
            title=file.title,
        )
    yield f"{media}</entry>\n"


def _source(entry: Entry) -> Iterator[str]:
    """atom:source (RFC 4287 §4.2.11), where there is anything to point to."""
    provider = entry.provider
    if provider is None or not (source := provider.feed or provider.home):
        return
    yield f"<source><id>{_text(source)}</id><title>{_text(provider.name)}</title>"
    yield f"<updated>{dates.rfc3339(entry.published)}</updated>"
    if provider.feed:
        yield _element("link", rel="self", href=provider.feed)
    if provider.home:
        yield _element("link", rel="alternate", href=provider.home)
    if provider.icon:
        yield f"<icon>{_text(provider.icon)}</icon>"
    yield "</source>"


def _media(entry: Entry) -> Iterator[str]:
    """Media RSS, the same in both formats (`feeds.mending`)."""
    for file in entry.enclosures:
        if file.medium != "image":
            yield _media_file(file)
    if entry.player:
        duration = entry.player.duration
        said = "" if duration is None else f' duration="{duration}"'
        shown = _element("media:player", url=entry.player.url)
        yield f'<media:content medium="video"{said}>{shown}</media:content>'
    for index, image in enumerate(entry.images):
        yield _element(
            "media:content",
            url=image.url,
            fileSize=image.length,
            type=image.media_type,
            medium="image",
            width=image.width,
            height=image.height,
        )
        if index == 0:
            yield _element("media:thumbnail", url=image.url, width=image.width, height=image.height)


def _media_file(file: Enclosure) -> str:
    return _element(
        "media:content",
        url=file.url,
        fileSize=file.length,
        type=file.media_type,
        medium=file.medium,
        duration=file.duration,
        width=file.width,
        height=file.height,
    )


def _element(tag: str, /, **attributes: str | int | None) -> str:
    """An empty element with the attributes that are not None, in the order given."""
    said = "".join(
        f' {name}="{value if type(value) is int else _attribute(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{said}/>"


def _text(value: str) -> str:
    return escape(value, quote=False)


def _plain(value: str) -> str:
    """Plain text in RSS, as `feeds.mending.plain_references` makes it."""
    if "&" in value or "<" in value or ">" in value:
        value = value.replace("&", "&#x26;").replace("<", "&#x3C;").replace(">", "&#x3E;")
    return value


def _attribute(value: str) -> str:
    if not value.isprintable():
        raise UnusualError  # lxml writes line breaks and such in attributes as references
    return escape(value, quote=False).replace('"', "&quot;")
