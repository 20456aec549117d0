"""Real feed readers poll the real server: all entries the first time, 304 from then on."""

import mailbox
import os
import subprocess
from collections.abc import Iterator
from email import policy
from email.parser import BytesParser
from pathlib import Path

import feedparser
import pytest
import reader

from tests.support.feeds_server import Server, start, stop, wait_for
from tests.support.recording_proxy import Recorder
from tests.support.site import front_matter, write_article, write_site

pytestmark = pytest.mark.xdist_group("clients")

R2E, NEWSBOAT = Path("/usr/bin/r2e"), Path("/usr/bin/newsboat")
ENTRIES = 7
TITLES = [f"Title {number} & <more>" for number in range(ENTRIES, 0, -1)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    articles = {
        f"{number}.md": front_matter(
            "What *is* in it.",
            title=f"Title {number} & <more>",
            webUrl=f"https://example.org/{number}",
            publishedDateTime=f"2024-05-{number:02}T09:00:00Z",
        )
        for number in range(1, ENTRIES + 1)
    }
    running = start(write_site(tmp_path_factory.mktemp("site"), articles))
    yield running
    stop(running)


@pytest.fixture
def recorder(server: Server) -> Iterator[Recorder]:
    proxy = Recorder(server.port)
    yield proxy
    proxy.stop()


def run(folder: Path, *command: str) -> str:
    """Run a command with `folder` as its home, and return its standard output."""
    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=True,
    )
    return done.stdout.decode()


def url(recorder: Recorder, path: str) -> str:
    return f"http://127.0.0.1:{recorder.port}{path}"


@pytest.mark.parametrize("path", ["/all.rss", "/all.atom"])
def test_feedparser_gets_304_with_either_validator(recorder: Recorder, path: str) -> None:
    first = feedparser.parse(url(recorder, path))
    assert [entry.title for entry in first.entries] == TITLES
    assert not first.bozo
    for known in ({"etag": first.etag}, {"modified": first.modified}):
        again = feedparser.parse(url(recorder, path), **known)
        assert (again.status, again.entries) == (304, [])
    assert recorder.statuses(path) == [200, 304, 304]


@pytest.mark.parametrize("path", ["/all.rss", "/all.atom", "/all.json"])
def test_lemon24_reader_gets_304_and_what_is_new(recorder: Recorder, path: str) -> None:
    address = url(recorder, path)
    with reader.make_reader(":memory:") as client:
        client.add_feed(address)
        for _ in range(3):
            client.update_feed(address)
        assert [entry.title for entry in client.get_entries()] == TITLES
    assert recorder.statuses(path) == [200, 304, 304]


@pytest.mark.skipif(not NEWSBOAT.exists(), reason="newsboat is missing")
@pytest.mark.parametrize("path", ["/all.rss", "/all.atom"])
def test_newsboat_gets_304(recorder: Recorder, tmp_path: Path, path: str) -> None:
    (tmp_path / "urls").write_text(url(recorder, path) + "\n")
    (tmp_path / "config").write_text("auto-reload no\nrefresh-on-startup no\n")
    command = [
        str(NEWSBOAT), "-C", str(tmp_path / "config"), "-u", str(tmp_path / "urls"),
        "-c", str(tmp_path / "cache.db"), "-x",
    ]  # fmt: skip
    for _ in range(3):
        run(tmp_path, *command, "reload")
    assert run(tmp_path, *command, "print-unread").startswith(f"{ENTRIES} unread")
    # It keeps the tag of its second answer, not of its first.
    assert recorder.statuses(path) == [200, 200, 304]


@pytest.mark.skipif(not R2E.exists(), reason="rss2email is missing")
@pytest.mark.parametrize("path", ["/all.rss", "/all.atom"])
def test_rss2email_gets_304_and_mails_each_entry_once(
    recorder: Recorder, tmp_path: Path, path: str
) -> None:
    command = [str(R2E), "-c", str(tmp_path / "r2e.cfg"), "-d", str(tmp_path / "r2e.json")]
    run(tmp_path, *command, "new", "reader@example.org")
    (tmp_path / "Maildir").mkdir()
    settings = tmp_path / "r2e.cfg"
    text = settings.read_text(encoding="utf-8")
    assert "email-protocol = sendmail" in text
    settings.write_text(text.replace("email-protocol = sendmail", "email-protocol = maildir"))
    run(tmp_path, *command, "add", "site", url(recorder, path))
    for _ in range(3):
        run(tmp_path, *command, "run")
    assert recorder.statuses(path) == [200, 304, 304]
    folder = mailbox.Maildir(tmp_path / "Maildir" / "INBOX", create=False)
    parser = BytesParser(policy=policy.default)
    subjects = [
        str(parser.parsebytes(folder.get_bytes(key))["subject"]) for key in folder.iterkeys()
    ]
    assert sorted(subjects) == sorted(TITLES)


def test_what_is_new_reaches_a_reader_that_was_told_304_and_nothing_else(tmp_path: Path) -> None:
    root = write_site(tmp_path, {"a.md": front_matter(title="Old")})
    running = start(root)
    recorder = Recorder(running.port)
    try:
        address = url(recorder, "/all.atom")
        with reader.make_reader(":memory:") as made:
            made.add_feed(address)
            made.update_feed(address)
            made.update_feed(address)
            fresh = front_matter(
                title="New",
                webUrl="https://example.org/new",
                publishedDateTime="2024-06-01T09:00:00Z",
            )
            write_article(root, "b.md", fresh)
            wait_for(running, "/all.json", ["New", "Old"])
            result = made.update_feed(address)
            assert result is not None
            assert (result.new, result.modified) == (1, 0)
            made.update_feed(address)
        assert recorder.statuses("/all.atom") == [200, 304, 200, 304]
    finally:
        recorder.stop()
        stop(running)
