"""Archive documents in the cache of a running server."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from feeds.catalogue.catalogue import Catalogue
from feeds.serve import document_cache
from feeds.serve.document_cache import DocumentCache
from feeds.serve.refresher import Refresher
from tests.support.archives import DAY, archive_site, article, links, titles
from tests.support.site import NOW, Publication


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    return archive_site(tmp_path / "site", 20)


@pytest.fixture
def cache(site: Publication, monkeypatch: pytest.MonkeyPatch) -> Iterator[DocumentCache]:
    """The cache of a server, a day after the first build."""
    monkeypatch.setattr(document_cache, "clock", lambda: NOW + DAY)
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        yield DocumentCache(site.site, catalogue)


def test_cached_newest_archive_links_to_a_new_archive(
    site: Publication, cache: DocumentCache
) -> None:
    refresher = Refresher(cache)
    refresher.refresh()
    before = cache.get("all/archive/5.atom")
    for number in (30, 31):
        site.write(f"{number}.md", article(number))
    site.build(NOW + DAY)
    refresher.refresh()
    after = cache.get("all/archive/5.atom")
    assert before is not None
    assert after is not None
    assert "next-archive" not in links(before.document)
    assert links(after.document)["next-archive"] == "https://example.org/all/archive/6.atom"


def test_archive_paths_are_matched_without_case(cache: DocumentCache) -> None:
    assert cache.canonical_name("ALL/Archive/2.RSS") == "all/archive/2.rss"
    assert cache.canonical_name("ALL/Archive/99.RSS") is None


def test_only_changed_archives_are_rendered_again(site: Publication, cache: DocumentCache) -> None:
    refresher = Refresher(cache)
    refresher.refresh()
    names = [f"all/archive/{number}.json" for number in (1, 2)]
    before = [cache.get(name) for name in names]
    site.write("4.md", article(4, title="changed"))
    site.build(NOW + DAY)
    refresher.refresh()
    after = [cache.get(name) for name in names]
    assert after[0] is before[0]
    assert after[1] is not None
    assert "changed" in titles(after[1].document)
