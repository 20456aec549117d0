"""What selections may ask about an entry. Pure; no I/O."""

from feeds.entry import Entry
from feeds.selection import Facts
from feeds.site import Site
from feeds.text import slug


def of(entry: Entry, site: Site) -> Facts:
    """The facts of an entry: its terms as slugs, its topics with all parents that count."""
    topics = {key for name in entry.topics for key in site.with_parents(site.topic_id(name))}
    return Facts(
        published=entry.published,
        topics=frozenset(topics),
        category=slug(entry.category) if entry.category else None,
        type=slug(entry.type) if entry.type else None,
        provider=entry.provider.key if entry.provider else None,
        language=slug(entry.language or site.settings.language),
        quality=entry.quality,
        heat=entry.heat,
    )
