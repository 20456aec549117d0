"""feeds.yaml -> what it says of feeds, checked, with everything resolved."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from feeds.config import presets
from feeds.config.definitions import RESERVED
from feeds.config.feed_settings import FeedDefaults, FeedFile, FeedSettings
from feeds.config.settings import PLACEHOLDER
from feeds.config.site import FeedSpec, Redirect
from feeds.config.source import ConfigSource, decode, read
from feeds.model import archives, selection
from feeds.model.document import Caching
from feeds.model.selection import TERM_FIELDS, TermField, depends_on_time
from feeds.util import urls
from feeds.util.dates import interval

# A folder must not be named as a file of ours may be: `a.rss/b` and the feed `a`.
FEED_PATH = re.compile(
    r"(?:[\w~-][\w.~-]*(?<!\.rss)(?<!\.atom)(?<!\.json)(?<!\.html)(?<!\.opml)(?<!\.css)/)*"
    r"[\w~-][\w.~-]*"
)
# What there is of each feed: its formats, and its page.
_DOCUMENTS = ("rss", "atom", "json", "html")
_EXTENSION = re.compile(r"\.(?:rss|atom|json|html)$")
# For how long copies may be kept, and why no shorter or longer.
_CACHING_LIMITS = {
    "max_age": ("1m", "5h", "which is what readers honour"),
    "stale_while_revalidate": ("0s", "1d", "for what is older is no news"),
    "stale_if_error": ("0s", "30d", "for what is older is no news"),
    "cdn_max_age": ("1m", "365d", "which is what caches honour"),
}


def load_feeds(
    root: Path, topic_ids: Mapping[str, str]
) -> tuple[tuple[FeedSpec, ...], tuple[Redirect, ...], frozenset[str]]:
    """The feeds and families that `root`/feeds.yaml defines, in its order; what moved or is gone;
    and, without capitals, the paths of whole feeds among that.

    `topic_ids` gives the id of a topic for the slugs of its other names. Raises `ConfigError`.
    """
    source = read(root / "feeds.yaml")
    file = decode(source, source.data, FeedFile)
    specs = tuple(
        _feed(source, index, feed, file.defaults, topic_ids)
        for index, feed in enumerate(file.feeds)
    )
    taken: dict[str, int] = {}
    for index, spec in enumerate(specs):
        if spec.path in taken:
            raise source.error(
                ("feeds", index, "path"),
                f"{spec.path!r} is the path of feeds[{taken[spec.path]}] already",
            )
        taken[spec.path] = index
    moves = _moves(source, file, taken)
    return specs, (*moves, *presets.moves(file.replaces, specs)), _retired(moves)


def _retired(moves: Collection[Redirect]) -> frozenset[str]:
    """The paths of feeds of which every format is moved or gone, without capitals."""
    sources = {move.source.casefold() for move in moves}
    return frozenset(
        path
        for path in (source.removesuffix(".rss") for source in sources)
        if sources.issuperset(_documents(path))
    )


def _moves(source: ConfigSource, file: FeedFile, feeds: Collection[str]) -> tuple[Redirect, ...]:
    """What feeds.yaml says of old paths, whole feeds taken apart into their documents."""
    moves: list[Redirect] = []
    for index, path in enumerate(file.gone):
        old = _old_path(source, ("gone", index), path, feeds)
        moves += [Redirect(name, None, 410) for name in (old, *_documents(old))]
    for path, said in file.moved.items():
        at = ("moved", path)
        to, status = (said, 301) if isinstance(said, str) else (said.to, said.status)
        old, new = _old_path(source, at, path, feeds), _target(source, at, path, to)
        if "://" in new or _documents(new) == []:
            moves.append(Redirect(old, new, status))
            continue
        if not (names := _documents(old)):
            raise source.error(at, f"{to!r} needs an extension, for {path!r} has one")
        moves.append(Redirect(old, _documents(new)[-1], status))
        moves += [Redirect(*pair, status) for pair in zip(names, _documents(new), strict=True)]
    return tuple(moves)


def _documents(path: str) -> list[str]:
    """The documents of the feed at a path, its page last; none if it is a document's path."""
    return [] if _EXTENSION.search(path) else [f"{path}.{each}" for each in _DOCUMENTS]


def _old_path(
    source: ConfigSource, at: tuple[str | int, ...], path: str, feeds: Collection[str]
) -> str:
    made = path.strip("/")
    if not made or "//" in made or "?" in path or "#" in path or "://" in path:
        raise source.error(at, f"{path!r} is not a path; write for example blog/feed.xml")
    names = PLACEHOLDER.findall(made)
    if len(set(names)) < len(names) or not all(name.isidentifier() for name in names):
        raise source.error(at, f"{path!r} has a placeholder twice or without a name")
    if any(len(PLACEHOLDER.findall(part)) > 2 for part in made.split("/")):
        raise source.error(at, f"{path!r} has more than two placeholders between two slashes")
    if made in feeds or (_EXTENSION.search(made) and made.rpartition(".")[0] in feeds):
        raise source.error(at, f"{path!r} is a feed that there is; rename or remove that first")
    return made


def _target(source: ConfigSource, at: tuple[str | int, ...], path: str, target: str) -> str:
    if unknown := set(PLACEHOLDER.findall(target)) - set(PLACEHOLDER.findall(path)):
        raise source.error(at, f"{target!r}: {{{unknown.pop()}}} is not in the old path")
    try:
        plain = PLACEHOLDER.sub("x", target)
        if "://" in target:
            urls.absolute(plain)
            if "{" in target.split("/")[2]:
                raise source.error(at, f"{target!r} has a placeholder in its host; write it out")
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
    each = _each(source, at, feed)
    _check_patterns(source, at, feed, each)
    try:
        selected = selection.parse(feed.select, topic_ids)
    except ValueError as error:
        key, _, message = str(error).partition(": ")
        raise source.error((*at, *key.split(".")), message) from None
    order = feed.order or defaults.order
    named = " – ".join(("{site}", *(f"{{{field}}}" for field in each)))
    return FeedSpec(
        path=feed.path,
        title=named if feed.title is None else feed.title,
        description=feed.description,
        each=each,
        selection=selected,
        order=order,
        size=feed.size or defaults.size,
        caching=_caching(source, at, feed, defaults),
        history=_depth(
            source, at, feed, defaults, by_date=order == "date" and not depends_on_time(selected)
        ),
        where=f"{source.file}: feeds[{index}]",
    )


def _depth(
    source: ConfigSource,
    at: tuple[str | int, ...],
    feed: FeedSettings,
    defaults: FeedDefaults,
    *,
    by_date: bool,
) -> int:
    """How many archive documents a feed has at most. Only those by date can have any.

    What others show goes with time alone, and comes again: they have no entries once and for all.
    """
    if not by_date:
        if feed.history:
            why = "only a feed with order: date and without an age can have a history"
            raise source.error((*at, "history"), f"{feed.history!r}: {why}")
        return 0
    said = defaults.history if feed.history is None else feed.history
    return archives.ALL if said == "all" else said


def _each(
    source: ConfigSource, at: tuple[str | int, ...], feed: FeedSettings
) -> tuple[TermField, ...]:
    listed = (feed.each,) if isinstance(feed.each, str) else feed.each
    known = tuple(field for field in TERM_FIELDS if field in listed)
    for field in listed:
        if field not in known or listed.count(field) > 1:
            names = ", ".join(TERM_FIELDS)
            raise source.error((*at, "each"), f"{field!r} is not one of {names}, once")
    return tuple(sorted(known, key=listed.index))


def _check_patterns(
    source: ConfigSource,
    at: tuple[str | int, ...],
    feed: FeedSettings,
    each: tuple[TermField, ...],
) -> None:
    plain = PLACEHOLDER.sub("x", feed.path)
    if not FEED_PATH.fullmatch(plain) or plain.casefold() in RESERVED:
        raise source.error(
            (*at, "path"), f"{feed.path!r} cannot be a feed's path; write for example news/all"
        )
    patterns = {"path": feed.path, "title": feed.title, "description": feed.description}
    for key, value in patterns.items():
        for name in PLACEHOLDER.findall(value or ""):
            if name not in each and (name != "site" or key == "path"):
                said = f"{value!r}: {{{name}}} is not among this feed's 'each'"
                raise source.error((*at, key), said)
    for field in each:
        if f"{{{field}}}" not in feed.path:
            said = f"{feed.path!r} must hold {{{field}}}, or its feeds would clash"
            raise source.error((*at, "path"), said)


def _caching(
    source: ConfigSource,
    at: tuple[str | int, ...],
    feed: FeedSettings,
    defaults: FeedDefaults,
) -> Caching:
    """For how long copies of a feed may be kept: what it says itself, else the defaults."""
    kept: dict[str, int | None] = {}
    for key, (least, most, why) in _CACHING_LIMITS.items():
        own = getattr(feed, key)
        said = getattr(defaults, key) if own is None else own
        kept[key] = None
        if said is None:
            continue
        where = (*at, key) if own is not None else ("defaults", key)
        kept[key] = interval_seconds(source, where, said, least, most, why)
    return msgspec.convert(kept, Caching)


def interval_seconds(
    source: ConfigSource,
    at: tuple[str | int, ...],
    value: int | str,
    least: str,
    most: str,
    why: str = "",
) -> int:
    """The duration at a key, in seconds; `ConfigError` if it is none or out of bounds."""
    try:
        made = interval(value)
    except ValueError as error:
        raise source.error(at, str(error)) from None
    if not interval(least) <= made <= interval(most):
        raise source.error(at, f"{value!r} is not between {least} and {most}{why and ', '}{why}")
    return made
