"""Sites published to the test store, from this process and from child processes."""

import hashlib
import json
import re
import subprocess
import sys
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from feeds.config.site import Site
from feeds.export.manifest import Manifest
from feeds.model.document import FORMATS
from feeds.publish import publisher
from feeds.publish.destination import RECORD
from feeds.publish.object_store import ObjectStore
from feeds.publish.publisher import PublishOptions, PublishReport
from feeds.publish.record import Record
from feeds.util.progress import Progress, silent
from tests.support.object_store import BUCKET, Store, body, environ
from tests.support.site import NOW, Publication, front_matter

ROOT = Path(__file__).parents[2]
_NUMBERS = count()
_LINK = re.compile(rb"https://example\.org/([a-z/0-9-]+\.(?:rss|atom|json))")

# The command `feeds`, with a shorter lease and fewer retries.
_COMMAND = """
import sys
from feeds.publish import lease, object_store
lease.SECONDS, object_store._RETRY_SECONDS = {seconds}, {retrying}
from feeds.cli.main import main
main(sys.argv[1:])
"""


def article(name: str, *topics: str, **fields: Any) -> str:
    """Return front matter with this title and link."""
    return front_matter(
        title=name, webUrl=f"https://example.org/{name}", topics=[*(topics or ["AI"])], **fields
    )


def publish(
    site: Site, folder: Path, now: datetime = NOW, progress: Progress = silent, **options: Any
) -> PublishReport:
    """Publish in this process; without a `patience` among the options, do not wait for a lock."""
    return publisher.publish(
        site, folder, now, progress, PublishOptions(**{"patience": 0, **options})
    )


def feed_urls(*paths: str) -> list[str]:
    """Return the URLs of these feeds of the example site in every format, sorted."""
    return sorted(f"https://example.org/{path}.{format_}" for path in paths for format_ in FORMATS)


def state_of(prefix: str) -> str:
    """Return the URL of the state for the site at this prefix, outside the published paths."""
    return f"s3://{BUCKET}/state-{prefix}/.feeds-state"


class Published:
    """A site published below a prefix, with its memory elsewhere in the bucket."""

    def __init__(
        self, root: Path, store: Store, prefix: str | None = None, **settings: Any
    ) -> None:
        self.store, self.root, self.out = store, root, root / "out"
        self.prefix = prefix or f"site-{next(_NUMBERS)}"
        upload = {
            "url": f"s3://{BUCKET}/{self.prefix}",
            "endpoint": store.endpoint,
            "state": state_of(self.prefix),
            **settings.pop("upload", {}),
        }
        self.state_url: str = upload["state"] or f"{upload['url']}/.feeds-state"
        articles = settings.pop(
            "articles", {"a.md": article("a", "AI"), "b.md": article("b", "Maps")}
        )
        self.articles = Publication(root / "site", articles, upload=upload, **settings)

    def publish(self, now: datetime = NOW, **options: Any) -> PublishReport:
        return publish(self.articles.site, self.out, now, **options)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command and wait for it."""
        return subprocess.run(**self._command(*arguments), timeout=120, check=False)

    def start(
        self, *arguments: str, seconds: float = 2.0, retrying: float = 30
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(**self._command(*arguments, seconds=seconds, retrying=retrying))

    def _command(
        self, *arguments: str, seconds: float = 2.0, retrying: float = 30
    ) -> dict[str, Any]:
        program = _COMMAND.format(seconds=seconds, retrying=retrying)
        first, *rest = arguments
        options = ["--config", str(self.articles.root), *rest]
        target = [] if first in ("ping", "purge") else [str(self.out)]
        return {
            "args": [sys.executable, "-c", program, first, *target, *options],
            "cwd": ROOT,
            "env": environ(),
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
        }

    @property
    def objects(self) -> ObjectStore:
        return self.store.objects(self.prefix)

    @property
    def state(self) -> ObjectStore:
        return self.store.objects(self.state_url.removeprefix(f"s3://{BUCKET}/"))

    @property
    def record(self) -> Record:
        return msgspec.json.decode(body(self.state, RECORD), type=Record)

    def names(self) -> list[str]:
        """Return the keys of all documents in the store."""
        return [key for key in self.objects.list_keys() if not key.startswith(".feeds-state/")]

    def there(self) -> dict[str, bytes]:
        """Return all documents in the store by key."""
        return {key: body(self.objects, key) for key in self.names()}

    def exported(self) -> dict[str, bytes]:
        """Return the documents of the export by path."""
        manifest = msgspec.json.decode(
            (self.out / ".feeds-export.json").read_bytes(), type=Manifest
        )
        return {name: (self.out / name).read_bytes() for name in manifest.files}

    def dangling(self) -> set[str]:
        """Return linked feeds and archives that are missing in the store."""
        there = self.there()
        return {
            name.decode()
            for document in there.values()
            for name in _LINK.findall(document)
            if name.decode() not in there
        }

    def items(self, path: str = "all") -> list[dict[str, Any]]:
        """Fetch the JSON feed and return its items."""
        status, _, document = self.store.fetch(f"{self.prefix}/{path}.json")
        assert status == 200
        items: list[dict[str, Any]] = json.loads(document)["items"]
        return items


class Watcher:
    """Fetches documents repeatedly; each must be one of the allowed versions."""

    def __init__(self, published: Published, *allowed: dict[str, bytes]) -> None:
        self._published = published
        self._allowed: dict[str, set[str]] = {}
        for documents in allowed:
            for key, document in documents.items():
                self._allowed.setdefault(key, set()).add(hashlib.sha256(document).hexdigest())
        self.seen = 0

    def look(self) -> None:
        for key, hashes in self._allowed.items():
            with suppress(ConnectionError):
                status, _, document = self._published.store.fetch(f"{self._published.prefix}/{key}")
                if status == 200:
                    assert hashlib.sha256(document).hexdigest() in hashes, f"{key} is a mixture"
                    self.seen += 1
