"""Options and fixtures for every test."""

import gc
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import object_store

# The same examples in every run, however busy the machine is. HYPOTHESIS_PROFILE=search looks for
# new ones.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


# Tests in tests/live/ start a store, web servers, caches, a browser or readers, or kill processes.
# They take half of the time; `pytest -m live` runs them, and so does .ci/run.


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import tests that `-m` deselects: they import programs that take seconds to load."""
    skipped = config.option.markexpr == "not live" and collection_path.name == "live"
    return True if skipped else None


@pytest.hookimpl(tryfirst=True)  # before `-m` selects by markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "live":
            item.add_marker("live")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files")


@pytest.fixture(autouse=True)
def unfrozen_objects() -> Iterator[None]:
    """Undo `gc.freeze()` of commands: hypothesis takes frozen objects for unreferenced ones."""
    yield
    gc.unfreeze()


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def forked_workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fork worker processes although pytest has threads: they start at once, and keep patches."""
    monkeypatch.setattr("threading.active_count", lambda: 1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*multi-threaded", DeprecationWarning)
        yield


@pytest.fixture(scope="session")
def running_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object_store.Store]:
    store = object_store.Store(tmp_path_factory.mktemp("s3"))
    store.start()
    with pytest.MonkeyPatch.context() as patch:
        set_keys(patch)
        store.objects("warm").put("a", b"a")  # the first write takes seconds
    yield store
    store.kill()


@pytest.fixture
def store(running_store: object_store.Store, monkeypatch: pytest.MonkeyPatch) -> object_store.Store:
    """A store that speaks S3; the environment has its keys."""
    set_keys(monkeypatch)
    return running_store


def set_keys(patch: pytest.MonkeyPatch) -> None:
    for name, value in object_store.KEYS.items():
        patch.setenv(name, value)


@pytest.fixture
def faulty(store: object_store.Store) -> Iterator[object_store.Faulty]:
    with object_store.Faulty(store).run() as proxy:
        yield proxy
