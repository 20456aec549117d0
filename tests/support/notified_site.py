"""Sites whose hubs are notified in tests."""

from contextlib import closing
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from feeds.catalogue.catalogue import Catalogue
from feeds.cli import main
from feeds.websub import notify
from feeds.websub.schedule import HubReport
from tests.support.site import Publication, front_matter

SOON = 1_700_000_000
BASE = "https://example.org/"


def urls(*paths: str) -> list[str]:
    return sorted(f"{BASE}{path}.{name}" for path in paths for name in ("rss", "atom", "json"))


def article(name: str, *topics: str) -> str:
    return front_matter(title=name, webUrl=f"{BASE}{name}", topics=[*topics])


class NotifiedSite:
    """A site whose hubs are notified explicitly, at a time set by the test."""

    def __init__(self, root: Path, *hubs: str) -> None:
        self.publication = Publication(root, {"a.md": article("a", "AI", "Maps")}, hub=[*hubs])
        self.publication.build()
        self.now = SOON

    def notify(self, **options: Any) -> tuple[HubReport, ...]:
        site = self.publication.site
        with closing(Catalogue(site.catalogue)) as catalogue:
            topics = notify.current_topics(site, catalogue)
            how = notify.NotifyOptions(clock=lambda: self.now, **options)
            return notify.notify_hubs(site, catalogue, topics, how)

    def save(self, name: str, *topics: str) -> None:
        self.publication.write(f"{name}.md", article(name, *topics))
        self.publication.build()


def ping(site: Publication) -> int:
    return CliRunner().invoke(main.main, ["ping", "--config", str(site.root)]).exit_code
