"""The table `fragment`: entries rendered in every format."""

import logging
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import delete, func, select

from feeds.catalogue.records import ShownEntry
from feeds.catalogue.schema import fragment
from feeds.catalogue.selection_sql import among, batches
from feeds.catalogue.table import Table
from feeds.model.document import FORMATS, Format
from feeds.util.terminal import escaped

_log = logging.getLogger("feeds")

# Built once, because building a statement takes longer than running it.
_FRAGMENTS = select(
    fragment.c.entry, fragment.c.sum, *(fragment.c[name] for name in FORMATS)
).where(among(fragment.c.entry))

_SIZES = select(*(func.sum(func.length(fragment.c[name])) for name in FORMATS)).where(
    among(fragment.c.entry)
)


class Fragments(Table):
    """Fragments, by the key of their entry."""

    def of(self, entries: Sequence[ShownEntry]) -> dict[int, dict[Format, bytes]]:
        """Return the stored fragments of these entries, by key and format; no damaged ones."""
        by_seq = {entry.seq: entry for entry in entries}
        rows = self._connection.execute(_FRAGMENTS, {"keys": list(by_seq)}).all()
        fragments = {}
        for seq, checksum, *parts in rows:
            if by_seq[seq].checksum_of(parts) == checksum:
                fragments[seq] = dict(zip(FORMATS, parts, strict=True))
            else:
                _log.warning(
                    "the catalogue is damaged: rendered the fragments of %s again from its entry; "
                    "feeds build --verify repairs them",
                    escaped(by_seq[seq].id),
                )
        return fragments

    def missing(self, seqs: Iterable[int]) -> list[int]:
        """Return the keys of those entries that have no fragments yet, in ascending order."""
        ordered = sorted(seqs)
        present: set[int] = set()
        for batch in batches(ordered):
            statement = select(fragment.c.entry).where(fragment.c.entry.in_(batch))
            present.update(self._connection.scalars(statement))
        return [seq for seq in ordered if seq not in present]

    def size(self, seqs: Sequence[int]) -> int:
        """Return the bytes of these entries in the format in which they are largest."""
        sizes = [0] * len(FORMATS)
        for batch in batches(seqs):
            rows = self._connection.execute(_SIZES, {"keys": list(batch)})
            sizes = [size + (more or 0) for size, more in zip(sizes, rows.one(), strict=True)]
        return max(sizes)

    def put(
        self,
        rendered: Sequence[tuple[int, Mapping[Format, bytes]]],
        entries: Mapping[int, ShownEntry],
    ) -> None:
        """Store the fragments of entries that have none. `entries` has those entries by key."""
        self._insert(
            fragment,
            [
                {
                    "entry": seq,
                    **{str(name): parts[name] for name in FORMATS},
                    "sum": entries[seq].checksum_of([parts[name] for name in FORMATS]),
                }
                for seq, parts in rendered
            ],
        )

    def clear(self) -> None:
        """Delete all fragments, because they were rendered with other settings."""
        self._connection.execute(delete(fragment))
