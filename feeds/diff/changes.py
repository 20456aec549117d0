"""The changes that subscribers of feeds would see, as plain values. Pure; no I/O."""

import re
from collections.abc import Iterator
from datetime import datetime
from difflib import SequenceMatcher
from typing import Literal

import msgspec

from feeds.compare.harm import Harm
from feeds.model.entry import Entry
from feeds.util.dates import rfc3339

# A time, which changes as a whole, or else spaces, a word or signs.
_WORD = re.compile(r"\d{4}-\d\d-\d\dT[\d:]+Z|\s+|\w+|[^\w\s]+")
# Longer texts are compared by lines, because comparing takes quadratic time.
_MOST_WORDS = 4_000


class EntryNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry of a feed, and why it leaves, if it does."""

    id: str
    title: str
    link: str
    path: str
    published: datetime
    reason: str = ""


class FieldChange(msgspec.Struct, frozen=True):
    """One field of an entry that would change, as text."""

    field: str
    before: str
    after: str


class EntryChange(msgspec.Struct, frozen=True):
    """An entry that would change. `is_updated` is True if readers would see it as updated."""

    entry: EntryNote
    fields: tuple[FieldChange, ...]
    is_updated: bool


class FeedChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """The changes of one feed; `new` entries are new to its readers, `returned` ones were known.

    `changed` has the ids of entries of the whole difference. `state` is what happens to the feed
    itself.
    """

    path: str
    title: str
    state: Literal["changed", "new", "gone", "moved"] = "changed"
    new: tuple[EntryNote, ...] = ()
    returned: tuple[EntryNote, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[EntryNote, ...] = ()


class Difference(msgspec.Struct, frozen=True):
    """Everything that subscribers would see, and the harms for which the guard would stop."""

    feeds: tuple[FeedChange, ...] = ()
    entries: tuple[EntryChange, ...] = ()
    harms: tuple[Harm, ...] = ()


def note(entry: Entry, reason: str = "") -> EntryNote:
    """Return an entry as a row of a feed."""
    return EntryNote(entry.id, entry.title, entry.link, entry.path, entry.published, reason)


def field_changes(before: Entry, after: Entry) -> tuple[FieldChange, ...]:
    """Return the fields that differ, in the order of `Entry`."""
    return tuple(
        FieldChange(name, _text(old), _text(new))
        for name in Entry.__struct_fields__
        if name not in ("path", "quality", "heat", "aliases")
        if (old := getattr(before, name)) != (new := getattr(after, name))
    )


def _text(value: object) -> str:
    """Return the value of a field as a reader would write it down."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, tuple):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, msgspec.Struct):
        values = (getattr(value, name) for name in value.__struct_fields__)
        return " ".join(_text(item) for item in values if item not in (None, ""))
    return str(value)


Piece = tuple[Literal["same", "removed", "added"], str]


def words(change: FieldChange) -> Iterator[Piece]:
    """Yield the text of a field in pieces that are the same, removed or added, word by word."""
    old, new = _WORD.findall(change.before), _WORD.findall(change.after)
    if len(old) + len(new) > _MOST_WORDS:
        old = change.before.splitlines(keepends=True)
        new = change.after.splitlines(keepends=True)
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield "same", "".join(old[a:b])
            continue
        if a < b:
            yield "removed", "".join(old[a:b])
        if c < d:
            yield "added", "".join(new[c:d])
