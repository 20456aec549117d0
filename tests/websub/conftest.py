"""A fake hub, and a site that notifies it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_hub import FakeHub
from tests.support.notified_site import NotifiedSite


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub().run() as running:
        yield running


@pytest.fixture
def notified(tmp_path: Path, hub: FakeHub) -> NotifiedSite:
    notified = NotifiedSite(tmp_path, hub.url)
    notified.notify()
    return notified
