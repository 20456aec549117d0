"""The HTML content of an entry: the article's body, or a summary of its metadata. No I/O.

Most feed readers hide source elements, so every article with a provider ends in a visible credit.
"""

from collections.abc import Sequence
from html import escape

import msgspec

from feeds.model.entry import Image, Player, Provider, Related
from feeds.util.text import shorten


class ContentParts(msgspec.Struct, frozen=True, gc=False):
    """The parts of an entry's content: `body` is sanitised HTML or empty, the rest plain text.

    `facts` are short statements, such as a duration or a price. `credit_url` is the page that the
    credit to the provider links to.
    """

    title: str
    body: str
    summary: str
    link: str
    image: Image | None
    player: Player | None
    facts: Sequence[str]
    provider: Provider | None
    credit_url: str
    related: Sequence[Related]


def compose(parts: ContentParts) -> str:
    """Return the HTML content of an entry."""
    if parts.body:
        blocks = [parts.body]
    else:
        summary = _paragraph(escape(parts.summary, quote=False))
        blocks = [_lead_image(parts.image, parts.link), summary]
    if parts.player:
        blocks.append(_paragraph(f"Watch: {_link(parts.player.url, parts.player.url)}"))
    if parts.facts and not parts.body:
        blocks.append(_paragraph(escape(" · ".join(parts.facts), quote=False)))
    if parts.provider:
        blocks.append(_paragraph(f"Via {_link(parts.credit_url, parts.provider.name)}"))
    if parts.related:
        items = "".join(f"<li>{_related(item)}</li>" for item in parts.related)
        blocks.append(f"<p>Related coverage:</p><ul>{items}</ul>")
    html = "\n".join(filter(None, blocks))
    return html or _paragraph(_link(parts.link, parts.title))


def _paragraph(html: str) -> str:
    return f"<p>{html}</p>" if html else ""


def _link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}">{escape(text, quote=False)}</a>'


def _related(related: Related) -> str:
    provider = f" – {escape(related.provider, quote=False)}" if related.provider else ""
    return _link(related.url, shorten(related.title, 200)) + provider


def _lead_image(image: Image | None, link: str) -> str:
    if image is None:
        return ""
    size = f' width="{image.width}"' if image.width else ""
    size += f' height="{image.height}"' if image.height else ""
    alt = escape(image.title) if image.title else ""
    return f'<p><a href="{escape(link)}"><img src="{escape(image.url)}" alt="{alt}"{size}></a></p>'
