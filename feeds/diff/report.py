"""A difference as text, for people."""

from collections.abc import Iterator, Sequence

from feeds.compare.harm import Harm
from feeds.diff.changes import Difference, EntryChange, EntryNote, FeedChange, words
from feeds.util.text import counted, one_line

_STATES = {"changed": "", "new": " (a new feed)", "gone": " (gone)", "moved": " (moved)"}
# The number of entries of one kind that are listed for each feed.
_MOST_ENTRIES = 10
# Characters of unchanged text that are shown around a change.
_CONTEXT = 40


def lines(difference: Difference) -> Iterator[str]:
    """Yield the lines of the report: harms first, then feeds, then entries word by word."""
    if not difference.feeds:
        yield "Subscribers would see no change."
        return
    if difference.harms:
        yield "The guard would stop this:"
        yield from (_harm(harm) for harm in difference.harms)
        yield ""
    yield f"{counted(len(difference.feeds), 'feed')} would change:"
    for feed in difference.feeds:
        yield from _feed(feed)
    if difference.entries:
        yield ""
        yield f"{counted(len(difference.entries), 'entry', 'entries')} would change:"
        for change in difference.entries:
            yield from _entry(change)


def _harm(harm: Harm) -> str:
    return f"  {harm.kind:<10} {harm}"


def _feed(feed: FeedChange) -> Iterator[str]:
    counts = (
        (len(feed.new), "new"),
        (len(feed.returned), "back"),
        (len(feed.changed), "changed"),
        (len(feed.gone), "gone"),
    )
    summary = ", ".join(f"{number:,} {name}" for number, name in counts if number)
    yield f"  {feed.path}{_STATES[feed.state]}: {summary or 'its metadata'}"
    for name, entries in (("new", feed.new), ("back", feed.returned), ("gone", feed.gone)):
        yield from _entries(name, entries)


def _entries(name: str, entries: Sequence[EntryNote]) -> Iterator[str]:
    for entry in entries[:_MOST_ENTRIES]:
        reason = f": {entry.reason}" if entry.reason else ""
        yield f"    {name:<5} {entry.published:%Y-%m-%d}  {entry.title} ({entry.path}){reason}"
    if len(entries) > _MOST_ENTRIES:
        yield f"    {name:<5} … and {len(entries) - _MOST_ENTRIES:,} more"


def _entry(change: EntryChange) -> Iterator[str]:
    mark = "updated" if change.is_updated else "unmarked"
    yield f"  {change.entry.path}: {change.entry.title} ({mark})"
    for field in change.fields:
        pieces = "".join(_piece(kind, text) for kind, text in words(field))
        yield f"    {field.field}: {one_line(pieces)}"


def _piece(kind: str, text: str) -> str:
    if kind == "removed":
        return f"[-{text}-]"
    if kind == "added":
        return f"{{+{text}+}}"
    if len(text) <= 2 * _CONTEXT:
        return text
    return f"{text[:_CONTEXT]} … {text[-_CONTEXT:]}"
