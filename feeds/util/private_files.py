"""Files for their owner alone: they have articles that are yet to come, or were withdrawn."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def create(file: Path) -> None:
    """Make an empty file that was private from the first, whatever the umask is.

    Raises `OSError`, also where there is one.
    """
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def keep(files: Iterable[Path]) -> None:
    """Let nobody but their owner read and write those of the files that are there."""
    for file in files:
        with suppress(OSError):  # there is none, or it is another user's
            mode = file.stat().st_mode
            if mode & 0o077:
                file.chmod(mode & 0o700)
