"""Room for documents that are ready: by path for a server, within bounds. No I/O."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from feeds.serve.responses import CachedResponse

Key = TypeVar("Key", bound=Hashable)

# Bytes of documents, in all codings, that a process keeps ready.
_BYTES = 24_000_000


class ClockCache(Generic[Key]):
    """Documents by path, in units that come and go together.

    `ready` has them by path as WSGI says it (PEP 3333: UTF-8 read as Latin-1), below `mount`
    and below `/`, for proxies that take the mount away. It may be read while it changes. What
    begins with the mount is always below it.
    """

    def __init__(self, mount: str = "/", limit: int = _BYTES) -> None:
        self.ready: dict[str, CachedResponse] = {}
        self._mount = wsgi_path(mount)
        self._by_name: dict[str, CachedResponse] = {}
        self._limit = limit
        self._units: dict[Key, Collection[str]] = {}

    def __len__(self) -> int:
        return sum(map(len, list(self._units.values())))

    def get(self, name: str) -> CachedResponse | None:
        """The document at a path below the feeds' URL, if it is ready."""
        return self._by_name.get(name)

    def units(self) -> list[Key]:
        """What is here, the newest last."""
        return list(self._units)

    def in_use(self, unit: Key) -> bool:
        """Whether a document of the unit was sent since this was last looked at."""
        return any(each.used for each in self._members(unit))

    def until(self, unit: Key) -> float:
        """When time alone changes the unit, in seconds since 1970."""
        return min((each.until for each in self._members(unit)), default=float("inf"))

    def put(self, made: Mapping[Key, Mapping[str, CachedResponse]]) -> None:
        """Take these units in, in place of what they were, all at once; make room for them."""
        fresh = {name: ready for unit in made.values() for name, ready in unit.items()}
        self._by_name.update(fresh)
        self.ready.update(
            (path, ready) for name, ready in fresh.items() for path in self._paths(name)
        )
        for unit, members in made.items():
            self._units.pop(unit, None)
            self._units[unit] = tuple(members)
        self._make_room(set(made))

    def drop(self, units: Iterable[Key]) -> None:
        """Let these units go."""
        for unit in units:
            for name in self._units.pop(unit, ()):
                self._by_name.pop(name, None)
                for path in self._paths(name):
                    self.ready.pop(path, None)

    def _paths(self, name: str) -> list[str]:
        """The paths of requests for it: with the mount, and without if that is no other's."""
        bare = "/" + wsgi_path(name)
        mounted = self._mount + wsgi_path(name)
        return [mounted] if bare.startswith(self._mount) else [mounted, bare]

    def _make_room(self, new: Collection[Key]) -> None:
        """Let go of what was not sent for longest, as far as one look at each tells (CLOCK)."""
        sizes = {unit: sum(each.size for each in self._members(unit)) for unit in self._units}
        excess = sum(sizes.values()) - self._limit
        for again in (False, True):
            for unit in list(self._units):
                if excess <= 0:
                    return
                if unit in new:
                    continue
                if again or not self.in_use(unit):
                    self.drop([unit])
                    excess -= sizes[unit]
                for each in self._members(unit):
                    each.used = False

    def _members(self, unit: Key) -> list[CachedResponse]:
        return [ready for name in self._units.get(unit, ()) if (ready := self.get(name))]


def wsgi_path(name: str) -> str:
    """A path as WSGI's PATH_INFO has it (PEP 3333)."""
    return name.encode().decode("latin-1")
