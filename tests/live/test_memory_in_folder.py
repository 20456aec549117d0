"""The memory of feeds published to a folder is stored in private."""

import json
import os
import shutil
from pathlib import Path

import pytest

from feeds.errors import StoreError
from feeds.util.progress import silent
from tests.support.fresh_machine import DAY
from tests.support.published_site import article, publish
from tests.support.site import NOW, Publication, front_matter

pytestmark = pytest.mark.xdist_group("s3")


def test_state_that_cannot_be_locked_is_reported(tmp_path: Path) -> None:
    (tmp_path / "private/lock").mkdir(parents=True)
    site = Publication(tmp_path / "a", {"a.md": article("a")}, export={"state": "../private"})
    with pytest.raises(StoreError, match=r"private cannot be locked: .*lock: Is a directory"):
        publish(site.site, tmp_path / "out", NOW, silent)


def test_folder_contains_its_own_state(tmp_path: Path) -> None:
    """A folder that is deployed by other means, such as a branch for GitHub Pages."""
    nginx = {"export": {"for": "nginx"}}
    site = Publication(tmp_path / "a", {"u.md": article("u", publishedDateTime=None)}, **nginx)
    out = tmp_path / "an öut 50%"
    publish(site.site, out, NOW, silent)
    before = json.loads((out / "all.json").read_bytes())
    shutil.copytree(out, tmp_path / "carried")
    other = Publication(tmp_path / "b", {"u.md": article("u", publishedDateTime=None)}, **nginx)
    other.write("new.md", front_matter(title="new", webUrl="https://example.org/new"))
    os.utime(other.file("u.md"), (NOW.timestamp(), NOW.timestamp()))
    report = publish(other.site, tmp_path / "carried", NOW + DAY, silent)
    assert report.memory == "taken up"
    assert "all.json" in report.upload.written
    assert "feed.css" not in report.upload.written
    after = json.loads((tmp_path / "carried/all.json").read_bytes())
    assert [item for item in after["items"] if item["title"] == "u"] == before["items"]
    again = publish(other.site, tmp_path / "carried", NOW + DAY, silent).upload
    assert again.written == again.deleted == ()
    assert again.unchanged == 14


@pytest.mark.parametrize("host", ["plain", "netlify", "cloudflare-pages", "github-pages", "s3"])
def test_scheduled_articles_are_not_stored_in_public(tmp_path: Path, host: str) -> None:
    site = Publication(
        tmp_path / "site",
        {"a.md": article("a"), "c.md": article("c", publishedDateTime="2999-01-01")},
        export={"for": host},
    )
    out = tmp_path / "out"
    report = publish(site.site, out, NOW, silent)
    assert report.memory == "none"
    assert any("set export.state to a private folder" in note for note in report.export.notes)
    assert not list(out.glob("**/catalogue-*"))


def test_memory_of_a_folder_may_be_in_another_folder(tmp_path: Path) -> None:
    out, undated = tmp_path / "out", {"u.md": article("u", publishedDateTime=None)}
    state = {"export": {"state": "../private"}}
    site = Publication(tmp_path / "a", undated, **state)
    publish(site.site, out, NOW, silent)
    before = (out / "all.json").read_bytes()
    assert list((tmp_path / "private").glob("catalogue-*"))
    assert not (out / ".feeds-state").exists()
    other = Publication(tmp_path / "b", undated, **state)
    assert publish(other.site, out, NOW + DAY, silent).memory == "taken up"
    assert (out / "all.json").read_bytes() == before


def test_public_memory_is_moved_to_a_private_folder(tmp_path: Path) -> None:
    out, articles = tmp_path / "out", {"a.md": article("a", publishedDateTime=None)}
    site = Publication(tmp_path / "site", articles, export={"for": "nginx"})
    publish(site.site, out, NOW, silent)
    before = (out / "all.json").read_bytes()
    site = Publication(tmp_path / "site", articles)
    with pytest.raises(StoreError, match=r"set export\.state in site\.yaml to a private folder"):
        publish(site.site, out, NOW, silent)
    other = Publication(tmp_path / "other", articles, export={"state": "../private"})
    assert publish(other.site, out, NOW + DAY, silent).memory == "taken up"
    assert (out / "all.json").read_bytes() == before
    assert {file.name for file in (out / ".feeds-state").iterdir()} == {"lock"}


def test_folder_with_unrecorded_feeds_is_left_alone(tmp_path: Path) -> None:
    out, articles = tmp_path / "out", {"a.md": article("a", publishedDateTime=None)}
    state = {"export": {"state": "../private"}}
    site = Publication(tmp_path / "site", articles)
    site.build()
    site.export(out)
    before = (out / "all.json").read_bytes()
    other = Publication(tmp_path / "other", articles, **state)
    with pytest.raises(StoreError, match=r"private has no record of them"):
        publish(other.site, out, NOW + DAY, silent)
    assert (out / "all.json").read_bytes() == before
    own = Publication(tmp_path / "site", {}, **state)  # as on the machine that exported them
    publish(own.site, out, NOW + DAY, silent)
    assert (out / "all.json").read_bytes() == before


@pytest.mark.parametrize(
    ("host", "state", "hidden"),
    [
        ("netlify", "out/state", False), ("netlify", "out/.feeds-memory", False),
        ("nginx", "out/state", False), ("nginx", "out", False), ("plain", "out", False),
        ("caddy", "out/.feeds-memory/a", True), ("netlify", "outside", True),
    ],
)  # fmt: skip
def test_memory_is_not_saved_in_public(
    tmp_path: Path, host: str, state: str, *, hidden: bool
) -> None:
    export = {"for": host, "state": f"../{state}"}
    site = Publication(tmp_path / "site", {"a.md": article("a")}, export=export)
    if hidden:
        publish(site.site, tmp_path / "out", NOW, silent)
        assert list((tmp_path / state).glob("catalogue-*"))
        return
    with pytest.raises(
        StoreError, match=r"\(export\.state\) is inside .*out, where anyone can read"
    ):
        publish(site.site, tmp_path / "out", NOW, silent)
    assert not (tmp_path / "out").exists()
