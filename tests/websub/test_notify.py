"""Notifying hubs, explicitly and by `feeds ping`, with a fake hub that can fail."""

import json
import sqlite3
import threading
import time
from contextlib import closing, suppress
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from filelock import FileLock

from feeds.catalogue.catalogue import Catalogue
from feeds.cli import main
from feeds.errors import PingError
from feeds.websub import client, notify
from feeds.websub.schedule import Answer, HubReport
from tests.support.fake_hub import FakeHub, Handler, Reply, serving
from tests.support.feeds_server import free_port
from tests.support.notified_site import BASE, SOON, NotifiedSite, article, ping, urls
from tests.support.site import Publication, front_matter
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("websub")


def test_new_hub_is_not_notified_about_existing_feeds(tmp_path: Path, hub: FakeHub) -> None:
    notified = NotifiedSite(tmp_path, hub.url)
    (report,) = notified.notify()
    assert (report.first, report.sent, report.waiting, hub.take()) == (True, 0, 0, [])


@pytest.mark.rule("W5")
def test_only_changed_feeds_are_notified(notified: NotifiedSite, hub: FakeHub) -> None:
    notified.save("b", "Maps")
    (report,) = notified.notify()
    assert hub.take() == urls("all", "topics/maps")
    assert (report.sent, report.failed, report.waiting) == (6, 0, 0)
    notified.notify()
    assert hub.take() == []


@pytest.mark.rule("W5")
def test_new_feed_is_notified(notified: NotifiedSite, hub: FakeHub) -> None:
    notified.save("b", "Rivers")
    notified.notify()
    assert hub.take() == urls("all", "topics/rivers")


@pytest.mark.rule("W5")
def test_every_hub_is_notified_and_an_added_one_from_the_next_change(
    notified: NotifiedSite, hub: FakeHub, tmp_path: Path
) -> None:
    with FakeHub().run() as other:
        site = notified.publication.site
        notified.publication = Publication(tmp_path, {}, hub=[hub.url, other.url])
        notified.publication.build()  # every feed names a second hub, so all of them changed
        first, second = notified.notify()
        assert (first.sent, first.first, second.sent, second.first) == (9, False, 0, True)
        hub.take()
        notified.save("b", "AI")
        notified.notify()
        assert hub.take() == other.take() == urls("all", "topics/ai")
        assert site.hubs == (hub.url,)


def test_removed_hub_is_forgotten(notified: NotifiedSite, hub: FakeHub, tmp_path: Path) -> None:
    notified.publication = Publication(tmp_path, {}, hub=[])
    notified.publication.build()
    assert notified.notify() == ()
    with FakeHub().run() as other:
        notified.publication = Publication(tmp_path, {}, hub=other.url)
        notified.notify()
    with (
        closing(Catalogue(notified.publication.site.catalogue)) as catalogue,
        catalogue.connect() as connection,
    ):
        assert list(connection.scalars(sa.text("SELECT DISTINCT hub FROM ping"))) == [other.url]
    assert hub.take() == []


@pytest.mark.rule("W8", "H73")
def test_old_and_new_urls_are_notified_once_after_a_move(
    notified: NotifiedSite, hub: FakeHub, tmp_path: Path
) -> None:
    moved = "https://feeds.example.net/"
    notified.publication = Publication(tmp_path, {}, hub=hub.url, feeds_url=moved)
    notified.publication.build()
    notified.notify()
    old = urls("all", "topics/ai", "topics/maps")
    assert hub.take() == sorted([*old, *(url.replace(BASE, moved) for url in old)])
    notified.notify()
    assert hub.take() == []


@pytest.mark.rule("W6")
def test_notification_is_a_form_with_one_url(notified: NotifiedSite, hub: FakeHub) -> None:
    notified.save("b", "AI")
    notified.notify()
    assert set(hub.types) == {"application/x-www-form-urlencoded"}
    for form in hub.forms:
        assert form == {
            "hub.mode": ["publish"],
            "hub.url": form["hub.url"],
            "hub.topic": form["hub.url"],
        }
        assert len(form["hub.url"]) == 1


@pytest.mark.rule("W7")
def test_only_failed_notifications_are_retried(notified: NotifiedSite, hub: FakeHub) -> None:
    hub.answer = lambda url: (500 if url.endswith("all.rss") else 204, {})
    notified.save("b", "AI")
    (report,) = notified.notify()
    assert (report.sent, report.failed, report.waiting) == (5, 1, 1)
    (failure,) = report.failures
    assert failure.topic == f"{BASE}all.rss"
    assert failure.why == "500 Internal Server Error: said by the hub"
    assert report.next_try is not None
    assert 15 <= report.next_try - SOON <= 30
    hub.take()
    notified.notify()
    assert hub.take() == []  # not yet
    notified.now, hub.answer = report.next_try, lambda _: (204, {})
    (report,) = notified.notify()
    assert (hub.take(), report.waiting) == ([f"{BASE}all.rss"], 0)


@pytest.mark.rule("W7")
@pytest.mark.parametrize("date", [False, True])
def test_retry_after_of_429_is_respected(notified: NotifiedSite, hub: FakeHub, date: bool) -> None:
    delay = formatdate(time.time() + 7205, usegmt=True) if date else "7200"
    hub.answer = lambda _: (429, {"Retry-After": delay})
    notified.save("b", "AI")
    (report,) = notified.notify()
    assert 1 <= report.failed <= 4  # those already in progress
    assert (report.sent, report.waiting) == (0, 6)
    assert report.next_try is not None
    assert 7195 <= report.next_try - SOON <= 7205
    hub.take()
    notified.now = report.next_try - 1
    notified.notify()
    assert hub.take() == []
    notified.now, hub.answer = report.next_try, lambda _: (204, {})
    notified.notify()
    assert hub.take() == urls("all", "topics/ai")


@pytest.mark.rule("W7")
def test_timeout_is_retried(
    notified: NotifiedSite, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def slow(_: str) -> Reply:
        release.wait(5)
        return 204, {}

    monkeypatch.setattr(client, "_SILENCE", 0.2)
    hub.answer = slow
    notified.save("b", "AI")
    (report,) = notified.notify()
    release.set()
    assert (report.sent, report.waiting) == (0, 6)
    assert report.failures[0].why.startswith("no answer: ")


@pytest.mark.rule("W7")
def test_unreachable_hub_is_given_up_after_a_day(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notified = NotifiedSite(tmp_path, f"http://127.0.0.1:{free_port()}/")
    notified.notify()
    notified.save("b", "AI")
    attempts = 0
    while (report := notified.notify()[0]).next_try is not None:
        attempts += 1
        assert attempts < 40
        notified.now = report.next_try
    assert 12 * 3600 < notified.now - SOON < 36 * 3600
    assert (report.given_up, report.waiting) == (6, 0)
    assert "is not notified of 6 changes" in caplog.text
    notified.save("c", "AI")
    assert notified.notify()[0].waiting == 6  # the next change is sent again


def test_redirect_of_a_hub_is_reported_with_advice(notified: NotifiedSite, hub: FakeHub) -> None:
    hub.answer = lambda _: (308, {"Location": "https://new.example.net/hub"})
    notified.save("b", "AI")
    (report,) = notified.notify()
    assert "moved to https://new.example.net/hub; name that as hub" in report.failures[0].why


def test_everything_notifies_every_feed(notified: NotifiedSite, hub: FakeHub) -> None:
    notified.notify(everything=True)
    assert hub.take() == urls("all", "topics/ai", "topics/maps")


def test_locked_hub_is_not_notified_twice(notified: NotifiedSite, hub: FakeHub) -> None:
    notified.save("b", "AI")
    with FileLock(notify.lock_file(notified.publication.site, hub.url)), pytest.raises(PingError):
        notified.notify()
    assert hub.take() == []


def test_notifications_sent_before_a_crash_are_not_repeated(
    notified: NotifiedSite, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = client.publish

    def dying(connection: Any, url: str, topic: str) -> Answer:
        if topic.endswith("/ai.atom"):
            raise RuntimeError("killed")
        return real(connection, url, topic)

    monkeypatch.setattr(notify, "_BATCH", 3)
    monkeypatch.setattr(client, "publish", dying)
    notified.save("b", "AI")
    with pytest.raises(RuntimeError, match="killed"):
        notified.notify()
    assert set(urls("all")) <= set(hub.take())
    monkeypatch.setattr(client, "publish", real)
    notified.notify()
    assert hub.take() == urls("topics/ai")


class _SlowHub(Handler):
    """Answer with one byte every tenth of a second, in the head or in the body as `at` says."""

    at = "head"

    def do_POST(self) -> None:  # noqa: N802
        self.body()
        self.close_connection = True
        with suppress(OSError):
            self.connection.sendall(b"HTTP/1.1 500 Wrong\r\n" if self.at == "head" else b"")
            if self.at == "body":
                self.connection.sendall(b"HTTP/1.1 500 Wrong\r\nContent-Length: 900000\r\n\r\n")
            for _ in range(100):
                self.connection.sendall(b"X")
                time.sleep(0.1)


@pytest.mark.rule("W7")
@pytest.mark.parametrize("at", ["head", "body"])
def test_total_time_of_a_notification_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    monkeypatch.setattr(client, "_LONGEST", 0.5)
    with serving(type("Hub", (_SlowHub,), {"at": at})) as port:
        notified = NotifiedSite(tmp_path, f"http://127.0.0.1:{port}/")
        notified.notify()
        notified.save("b", "AI")
        start = time.monotonic()
        (report,) = notified.notify()
        assert time.monotonic() - start < 5
        assert (report.sent, report.waiting) == (0, 6)
        why = {"head": "no answer: not within", "body": "500 Wrong: X"}[at]
        assert report.failures[0].why.startswith(why)
        wait_until(
            lambda: "feeds-ping-call" not in {thread.name for thread in threading.enumerate()}
        )


def test_results_are_recorded_after_a_build_releases_its_lock(
    notified: NotifiedSite, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "_AGAIN", 0.05)
    notified.save("b", "AI")
    site, reports = notified.publication.site, list[HubReport]()
    with closing(Catalogue(site.catalogue, patience=0.1)) as catalogue:
        topics = notify.current_topics(site, catalogue)
        notifying = threading.Thread(
            target=lambda: reports.append(notify.notify_hub(site, catalogue, hub.url, topics))
        )
        with closing(sqlite3.connect(site.root / "catalogue.sqlite")) as writer:
            writer.execute("BEGIN IMMEDIATE")
            notifying.start()
            wait_until(lambda: len(hub.forms) == 6)
            time.sleep(0.5)  # longer than `patience`
        notifying.join(10)
    assert (reports[0].sent, reports[0].waiting) == (6, 0)
    notified.notify()
    assert hub.take() == urls("all", "topics/ai")


def test_ping_before_the_first_build_does_nothing(tmp_path: Path, hub: FakeHub) -> None:
    site = Publication(tmp_path, {"a.md": article("a")}, hub=hub.url)
    assert ping(site) == 0
    site.build()
    assert ping(site) == 0
    assert hub.take() == []


def test_ping_command_reports_and_exits_with_1_on_failure(
    notified: NotifiedSite, hub: FakeHub
) -> None:
    def run(*options: str) -> tuple[int, str]:
        result = CliRunner().invoke(
            main.main, ["ping", "--config", str(notified.publication.root), *options]
        )
        return result.exit_code, result.stdout

    notified.save("b", "AI")
    assert run() == (0, f"{hub.url}: 6 feed URLs sent, 0 failed\n")
    hub.answer = lambda _: (400, {})
    notified.save("c", "AI")
    status, text = run("--json")
    (report,) = json.loads(text)
    assert (status, report["failed"], report["waiting"]) == (1, 6, 6)
    assert {failure["topic"] for failure in report["failures"]} == set(urls("all", "topics/ai"))
    hub.answer = lambda _: (204, {})
    assert run("--all")[0] == 0


def test_ping_command_without_a_hub_says_so(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": front_matter()})
    result = CliRunner().invoke(main.main, ["ping", "--config", str(site.root)])
    assert (result.exit_code, result.stdout) == (
        0,
        "Nothing to send: site.yaml has no hub, or there is no build yet\n",
    )
