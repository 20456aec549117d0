"""Readers that know the feed of another system show nothing twice after `feeds adopt`."""

import mailbox
import os
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import reader

from tests.adopt.test_adoption import adopt, old, rss
from tests.support.built_site import article
from tests.support.site import Publication

R2E, NEWSBOAT = Path("/usr/bin/r2e"), Path("/usr/bin/newsboat")
NAMES = [f"post-{number}" for number in range(9)]
# The forms of ids that generators, WordPress and Ghost give.
IDS = [
    ("https://old.org/{name}", "true"), ("tag:old.org,2024-05-01:/{name}", "false"),
    ("https://old.org/?p=149{name}", "false"), ("5f0c{name}", "false"),
]  # fmt: skip


class Address:
    """One URL, at which first the old feed and then ours is served."""

    def __init__(self, folder: Path, port: int) -> None:
        self._file, self._modified = folder / "all.xml", 1_718_000_000
        self.url = f"http://127.0.0.1:{port}/all.xml"

    def serve(self, content: bytes) -> None:
        """Answer with this content from now on."""
        self._file.write_bytes(content)
        self._modified += 10  # conditional requests compare seconds
        os.utime(self._file, (self._modified, self._modified))


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[Address]:
    """A server on a free port."""
    folder = tmp_path / "www"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Address(folder, server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=IDS, ids=["link", "tag", "wordpress", "ghost"])
def feeds(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[bytes, bytes]:
    """The old feed, and ours after the adoption."""
    form, permalink = request.param
    feed = rss(*(old(name, form.format(name=name), permalink) for name in NAMES))
    site = Publication(tmp_path / "site", {f"{name}.md": article(name) for name in NAMES})
    report = adopt(site, feed)
    assert (report.adopted, report.sources[0].new) == (len(NAMES), 0)
    return feed.encode(), site.fetch()["rss"].body


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=True,
    )
    return done.stdout.decode()


def test_lemon24_reader_shows_no_new_entry(address: Address, feeds: tuple[bytes, bytes]) -> None:
    before, after = feeds
    with reader.make_reader(":memory:") as client:
        address.serve(before)
        client.add_feed(address.url)
        first = client.update_feed(address.url)
        address.serve(after)
        second = client.update_feed(address.url)
    assert first is not None
    assert second is not None
    assert (first.new, second.new) == (len(NAMES), 0)


@pytest.mark.skipif(not NEWSBOAT.exists(), reason="newsboat is missing")
def test_newsboat_shows_no_new_entry(
    address: Address, feeds: tuple[bytes, bytes], tmp_path: Path
) -> None:
    (tmp_path / "urls").write_text(address.url + "\n")
    command = [
        str(NEWSBOAT), "-u", str(tmp_path / "urls"), "-c", str(tmp_path / "cache.db"), "-x",
    ]  # fmt: skip
    for content in feeds:
        address.serve(content)
        run(tmp_path, *command, "reload")
        assert run(tmp_path, *command, "print-unread").startswith(f"{len(NAMES)} unread")


@pytest.mark.skipif(not R2E.exists(), reason="rss2email is missing")
def test_rss2email_mails_no_entry_again(
    address: Address, feeds: tuple[bytes, bytes], tmp_path: Path
) -> None:
    command = [str(R2E), "-c", str(tmp_path / "r2e.cfg"), "-d", str(tmp_path / "r2e.json")]
    run(tmp_path, *command, "new", "reader@example.org")
    (tmp_path / "Maildir").mkdir()
    settings = tmp_path / "r2e.cfg"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("email-protocol = sendmail", "email-protocol = maildir"))
    address.serve(feeds[0])
    run(tmp_path, *command, "add", "site", address.url)
    for content in feeds:
        address.serve(content)
        run(tmp_path, *command, "run")
        assert len(mailbox.Maildir(tmp_path / "Maildir" / "INBOX", create=False)) == len(NAMES)
