"""Files of prometheus_client whose disk space is reserved before they are mapped.

It maps sparse files into memory, so on a full disk the first write to a page raises SIGBUS, which
kills the process. Writing zeros first reserves the space, and fails with `OSError` if there is
none.
"""

import mmap
import os
from contextlib import suppress
from pathlib import Path

import prometheus_client
from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

# Bytes of a new file; small, because the files of dead workers are kept for their counts.
_INITIAL_BYTES = 16_384
# Bytes of a value besides its name: a length, up to eight bytes of padding, and two doubles.
_VALUE_BYTES = 28


def prepare() -> None:
    """Make prometheus_client reserve space for its files; turn off the `_created` metrics."""
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    values.MmapedDict = _Reserved  # type: ignore[attr-defined]


class _Reserved(MmapedDict):
    """The file of one kind of metrics of one process. Raises `OSError` on a full disk."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode and not Path(filename).exists():
            _create(Path(filename))
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        needed = self._used + len(key.encode()) + _VALUE_BYTES
        capacity = self._capacity
        while capacity < needed:
            capacity *= 2
        if capacity > self._capacity:
            _extend(self._f.fileno(), self._capacity, capacity)
            self._m = mmap.mmap(self._f.fileno(), capacity)
            self._capacity = capacity
        super()._init_value(key)  # type: ignore[no-untyped-call]


def _create(file: Path) -> None:
    """Create a file under a temporary name, because other processes read any file with this one."""
    temporary = file.with_suffix(".new")
    try:
        with temporary.open("wb") as opened:
            _extend(opened.fileno(), 0, _INITIAL_BYTES)
        temporary.rename(file)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def _extend(descriptor: int, size: int, new_size: int) -> None:
    """Append zeros to a file until it has the new size; leave it as it was on failure."""
    left = new_size - size
    try:
        while left:
            left -= os.write(descriptor, bytes(left))
    except OSError:
        os.ftruncate(descriptor, size)  # the mapping ends there
        raise
