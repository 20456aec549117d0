"""Small sites of other people, and the results of `feeds init` in them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from feeds.init import initialiser, report
from feeds.init.initialiser import Outcome, Request
from feeds.util.progress import silent

NOW = datetime(2026, 6, 15, tzinfo=UTC)


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write files below `root`; returns it."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def post(title: str, date: str = "2024-05-31", body: str = "Hello", **matter: str) -> str:
    """An article with YAML front matter."""
    lines = "".join(f"{name}: {value}\n" for name, value in matter.items())
    return f"---\ntitle: {title}\ndate: {date}\n{lines}---\n{body}\n"


def default(_question: str, answer: str) -> str:
    """Answer every question with the default."""
    return answer


def init(
    root: Path, *, generator: str = "", old_feed: Path | None = None, url: str = ""
) -> Outcome:
    """Run `feeds init` in a folder, without questions."""
    request = Request(root, generator, old_feed, url)
    return initialiser.initialise(request, default, NOW, silent)


def report_of(outcome: Outcome) -> str:
    """The report as one text."""
    return "\n".join(report.lines(outcome))
