"""Fixtures shared by the live tests."""

from pathlib import Path

import pytest

from tests.support.fresh_machine import ARTICLES, publish_history
from tests.support.object_store import Store
from tests.support.published_site import Published


@pytest.fixture
def first(tmp_path: Path, store: Store) -> Published:
    """A site with a history: edited, renamed, broken and withdrawn articles."""
    return publish_history(Published(tmp_path / "first", store, articles=ARTICLES))
