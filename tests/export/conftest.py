"""A site to export, and the target folder."""

from pathlib import Path

import pytest

from tests.support.site import Publication, front_matter


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    publication = Publication(
        tmp_path / "site",
        {
            "a.md": front_matter(title="a", topics=["AI", "C++ & <C#>"]),
            "b.md": front_matter(title="b", webUrl="https://example.org/b", topics=["Роботы"]),
        },
    )
    publication.build()
    return publication


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"
