"""Reads articles a second time whose dates depend on which entries they are."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from feeds.articles.parser import Article
from feeds.build.changes import Changes
from feeds.build.decide import has_own_date, is_recent, match_renames, rename_candidate
from feeds.build.first_commits import FirstCommits
from feeds.build.workers import ReadResult, ReadTask
from feeds.catalogue.records import RememberedEntry
from feeds.catalogue.transaction import WriteTransaction
from feeds.config.site import Site
from feeds.errors import Problem

# Parsed articles by path, with their read results.
Parsed: TypeAlias = dict[str, tuple[ReadResult, Article]]


class SecondReads:
    """The new articles of a build that are renamed known ones, or have no date.

    They were parsed with the times of their files. If their date is another one, they are read
    again at the end; until then no other article may take their entries. `now` is in seconds,
    `exists` returns whether there is an article file at a path.
    """

    def __init__(
        self,
        site: Site,
        tx: WriteTransaction,
        changes: Changes,
        now: int,
        *,
        exists: Callable[[str], bool],
    ) -> None:
        self._tx, self._now, self._exists = tx, now, exists
        self._gone = set(changes.plan.gone)
        self._is_first = not tx.entries.any()
        self._first_commits = FirstCommits(site, [task.path for task in changes.plan.tasks], now)
        self._tasks: dict[str, ReadTask] = {}
        # The known entries that some of these articles are.
        self._renamed: dict[str, RememberedEntry] = {}

    def match(
        self, parsed: Parsed, memories: Mapping[str, RememberedEntry]
    ) -> dict[str, RememberedEntry]:
        """Return the known entries that new articles are, by the new path.

        `memories` are those of known articles. Articles to be read again are removed from `parsed`.
        """
        matches: dict[str, RememberedEntry] = {}
        if not self._is_first:
            matches = self._find_renames(parsed, memories)
            self._postpone_renamed(parsed, matches)
        new = [path for path in parsed if path not in memories and path not in matches]
        for task in self._first_commits.tasks_for(parsed[path][0] for path in new):
            self._tasks[task.path] = task
            del parsed[task.path]
        return matches

    def tasks(self) -> list[ReadTask]:
        """Return the articles to read again."""
        return list(self._tasks.values())

    def problems(self) -> list[Problem]:
        """Return the problems of articles whose dates are not known."""
        return self._first_commits.problems()

    def _find_renames(
        self, parsed: Parsed, memories: Mapping[str, RememberedEntry]
    ) -> dict[str, RememberedEntry]:
        matches = {path: self._renamed[path] for path in parsed if path in self._renamed}
        new = {
            path: rename_candidate(result, article.entry, article.likeness)
            for path, (result, article) in parsed.items()
            if path not in memories and path not in self._tasks and article.entry
        }
        if not new:
            return matches
        similar = self._tx.entries.similar(
            [candidate.link for candidate in new.values()],
            [candidate.likeness for candidate in new.values()],
        )
        taken = {memory.seq for memory in self._renamed.values()}
        lost = [row for row in similar if row[0].seq not in taken and not self._exists(row[0].path)]
        recent = {memory.seq for memory, *_ in lost if is_recent(memory, self._gone, self._now)}
        return matches | match_renames(new, lost, recent)

    def _postpone_renamed(self, parsed: Parsed, matches: Mapping[str, RememberedEntry]) -> None:
        """Remove the renamed articles that are dated by their first-seen date only."""
        for path, memory in matches.items():
            result, article = parsed[path]
            if path in self._tasks or article.entry is None or has_own_date(result, article.entry):
                continue
            if result.first_seen != memory.first_seen:
                self._tasks[path] = ReadTask(path, first_seen=memory.first_seen)
                self._renamed[path] = memory
                del parsed[path]
