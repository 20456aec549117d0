"""Articles and entries of a site that is built in a test."""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.site import NOW, Publication, front_matter

LATER = NOW + timedelta(days=1)


PERMALINK = "https://example.org/{path}/"


def article(title: str, /, **fields: Any) -> str:
    """Front matter with a link made from the title."""
    return front_matter(**{"title": title, "webUrl": f"https://example.org/{title}", **fields})


def item(site: Publication, title: str, now: datetime = NOW) -> dict[str, Any]:
    return next(entry for entry in site.items(now=now) if entry["title"] == title)


def touch(file: Path, seconds: int) -> None:
    os.utime(file, (seconds, seconds))
