"""Unchanged articles that must be parsed again: their time has come, or an asset changed."""

from collections.abc import Iterable, Mapping, Set
from datetime import datetime

import msgspec

from feeds.build import asset_sizes
from feeds.build.asset_sizes import AssetSizes
from feeds.build.decide import ReadPlan
from feeds.build.workers import ReadTask
from feeds.catalogue.transaction import WriteTransaction
from feeds.config.site import Site

_KEY = "awaited"
_TIMES = msgspec.json.Decoder(dict[str, int])


class ScheduledReads:
    """The times at which articles have to be parsed again, in seconds by path, and their assets.

    `due` are the paths whose time has come at `now`: each is dropped, and scheduled again when it
    is parsed if there is another time to come. `stale` are those whose assets have changed.
    """

    def __init__(self, site: Site, writer: WriteTransaction, now: int) -> None:
        self._writer = writer
        self._known = writer.meta.decode(_KEY, lambda stored: _TIMES.decode(stored or "{}"))
        self.due = {path for path, at in self._known.items() if at <= now}
        self._times = {path: at for path, at in self._known.items() if path not in self.due}
        self._assets = writer.meta.decode(asset_sizes.KEY, lambda stored: AssetSizes(site, stored))
        self.stale: set[str] = set()

    def add_due(self, plan: ReadPlan, paths: Set[str], *, whole: bool) -> ReadPlan:
        """Return the plan with the existing articles that are due or stale parsed in any case.

        `paths` are those that the scan found, all if it was `whole`.
        """
        changed = paths | set(plan.gone) if plan.gone else paths
        stale = self._assets.changed(changed, whole=whole)
        self.stale = set(paths) if stale is None else stale - set(plan.gone)
        if not self.due and not self.stale:
            return plan
        tasks = {task.path: task for task in plan.tasks}
        tasks |= {path: ReadTask(path) for path in (self.due & plan.present) | self.stale}
        return msgspec.structs.replace(plan, tasks=[tasks[path] for path in sorted(tasks)])

    def schedule(self, path: str, until: int | None, assets: Mapping[str, int]) -> None:
        """Note when a parsed article has to be parsed again, if ever, and its assets' sizes."""
        self._assets.note(path, assets)
        if until is not None:
            self._times[path] = until
        elif self._times:
            self._times.pop(path, None)

    def save(self, gone: Iterable[str]) -> None:
        """Store the schedule, without files that are gone."""
        for path in gone:
            self._times.pop(path, None)
            self._assets.note(path, {})
        if (sizes := self._assets.to_store()) is not None:
            self._writer.meta.put(asset_sizes.KEY, sizes)
        if self._times != self._known:
            self._writer.meta.put(_KEY, msgspec.json.encode(self._times, order="sorted").decode())

    def next_change(self, change: datetime | None) -> int | None:
        """Return when the first article is due, or feeds `change` before that, in seconds."""
        known = [] if change is None else [int(change.timestamp())]
        return min((*known, *self._times.values()), default=None)
