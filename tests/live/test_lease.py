"""The lock on a real store: one process at a time, and abandoned locks expire."""

import threading
import time
from contextlib import ExitStack
from itertools import count

import msgspec
import pytest

from feeds.errors import BusyError, StoreError
from feeds.publish import lease, object_store
from feeds.publish.lease import Lease
from feeds.publish.object_store import ObjectStore
from tests.support.object_store import BUCKET, Fault, Faulty, Store, body

pytestmark = pytest.mark.xdist_group("s3")

_NUMBERS = count()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "SECONDS", 1.5)


@pytest.fixture
def state(store: Store) -> ObjectStore:
    return store.objects(f"lease-{next(_NUMBERS)}")


def through(faulty: Faulty) -> ObjectStore:
    return ObjectStore(f"s3://{BUCKET}/lease-{next(_NUMBERS)}", faulty.endpoint)


def token(state: ObjectStore) -> str:
    return msgspec.json.decode(body(state, lease.KEY), type=lease.Holder).token


def test_error_names_the_holder_of_the_lock(state: ObjectStore) -> None:
    with Lease(state, 0), pytest.raises(BusyError, match=r"has been publishing to .* since 20"):
        Lease(state, 0).__enter__()


def test_lock_is_released_on_exit(state: ObjectStore) -> None:
    with Lease(state, 0):
        assert token(state)
    with Lease(state, 0):
        pass
    assert token(state) == ""


def test_lock_is_released_after_an_error(state: ObjectStore) -> None:
    with pytest.raises(KeyError), Lease(state, 0):
        raise KeyError
    assert token(state) == ""


def test_lock_is_held_while_its_holder_lives(state: ObjectStore) -> None:
    with Lease(state, 0) as held:
        with pytest.raises(BusyError):
            Lease(state, 2.5 * lease.SECONDS).__enter__()
        held.check()


def test_lock_of_a_dead_holder_expires(
    state: ObjectStore,
) -> None:
    state.put(lease.KEY, msgspec.json.encode(lease.Holder("dead", "machine", "then", 7)))
    start = time.monotonic()
    with pytest.raises(BusyError, match=r"machine has been publishing to .* since then"):
        Lease(state, 0.3).__enter__()
    with Lease(state, 5):
        assert time.monotonic() - start >= lease.SECONDS


def test_lock_of_a_dead_holder_expires_without_waiting(
    state: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with cron, where the patience of each run is shorter than the lease."""
    monkeypatch.setattr(lease, "_STORE_CLOCKS", 1.5)
    state.put(lease.KEY, msgspec.json.encode(lease.Holder("dead", "machine", "then", 7)))
    message = (
        r"machine has .* since then, and confirmed it \d seconds ago; .* expires in \d seconds"
    )
    for _ in range(2):
        with pytest.raises(BusyError, match=message):
            Lease(state, 0.2).__enter__()
        assert token(state) == "dead"
    time.sleep(3.5)
    with Lease(state, 0):
        assert token(state) not in ("dead", "")


def test_lock_of_a_live_holder_is_not_taken(
    state: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "_STORE_CLOCKS", 1.0)  # the store reports whole seconds
    with Lease(state, 0) as held:
        for _ in range(8):
            with pytest.raises(BusyError):
                Lease(state, 0).__enter__()
            time.sleep(lease.SECONDS / 3)
        held.check()


def test_lost_lock_is_noticed_before_the_next_write(state: ObjectStore) -> None:
    with Lease(state, 0) as held:
        state.put(lease.KEY, msgspec.json.encode(lease.Holder("other")))
        time.sleep(lease.SECONDS / 2)
        with pytest.raises(StoreError, match="is lost"):
            held.check()
    assert token(state) == "other"


def test_holder_that_cannot_renew_stops_before_the_lock_expires(faulty: Faulty) -> None:
    with Lease(through(faulty), 0) as held:
        held.check()
        faulty.fault = lambda _method, _path: 403
        start, ended = time.monotonic(), False
        while not ended:
            try:
                held.check()
            except StoreError:
                ended = True
            time.sleep(0.02)
        assert lease.SECONDS / 4 < time.monotonic() - start < lease.SECONDS * 0.75


def test_lost_responses_break_neither_taking_nor_renewing(faulty: Faulty) -> None:
    """The write succeeds, but the response is lost, so the client finds its own lock."""
    answers = count()

    def fault(method: str, _path: str) -> Fault:
        return "lose" if method == "PUT" and next(answers) % 2 == 0 else None

    faulty.fault = fault
    state = through(faulty)
    with Lease(state, 5) as held:
        for _ in range(6):
            time.sleep(lease.SECONDS / 4)
            held.check()
    assert next(answers) > 6


def test_store_that_ignores_conditions_is_refused(faulty: Faulty) -> None:
    state = through(faulty)

    class Ignores(ObjectStore):
        def create(self, key: str, body: bytes) -> dict[str, str] | None:
            self.put(key, body)
            return {"e_tag": '"any"'}

    state.__class__ = Ignores
    with pytest.raises(StoreError, match=r"has no conditional writes.*upload\.lock"):
        Lease(state, 0).__enter__()


def test_store_that_refuses_conditions_is_reported(
    faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "_RETRY_SECONDS", 1)
    faulty.knows_no_conditions = True
    with pytest.raises(StoreError, match=r"has no conditional writes.*upload\.lock"):
        Lease(through(faulty), 0).__enter__()


def test_one_of_many_processes_holds_the_lock(state: ObjectStore) -> None:
    inside, most, done = 0, 0, 0
    guard = threading.Lock()

    def publish() -> None:
        nonlocal inside, most, done
        with Lease(state, 60) as held:
            with guard:
                inside += 1
                most = max(most, inside)
            held.check()
            time.sleep(0.02)
            with guard:
                inside -= 1
                done += 1

    threads = [threading.Thread(target=publish) for _ in range(8)]
    with ExitStack() as stack:
        for thread in threads:
            thread.start()
            stack.callback(thread.join)
    assert (most, done) == (1, 8)
