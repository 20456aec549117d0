"""`updated` moves only if subscribers see a change that the author made."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from feeds.model import entry as entries
from feeds.presets import source_hash
from feeds.render import fragment
from tests.support.built_site import LATER, article, touch
from tests.support.old_catalogues import convert_to_version_5
from tests.support.site import Publication

IMAGE = [{"url": "/a.png"}]
CDN: dict[str, Any] = {"assets_url": "https://cdn.example.org/"}


def make(root: Path, **settings: Any) -> Publication:
    """Three built articles, each with an image below the site."""
    articles = {f"{name}.md": article(name, images=IMAGE) for name in "abc"}
    site = Publication(root, articles, **settings)
    site.build()
    return site


def dates(site: Publication) -> dict[str, str]:
    return {item["title"]: item["date_modified"] for item in site.items(now=LATER)}


def images(site: Publication) -> set[str]:
    return {item["image"] for item in site.items(now=LATER)}


# Changes of a file that nobody sees: a key of another tool, layout, the order of the keys.
UNSEEN: dict[str, Callable[[str], str]] = {
    "internal key": lambda text: text.replace("---\n", "---\nlayout: post\n", 1),
    "number for selections": lambda text: text.replace("---\n", "---\nheat: 7\n", 1),
    "date of modification": lambda text: text.replace("---\n", "---\nlastmod: 2024-06-14\n", 1),
    "white space": lambda text: text.replace(": ", ":   ").replace("\n", "\r\n") + "\n\n",
    "order": lambda text: re.sub(r"(title: .*\n)(excerpt: .*\n)", r"\2\1", text),
    "quotation marks": lambda text: text.replace("What it is about.", "'What it is about.'"),
}


@pytest.mark.rule("A14")
@pytest.mark.parametrize("name", UNSEEN)
def test_changed_setting_with_an_unseen_change_of_all_files_moves_nothing(
    tmp_path: Path, name: str
) -> None:
    site = make(tmp_path)
    before = dates(site)
    edited = Publication(tmp_path, {}, **CDN)
    for path in ("a.md", "b.md", "c.md"):
        text = site.file(path).read_text()
        edited.write(path, text := UNSEEN[name](text))
        assert text != article(path[0], images=IMAGE)
    assert edited.build(LATER).changed == 3
    assert images(edited) == {"https://cdn.example.org/a.png"}
    assert dates(edited) == before


@pytest.mark.rule("A14")
def test_new_version_with_an_unseen_change_of_all_files_moves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make(tmp_path)
    before = dates(site)
    monkeypatch.setattr(fragment, "VERSION", -1)
    monkeypatch.setattr(entries, "HASH_VERSION", -1)
    for path in ("a.md", "b.md", "c.md"):
        site.write(path, UNSEEN["internal key"](site.file(path).read_text()))
    assert site.build(LATER).changed == 3
    assert dates(site) == before


@pytest.mark.rule("A14")
def test_changed_setting_with_an_edit_moves_only_the_edited_article(tmp_path: Path) -> None:
    make(tmp_path)
    site = Publication(tmp_path, {}, **CDN)
    before = dates(site)
    site.write("b.md", article("b", images=IMAGE, excerpt="Something else."))
    site.build(LATER)
    assert images(site) == {"https://cdn.example.org/a.png"}
    moved = {title for title, date in dates(site).items() if date != before[title]}
    assert moved == {"b"}


@pytest.mark.rule("A14")
@pytest.mark.parametrize(
    "edit",
    [
        {"body": "Another text."},
        {"topics": ["AI", "Robots"]},
        {"excerpt": "Another summary."},
        {"author": "Jane"},
        {"image": "/other.png", "images": None},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_edit_that_subscribers_see_moves_updated(tmp_path: Path, edit: dict[str, Any]) -> None:
    site = make(tmp_path)
    before = dates(site)
    site.write("a.md", article("a", **{"images": IMAGE, **edit}))
    site.build(LATER)
    after = dates(site)
    assert after["a"] > before["a"]
    assert {name: after[name] for name in "bc"} == {name: before[name] for name in "bc"}


def test_key_that_a_template_in_the_body_shows_moves_updated(tmp_path: Path) -> None:
    def post(**keys: Any) -> str:
        return article("a", body="{{ page.rating }} of 5, {{ page.rating }}.", **keys)

    articles = {"folder": "articles", "preset": "jekyll"}
    path = "_posts/2024-05-31-a.md"
    site = Publication(tmp_path, {path: post(rating=3)}, articles=articles)
    site.build()
    before = dates(site)
    site.write(path, post(rating=3, layout="wide"))
    site.build(LATER)
    assert dates(site) == before
    site.write(path, post(rating=4, layout="wide"))
    site.build(LATER)
    assert dates(site) != before
    assert "4 of 5" in site.items(now=LATER)[0]["content_html"]


@pytest.mark.rule("A14")
@pytest.mark.parametrize("way", ["other names are read", "catalogue of version 5"])
def test_unknown_source_keeps_updated_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    site = make(tmp_path)
    before = dates(site)
    if way == "other names are read":
        monkeypatch.setattr(source_hash, "_VERSION", 99)
    else:
        with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as connection:
            convert_to_version_5(connection)
        site.forget()
    site.write("a.md", article("a", images=IMAGE, excerpt="Edited with the release."))
    assert site.build(LATER).read == 3, "the other articles keep hashes of the old version"
    assert dates(site) == before
    site.write("b.md", article("b", images=IMAGE, excerpt="Edited after it."))
    site.build(LATER)
    assert dates(site)["b"] > before["b"]


@pytest.mark.parametrize("seconds", [1_000_000_000, int(LATER.timestamp()) + 86_400])
def test_time_of_a_file_alone_never_moves_updated(tmp_path: Path, seconds: int) -> None:
    site = make(tmp_path)
    before = dates(site)
    site = Publication(tmp_path, {}, **CDN)
    for name in "abc":
        touch(site.file(f"{name}.md"), seconds)
    site.build(LATER)
    assert dates(site) == before


def test_file_time_ahead_dates_an_edit_by_the_build(tmp_path: Path) -> None:
    site = make(tmp_path)
    touch(
        site.write("a.md", article("a", images=IMAGE, excerpt="New.")),
        int(LATER.timestamp()) + 86_400,
    )
    site.build(LATER)
    assert dates(site)["a"] == f"{LATER:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("correction", [None, "2024-06-16T11:00:00Z"])
def test_minor_change_is_published_without_a_new_date(
    tmp_path: Path, correction: str | None
) -> None:
    site = make(tmp_path)
    before = dates(site)
    fields = {"images": IMAGE, "excerpt": "A typo less.", "updatedDateTime": correction}
    site.write("a.md", article("a", **fields, minor=True))
    site.build(LATER)
    assert site.items(now=LATER)[0]["summary"] == "A typo less."
    assert dates(site) == before
    site.write("a.md", article("a", **fields))
    site.build(LATER)
    assert dates(site) == before, "removing the key moved it"
    site.write("a.md", article("a", **{**fields, "excerpt": "Another text."}))
    site.build(LATER)
    assert dates(site)["a"] > before["a"]
