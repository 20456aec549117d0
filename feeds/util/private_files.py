"""Files that only their owner can read: they hold unpublished and withdrawn articles."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def create(file: Path) -> None:
    """Create an empty file that is private from the start, whatever the umask.

    Raises `OSError`, also if the file exists.
    """
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def keep(files: Iterable[Path]) -> None:
    """Restrict the files that exist to their owner."""
    for file in files:
        with suppress(OSError):  # it does not exist, or belongs to another user
            mode = file.stat().st_mode
            if mode & 0o077:
                file.chmod(mode & 0o700)
