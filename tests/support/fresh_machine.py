"""A published site with a history, and the same site on a machine without a catalogue."""

import os
import shutil
from datetime import timedelta
from typing import Any

from tests.support.published_site import Published, article
from tests.support.site import NOW

DAY = timedelta(days=1)
ARTICLES = {
    "dated.md": article("dated"),
    "undated.md": article("undated", publishedDateTime=None),
    "edited.md": article("edited", publishedDateTime="2024-06-01T09:00:00Z"),
    "renamed.md": article("renamed"),
    "broken.md": article("broken"),
    "gone.md": article("gone"),
}


def entries_by_title(site: Published) -> dict[str, Any]:
    """Return the items of the published JSON feed by title."""
    return {item["title"]: item for item in site.items()}


def fresh_machine(site: Published, at: float, prefix: str | None = None) -> Published:
    """Return the site on a machine with only its articles, all with the same new time.

    It is published to `prefix`, by default that of the site.
    """
    root = site.root.parent / f"{site.root.name}-fresh"
    shutil.copytree(site.articles.root, root / "site")
    for file in (*root.glob("site/catalogue*"), *root.glob("site/.catalogue*")):
        file.unlink()
    for file in root.rglob("*"):
        os.utime(file, (at, at))
    prefix = prefix or site.prefix
    upload = {"state": site.state_url.replace(site.prefix, prefix)}
    copy = Published(root, site.store, prefix, articles={}, upload=upload)
    copy.articles.written = int(at)
    return copy


def publish_history(site: Published) -> Published:
    """Publish a site of `ARTICLES` twice, with edits, a rename and withdrawals between."""
    site.publish()
    site.articles.write("edited.md", article("edited", excerpt="Another one."))
    (site.articles.root / "articles/renamed.md").rename(site.articles.root / "articles/other.md")
    site.articles.write("broken.md", "no front matter")
    (site.articles.root / "articles/gone.md").unlink()
    site.publish(NOW + DAY)
    return site
