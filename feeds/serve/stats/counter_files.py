"""Room for the files of prometheus_client, reserved before they are written to.

It maps sparse files into memory, and on a full disk the first write to a page of one is SIGBUS,
which ends the process. Pages that were written as zeros are there; without room for them it is an
`OSError`, before anything is mapped.
"""

import mmap
import os
from contextlib import suppress
from pathlib import Path

import prometheus_client
from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

# Bytes of a new file. Small, because files of workers that died are kept for their counts.
_FIRST = 16_384
# What a value takes besides its name: a length, up to eight bytes of padding, and two doubles.
_BESIDES = 28


def prepare() -> None:
    """Have prometheus_client reserve the room of its files, and say of no metric when it began."""
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    values.MmapedDict = _Reserved  # type: ignore[attr-defined]


class _Reserved(MmapedDict):
    """The file of one kind of metrics of one process. Raises `OSError` if there is no room."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode and not Path(filename).exists():
            _create(Path(filename))
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        needed = self._used + len(key.encode()) + _BESIDES
        capacity = self._capacity
        while capacity < needed:
            capacity *= 2
        if capacity > self._capacity:
            _extend(self._f.fileno(), self._capacity, capacity)
            self._m = mmap.mmap(self._f.fileno(), capacity)
            self._capacity = capacity
        super()._init_value(key)  # type: ignore[no-untyped-call]


def _create(file: Path) -> None:
    """Under another name first, for other processes read whatever has this one."""
    new = file.with_suffix(".new")
    try:
        with new.open("wb") as opened:
            _extend(opened.fileno(), 0, _FIRST)
        new.rename(file)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise


def _extend(descriptor: int, size: int, longer: int) -> None:
    """Write zeros to the end of a file, all or none of them."""
    left = longer - size
    try:
        while left:
            left -= os.write(descriptor, bytes(left))
    except OSError:
        os.ftruncate(descriptor, size)  # what is mapped ends there
        raise
