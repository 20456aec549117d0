"""Finds entries that readers get twice, because their article is a copy of another one."""

from collections.abc import Callable, Iterator, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy import func, select

from feeds.catalogue.schema import entry
from feeds.catalogue.selection_sql import batches
from feeds.catalogue.table import Table
from feeds.errors import Problem, shared_link, shared_text, shared_title

_PUBLISHED = entry.c.withdrawn.is_(None)
_SEVERAL = func.count() > 1


class _Titled(msgspec.Struct):
    """The part of a stored entry that has its title and language."""

    title: str
    language: str | None = None


_TITLED = msgspec.json.Decoder(_Titled)


class Duplicates(Table):
    """Entries with the same link, text or title as an older entry; withdrawn ones do not count."""

    def of(self, paths: Sequence[str] | None, added: Sequence[str]) -> list[Problem]:
        """Return one problem for each of the articles at `paths` that is a copy of an older one.

        None stands for all articles. The `added` ones are copies even if only their title and date
        are the same.
        """
        problems = {problem.path: problem for problem in self._with_shared_titles(added)}
        for column, report in ((entry.c.link, shared_link), (entry.c.likeness, _report_text)):
            problems |= {row.path: row for row in self._with_shared(column, report, paths)}
        return list(problems.values())

    def _with_shared(
        self,
        column: sa.Column[str],
        report: Callable[[str, str, str], Problem],
        paths: Sequence[str] | None,
    ) -> Iterator[Problem]:
        # Withdrawn entries are left out later: the index of a column does not have that.
        values = select(column)
        if paths is None:
            yield from self._reported(column, report, values.group_by(column).having(_SEVERAL))
            return
        for batch in batches(paths):
            named = values.where(entry.c.path.in_(batch))
            for problem in self._reported(column, report, named):
                if problem.path in batch:
                    yield problem

    def _reported(
        self,
        column: sa.Column[str],
        report: Callable[[str, str, str], Problem],
        values: sa.Select[str],
    ) -> Iterator[Problem]:
        """Yield a problem for each entry but the oldest with each of these values of a column."""
        rows = self._connection.execute(
            select(entry.c.path, column)
            .where(_PUBLISHED, column.in_(values))
            .order_by(column, entry.c.seq)
        )
        first: dict[str, str] = {}
        for path, value in rows:
            if first.setdefault(value, path) != path:
                yield report(path, value, first[value])

    def _with_shared_titles(self, paths: Sequence[str]) -> Iterator[Problem]:
        """Yield a problem for each entry with the title, language and date of an older one."""
        if not paths:
            return
        dates = select(entry.c.published).where(_PUBLISHED, entry.c.path.in_(paths))
        rows = self._connection.execute(
            select(entry.c.path, entry.c.published, entry.c.data)
            .where(_PUBLISHED, entry.c.published.in_(dates))
            .order_by(entry.c.seq)
        )
        first: dict[tuple[int, str, str | None], str] = {}
        for path, published, data in rows:
            titled = _TITLED.decode(data)
            key = (published, titled.title.casefold(), titled.language)
            if first.setdefault(key, path) != path and path in paths:
                yield shared_title(path, first[key])


def _report_text(path: str, _likeness: str, first: str) -> Problem:
    return shared_text(path, first)
