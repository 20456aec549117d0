"""A site with two articles, built."""

from pathlib import Path

import pytest

from tests.support.built_site import article
from tests.support.site import Publication


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    """Two articles, built."""
    publication = Publication(tmp_path, {"a.md": article("a"), "b.md": article("b")})
    publication.build()
    return publication
