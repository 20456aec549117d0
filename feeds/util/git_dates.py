"""The dates of files by the history of their git repository."""

import logging
import os
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from feeds.util.dates import from_timestamp

_log = logging.getLogger("feeds")

_TIMEOUT = 60  # seconds
# More paths than this are not named to git, which then lists all.
_MAX_NAMED = 200
_LOG = (
    "-c", "core.quotePath=off", "log", "--format=%x00%at %D", "--no-show-signature",
    "--name-only", "--no-renames", "--relative", "--",
)  # fmt: skip


class Commits(NamedTuple):
    """When a file was committed first, and last.

    `is_cut_off`: the first commit is the oldest one of a shallow clone, so there may be earlier
    ones.
    """

    created: datetime
    modified: datetime
    is_cut_off: bool


def commits(folder: Path, paths: Sequence[str] = (".",)) -> dict[str, Commits]:
    """Return the dates of these files below a folder, by path; none without a repository.

    They are dates of authors, as those that generators take.
    """
    found: dict[str, Commits] = {}
    for entry in _log_entries(folder, paths if len(paths) <= _MAX_NAMED else ["."]):
        line, *names = filter(None, entry.split("\n"))
        seconds, _, decorations = line.partition(" ")
        moment, is_cut_off = from_timestamp(int(seconds)), "grafted" in decorations.split(", ")
        for name in names:
            newer = found.get(name)
            found[name] = Commits(moment, newer.modified if newer else moment, is_cut_off)
    return found


def _log_entries(folder: Path, paths: Sequence[str]) -> list[str]:
    """Return the log of a folder, newest commit first: a line each, and the files that changed."""
    git = shutil.which("git")
    if git is None or not folder.is_dir():
        return []
    # A hook of another repository sets variables that would have its history read.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        result = subprocess.run(  # noqa: S603 - no part of it is the site's
            [git, "--literal-pathspecs", "-C", str(folder), *_LOG, *paths],
            capture_output=True, check=True, timeout=_TIMEOUT, env=environment,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        _log.debug("%s: its history cannot be read: %s", folder, getattr(error, "stderr", error))
        return []
    return result.stdout.decode("utf-8", "replace").split("\0")[1:]
