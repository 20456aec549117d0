"""A missing catalogue is never replaced by a new one, because all ids would change."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from feeds.build.builder import BuildRequest, build
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.presence import Make
from feeds.cli.main import main
from feeds.errors import CatalogueError
from feeds.serve.app import create_app
from feeds.serve.document_cache import DocumentCache
from feeds.serve.refresher import Refresher
from tests.support.site import NOW, Publication, front_matter


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    publication = Publication(tmp_path / "site", {"a.md": front_matter()})
    publication.build()
    return publication


def run(site: Publication, *arguments: str) -> Result:
    command, *rest = arguments
    return CliRunner().invoke(main, [command, "--config", str(site.root), *rest])


def lose(site: Publication, how: str) -> None:
    for file in site.root.glob("catalogue.sqlite"):
        file.unlink()
    for file in site.root.glob("catalogue.sqlite-*"):
        file.unlink()
    if how == "empty":
        (site.root / "catalogue.sqlite").touch()
    if how == "no tables":
        with closing(sqlite3.connect(site.root / "catalogue.sqlite")) as connection:
            connection.execute("PRAGMA user_version = 1")
            connection.commit()
    if how == "never built":
        Catalogue(site.site.catalogue).close()


@pytest.mark.parametrize("how", ["gone", "empty", "no tables", "never built"])
def test_build_does_not_replace_a_lost_catalogue_unless_forced(site: Publication, how: str) -> None:
    lose(site, how)
    for command in (("build",), ("list",)):
        result = run(site, *command)
        assert result.exit_code == 2
        assert "catalogue.sqlite is gone or empty" in result.output
        assert "feeds build --force" in result.output
    assert run(site, "build", "--force").exit_code == 0
    assert run(site, "build").exit_code == 0


def test_export_refuses_a_target_exported_from_a_lost_catalogue(
    site: Publication, tmp_path: Path
) -> None:
    target = str(tmp_path / "out")
    assert run(site, "export", target).exit_code == 0
    before = (tmp_path / "out/all.json").read_bytes()
    lose(site, "gone")
    (site.root / ".catalogue.sqlite.made").unlink()  # another machine
    result = run(site, "export", target)
    assert result.exit_code == 2
    assert "has an export, and the catalogue that it was made from is gone" in result.output
    assert (tmp_path / "out/all.json").read_bytes() == before
    assert run(site, "export", target).exit_code == 2
    assert run(site, "export", target, "--overwrite").exit_code == 0


def test_publish_does_not_replace_a_lost_catalogue(site: Publication, tmp_path: Path) -> None:
    site.build()
    lose(site, "gone")
    result = run(site, "publish", str(tmp_path / "new"))
    assert (result.exit_code, (tmp_path / "new/all.json").exists()) == (2, False)
    assert "is gone or empty, but there was a catalogue before" in result.output


def test_first_build_creates_a_catalogue(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": front_matter()})
    assert run(site, "list").exit_code == 0
    assert run(site, "build").exit_code == 0
    assert run(site, "export", str(tmp_path / "out")).exit_code == 0


@pytest.mark.parametrize("how", ["gone", "empty", "no tables"])
def test_server_waits_for_a_missing_catalogue(site: Publication, how: str) -> None:
    good = site.root / "good"
    with closing(sqlite3.connect(site.root / "catalogue.sqlite")) as connection:
        connection.execute("VACUUM INTO ?", [str(good)])
    lose(site, how)
    existed = (site.root / "catalogue.sqlite").exists()
    client = create_app(site.root, {}, watch=False).test_client()
    assert client.get("/all.rss").status_code == 503
    assert client.get("/readyz").status_code == 503
    assert (site.root / "catalogue.sqlite").exists() == existed
    good.replace(site.root / "catalogue.sqlite")
    with closing(Catalogue(site.site.catalogue, make="never")) as catalogue:
        cache = DocumentCache(site.site, catalogue)
        refresher = Refresher(cache)
        refresher.refresh()
        assert cache.get("all.rss")


@pytest.mark.parametrize("make", ["first", "never"])
def test_running_builder_rejects_an_empty_replacement(site: Publication, make: Make) -> None:
    with closing(Catalogue(site.site.catalogue, make=make)) as catalogue:
        lose(site, "never built")
        for _ in range(2):
            with pytest.raises(CatalogueError, match="not been built yet"):
                build(site.site, catalogue, NOW, BuildRequest(jobs=1))
