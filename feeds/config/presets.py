"""Where other systems have their feeds, so that a site that leaves them keeps its subscribers.

Each row is an address, below the site, and what it brings there: a format of the main feed, or of
the feed of the term that its placeholder names, as a system has them if nobody says otherwise.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from feeds.config.feed_settings import Generator
from feeds.config.site import FeedSpec, Redirect

_WORDPRESS = (
    ("feed", "rss"), ("feed/rss", "rss"), ("feed/rss2", "rss"), ("feed/atom", "atom"),
    ("category/{category}/feed", "rss"), ("category/{category}/feed/atom", "atom"),
    ("tag/{topic}/feed", "rss"), ("tag/{topic}/feed/atom", "atom"),
)  # fmt: skip

FEED_ADDRESSES: Mapping[Generator, Sequence[tuple[str, str]]] = {
    "common": (
        ("feed", "rss"), ("rss", "rss"), ("atom", "atom"), ("feed.xml", "rss"), ("rss.xml", "rss"),
        ("index.xml", "rss"), ("atom.xml", "atom"), ("feed.rss", "rss"), ("feed.atom", "atom"),
        ("index.rss", "rss"), ("index.atom", "atom"), ("feed.json", "json"),
        ("tag/{topic}/feed", "rss"),
    ),
    "blogger": (
        ("feeds/posts/default", "atom"), ("feeds/posts/default/-/{topic}", "atom"),
        ("rss.xml", "rss"), ("atom.xml", "atom"),
    ),
    "drupal": (("rss.xml", "rss"),),
    "ghost": (("rss", "rss"), ("tag/{topic}/rss", "rss")),
    "hugo": (
        ("index.xml", "rss"), ("tags/{topic}/index.xml", "rss"),
        ("categories/{category}/index.xml", "rss"),
    ),
    "jekyll": (
        ("feed.xml", "atom"), ("feed/{category}.xml", "atom"), ("feed/by_tag/{topic}.xml", "atom"),
    ),
    "pelican": (
        ("feeds/all.atom.xml", "atom"), ("feeds/all.rss.xml", "rss"),
        ("feeds/{category}.atom.xml", "atom"), ("feeds/{category}.rss.xml", "rss"),
    ),
    "tumblr": (("rss", "rss"), ("tagged/{topic}/rss", "rss")),
    "wordpress": _WORDPRESS,
}  # fmt: skip


def moves(systems: Iterable[Generator], feeds: Sequence[FeedSpec]) -> tuple[Redirect, ...]:
    """Where the addresses of these systems lead; of two with one address the first has it.

    The main feed is the first that is no family. Addresses of terms without a family are left out.
    """
    found: dict[str, Redirect] = {}
    for address, target in _all(systems, feeds):
        found.setdefault(address, Redirect(address, target, 301))
    return tuple(found.values())


def _all(systems: Iterable[Generator], feeds: Sequence[FeedSpec]) -> Iterator[tuple[str, str]]:
    families = {spec.each[0]: spec.path for spec in reversed(feeds) if len(spec.each) == 1}
    main = next((spec.path for spec in feeds if not spec.each), None)
    for system in systems:
        for address, format_ in FEED_ADDRESSES[system]:
            field = next((each for each in families if f"{{{each}}}" in address), None)
            path = families[field] if field else None if "{" in address else main
            if path is not None:
                yield address, f"{path}.{format_}"
