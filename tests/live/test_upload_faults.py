"""Uploads that are killed, throttled, suspended and raced: every feed is whole at any moment.

The processes and the store are real, and are killed by SIGKILL.
"""

import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.support.object_store import Fault, Faulty, Store
from tests.support.published_site import Published, Watcher, article

pytestmark = pytest.mark.xdist_group("s3-faults")

TOPICS = [f"Topic {number}" for number in range(6)]


def articles(title: str) -> dict[str, str]:
    return {
        f"{number}.md": article(f"{title} {number}", *TOPICS, excerpt=f"{title} " * 200)
        for number in range(5)
    }


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Let the watcher fetch documents during the `with` block; fail if one is wrong."""
    end, errors = threading.Event(), []

    def watch() -> None:
        while not end.is_set():
            try:
                watcher.look()
            except AssertionError as error:
                errors.append(error)
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
    assert not errors, errors[0]
    assert watcher.seen


def ends(process: subprocess.Popen[str], *statuses: int) -> str:
    """Wait for a process to end with one of these statuses, or 0; return its standard error."""
    stderr = process.communicate(timeout=120)[1]
    assert process.returncode in (statuses or (0,)), stderr
    assert "Traceback" not in stderr
    return stderr


@pytest.fixture
def old(tmp_path: Path, store: Store) -> Published:
    """Return a published site."""
    site = Published(tmp_path / "old", store, articles=articles("old"))
    site.publish()
    return site


def newer(old: Published, title: str, **upload: object) -> Published:
    """Return the same site with other articles, on another machine."""
    return Published(
        old.root.parent / title, old.store, old.prefix, articles=articles(title), upload=upload
    )


def _stalls(faulty: Faulty, stop: int, enough: threading.Event, _method: str, _path: str) -> Fault:
    """Delay requests for long after `stop` of them."""
    if len(faulty.asked) >= stop:
        enough.set()
        return 0.5
    return 0.02


def test_killed_publish_is_finished_by_the_next(old: Published, faulty: Faulty) -> None:
    before = old.there()
    old.articles.write("new.md", article("new", *TOPICS))
    slow = Published(
        old.root, old.store, old.prefix, articles={}, upload={"endpoint": faulty.endpoint}
    )
    # Kill after varying numbers of requests, to cover every stage.
    for stop in random.Random(7).sample(range(3, 45), 5):
        faulty.asked.clear()
        enough = threading.Event()
        faulty.fault = partial(_stalls, faulty, stop, enough)
        process = slow.start("publish")
        assert enough.wait(60)
        process.kill()
        ends(process, -signal.SIGKILL)
        after = old.there()
        exported = old.exported()
        assert {key for key in before if after[key] not in (before[key], exported[key])} == set()
        assert old.dangling() == set()
    faulty.fault = lambda _method, _path: None
    ends(slow.start("publish"))
    assert old.there() == old.exported()
    assert "new" in [item["title"] for item in old.items()]


@pytest.mark.parametrize("killed", [False, True])
def test_next_archive_links_never_dangle(
    tmp_path: Path, store: Store, faulty: Faulty, *, killed: bool
) -> None:
    def dated(number: int) -> str:
        return article(f"{number}", publishedDateTime=f"2024-05-{number:02}T09:00:00Z")

    site = Published(
        tmp_path,
        store,
        articles={f"{number}.md": dated(number) for number in range(1, 9)},
        feeds={"feeds": [{"path": "all", "size": 4, "history": "all"}]},
        upload={"endpoint": faulty.endpoint},
    )
    site.publish()
    assert site.dangling() == set()
    before = {name for name in site.names() if "/archive/" in name}
    for number in range(9, 13):
        site.articles.write(f"{number}.md", dated(number))

    def fault(method: str, path: str) -> Fault:
        name = path.partition("?")[0].removeprefix(f"/bucket/{site.prefix}/")
        if method == "PUT" and "/archive/" in name and name not in before:
            time.sleep(0.5)  # so that every upload of the stage is under way
            return 403
        return None

    faulty.fault = fault
    for _ in range(1 + killed):  # the second run resumes an unfinished one
        stderr = ends(site.start("publish", "--wait", "20"), 3)
        assert "/archive/" in stderr
        assert site.dangling() == set()
    faulty.fault = lambda _method, _path: None
    ends(site.start("publish", "--wait", "20"))
    assert before < {name for name in site.names() if "/archive/" in name}
    assert site.dangling() == set()
    assert site.there() == site.exported()


def test_readers_never_see_a_partial_document(old: Published) -> None:
    before = old.there()
    for turn in range(3):
        old.articles.write("new.md", article(f"new {turn}", *TOPICS))
        assert old.run("export").returncode == 0
        now = old.exported()
        with watching(Watcher(old, before, now)):
            process = old.start("publish")
            time.sleep(0.4 + turn / 5)
            process.kill()
            ends(process, -signal.SIGKILL, 0)  # it may have finished before
            assert old.dangling() == set()
            ends(old.start("publish"))
        before = now
    assert old.there() == before


def test_publish_survives_a_restart_of_the_store(
    tmp_path: Path, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own = Store(tmp_path_factory.mktemp("own"))
    own.start()
    try:
        with Faulty(own).run() as proxy:
            site = Published(
                tmp_path, own, articles=articles("a"), upload={"endpoint": proxy.endpoint}
            )
            proxy.fault = lambda _method, _path: 0.05
            process = site.start("publish", seconds=120)
            while len(proxy.asked) < 15:
                time.sleep(0.02)
            own.kill()
            time.sleep(1)
            own.start()
            ends(process)
            assert site.there() == site.exported()
    finally:
        own.kill()
    assert store.get("warm/a") == 200  # the shared store was not affected


def test_unreachable_store_ends_the_publish_with_a_message(old: Published, faulty: Faulty) -> None:
    old.articles.write("new.md", article("new", *TOPICS))
    site = Published(
        old.root, old.store, old.prefix, articles={}, upload={"endpoint": faulty.endpoint}
    )

    faulty.fault = lambda _method, _path: (
        503 if any(key.startswith("PUT topics/") for key in faulty.writes()) else None
    )
    process = site.start("publish", seconds=30, retrying=2)
    stderr = ends(process, 3)
    assert "feeds: cannot write" in stderr
    assert "run the same command again" in stderr
    faulty.fault = lambda _method, _path: None
    ends(site.start("publish"))
    assert old.there() == old.exported()


def test_slow_store_does_not_lose_the_lock(old: Published, faulty: Faulty) -> None:
    old.articles.write("new.md", article("new", *TOPICS))
    site = Published(
        old.root, old.store, old.prefix, articles={},
        upload={"endpoint": faulty.endpoint, "parallel": 2},
    )  # fmt: skip
    faulty.fault = lambda _method, _path: 0.3
    start = time.monotonic()
    ends(site.start("publish", seconds=3))
    assert time.monotonic() - start > 3  # longer than the lease
    assert old.there() == old.exported()


def test_concurrent_publishes_do_not_mix(old: Published) -> None:
    one, two = newer(old, "one"), newer(old, "two")
    processes = [site.start("publish", "--wait", "60") for site in (one, two)]
    for process in processes:
        ends(process)
    there = old.there()
    assert there in (one.exported(), two.exported())
    assert len({item["title"][:3] for item in old.items()}) == 1
    assert old.record.open == ()


def test_second_publish_without_patience_is_refused(old: Published, faulty: Faulty) -> None:
    slow = newer(old, "slow", endpoint=faulty.endpoint)
    refused = threading.Event()

    def fault(method: str, path: str) -> Fault:
        if method == "PUT" and "/topics/" in path:
            refused.wait(15)  # less than the timeout of a request
        return None

    faulty.fault = fault
    process = slow.start("publish", seconds=30)
    while not [key for key in faulty.writes() if key.startswith("PUT topics/")]:
        time.sleep(0.02)
    second = newer(old, "second").start("publish", "--wait", "0", seconds=30)
    assert "has been publishing to" in ends(second, 2)
    refused.set()
    ends(process)
    assert old.there() == slow.exported()


def test_suspended_process_that_lost_the_lock_writes_nothing(
    old: Published, faulty: Faulty
) -> None:
    """A machine that sleeps or a paused runner does not know how long it was stopped."""
    first = newer(old, "first", endpoint=faulty.endpoint, parallel=1)
    faulty.fault = lambda method, path: 0.1 if method == "PUT" and "/topics/" in path else None
    process = first.start("publish", seconds=1.5)
    while len([key for key in faulty.writes() if key.startswith("PUT topics/")]) < 3:
        time.sleep(0.01)
    process.send_signal(signal.SIGSTOP)
    time.sleep(0.3)  # requests under way arrive
    second = newer(old, "second")
    ends(second.start("publish", "--wait", "30", seconds=1.5))
    after = old.there()
    assert after == second.exported()
    process.send_signal(signal.SIGCONT)
    assert "is lost" in ends(process, 3)
    assert old.there() == after
    ends(first.start("publish", "--wait", "30"))
    assert old.there() == first.exported()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_releases_the_lock(old: Published, faulty: Faulty, number: signal.Signals) -> None:
    slow = newer(old, "slow", endpoint=faulty.endpoint)
    faulty.fault = lambda _method, _path: 0.2
    process = slow.start("publish", seconds=60)
    while not [key for key in faulty.writes() if key.startswith("PUT topics/")]:
        time.sleep(0.02)
    process.send_signal(number)
    process.send_signal(signal.SIGTERM)  # as GitHub does, some seconds later
    stderr = ends(process, 128 + number, 143)
    assert "feeds: ended by SIG" in stderr
    assert "run the same command again" in stderr
    start = time.monotonic()
    ends(newer(old, "next").start("publish", "--wait", "30", seconds=60))
    assert time.monotonic() - start < 20
