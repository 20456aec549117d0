"""Feed addresses of other systems, so that a site keeps its subscribers when it migrates.

Each row is an address below the site, as in the system's default configuration, and the format of
the feed there. It is the main feed, or the feed of the term in the address.
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
    "astro": (("rss.xml", "rss"),),
    "blogger": (
        ("feeds/posts/default", "atom"), ("feeds/posts/default/-/{topic}", "atom"),
        ("rss.xml", "rss"), ("atom.xml", "atom"),
    ),
    "docusaurus": (
        ("blog/rss.xml", "rss"), ("blog/atom.xml", "atom"), ("blog/feed.json", "json"),
    ),
    "drupal": (("rss.xml", "rss"),),
    "eleventy": (("feed/feed.xml", "atom"), ("feed.xml", "atom"), ("blog/feed.xml", "atom")),
    "gatsby": (("rss.xml", "rss"),),
    "ghost": (("rss", "rss"), ("tag/{topic}/rss", "rss")),
    "hexo": (("atom.xml", "atom"), ("rss2.xml", "rss")),
    "hugo": (
        ("index.xml", "rss"), ("posts/index.xml", "rss"), ("post/index.xml", "rss"),
        ("blog/index.xml", "rss"), ("tags/{topic}/index.xml", "rss"),
        ("categories/{category}/index.xml", "rss"), ("categories/{topic}/index.xml", "rss"),
        ("series/{topic}/index.xml", "rss"), ("topics/{topic}/index.xml", "rss"),
    ),
    "jekyll": (
        ("feed.xml", "atom"), ("feed/{category}.xml", "atom"), ("feed/{topic}.xml", "atom"),
        ("feed/by_tag/{topic}.xml", "atom"),
    ),
    "mkdocs": (
        ("feed_rss_created.xml", "rss"), ("feed_rss_updated.xml", "rss"),
        ("feed_json_created.json", "json"), ("feed_json_updated.json", "json"),
    ),
    "pelican": (
        ("feeds/all.atom.xml", "atom"), ("feeds/all.rss.xml", "rss"), ("feeds/atom.xml", "atom"),
        ("feeds/rss.xml", "rss"), ("feeds/{category}.atom.xml", "atom"),
        ("feeds/{category}.rss.xml", "rss"), ("feeds/{topic}.atom.xml", "atom"),
        ("feeds/{topic}.rss.xml", "rss"),
    ),
    "quarto": (("index.xml", "rss"), ("blog.xml", "rss"), ("posts.xml", "rss")),
    "tumblr": (("rss", "rss"), ("tagged/{topic}/rss", "rss")),
    "wordpress": _WORDPRESS,
    "zola": (
        ("atom.xml", "atom"), ("rss.xml", "rss"), ("tags/{topic}/atom.xml", "atom"),
        ("tags/{topic}/rss.xml", "rss"), ("categories/{topic}/atom.xml", "atom"),
    ),
}  # fmt: skip


def redirects(systems: Iterable[Generator], feeds: Sequence[FeedSpec]) -> tuple[Redirect, ...]:
    """Redirects from the addresses of these systems; the first one gets a shared address.

    The main feed is the first one that is not a family. Addresses of terms that have no family
    are left out.
    """
    by_address: dict[str, Redirect] = {}
    for address, target in _targets(systems, feeds):
        by_address.setdefault(address, Redirect(address, target, 301))
    return tuple(by_address.values())


def _targets(systems: Iterable[Generator], feeds: Sequence[FeedSpec]) -> Iterator[tuple[str, str]]:
    families = {spec.each[0]: spec.path for spec in reversed(feeds) if len(spec.each) == 1}
    main = next((spec.path for spec in feeds if not spec.each), None)
    for system in systems:
        for address, format_ in FEED_ADDRESSES[system]:
            if "category" in families and has_twin(address, system):
                continue
            field = next((name for name in families if f"{{{name}}}" in address), None)
            path = families[field] if field else None if "{" in address else main
            if path is not None:
                yield address, f"{path}.{format_}"


def has_twin(address: str, system: Generator) -> bool:
    """Return whether an address of topics is also one of categories in this system.

    Presets read categories as topics; articles with a category of ours have it apart.
    """
    twin = address.replace("{topic}", "{category}")
    return twin != address and any(twin == known for known, _ in FEED_ADDRESSES[system])
