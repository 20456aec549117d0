"""The background thread of a server notifies hubs after a build."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from feeds.build.builder import BuildReport, BuildRequest, build
from feeds.catalogue.catalogue import Catalogue
from feeds.util.progress import clock
from feeds.websub import notify
from feeds.websub.notifier import Notifier
from feeds.websub.schedule import HubReport
from tests.support.fake_hub import FakeHub, Reply
from tests.support.notified_site import NotifiedSite, article, ping, urls
from tests.support.site import Publication
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("websub")


class CountingNotifier:
    """A notifier that counts the notifications it reports."""

    def __init__(self, site: Publication, catalogue: Catalogue) -> None:
        self.sent = self.failed = 0
        self.notifier = Notifier(site.site, catalogue, self._count)

    def _count(self, reports: tuple[HubReport, ...]) -> None:
        self.sent += sum(report.sent for report in reports)
        self.failed += sum(report.failed for report in reports)

    def after(self, report: BuildReport) -> None:
        if report.feeds_changed:
            self.notifier.notify()


@contextmanager
def notifying_server(site: Publication) -> Iterator[tuple[CountingNotifier, Catalogue]]:
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        counting = CountingNotifier(site, catalogue)
        counting.notifier.start()
        try:
            yield counting, catalogue
        finally:
            counting.notifier.stop()


@pytest.fixture
def prompt_site(notified: NotifiedSite, hub: FakeHub, tmp_path: Path) -> Publication:
    notified.publication = Publication(tmp_path, {}, hub=[hub.url], ping_delay="0s")
    notified.publication.build()
    return notified.publication


def test_notifier_notifies_after_a_build(prompt_site: Publication, hub: FakeHub) -> None:
    with notifying_server(prompt_site) as (counting, catalogue):
        prompt_site.write("b.md", article("b", "AI"))
        counting.after(build(prompt_site.site, catalogue, clock(), BuildRequest(jobs=1)))
        wait_until(lambda: counting.sent == 6)
        assert hub.take() == urls("all", "topics/ai")
        assert counting.failed == 0


@pytest.mark.rule("C10")
def test_notification_waits_for_ping_delay(
    notified: NotifiedSite, hub: FakeHub, tmp_path: Path
) -> None:
    notified.notify()
    slow = Publication(tmp_path, {}, hub=[hub.url], ping_delay="1s")
    slow.build()
    with notifying_server(slow) as (counting, catalogue):
        time.sleep(1.2)  # its first check is over
        slow.write("b.md", article("b", "AI"))
        report = build(slow.site, catalogue, clock(), BuildRequest(jobs=1))
        start = time.monotonic()
        counting.after(report)
        wait_until(lambda: bool(hub.forms))
        assert time.monotonic() - start >= 0.95


def test_notifications_missed_by_a_crash_are_sent_at_start(
    prompt_site: Publication, hub: FakeHub
) -> None:
    prompt_site.write("b.md", article("b", "AI"))
    prompt_site.build()
    with notifying_server(prompt_site) as (counting, _):
        wait_until(lambda: counting.sent == 6)
    assert hub.take() == urls("all", "topics/ai")


def test_slow_hub_does_not_delay_other_hubs(hub: FakeHub, tmp_path: Path) -> None:
    release = threading.Event()

    def slow(_: str) -> Reply:
        release.wait(10)
        return 204, {}

    with FakeHub().run() as other:
        articles = {"a.md": article("a", "AI")}
        site = Publication(tmp_path, articles, hub=[other.url, hub.url], ping_delay="0s")
        site.build()
        assert ping(site) == 0
        hub.take()
        other.take()
        other.answer = slow
        with notifying_server(site) as (counting, catalogue):
            for name in "bc":
                site.write(f"{name}.md", article(name, "AI"))
                counting.after(build(site.site, catalogue, clock(), BuildRequest(jobs=1)))
                wait_until(lambda: len(hub.forms) == 6)
                assert hub.take() == urls("all", "topics/ai")
                wait_until(lambda: len(other.forms) == 4)  # it has not answered the first ones
            release.set()
            wait_until(lambda: counting.sent == 24)


def test_silent_hub_does_not_delay_shutdown(prompt_site: Publication, hub: FakeHub) -> None:
    release = threading.Event()

    def silent(_: str) -> Reply:
        release.wait(10)
        return 204, {}

    hub.answer = silent
    prompt_site.write("b.md", article("b", "AI"))
    prompt_site.build()
    with notifying_server(prompt_site) as (counting, _):
        wait_until(lambda: len(hub.forms) == 4)
        start = time.monotonic()
        counting.notifier.stop()
        assert time.monotonic() - start < 3
        release.set()


def test_one_of_several_processes_notifies(prompt_site: Publication, hub: FakeHub) -> None:
    with (
        notifying_server(prompt_site) as (first, _),
        notifying_server(prompt_site) as (second, catalogue),
    ):
        prompt_site.write("b.md", article("b", "AI"))
        report = build(prompt_site.site, catalogue, clock(), BuildRequest(jobs=1))
        first.after(report)
        second.after(report)
        wait_until(lambda: first.sent + second.sent == 6)
        time.sleep(0.3)
    assert hub.take() == urls("all", "topics/ai")


def test_no_thread_runs_without_a_hub(tmp_path: Path) -> None:
    with notifying_server(Publication(tmp_path, {})):
        assert "feeds-ping" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.rule("W7")
def test_notifier_retries(
    prompt_site: Publication, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.websub.schedule._FIRST", 1)
    hub.answer = lambda _: (503, {})
    with notifying_server(prompt_site) as (counting, catalogue):
        prompt_site.write("b.md", article("b", "AI"))
        counting.after(build(prompt_site.site, catalogue, clock(), BuildRequest(jobs=1)))
        wait_until(lambda: counting.failed > 0)
        hub.answer = lambda _: (204, {})
        wait_until(lambda: counting.sent == 6)


def test_notifier_survives_an_unexpected_exception(
    prompt_site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, faults = notify.current_topics, iter([RuntimeError("unexpected")])

    def broken(*arguments: Any) -> dict[str, str]:
        for fault in faults:
            raise fault
        return real(*arguments)

    monkeypatch.setattr("feeds.websub.notifier._REGULARLY", 0.1)
    monkeypatch.setattr("feeds.websub.notifier.current_topics", broken)
    prompt_site.write("b.md", article("b", "AI"))
    prompt_site.build()
    with notifying_server(prompt_site) as (counting, _):
        wait_until(lambda: counting.sent == 6)
