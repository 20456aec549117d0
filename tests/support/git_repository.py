"""A git repository in a test."""

import os
import subprocess
from pathlib import Path

_PERSON = {"NAME": "Jane", "EMAIL": "jane@example.org"}
_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_AUTHOR_{name}": value for name, value in _PERSON.items()},
    **{f"GIT_COMMITTER_{name}": value for name, value in _PERSON.items()},
}


def git(folder: Path, *arguments: str, date: str = "2024-01-01T00:00:00Z") -> None:
    """Run git in a folder; `date` is that of the author, the committer is a year later."""
    committed = f"{int(date[:4]) + 1}{date[4:]}"
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": committed}
    subprocess.run(
        ["git", *arguments], cwd=folder, check=True, timeout=20, env={**_ENVIRONMENT, **dates}
    )


def commit(folder: Path, date: str) -> None:
    """Commit all articles of a config folder, and make it a repository if it is none."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "articles")
    git(folder, "commit", "-qm", "A commit", date=date)
