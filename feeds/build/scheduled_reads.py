"""Articles of which time alone makes something else: read again when it has, by any build."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from feeds.build.decide import ReadPlan
from feeds.build.workers import ReadTask
from feeds.catalogue.transaction import WriteTransaction

_KEY = "awaited"
_TIMES = msgspec.json.Decoder(dict[str, int])


class ScheduledReads:
    """When articles have to be read again though their files stay as they are, in seconds by path.

    `ripe` are those whose time has come at `now`: each is forgotten, and noted anew when it is
    read if it is to be read once more.
    """

    def __init__(self, writer: WriteTransaction, now: int) -> None:
        self._writer = writer
        self._known = _TIMES.decode(writer.meta.get(_KEY) or "{}")
        self.due = {path for path, at in self._known.items() if at <= now}
        self._times = {path: at for path, at in self._known.items() if path not in self.due}

    def add_due(self, plan: ReadPlan) -> ReadPlan:
        """The plan, with those that are ripe parsed in any case, as far as they are there."""
        if not self.due:
            return plan
        tasks = {task.path: task for task in plan.tasks}
        tasks |= {path: ReadTask(path) for path in self.due & plan.present}
        return msgspec.structs.replace(plan, tasks=[tasks[path] for path in sorted(tasks)])

    def schedule(self, path: str, until: int | None) -> None:
        """Note of an article that was parsed when it has to be parsed again, if ever."""
        if until is not None:
            self._times[path] = until
        elif self._times:
            self._times.pop(path, None)

    def save(self, gone: Iterable[str]) -> None:
        """Remember what was noted, but of files that are gone."""
        for path in gone:
            self._times.pop(path, None)
        if self._times != self._known:
            self._writer.meta.put(_KEY, msgspec.json.encode(self._times, order="sorted").decode())

    def next_change(self, change: datetime | None) -> int | None:
        """When the first is to be read again, or feeds `change` before that, in seconds."""
        known = [] if change is None else [int(change.timestamp())]
        return min((*known, *self._times.values()), default=None)
