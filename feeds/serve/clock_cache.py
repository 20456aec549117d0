"""A bounded cache of responses by path, with CLOCK eviction. No I/O."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from feeds.serve.responses import CachedResponse

Key = TypeVar("Key", bound=Hashable)

# Bytes of responses, in all encodings, that one process caches.
_BYTES = 24_000_000


class ClockCache(Generic[Key]):
    """Responses by path. The responses of one key are added and removed together.

    `by_path` maps the PATH_INFO of requests (PEP 3333: UTF-8 decoded as Latin-1) to responses,
    below `mount` and also below `/`, for proxies that strip the mount. It may be read while
    another thread changes it. A path that starts with the mount is always taken as below it.
    """

    def __init__(self, mount: str = "/", limit: int = _BYTES) -> None:
        self.by_path: dict[str, CachedResponse] = {}
        self._mount = wsgi_path(mount)
        self._by_name: dict[str, CachedResponse] = {}
        self._limit = limit
        self._names: dict[Key, Collection[str]] = {}

    def __len__(self) -> int:
        return sum(map(len, list(self._names.values())))

    def get(self, name: str) -> CachedResponse | None:
        """Return the response for a path below the feeds' URL, or None if it is not cached."""
        return self._by_name.get(name)

    def cached_keys(self) -> list[Key]:
        """Return the cached keys, the newest last."""
        return list(self._names)

    def in_use(self, key: Key) -> bool:
        """Return whether a response of this key was sent since the last eviction round."""
        return any(response.used for response in self._responses(key))

    def expires(self, key: Key) -> float:
        """Return when time alone changes a response of this key, in seconds since 1970."""
        return min((response.expires for response in self._responses(key)), default=float("inf"))

    def put(self, responses: Mapping[Key, Mapping[str, CachedResponse]]) -> None:
        """Replace the responses of these keys, all at once; evict others if space is needed."""
        added = {name: response for group in responses.values() for name, response in group.items()}
        self._by_name.update(added)
        self.by_path.update(
            (path, response) for name, response in added.items() for path in self._paths(name)
        )
        for key, group in responses.items():
            self._names.pop(key, None)
            self._names[key] = tuple(group)
        self._evict(set(responses))

    def drop(self, keys: Iterable[Key]) -> None:
        """Remove the responses of these keys."""
        for key in keys:
            for name in self._names.pop(key, ()):
                self._by_name.pop(name, None)
                for path in self._paths(name):
                    self.by_path.pop(path, None)

    def _paths(self, name: str) -> list[str]:
        """Return the request paths: below the mount, and below `/` if that is unambiguous."""
        bare = "/" + wsgi_path(name)
        mounted = self._mount + wsgi_path(name)
        return [mounted] if bare.startswith(self._mount) else [mounted, bare]

    def _evict(self, new: Collection[Key]) -> None:
        """Drop keys until the limit is met: first those unused since the last round (CLOCK)."""
        sizes = {
            key: sum(response.size for response in self._responses(key)) for key in self._names
        }
        excess = sum(sizes.values()) - self._limit
        for drop_used in (False, True):
            for key in list(self._names):
                if excess <= 0:
                    return
                if key in new:
                    continue
                if drop_used or not self.in_use(key):
                    self.drop([key])
                    excess -= sizes[key]
                for response in self._responses(key):
                    response.used = False

    def _responses(self, key: Key) -> list[CachedResponse]:
        return [cached for name in self._names.get(key, ()) if (cached := self.get(name))]


def wsgi_path(name: str) -> str:
    """Return a path in the form of WSGI's PATH_INFO (PEP 3333)."""
    return name.encode().decode("latin-1")
