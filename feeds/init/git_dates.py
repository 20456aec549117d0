"""The dates of files by the history of their git repository."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

_TIMEOUT = 60  # seconds


class Commits(NamedTuple):
    """When a file was committed first, and last."""

    created: datetime
    modified: datetime


def commits(folder: Path) -> dict[str, Commits]:
    """Return the dates of the files below a folder, by path; none without a repository.

    They are dates of authors, as those that generators take. A shallow clone has no others than
    that of its first commit.
    """
    git = shutil.which("git")
    command = ["-C", str(folder), "-c", "core.quotePath=off", "log", "--format=%x00%at"]
    if git is None or not folder.is_dir():
        return {}
    try:
        result = subprocess.run(  # noqa: S603 - no part of it is the site's
            [git, *command, "--name-only", "--no-renames", "--relative", "--", "."],
            capture_output=True, check=True, timeout=_TIMEOUT,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return {}
    found: dict[str, Commits] = {}
    for entry in result.stdout.decode("utf-8", "replace").split("\0")[1:]:
        seconds, *names = filter(None, entry.split("\n"))
        moment = datetime.fromtimestamp(int(seconds), UTC)
        for name in names:
            newer = found.get(name)
            found[name] = Commits(moment, newer.modified if newer else moment)
    return found
