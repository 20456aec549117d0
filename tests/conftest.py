"""Options and fixtures for every test."""

from collections.abc import Iterator

import pytest

from tests import s3

# Tests that start a store, web servers, caches, a browser or readers, or kill what runs, by module.
# They are the half of the time; `pytest -m live` runs them, and so does .ci/run.
LIVE = frozenset(
    {
        "test_browser", "test_clients", "test_export_crash", "test_exposure", "test_hosts_live",
        "test_lease",
        "test_proxies", "test_publish", "test_purge", "test_state", "test_upload",
        "test_upload_faults",
    }
)  # fmt: skip


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    for item in items:
        if item.path.stem in LIVE:
            item.add_marker("live")
    yield  # others put them into another order
    place = {path: number for number, path in enumerate(dict.fromkeys(each.path for each in items))}
    items.sort(key=lambda each: (place[each.path], each.get_closest_marker("waits") is not None))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def running_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3.Store]:
    store = s3.Store(tmp_path_factory.mktemp("s3"))
    store.start()
    with pytest.MonkeyPatch.context() as patch:
        set_keys(patch)
        store.objects("warm").put("a", b"a")  # the first write takes seconds
    yield store
    store.kill()


@pytest.fixture
def store(running_store: s3.Store, monkeypatch: pytest.MonkeyPatch) -> s3.Store:
    """A store that speaks S3; the environment has its keys."""
    set_keys(monkeypatch)
    return running_store


def set_keys(patch: pytest.MonkeyPatch) -> None:
    for name, value in s3.KEYS.items():
        patch.setenv(name, value)


@pytest.fixture
def faulty(store: s3.Store) -> Iterator[s3.Faulty]:
    with s3.Faulty(store).run() as proxy:
        yield proxy
