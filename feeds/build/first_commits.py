"""Dates articles that have no date by their first commits."""

from collections.abc import Iterable, Mapping, Sequence

from feeds.build.workers import ReadResult, ReadTask
from feeds.config.site import Site
from feeds.errors import Problem
from feeds.util import git_dates
from feeds.util.git_dates import Commits


class FirstCommits:
    """The first commits of the articles that a build reads, at `paths` in the article folder.

    Their history is read once, and only if a new article has no date. `now` is in seconds.
    """

    def __init__(self, site: Site, paths: Sequence[str], now: int) -> None:
        self._site, self._paths, self._now = site, paths, now
        self._commits: Mapping[str, Commits] | None = None
        self._cut_off: list[str] = []

    def tasks_for(self, results: Iterable[ReadResult]) -> list[ReadTask]:
        """Return tasks to read these articles again, with the dates of their first commits.

        Articles with a date of their own are left out, and those that are not committed.
        """
        if self._site.settings.articles.undated != "git":
            return []
        dated = [(result, self._date_of(result.path)) for result in results if _is_undated(result)]
        return [
            ReadTask(result.path, first_seen=date)
            for result, date in dated
            if date not in (None, result.first_seen)
        ]

    def _date_of(self, path: str) -> int | None:
        """Return the time of the first commit, in seconds; None if it is unknown."""
        if self._commits is None:
            self._commits = git_dates.commits(self._site.folder, self._paths)
        commits = self._commits.get(path)
        if commits is None:
            return None
        if commits.is_cut_off:
            self._cut_off.append(path)
            return None
        return min(int(commits.created.timestamp()), self._now)

    def problems(self) -> list[Problem]:
        """Return a problem if a shallow clone lacks the first commits of articles."""
        if not self._cut_off:
            return []
        others = f" (nor have {len(self._cut_off) - 1:,} more)" if len(self._cut_off) > 1 else ""
        message = (
            f"has no date{others}, and the clone is too shallow to have its first commit, so it is "
            "dated by the time of its file; fetch the whole history (git fetch --unshallow, or "
            "fetch-depth: 0 in CI) before its first build, or write its date"
        )
        return [Problem(min(self._cut_off), 1, "", message)]


def _is_undated(result: ReadResult) -> bool:
    return result.article is not None and not result.article.dated and bool(result.article.entry)
