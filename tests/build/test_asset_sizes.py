"""A build notices that an asset file was replaced, though its article is unchanged."""

from contextlib import closing
from pathlib import Path

import pytest

from feeds.build.changes import find_changed_paths
from feeds.catalogue.catalogue import Catalogue
from tests.support.site import NOW, Publication, front_matter


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a.mp3").write_bytes(b"12345")
    articles = {
        "audio.md": front_matter(webUrl="/audio", audio="/a.mp3"),
        "plain.md": front_matter(webUrl="/plain"),
    }
    site = Publication(tmp_path, articles, assets_folder="assets")
    assert site.build().read == 2
    assert _length(site) == 5
    return site


def _length(site: Publication) -> int | None:
    [attachment] = [item["attachments"][0] for item in site.items() if "attachments" in item]
    length: int | None = attachment.get("size_in_bytes")
    return length


def _updated(site: Publication) -> list[str]:
    return [item.get("date_modified", "") for item in site.items()]


def test_replaced_asset_changes_the_size_and_nothing_else(site: Publication) -> None:
    updated = _updated(site)
    (site.root / "assets" / "a.mp3").write_bytes(b"1234567")
    report = site.build()
    assert (report.read, report.changed) == (1, 1)
    assert "all" in report.feeds_changed
    assert _length(site) == 7
    assert _updated(site) == updated


def test_removed_asset_loses_its_size_until_it_is_back(site: Publication) -> None:
    (site.root / "assets" / "a.mp3").unlink()
    site.build()
    assert _length(site) is None
    (site.root / "assets" / "a.mp3").write_bytes(b"1")
    site.build()
    assert _length(site) == 1


def test_unchanged_asset_is_not_read_again(site: Publication) -> None:
    (site.root / "assets" / "a.mp3").write_bytes(b"54321")
    (site.root / "assets" / "other.mp3").write_bytes(b"1")
    for verify in (False, True):
        report = site.build(verify=verify)
        assert (report.feeds_changed, report.changed) == ((), 0)
    assert site.build().read == 0


def test_verify_notices_a_replaced_asset(site: Publication) -> None:
    (site.root / "assets" / "a.mp3").write_bytes(b"123")
    site.build(verify=True)
    assert _length(site) == 3


def test_build_of_named_paths_notices_their_assets_only(site: Publication) -> None:
    (site.root / "assets" / "a.mp3").write_bytes(b"123")
    assert site.build(changed_paths=["plain.md"]).read == 0
    assert site.build(changed_paths=["audio.md"]).read == 1
    assert _length(site) == 3


def test_article_without_the_asset_is_not_read_again(site: Publication) -> None:
    site.write("audio.md", front_matter(webUrl="/audio"))
    assert site.build().read == 1
    (site.root / "assets" / "a.mp3").unlink()
    assert site.build().read == 0


def test_removed_article_is_forgotten(site: Publication) -> None:
    site.file("audio.md").unlink()
    site.build()
    (site.root / "assets" / "a.mp3").unlink()
    assert site.build().read == 0


def test_periodic_scan_finds_articles_with_replaced_assets(site: Publication) -> None:
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        assert find_changed_paths(site.site, catalogue) == []
        (site.root / "assets" / "a.mp3").write_bytes(b"123")
        assert find_changed_paths(site.site, catalogue) == ["audio.md"]


def test_catalogue_without_sizes_reads_all_articles_once(site: Publication) -> None:
    updated = _updated(site)
    with (
        closing(Catalogue(site.site.catalogue)) as catalogue,
        catalogue.write() as transaction,
    ):
        transaction.meta.put("assets", "")
    (site.root / "assets" / "a.mp3").write_bytes(b"123")
    assert site.build(changed_paths=["plain.md"]).read == 0
    assert site.build(NOW).read == 2
    assert _length(site) == 3
    assert _updated(site) == updated
    assert site.build().read == 0
