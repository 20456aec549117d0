"""The table `file`: the article files as the last build saw them, and their problems."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy import select, update

from feeds.catalogue.meta import Meta
from feeds.catalogue.records import FileState, ProblemCounts
from feeds.catalogue.schema import file, has_problems
from feeds.catalogue.selection_sql import batches
from feeds.catalogue.table import Table
from feeds.errors import DamageError, Problem


class _Severity(msgspec.Struct, gc=False):
    """The part of a stored problem that counting needs."""

    fatal: bool = False


_PROBLEMS = msgspec.json.Decoder(list[Problem])
_SEVERITIES = msgspec.json.Decoder(list[_Severity])


class Files(Table):
    """Article files, by path."""

    def __init__(self, connection: sa.Connection, meta: Meta) -> None:
        super().__init__(connection)
        self._meta = meta

    def all(self) -> dict[str, FileState]:
        """Return all article files, by path."""
        return self._select(sa.true())

    def at(self, paths: Sequence[str]) -> dict[str, FileState]:
        """Return the files at these paths, by path."""
        files: dict[str, FileState] = {}
        for batch in batches(paths):
            files.update(self._select(file.c.path.in_(batch)))
        return files

    def below(self, folder: str) -> dict[str, FileState]:
        """Return all files in this folder and its subfolders, by path."""
        # `0` is the character after `/`.
        return self._select(sa.and_(file.c.path > f"{folder}/", file.c.path < f"{folder}0"))

    def scan_lines(self, first: str | None, last: str | None) -> set[str]:
        """Return the files as lines of path, size and time, like `articles.folder.Scan.lines`.

        From the path `first` (None: from the start) up to but not including `last` (None: to the
        end).
        """
        size, mtime = (sa.cast(column, sa.Text) for column in (file.c.size, file.c.mtime_ns))
        statement = select(file.c.path + " " + size + " " + mtime)
        if first is not None:
            statement = statement.where(file.c.path >= first)
        if last is not None:
            statement = statement.where(file.c.path < last)
        return set(self._connection.scalars(statement).all())  # `all()`: see `_select`

    def _select(self, condition: sa.ColumnElement[bool]) -> dict[str, FileState]:
        columns = (file.c.path, file.c.size, file.c.mtime_ns, file.c.digest)
        # `all()`, because iterating row by row takes twice as long.
        rows = self._connection.execute(select(*columns).where(condition)).all()
        return {path: FileState(size, mtime_ns, digest) for path, size, mtime_ns, digest in rows}

    def problems(self, paths: Sequence[str] | None = None) -> list[Problem]:
        """Return the problems of the articles at these paths, or of all, as they were last read."""
        statement = select(file.c.problems).where(has_problems)
        rows: list[bytes] = []
        for batch in [None] if paths is None else batches(paths):
            some = statement if batch is None else statement.where(file.c.path.in_(batch))
            rows += self._connection.scalars(some.order_by(file.c.path))
        try:
            return [problem for row in rows for problem in _PROBLEMS.decode(row)]
        except msgspec.DecodeError as error:
            raise _damaged(error) from error

    def count_problems(self) -> ProblemCounts:
        """Count the problems of all articles, in time proportional to their number."""
        rows = self._connection.scalars(select(file.c.problems).where(has_problems))
        try:
            fatal = [problem.fatal for row in rows for problem in _SEVERITIES.decode(row)]
        except msgspec.DecodeError as error:
            raise _damaged(error) from error
        return ProblemCounts(sum(fatal), len(fatal) - sum(fatal))

    def put(self, files: Mapping[str, tuple[FileState, Sequence[Problem]]]) -> None:
        """Store files and their problems, by path."""
        self._delete(file.c.path, files)
        self._insert(
            file,
            [
                {
                    "path": path,
                    "size": state.size,
                    "mtime_ns": state.mtime_ns,
                    "digest": state.digest,
                    "problems": msgspec.json.encode(problems) if problems else b"",
                }
                for path, (state, problems) in files.items()
            ],
        )

    def add_problem(self, problem: Problem) -> None:
        """Add a problem to those of a stored file."""
        condition = file.c.path == problem.path
        stored = self._connection.scalar(select(file.c.problems).where(condition)) or b"[]"
        problems = [*msgspec.json.decode(stored, type=list[Problem]), problem]
        self._connection.execute(
            update(file).where(condition).values(problems=msgspec.json.encode(problems))
        )

    def update_times(self, files: Mapping[str, FileState]) -> None:
        """Store new sizes and times of files whose content is the same."""
        rows = [
            {"at": path, "size": state.size, "mtime_ns": state.mtime_ns}
            for path, state in files.items()
        ]
        if rows:
            statement = update(file).where(file.c.path == sa.bindparam("at"))
            self._connection.execute(statement, rows)

    def forget(self, paths: Iterable[str]) -> None:
        """Delete files that no longer exist. Their entries stay, withdrawn."""
        self._delete(file.c.path, paths)

    def forget_times(self) -> None:
        """Have the next build read every file again. Content hashes stay."""
        self._connection.execute(update(file).values(size=-1))
        for key in ("walked", "linked"):
            self._meta.put(key, "")


def _damaged(error: msgspec.DecodeError) -> DamageError:
    return DamageError(f"the catalogue is damaged: problems of articles: {error}")
