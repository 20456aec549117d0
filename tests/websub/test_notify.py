"""Telling hubs: a fake one for its faults, and a real one for the whole circle."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from filelock import FileLock

from feeds.build.builder import BuildReport, build
from feeds.catalogue.catalogue import Catalogue
from feeds.cli import main
from feeds.errors import PingError
from feeds.util.progress import clock as build_clock
from feeds.websub import client, notify
from feeds.websub.notifier import Notifier
from feeds.websub.schedule import Answer, HubReport
from tests.support.fake_hub import FakeHub, Handler, Reply, Subscriber, serving
from tests.support.feeds_server import Server, free_port
from tests.support.site import Publication, front_matter, write_article

pytestmark = pytest.mark.xdist_group("websub")

SOON = 1_700_000_000
BASE = "https://example.org/"


def urls(*paths: str) -> list[str]:
    return sorted(f"{BASE}{path}.{name}" for path in paths for name in ("rss", "atom", "json"))


def article(name: str, *topics: str) -> str:
    return front_matter(title=name, webUrl=f"{BASE}{name}", topics=[*topics])


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub().run() as running:
        yield running


class Told:
    """A publication whose hubs are told by hand, at the times that a test says."""

    def __init__(self, root: Path, *hubs: str) -> None:
        self.site = Publication(root, {"a.md": article("a", "AI", "Maps")}, hub=[*hubs])
        self.site.build()
        self.now = SOON

    def tell(self, **options: Any) -> tuple[HubReport, ...]:
        site = self.site.site
        with closing(Catalogue(site.catalogue)) as catalogue:
            topics = notify.current_topics(site, catalogue)
            return notify.notify_hubs(site, catalogue, topics, clock=lambda: self.now, **options)

    def save(self, name: str, *topics: str) -> None:
        self.site.write(f"{name}.md", article(name, *topics))
        self.site.build()


@pytest.fixture
def told(tmp_path: Path, hub: FakeHub) -> Told:
    made = Told(tmp_path, hub.url)
    made.tell()
    return made


def test_a_new_hub_counts_as_told_of_what_there_is(tmp_path: Path, hub: FakeHub) -> None:
    made = Told(tmp_path, hub.url)
    (report,) = made.tell()
    assert (report.first, report.sent, report.waiting, hub.take()) == (True, 0, 0, [])


def test_w5_pings_are_those_of_the_feeds_that_changed_and_none_else(
    told: Told, hub: FakeHub
) -> None:
    told.save("b", "Maps")
    (report,) = told.tell()
    assert hub.take() == urls("all", "topics/maps")
    assert (report.sent, report.failed, report.waiting) == (6, 0, 0)
    told.tell()
    assert hub.take() == []


def test_a_feed_that_is_new_later_is_told(told: Told, hub: FakeHub) -> None:
    told.save("b", "Rivers")
    told.tell()
    assert hub.take() == urls("all", "topics/rivers")


def test_w5_every_hub_is_told_and_a_later_one_begins_with_the_next_change(
    told: Told, hub: FakeHub, tmp_path: Path
) -> None:
    with FakeHub().run() as other:
        site = told.site.site
        told.site = Publication(tmp_path, {}, hub=[hub.url, other.url])
        told.site.build()  # every feed names another hub: it changed for the first one
        first, second = told.tell()
        assert (first.sent, first.first, second.sent, second.first) == (9, False, 0, True)
        hub.take()
        told.save("b", "AI")
        told.tell()
        assert hub.take() == other.take() == urls("all", "topics/ai")
        assert site.hubs == (hub.url,)


def test_a_hub_that_feeds_no_longer_name_is_forgotten(
    told: Told, hub: FakeHub, tmp_path: Path
) -> None:
    told.site = Publication(tmp_path, {}, hub=[])
    told.site.build()
    assert told.tell() == ()
    with FakeHub().run() as other:
        told.site = Publication(tmp_path, {}, hub=other.url)
        told.tell()
    with closing(Catalogue(told.site.site.catalogue)) as catalogue, catalogue.connect() as found:
        assert list(found.scalars(sa.text("SELECT DISTINCT hub FROM ping"))) == [other.url]
    assert hub.take() == []


def test_w8_h73_where_feeds_move_old_and_new_urls_are_told_once(
    told: Told, hub: FakeHub, tmp_path: Path
) -> None:
    moved = "https://feeds.example.net/"
    told.site = Publication(tmp_path, {}, hub=hub.url, feeds_url=moved)
    told.site.build()
    told.tell()
    old = urls("all", "topics/ai", "topics/maps")
    assert hub.take() == sorted([*old, *(url.replace(BASE, moved) for url in old)])
    told.tell()
    assert hub.take() == []


def test_w6_a_ping_is_a_form_with_one_url(told: Told, hub: FakeHub) -> None:
    told.save("b", "AI")
    told.tell()
    assert set(hub.types) == {"application/x-www-form-urlencoded"}
    for form in hub.forms:
        assert form == {
            "hub.mode": ["publish"],
            "hub.url": form["hub.url"],
            "hub.topic": form["hub.url"],
        }
        assert len(form["hub.url"]) == 1


def test_w7_a_hub_that_fails_gets_the_ping_again_and_only_that(told: Told, hub: FakeHub) -> None:
    hub.answer = lambda url: (500 if url.endswith("all.rss") else 204, {})
    told.save("b", "AI")
    (report,) = told.tell()
    assert (report.sent, report.failed, report.waiting) == (5, 1, 1)
    (failure,) = report.failures
    assert failure.topic == f"{BASE}all.rss"
    assert failure.why == "500 Internal Server Error: said by the hub"
    assert report.next_try is not None
    assert 15 <= report.next_try - SOON <= 30
    hub.take()
    told.tell()
    assert hub.take() == []  # not yet
    told.now, hub.answer = report.next_try, lambda _: (204, {})
    (report,) = told.tell()
    assert (hub.take(), report.waiting) == ([f"{BASE}all.rss"], 0)


@pytest.mark.parametrize("date", [False, True])
def test_w7_429_leaves_the_hub_alone_for_as_long_as_it_says(
    told: Told, hub: FakeHub, date: bool
) -> None:
    asked = formatdate(time.time() + 7205, usegmt=True) if date else "7200"
    hub.answer = lambda _: (429, {"Retry-After": asked})
    told.save("b", "AI")
    (report,) = told.tell()
    assert 1 <= report.failed <= 4  # those that were under way
    assert (report.sent, report.waiting) == (0, 6)
    assert report.next_try is not None
    assert 7195 <= report.next_try - SOON <= 7205
    hub.take()
    told.now = report.next_try - 1
    told.tell()
    assert hub.take() == []
    told.now, hub.answer = report.next_try, lambda _: (204, {})
    told.tell()
    assert hub.take() == urls("all", "topics/ai")


def test_w7_no_answer_is_tried_again(
    told: Told, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    let = threading.Event()

    def slow(_: str) -> Reply:
        let.wait(5)
        return 204, {}

    monkeypatch.setattr(client, "_SILENCE", 0.2)
    hub.answer = slow
    told.save("b", "AI")
    (report,) = told.tell()
    let.set()
    assert (report.sent, report.waiting) == (0, 6)
    assert report.failures[0].why.startswith("no answer: ")


def test_w7_a_hub_that_is_away_never_fails_a_publish_and_is_given_up_after_a_day(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = Told(tmp_path, f"http://127.0.0.1:{free_port()}/")
    made.tell()
    made.save("b", "AI")
    rounds = 0
    while (report := made.tell()[0]).next_try is not None:
        rounds += 1
        assert rounds < 40
        made.now = report.next_try
    assert 12 * 3600 < made.now - SOON < 36 * 3600
    assert (report.given_up, report.waiting) == (6, 0)
    assert "is not notified of 6 changes" in caplog.text
    made.save("c", "AI")
    assert made.tell()[0].waiting == 6  # the next change counts again


def test_a_hub_that_moved_is_told_of_in_words(told: Told, hub: FakeHub) -> None:
    hub.answer = lambda _: (308, {"Location": "https://new.example.net/hub"})
    told.save("b", "AI")
    (report,) = told.tell()
    assert "moved to https://new.example.net/hub; name that as hub" in report.failures[0].why


def test_all_tells_of_every_feed(told: Told, hub: FakeHub) -> None:
    told.tell(everything=True)
    assert hub.take() == urls("all", "topics/ai", "topics/maps")


def test_one_process_of_several_tells(told: Told, hub: FakeHub) -> None:
    told.save("b", "AI")
    with FileLock(notify.lock_file(told.site.site, hub.url)), pytest.raises(PingError):
        told.tell()
    assert hub.take() == []


def test_what_was_taken_before_a_crash_is_not_told_again(
    told: Told, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = client.publish

    def dying(connection: Any, url: str, topic: str) -> Answer:
        if topic.endswith("/ai.atom"):
            raise RuntimeError("killed")
        return real(connection, url, topic)

    monkeypatch.setattr(notify, "_BATCH", 3)
    monkeypatch.setattr(client, "publish", dying)
    told.save("b", "AI")
    with pytest.raises(RuntimeError, match="killed"):
        told.tell()
    assert set(urls("all")) <= set(hub.take())
    monkeypatch.setattr(client, "publish", real)
    told.tell()
    assert hub.take() == urls("topics/ai")


class _Dribbling(Handler):
    """Answers by a byte each tenth of a second: `at` says where, in its head or in its body."""

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


@pytest.mark.parametrize("at", ["head", "body"])
def test_w7_a_ping_ends_however_slowly_the_hub_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    monkeypatch.setattr(client, "_LONGEST", 0.5)
    with serving(type("Hub", (_Dribbling,), {"at": at})) as port:
        made = Told(tmp_path, f"http://127.0.0.1:{port}/")
        made.tell()
        made.save("b", "AI")
        start = time.monotonic()
        (report,) = made.tell()
        assert time.monotonic() - start < 5
        assert (report.sent, report.waiting) == (0, 6)
        why = {"head": "no answer: not within", "body": "500 Wrong: X"}[at]
        assert report.failures[0].why.startswith(why)
        until(lambda: "feeds-ping-call" not in {each.name for each in threading.enumerate()})


def test_what_was_sent_while_a_build_writes_is_written_down_after_it(
    told: Told, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "_AGAIN", 0.05)
    told.save("b", "AI")
    site, got = told.site.site, list[HubReport]()
    with closing(Catalogue(site.catalogue, patience=0.1)) as catalogue:
        topics = notify.current_topics(site, catalogue)
        teller = threading.Thread(
            target=lambda: got.append(notify.notify_hub(site, catalogue, hub.url, topics))
        )
        with closing(sqlite3.connect(site.root / "catalogue.sqlite")) as holder:
            holder.execute("BEGIN IMMEDIATE")
            teller.start()
            until(lambda: len(hub.forms) == 6)
            time.sleep(0.5)  # longer than the catalogue's patience
        teller.join(10)
    assert (got[0].sent, got[0].waiting) == (6, 0)
    told.tell()
    assert hub.take() == urls("all", "topics/ai")


def test_before_the_first_build_no_hub_is_taken_note_of(tmp_path: Path, hub: FakeHub) -> None:
    site = Publication(tmp_path, {"a.md": article("a")}, hub=hub.url)
    assert ping(site) == 0
    site.build()
    assert ping(site) == 0
    assert hub.take() == []


def test_the_command_reports_and_its_status_says_whether_all_was_taken(
    told: Told, hub: FakeHub
) -> None:
    def run(*options: str) -> tuple[int, str]:
        made = CliRunner().invoke(main.main, ["ping", "--config", str(told.site.root), *options])
        return made.exit_code, made.stdout

    told.save("b", "AI")
    assert run() == (0, f"{hub.url}: 6 feed URLs sent, 0 failed\n")
    hub.answer = lambda _: (400, {})
    told.save("c", "AI")
    status, text = run("--json")
    (report,) = json.loads(text)
    assert (status, report["failed"], report["waiting"]) == (1, 6, 6)
    assert {each["topic"] for each in report["failures"]} == set(urls("all", "topics/ai"))
    hub.answer = lambda _: (204, {})
    assert run("--all")[0] == 0


def test_without_a_hub_the_command_says_so(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": front_matter()})
    made = CliRunner().invoke(main.main, ["ping", "--config", str(site.root)])
    assert (made.exit_code, made.stdout) == (
        0,
        "Nothing to send: site.yaml has no hub, or there is no build yet\n",
    )


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


class Counted:
    """A pinger, and how many pings it has told of."""

    def __init__(self, site: Publication, catalogue: Catalogue) -> None:
        self.sent = self.failed = 0
        self.pinger = Notifier(site.site, catalogue, self._note)

    def _note(self, reports: tuple[HubReport, ...]) -> None:
        self.sent += sum(report.sent for report in reports)
        self.failed += sum(report.failed for report in reports)

    def after(self, report: BuildReport) -> None:
        if report.feeds_changed:
            self.pinger.notify()


@contextmanager
def pinging(site: Publication) -> Iterator[tuple[Counted, Catalogue]]:
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        counted = Counted(site, catalogue)
        counted.pinger.start()
        try:
            yield counted, catalogue
        finally:
            counted.pinger.stop()


@pytest.fixture
def quick(told: Told, hub: FakeHub, tmp_path: Path) -> Publication:
    told.site = Publication(tmp_path, {}, hub=[hub.url], ping_delay="0s")
    told.site.build()
    return told.site


def test_a_running_server_tells_after_a_build(quick: Publication, hub: FakeHub) -> None:
    with pinging(quick) as (pinger, catalogue):
        quick.write("b.md", article("b", "AI"))
        pinger.after(build(quick.site, catalogue, build_clock(), jobs=1))
        until(lambda: pinger.sent == 6)
        assert hub.take() == urls("all", "topics/ai")
        assert pinger.failed == 0


def test_c10_the_ping_waits_until_the_change_is_served(
    told: Told, hub: FakeHub, tmp_path: Path
) -> None:
    told.tell()
    slow = Publication(tmp_path, {}, hub=[hub.url], ping_delay="1s")
    slow.build()
    with pinging(slow) as (pinger, catalogue):
        time.sleep(1.2)  # its first look is over
        slow.write("b.md", article("b", "AI"))
        report = build(slow.site, catalogue, build_clock(), jobs=1)
        begun = time.monotonic()
        pinger.after(report)
        until(lambda: bool(hub.forms))
        assert time.monotonic() - begun >= 0.95


def test_what_was_not_told_before_a_crash_is_told_after_the_start(
    quick: Publication, hub: FakeHub
) -> None:
    quick.write("b.md", article("b", "AI"))
    quick.build()
    with pinging(quick) as (pinger, _):
        until(lambda: pinger.sent == 6)
    assert hub.take() == urls("all", "topics/ai")


def test_a_slow_hub_holds_back_no_other(hub: FakeHub, tmp_path: Path) -> None:
    let = threading.Event()

    def slow(_: str) -> Reply:
        let.wait(10)
        return 204, {}

    with FakeHub().run() as other:
        start = {"a.md": article("a", "AI")}
        site = Publication(tmp_path, start, hub=[other.url, hub.url], ping_delay="0s")
        site.build()
        assert ping(site) == 0
        hub.take()
        other.take()
        other.answer = slow
        with pinging(site) as (pinger, catalogue):
            for name in "bc":
                site.write(f"{name}.md", article(name, "AI"))
                pinger.after(build(site.site, catalogue, build_clock(), jobs=1))
                until(lambda: len(hub.forms) == 6)
                assert hub.take() == urls("all", "topics/ai")
                until(lambda: len(other.forms) == 4)  # it is being told of the first
            let.set()
            until(lambda: pinger.sent == 24)


def test_a_hub_that_is_silent_does_not_hold_back_the_end(quick: Publication, hub: FakeHub) -> None:
    let = threading.Event()

    def silent(_: str) -> Reply:
        let.wait(10)
        return 204, {}

    hub.answer = silent
    quick.write("b.md", article("b", "AI"))
    quick.build()
    with pinging(quick) as (pinger, _):
        until(lambda: len(hub.forms) == 4)
        start = time.monotonic()
        pinger.pinger.stop()
        assert time.monotonic() - start < 3
        let.set()


def test_of_several_processes_one_tells(quick: Publication, hub: FakeHub) -> None:
    with pinging(quick) as (first, _), pinging(quick) as (second, catalogue):
        quick.write("b.md", article("b", "AI"))
        report = build(quick.site, catalogue, build_clock(), jobs=1)
        first.after(report)
        second.after(report)
        until(lambda: first.sent + second.sent == 6)
        time.sleep(0.3)
    assert hub.take() == urls("all", "topics/ai")


def test_without_a_hub_nothing_runs(tmp_path: Path) -> None:
    with pinging(Publication(tmp_path, {})):
        assert "feeds-ping" not in {thread.name for thread in threading.enumerate()}


def test_tries_go_on_by_themselves(
    quick: Publication, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.websub.schedule._FIRST", 1)
    hub.answer = lambda _: (503, {})
    with pinging(quick) as (pinger, catalogue):
        quick.write("b.md", article("b", "AI"))
        pinger.after(build(quick.site, catalogue, build_clock(), jobs=1))
        until(lambda: pinger.failed > 0)
        hub.answer = lambda _: (204, {})
        until(lambda: pinger.sent == 6)


def test_the_thread_outlives_a_fault_that_nobody_foresaw(
    quick: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, faults = notify.current_topics, iter([RuntimeError("nobody foresaw this")])

    def broken(*arguments: Any) -> dict[str, str]:
        for fault in faults:
            raise fault
        return real(*arguments)

    monkeypatch.setattr("feeds.websub.notifier._REGULARLY", 0.1)
    monkeypatch.setattr("feeds.websub.notify.current_topics", broken)
    quick.write("b.md", article("b", "AI"))
    quick.build()
    with pinging(quick) as (pinger, _):
        until(lambda: pinger.sent == 6)


@contextmanager
def running(*command: str, port: int) -> Iterator[None]:
    """A program of ours in a process of its own, from when it listens on its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        until(lambda: listens(port))
        yield
    finally:
        process.terminate()
        process.wait(30)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def front(port: int, server: int) -> Iterator[None]:
    """What stands before the server, and asks for no coding: the hub would pass on its name."""

    class Front(Handler):
        def do_GET(self) -> None:  # noqa: N802
            with urllib.request.urlopen(f"http://127.0.0.1:{server}{self.path}") as answer:
                body, said = answer.read(), answer.headers
            self.reply(200, body, Content_Type=said["Content-Type"], Link=said["Link"])

    with serving(Front, port):
        yield


@pytest.mark.live
@pytest.mark.parametrize("name", ["all.rss", "all.atom", "all.json"])
def test_w3_w9_a_real_hub_brings_a_saved_article_to_a_subscriber(tmp_path: Path, name: str) -> None:
    hub_port, port, public = free_port(), free_port(), free_port()
    hub, topic = f"http://127.0.0.1:{hub_port}/hub", f"http://127.0.0.1:{public}/{name}"
    site = Publication(
        tmp_path, {"a.md": article("a", "AI")}, hub=hub, feeds_url=f"http://127.0.0.1:{public}/"
    )
    command = ("feeds", "serve", "--config", str(site.root), "--port", str(port))
    server = Server(site.root, port, None)  # type: ignore[arg-type]
    with (
        running(
            "tests.support.real_hub", str(hub_port), str(tmp_path / "hub.sqlite"), port=hub_port
        ),
        Subscriber().run() as subscriber,
        running(*command, port=port),
        front(public, port),
    ):
        until(lambda: server.titles("/all.json") == ["a"])
        assert ping(site) == 0  # the hub is new
        form = f"hub.mode=subscribe&hub.topic={topic}&hub.callback={subscriber.url}"
        urllib.request.urlopen(hub, form.encode()).close()
        until(lambda: subscriber.confirmed == [topic])
        write_article(site.root, "b.md", article("b", "AI"))
        until(lambda: len(subscriber.got) == 1)  # the server tells by itself
        served = server.ask(f"/{name}")
        assert subscriber.got == [(served.headers["content-type"], served.body)]


@pytest.mark.live
def test_c10_what_a_hub_fetches_when_a_server_tells_it_is_the_new_state(tmp_path: Path) -> None:
    port, fetched = free_port(), dict[str, bytes]()

    def fetch(url: str) -> Reply:
        with urllib.request.urlopen(url) as answer:
            fetched[url] = answer.read()
        return 204, {}

    with FakeHub().run() as hub:
        hub.answer = fetch
        base = f"http://127.0.0.1:{port}/"
        site = Publication(tmp_path, {"a.md": article("a", "AI")}, hub=hub.url, feeds_url=base)
        command = ("feeds", "serve", "--config", str(site.root), "--port", str(port))
        with running(*command, "--workers", "2", port=port):
            assert ping(site) == 0  # the hub is new
            for number in range(3):
                for path in ("all.rss", "topics/ai.json"):  # so that all workers have an old state
                    for _ in range(8):
                        urllib.request.urlopen(f"{base}{path}").close()
                fetched.clear()
                write_article(site.root, f"{number}.md", article(f"New {number}", "AI"))
                until(lambda: len(fetched) == 6)
                assert sorted(fetched) == sorted(
                    f"{base}{path}.{each}"
                    for path in ("all", "topics/ai")
                    for each in ("rss", "atom", "json")
                )
                for url, body in fetched.items():
                    assert f"New {number}".encode() in body, url


def ping(site: Publication) -> int:
    return CliRunner().invoke(main.main, ["ping", "--config", str(site.root)]).exit_code
