"""The HTML that an entry shows: an article's body, or one composed of its facts. No I/O.

Attribution must be visible, for most readers hide a feed's source elements: every article
with a provider ends in a credit.
"""

from collections.abc import Sequence
from html import escape

from feeds.model.entry import Image, Player, Provider, Related
from feeds.util.text import shorten


def compose(
    *,
    title: str,
    body: str,
    summary: str,
    link: str,
    image: Image | None,
    player: Player | None,
    facts: Sequence[str],
    provider: Provider | None,
    credit_url: str,
    related: Sequence[Related],
) -> str:
    """The entry's HTML. `body` is sanitised HTML and may be empty; all else is plain text."""
    parts = [body] if body else [_lead(image, link), _paragraph(escape(summary, quote=False))]
    if player:
        parts.append(_paragraph(f"Watch: {_link(player.url, player.url)}"))
    if facts and not body:
        parts.append(_paragraph(escape(" · ".join(facts), quote=False)))
    if provider:
        parts.append(_paragraph(f"Via {_link(credit_url, provider.name)}"))
    if related:
        items = "".join(f"<li>{_related(each)}</li>" for each in related)
        parts.append(f"<p>Related coverage:</p><ul>{items}</ul>")
    made = "\n".join(filter(None, parts))
    return made or _paragraph(_link(link, title))


def _paragraph(html: str) -> str:
    return f"<p>{html}</p>" if html else ""


def _link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}">{escape(text, quote=False)}</a>'


def _related(related: Related) -> str:
    said = f" – {escape(related.provider, quote=False)}" if related.provider else ""
    return _link(related.url, shorten(related.title, 200)) + said


def _lead(image: Image | None, link: str) -> str:
    if image is None:
        return ""
    size = f' width="{image.width}"' if image.width else ""
    size += f' height="{image.height}"' if image.height else ""
    alt = escape(image.title) if image.title else ""
    return f'<p><a href="{escape(link)}"><img src="{escape(image.url)}" alt="{alt}"{size}></a></p>'
