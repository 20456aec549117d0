"""The result of an ingest: counts, and what is needed to find the feeds that changed."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from feeds.articles.folder import Stat
from feeds.catalogue.records import FileState
from feeds.catalogue.terms import TermCount
from feeds.errors import Problem
from feeds.model.selection import Facts

# Above this many changed entries, checking every feed is cheaper than looking up the affected ones.
MANY_CHANGES = 500


class IngestResult(msgspec.Struct):
    """The changes that an ingest made.

    `changed_facts` holds the facts of changed entries, before and after the change; `term_changes`
    the resulting changes of the term counts. Both are `incomplete` after many changes. `ids` holds
    the ids of the same entries, and of those that cannot be rendered; `corrected` those whose
    authors marked a correction. `restored` counts the changed entries that were withdrawn before,
    `expired` has the paths of those withdrawn because their expiry date has passed. `withheld` has
    the first problem of each article whose front matter withholds it, `unrenderable` one problem
    for each entry that was withdrawn because it cannot be rendered, `gone` the paths of entries
    that were withdrawn because their files are gone. `changed_while_reading` holds the paths of
    files that changed between the scan and the read. `added_paths` are those of added entries, none
    if these are many. `undated` has a problem if the dates of articles are not known.
    """

    read: int = 0
    added: int = 0
    changed: int = 0
    withdrawn: int = 0
    expired: set[str] = set()
    withheld: list[Problem] = []
    changed_facts: list[Facts] = []
    ids: set[str] = set()
    corrected: set[str] = set()
    term_changes: Counter[TermCount] = msgspec.field(default_factory=Counter)
    unrenderable: list[Problem] = []
    gone: list[str] = []
    restored: int = 0
    changed_while_reading: set[str] = set()
    added_paths: list[str] = []
    undated: list[Problem] = []

    @property
    def total(self) -> int:
        """The number of entries added, changed or withdrawn."""
        return self.added + self.changed + self.withdrawn

    @property
    def incomplete(self) -> bool:
        """True if `changed_facts`, `ids` and `term_changes` lack some of the changes."""
        return len(self.changed_facts) > MANY_CHANGES

    def note_races(self, walk: Mapping[str, Stat], files: Mapping[str, FileState]) -> None:
        """Note which `files` changed between the `walk` of the folder and the read."""
        for path, seen in files.items() if walk else ():
            stat = walk.get(path)
            if stat is None or (stat.size, stat.mtime_ns) != (seen.size, seen.mtime_ns):
                self.changed_while_reading.add(path)
