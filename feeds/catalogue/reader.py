"""What can be read from the catalogue, within one transaction: one consistent state."""

import logging
from collections.abc import Iterable, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy import func, select

from feeds.catalogue import checksums, withdrawal
from feeds.catalogue.archives import Archives
from feeds.catalogue.feeds import FeedReader
from feeds.catalogue.records import Memory, Seen, Shown, Standing
from feeds.catalogue.schema import entry, file, fragment, has_problems
from feeds.catalogue.selection_sql import among, batches
from feeds.errors import DamageError, Problem, shared_link
from feeds.model.document import FORMATS, Format
from feeds.model.entry import Entry

_log = logging.getLogger("feeds")

_PROBLEMS = msgspec.json.Decoder(list[Problem])
_ENTRY = msgspec.json.Decoder(Entry)


class _Grade(msgspec.Struct, gc=False):
    """All that has to be read of a problem to count it."""

    fatal: bool = False


_GRADES = msgspec.json.Decoder(list[_Grade])


# Made once, for they are asked often.
_FRAGMENTS = select(
    fragment.c.entry, fragment.c.sum, *(fragment.c[name] for name in FORMATS)
).where(among(fragment.c.entry))
_ENCODED = (
    select(entry.c.seq, entry.c.sum, *(entry.c[name] for name in checksums.ENTRY))
    .where(among(entry.c.seq))
    .order_by(entry.c.seq)
)
_FRESH = select(entry.c.seq, entry.c.data).where(among(entry.c.seq)).order_by(entry.c.seq)
_MEMORY = tuple(entry.c[name] for name in Memory.__struct_fields__)


class Reader(FeedReader):
    """What can be asked of the catalogue, within one transaction."""

    @property
    def places(self) -> Archives:
        """The places of entries in the histories of feeds, within the same transaction."""
        return Archives(self._connection)

    def fragments(self, shown: Sequence[Shown]) -> dict[int, dict[Format, bytes]]:
        """The fragments there are of these entries, by key and format; no damaged ones."""
        by_seq = {each.seq: each for each in shown}
        rows = self._connection.execute(_FRAGMENTS, {"keys": list(by_seq)}).all()
        found = {}
        for seq, known, *made in rows:
            if by_seq[seq].sum_of(made) == known:
                found[seq] = dict(zip(FORMATS, made, strict=True))
            else:
                _log.warning(
                    "the catalogue is damaged: fragments of %s, made again from their entry; "
                    "feeds build --verify mends them",
                    by_seq[seq].id,
                )
        return found

    def without_fragments(self, seqs: Iterable[int]) -> list[int]:
        """Which of these entries have no fragments yet, in ascending order."""
        wanted = sorted(seqs)
        have: set[int] = set()
        for part in batches(wanted):
            found = select(fragment.c.entry).where(fragment.c.entry.in_(part))
            have.update(self._connection.scalars(found))
        return [seq for seq in wanted if seq not in have]

    def entries(self, seqs: Sequence[int]) -> dict[int, Entry]:
        """The entries with these keys."""
        parts = map(self.encoded, batches(seqs))
        return {seq: decoded(data) for part in parts for seq, data in part}

    def encoded(self, seqs: Sequence[int], *, fresh: bool = False) -> list[tuple[int, bytes]]:
        """The entries with these keys, as stored, for rendering in another process.

        Raises `DamageError` where one is not what was stored; not of those that are `fresh`, which
        this very transaction has stored.
        """
        if fresh:
            stored = self._connection.execute(_FRESH, {"keys": list(seqs)})
            return [(seq, data) for seq, data in stored]
        rows = self._connection.execute(_ENCODED, {"keys": list(seqs)})
        found = []
        for seq, known, *values in rows:
            if checksums.of_entry(values) != known:
                raise DamageError(f"the catalogue is damaged: entry {seq}, of {values[1]}")
            found.append((seq, values[-1]))
        return found

    def files(self) -> dict[str, Seen]:
        """Every article file as the last build saw it, by path."""
        return self._files(sa.true())

    def lines(self, first: str | None, last: str | None) -> set[str]:
        """The same as lines of path, size and time (`feeds.articles.folder.Scan.lines`).

        Of paths from `first` on and before `last`, None being the beginning or the end of all.
        """
        size, mtime = (sa.cast(column, sa.Text) for column in (file.c.size, file.c.mtime_ns))
        asked = select(file.c.path + " " + size + " " + mtime)
        if first is not None:
            asked = asked.where(file.c.path >= first)
        if last is not None:
            asked = asked.where(file.c.path < last)
        return set(self._connection.scalars(asked).all())  # at once: see `_files`

    def files_at(self, paths: Sequence[str]) -> dict[str, Seen]:
        """The same of the files at these paths."""
        found: dict[str, Seen] = {}
        for part in batches(paths):
            found.update(self._files(file.c.path.in_(part)))
        return found

    def files_below(self, folder: str) -> dict[str, Seen]:
        """The same of all files in this folder and below it."""
        # `0` is what follows `/`.
        return self._files(sa.and_(file.c.path > f"{folder}/", file.c.path < f"{folder}0"))

    def _files(self, wanted: sa.ColumnElement[bool]) -> dict[str, Seen]:
        asked = select(file.c.path, file.c.size, file.c.mtime_ns, file.c.digest).where(wanted)
        rows = self._connection.execute(asked).all()  # at once: one by one takes twice as long
        return {path: Seen(size, mtime_ns, digest) for path, size, mtime_ns, digest in rows}

    def problems(self, paths: Sequence[str] | None = None) -> list[Problem]:
        """The report: what is wrong with these articles, or all, as they were last read."""
        asked = select(file.c.problems).where(has_problems)
        rows: list[bytes] = []
        for part in [None] if paths is None else batches(paths):
            wanted = asked if part is None else asked.where(file.c.path.in_(part))
            rows += self._connection.scalars(wanted.order_by(file.c.path))
        try:
            return [problem for row in rows for problem in _PROBLEMS.decode(row)]
        except msgspec.DecodeError as error:
            raise DamageError(f"the catalogue is damaged: problems of articles: {error}") from error

    def standing(self) -> Standing:
        """How many problems all articles have: it takes as long as these are many."""
        rows = self._connection.scalars(select(file.c.problems).where(has_problems))
        try:
            fatal = [grade.fatal for row in rows for grade in _GRADES.decode(row)]
        except msgspec.DecodeError as error:
            raise DamageError(f"the catalogue is damaged: problems of articles: {error}") from error
        return Standing(sum(fatal), len(fatal) - sum(fatal))

    def memories(self, paths: Sequence[str]) -> dict[str, Memory]:
        """What is remembered of the entries of these articles, by path."""
        found: dict[str, Memory] = {}
        for part in batches(paths):
            rows = self._connection.execute(select(*_MEMORY).where(entry.c.path.in_(part)))
            found.update((row.path, Memory(*row)) for row in rows)
        return found

    def any_entry(self) -> bool:
        """Whether there is any entry, withdrawn ones included."""
        return self._connection.scalar(select(entry.c.seq).limit(1)) is not None

    def count_out(self) -> int:
        """How many entries are not withdrawn, those dated in the future included."""
        out = select(func.count()).select_from(entry).where(entry.c.withdrawn.is_(None))
        return self._connection.scalar(out) or 0

    def paths_of_ids(self, ids: Sequence[str]) -> dict[str, str]:
        """The paths of the entries that have these ids, by id."""
        wanted = select(entry.c.id, entry.c.path).where(among(entry.c.id))
        rows = self._connection.execute(wanted, {"keys": list(ids)})
        return {id_: path for id_, path in rows}  # noqa: C416

    def keys(self, ids: Sequence[str]) -> dict[str, int]:
        """The keys of the entries that have these ids, by id."""
        found: dict[str, int] = {}
        for part in batches(ids):
            rows = self._connection.execute(
                select(entry.c.id, entry.c.seq).where(entry.c.id.in_(part))
            )
            found.update((id_, seq) for id_, seq in rows)
        return found

    def like(
        self, links: Sequence[str], likenesses: Sequence[str]
    ) -> list[tuple[Memory, str, str, int]]:
        """Entries with one of these links or likenesses: (memory, link, likeness, published)."""
        plain = {withdrawal.link(link): link for link in links}  # of those that were withdrawn
        rows = self._connection.execute(
            select(*_MEMORY, entry.c.link, entry.c.likeness, entry.c.published)
            .where(entry.c.link.in_([*links, *plain]) | entry.c.likeness.in_(likenesses))
            .order_by(entry.c.seq)
        )
        return [(Memory(*row[:-3]), plain.get(row[-3], row[-3]), *row[-2:]) for row in rows]

    def shared_links(self) -> list[Problem]:
        """A problem for each entry whose link an earlier one has: readers see the story twice."""
        out = entry.c.withdrawn.is_(None)
        shared = select(entry.c.link).where(out).group_by(entry.c.link).having(func.count() > 1)
        rows = self._connection.execute(
            select(entry.c.path, entry.c.link)
            .where(out, entry.c.link.in_(shared))
            .order_by(entry.c.link, entry.c.path)
        )
        first: dict[str, str] = {}
        return [
            shared_link(path, link, first[link])
            for path, link in rows
            if first.setdefault(link, path) != path
        ]

    def find(self, name: str) -> tuple[Memory, Entry] | None:
        """The entry with this id, or of the article at this path."""
        row = self._connection.execute(
            select(*_MEMORY, entry.c.data).where((entry.c.id == name) | (entry.c.path == name))
        ).first()
        return (Memory(*row[:-1]), decoded(row[-1])) if row else None


def decoded(data: bytes) -> Entry:
    """A stored entry; `DamageError` if it was damaged."""
    try:
        return _ENTRY.decode(data)
    except msgspec.DecodeError as error:
        raise DamageError(f"an entry in the catalogue is damaged: {error}") from error
