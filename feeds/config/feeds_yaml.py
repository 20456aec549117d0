"""Loads feeds.yaml: feed definitions and redirects, checked, with all defaults resolved."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from feeds.config import feed_addresses
from feeds.config.definitions import RESERVED
from feeds.config.feed_settings import FeedDefaults, FeedFile, FeedSettings
from feeds.config.settings import PLACEHOLDER
from feeds.config.site import FeedSpec, Redirect
from feeds.config.source import ConfigSource, Keys, decode, read
from feeds.model import archives, selection
from feeds.model.document import Caching
from feeds.model.selection import TERM_FIELDS, TermField, depends_on_time
from feeds.util import urls

# The path of a feed. No folder may end like an output file: `a.rss/b` would clash with feed `a`.
FEED_PATH = re.compile(
    r"(?:[\w~-][\w.~-]*(?<!\.rss)(?<!\.atom)(?<!\.json)(?<!\.html)(?<!\.opml)(?<!\.css)/)*"
    r"[\w~-][\w.~-]*"
)
# The extensions of a feed's documents: its formats, and its page.
_EXTENSIONS = ("rss", "atom", "json", "html")
_EXTENSION = re.compile(r"\.(?:rss|atom|json|html)$")
# The shortest and longest duration of each caching setting, and the reason for the limits.
_CACHING_LIMITS = {
    "max_age": (("1m", "5h"), "the range that readers honour"),
    "stale_while_revalidate": (("0s", "1d"), "because an older copy is no longer news"),
    "stale_if_error": (("0s", "30d"), "because an older copy is no longer news"),
    "cdn_max_age": (("1m", "365d"), "the range that caches honour"),
}


class Feeds(NamedTuple):
    """The contents of feeds.yaml.

    `specs` are the feeds and families, in the order of the file. `retired` are the folded paths
    of feeds all of whose documents are redirected or gone.
    """

    specs: tuple[FeedSpec, ...]
    redirects: tuple[Redirect, ...]
    retired: frozenset[str]


def load_feeds(root: Path, topic_ids: Mapping[str, str]) -> Feeds:
    """Load feeds.yaml of the config folder `root`. Raises `ConfigError`.

    `topic_ids` are the ids of topics by the slugs of all their names.
    """
    source = read(root / "feeds.yaml")
    file = decode(source, source.data, FeedFile)
    specs = tuple(
        _feed(source, index, feed, file.defaults, topic_ids)
        for index, feed in enumerate(file.feeds)
    )
    indexes: dict[str, int] = {}
    for index, spec in enumerate(specs):
        if (first := indexes.setdefault(spec.path, index)) != index:
            message = f"{spec.path!r} is already the path of feeds[{first}]"
            raise source.error(("feeds", index, "path"), message)
    redirects = _redirects(source, file, indexes)
    from_presets = feed_addresses.redirects(file.replaces, specs)
    return Feeds(specs, (*redirects, *from_presets), _retired(redirects))


def _retired(redirects: Collection[Redirect]) -> frozenset[str]:
    """The folded paths of feeds all of whose documents are redirected or gone."""
    sources = {redirect.source.casefold() for redirect in redirects}
    return frozenset(
        path
        for path in (source.removesuffix(".rss") for source in sources)
        if sources.issuperset(_documents(path))
    )


def _redirects(
    source: ConfigSource, file: FeedFile, feeds: Collection[str]
) -> tuple[Redirect, ...]:
    """The redirects of `gone` and `moved`; the path of a feed stands for all its documents."""
    redirects: list[Redirect] = []
    for index, path in enumerate(file.gone):
        old = _old_path(source, ("gone", index), path, feeds)
        redirects += [Redirect(name, None, 410) for name in (old, *_documents(old))]
    for path, move in file.moved.items():
        at = ("moved", path)
        to, status = (move, 301) if isinstance(move, str) else (move.to, move.status)
        old, new = _old_path(source, at, path, feeds), _new_location(source, at, path, to)
        if "://" in new or _documents(new) == []:
            redirects.append(Redirect(old, new, status))
            continue
        if not (names := _documents(old)):
            raise source.error(at, f"{to!r} needs an extension, because {path!r} has one")
        redirects.append(Redirect(old, _documents(new)[-1], status))
        pairs = zip(names, _documents(new), strict=True)
        redirects += [Redirect(*pair, status) for pair in pairs]
    return tuple(redirects)


def _documents(path: str) -> list[str]:
    """The documents of the feed at a path, its page last; empty for the path of a document."""
    return [] if _EXTENSION.search(path) else [f"{path}.{extension}" for extension in _EXTENSIONS]


def _old_path(source: ConfigSource, at: Keys, path: str, feeds: Collection[str]) -> str:
    old = path.strip("/")
    if not old or "//" in old or "?" in path or "#" in path or "://" in path:
        raise source.error(at, f"{path!r} is not a path such as blog/feed.xml")
    names = PLACEHOLDER.findall(old)
    if len(set(names)) < len(names) or not all(name.isidentifier() for name in names):
        raise source.error(at, f"{path!r} has a placeholder that is repeated or has no name")
    if any(len(PLACEHOLDER.findall(part)) > 2 for part in old.split("/")):
        raise source.error(at, f"{path!r} has more than two placeholders between two slashes")
    if old in feeds or (_EXTENSION.search(old) and old.rpartition(".")[0] in feeds):
        raise source.error(
            at, f"{path!r} is the path of an existing feed; rename or remove that feed first"
        )
    return old


def _new_location(source: ConfigSource, at: Keys, path: str, target: str) -> str:
    if unknown := set(PLACEHOLDER.findall(target)) - set(PLACEHOLDER.findall(path)):
        raise source.error(at, f"{target!r}: {{{unknown.pop()}}} is not in the old path")
    try:
        plain = PLACEHOLDER.sub("x", target)
        if "://" in target:
            urls.absolute(plain)
            if "{" in target.split("/")[2]:
                raise source.error(
                    at, f"{target!r} has a placeholder in its host; write the host out"
                )
            return target
    except urls.BadURLError as error:
        raise source.error(at, str(error)) from None
    if not FEED_PATH.fullmatch(plain.strip("/")):
        raise source.error(at, f"{target!r} is neither a feed's path nor a URL")
    return target.strip("/")


def _feed(
    source: ConfigSource,
    index: int,
    feed: FeedSettings,
    defaults: FeedDefaults,
    topic_ids: Mapping[str, str],
) -> FeedSpec:
    at = ("feeds", index)
    each = _family_fields(source, at, feed)
    _check_patterns(source, at, feed, each)
    if feed.min > 1 and not each:
        raise source.error((*at, "min"), f"{feed.min}: only a family (each) can have it")
    try:
        selected = selection.parse(feed.select, topic_ids)
    except ValueError as error:
        key, _, message = str(error).partition(": ")
        raise source.error((*at, *key.split(".")), message) from None
    order = feed.order or defaults.order
    by_date = order == "date" and not depends_on_time(selected)
    default_title = " – ".join(("{site}", *(f"{{{field}}}" for field in each)))
    return FeedSpec(
        path=feed.path,
        title=default_title if feed.title is None else feed.title,
        description=feed.description,
        each=each,
        least=feed.min,
        selection=selected,
        order=order,
        size=feed.size or defaults.size,
        caching=_caching(source, at, feed, defaults),
        history=_history(source, at, feed, defaults.history, by_date=by_date),
        where=f"{source.file}: feeds[{index}]",
    )


def _history(
    source: ConfigSource, at: Keys, feed: FeedSettings, default: int | str, *, by_date: bool
) -> int:
    """The maximum number of archive documents.

    Only feeds ordered `by_date`, without a limit on age, have any: in other feeds entries come
    and go with time alone, so that no older document would stay as it is (RFC 5005).
    """
    if not by_date:
        if feed.history:
            reason = "only a feed with order: date and without an age can have a history"
            raise source.error((*at, "history"), f"{feed.history!r}: {reason}")
        return 0
    history = default if feed.history is None else feed.history
    return archives.ALL if history == "all" else int(history)


def _family_fields(source: ConfigSource, at: Keys, feed: FeedSettings) -> tuple[TermField, ...]:
    names = (feed.each,) if isinstance(feed.each, str) else feed.each
    fields = tuple(field for field in TERM_FIELDS if field in names)
    for name in names:
        if name not in fields or names.count(name) > 1:
            allowed = ", ".join(TERM_FIELDS)
            raise source.error((*at, "each"), f"{name!r} is not one of {allowed}, once")
    return tuple(sorted(fields, key=names.index))


def _check_patterns(
    source: ConfigSource,
    at: Keys,
    feed: FeedSettings,
    each: tuple[TermField, ...],
) -> None:
    plain = PLACEHOLDER.sub("x", feed.path)
    if not FEED_PATH.fullmatch(plain) or plain.casefold() in RESERVED:
        raise source.error(
            (*at, "path"), f"{feed.path!r} cannot be a feed's path; use one such as news/all"
        )
    patterns = {"path": feed.path, "title": feed.title, "description": feed.description}
    for key, value in patterns.items():
        for name in PLACEHOLDER.findall(value or ""):
            if name not in each and (name != "site" or key == "path"):
                message = f"{value!r}: {{{name}}} is not among this feed's 'each'"
                raise source.error((*at, key), message)
    for field in each:
        if f"{{{field}}}" not in feed.path:
            message = f"{feed.path!r} must contain {{{field}}}, or its feeds would clash"
            raise source.error((*at, "path"), message)


def _caching(source: ConfigSource, at: Keys, feed: FeedSettings, defaults: FeedDefaults) -> Caching:
    """The caching of a feed: its own settings, else the defaults, in seconds."""
    seconds: dict[str, int | None] = {}
    for key, (limits, reason) in _CACHING_LIMITS.items():
        own = getattr(feed, key)
        keys, value = (
            (("defaults", key), getattr(defaults, key)) if own is None else ((*at, key), own)
        )
        seconds[key] = None if value is None else source.interval(keys, value, limits, reason)
    return msgspec.convert(seconds, Caching)
