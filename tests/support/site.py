"""Small sites for tests."""

import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import yaml
from sqlalchemy import make_url

from feeds.build.builder import BuildCache, BuildReport, BuildRequest, build
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.presence import identity
from feeds.catalogue.transaction import ReadTransaction
from feeds.config import load
from feeds.config.feed_settings import Provider, Topic
from feeds.config.settings import SiteSettings
from feeds.config.site import Site
from feeds.export.exporter import ExportOptions, ExportReport, export
from feeds.model.document import Document, Format
from feeds.render import feed_documents
from feeds.util.progress import Progress, silent
from feeds.util.text import slug

# Other people's data beside the repository, no part of it: tests without it are skipped.
CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"

NOW = datetime(2024, 6, 15, 12, tzinfo=UTC)

SITE: Mapping[str, Any] = {
    "id": "tag:example.org,2026:site",
    "url": "https://example.org/",
    "title": "Example",
    "description": "Things worth knowing",
    "articles": {"folder": "articles"},
}
FEEDS: Mapping[str, Any] = {
    "feeds": [
        {"path": "all", "title": "{site}"},
        {"path": "topics/{topic}", "each": "topic"},
    ]
}


def front_matter(body: str = "", **fields: object) -> str:
    """An article: `fields` over a title, a link, a date and a topic; None takes one out."""
    known: dict[str, object] = {
        "title": "A title",
        "excerpt": "What it is about.",
        "webUrl": "https://example.org/a",
        "publishedDateTime": "2024-05-31T09:00:00Z",
        "topics": ["AI"],
        **fields,
    }
    given = {name: value for name, value in known.items() if value is not None}
    return f"---\n{yaml.safe_dump(given, allow_unicode=True, sort_keys=False)}---\n{body}\n"


def write_site(
    root: Path,
    articles: Mapping[str, str | bytes],
    /,
    feeds: Mapping[str, Any] = FEEDS,
    **settings: Any,
) -> Path:
    """A config folder with its articles below `root`; returns the config folder."""
    (root / "articles").mkdir(parents=True, exist_ok=True)
    (root / "site.yaml").write_text(yaml.safe_dump({**SITE, **settings}), encoding="utf-8")
    (root / "feeds.yaml").write_text(yaml.safe_dump(dict(feeds)), encoding="utf-8")
    for path, content in articles.items():
        write_article(root, path, content)
    return root


def write_article(root: Path, path: str, content: str | bytes) -> Path:
    """Write one article of the site at `root`; returns its file."""
    file = root / "articles" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail, instead of waiting for ever, where the block takes longer than this."""

    def fail(*_: object) -> None:
        raise AssertionError(f"not done within {seconds} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Publication:
    """A site with its catalogue, built at the times that a test says.

    Files get different times, a minute apart, from a day before `NOW`.
    """

    def __init__(
        self,
        root: Path,
        articles: Mapping[str, str | bytes],
        /,
        feeds: Mapping[str, Any] = FEEDS,
        **settings: Any,
    ) -> None:
        self.root = write_site(root, {}, feeds, **settings)
        self._known: Catalogue | None = None
        self.written = int(NOW.timestamp()) - 86_400
        for path, content in articles.items():
            self.write(path, content)

    @property
    def site(self) -> Site:
        return load.load(self.root, {})

    def file(self, path: str) -> Path:
        return self.root / "articles" / path

    def write(self, path: str, content: str | bytes) -> Path:
        """Write an article, a minute after the last one."""
        file = write_article(self.root, path, content)
        self.written += 60
        os.utime(file, (self.written, self.written))
        return file

    def forget(self) -> None:
        """Go on as another process would: open the catalogue as if for the first time."""
        self._known = None

    def build(
        self,
        now: datetime = NOW,
        *,
        cache: BuildCache | None = None,
        progress: Progress = silent,
        **options: Any,
    ) -> BuildReport:
        """Build with one process; `options` are those of `BuildRequest`."""
        site, request = self.site, BuildRequest(**{"jobs": 1, **options})
        with self._catalogue(site) as catalogue:
            return build(site, catalogue, now, request, cache=cache, progress=progress)

    @contextmanager
    def read(self) -> Iterator[ReadTransaction]:
        with self._catalogue(self.site) as catalogue, catalogue.read() as reader:
            yield reader

    def fetch(self, path: str = "all", now: datetime = NOW) -> dict[Format, Document]:
        site = self.site
        with self._catalogue(site) as catalogue, catalogue.read() as reader:
            feed = feed_documents.all_feeds(site, reader, now)[path]
            return feed_documents.render_feed(feed, site, reader, now)

    def feeds(self, now: datetime = NOW) -> list[str]:
        with self.read() as reader:
            return list(feed_documents.all_feeds(self.site, reader, now))

    def items(self, path: str = "all", now: datetime = NOW) -> list[dict[str, Any]]:
        """The items of the JSON Feed."""
        items: list[dict[str, Any]] = json.loads(self.fetch(path, now)["json"].body)["items"]
        return items

    def titles(self, path: str = "all", now: datetime = NOW) -> list[str]:
        return [item["title"] for item in self.items(path, now)]

    def export(self, target: Path, now: datetime = NOW, **options: Any) -> ExportReport:
        site = self.site
        with self._catalogue(site) as catalogue:
            return export(site, catalogue, target, now, silent, ExportOptions(**options))

    @contextmanager
    def _catalogue(self, site: Site) -> Iterator[Catalogue]:
        """The catalogue, closed afterwards: opened again it still knows how to ask."""
        known, there = self._known, identity(make_url(site.catalogue).database)
        if known is None or known.identity != there:
            known = self._known = Catalogue(site.catalogue)
        with closing(known):
            yield known


def make_site(root: Path = Path("/nowhere"), **settings: Any) -> Site:
    """A site without files: `settings` over `SITE`'s; `topics` and `providers` are mappings."""
    topics = msgspec.convert(settings.pop("topics", {}), dict[str, Topic])
    providers = msgspec.convert(settings.pop("providers", {}), dict[str, Provider])
    return Site(
        settings=msgspec.convert({**SITE, **settings}, SiteSettings),
        root=root,
        topics=topics,
        topic_ids={slug(topic.name): key for key, topic in topics.items()},
        providers=providers,
        feeds=(),
    )
