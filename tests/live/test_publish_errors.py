"""The guard and permanent errors stop `feeds publish` before readers see anything."""

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.object_store import Store
from tests.support.published_site import Published, article
from tests.support.site import Publication

pytestmark = pytest.mark.xdist_group("s3")


def test_guard_stops_the_publish_before_readers_see_anything(tmp_path: Path, store: Store) -> None:
    articles = {f"{number}.md": article(f"{number}") for number in range(40)}
    site = Published(tmp_path / "a", store, articles=articles)
    site.publish()
    before = site.there()
    for file in sorted((site.articles.root / "articles").iterdir())[:30]:
        file.unlink()
    done = site.run("publish")
    assert done.returncode == 2
    assert "30 of 40 entries would be withdrawn" in done.stderr
    assert site.there() == before
    assert site.run("publish", "--force").returncode == 0


def test_guard_uses_the_record_if_the_folder_is_new(tmp_path: Path) -> None:
    """A runner exports into an empty folder, so the export itself removes nothing."""
    articles = {f"{number}.md": article(f"{number}", f"T{number}") for number in range(12)}
    site = Publication(tmp_path / "site", articles, export={"state": "../memory"})
    command = ("publish", str(tmp_path / "one"), "--config", str(site.root))
    assert run(*command).exit_code == 0
    (site.root / "feeds.yaml").write_text("feeds: [{path: all, title: Everything}]\n")
    command = ("publish", str(tmp_path / "two"), "--config", str(site.root))
    done = run(*command)
    assert done.exit_code == 2
    assert "nothing that readers see was changed" in done.stderr
    assert not [*(tmp_path / "two").glob("*.rss")]
    assert run(*command, "--force").exit_code == 0


def test_guard_stops_the_export_before_it_removes_anything(tmp_path: Path) -> None:
    articles = {f"{number}.md": article(f"{number}", f"T{number}") for number in range(12)}
    site = Publication(tmp_path / "site", articles)
    out = tmp_path / "out"
    command = ("publish", str(out), "--config", str(site.root))
    assert run(*command).exit_code == 0
    before = {file: file.read_bytes() for file in out.glob("**/*.*") if file.suffix == ".rss"}
    assert len(before) == 13
    (site.root / "feeds.yaml").write_text("feeds: [{path: all, title: Everything}]\n")
    for _ in range(2):
        done = run(*command)
        assert done.exit_code == 2
        assert "nothing that readers see was changed" in done.stderr
        assert {file: file.read_bytes() for file in before} == before
    assert run(*command, "--force").exit_code == 0
    assert [file.name for file in out.glob("**/*.rss")] == ["all.rss"]
    assert run(*command).exit_code == 0


def test_guard_ignores_moved_feeds(tmp_path: Path) -> None:
    articles = {f"{number:03}.md": article(f"{number}") for number in range(80)}
    feeds = {"feeds": [{"path": "all", "size": 2, "history": "all"}]}
    site = Publication(tmp_path / "site", articles, feeds=feeds)
    out = tmp_path / "out"
    command = ("publish", str(out), "--config", str(site.root))
    assert run(*command).exit_code == 0
    (site.root / "feeds.yaml").write_text("feeds: [{path: everything}]\n")
    done = run(*command)
    assert done.exit_code == 2
    assert re.search(
        r"would delete \d+ of the \d+ .* such as all.atom, all.html, all.json: more", done.stderr
    )
    (site.root / "feeds.yaml").write_text("feeds: [{path: everything}]\nmoved: {all: everything}\n")
    done = run(*command)
    assert done.exit_code == 0, done.stderr
    assert not list(out.glob("all*"))


def foreign_file(out: Path) -> Path:
    (out / "all.rss").write_text("not ours")
    return out / "all.rss"


def folder_at_a_feed(out: Path) -> Path:
    (out / "topics/ai.rss").mkdir(parents=True)
    return out / "topics/ai.rss"


def file_at_a_folder(out: Path) -> Path:
    (out / "topics").write_text("not ours")
    return out / "topics"


@pytest.mark.parametrize(
    "obstacle",
    [foreign_file, folder_at_a_feed, file_at_a_folder],
)
def test_permanent_errors_are_reported_before_anything_is_written(
    tmp_path: Path, obstacle: Callable[[Path], Path]
) -> None:
    site = Publication(tmp_path / "site", {"a.md": article("a")})
    out = tmp_path / "out"
    command = ("publish", str(out), "--config", str(site.root))
    out.mkdir()
    at = obstacle(out)
    done = run(*command)
    assert done.exit_code == 2
    assert f"feeds: {at}" in done.stderr
    assert "run the same command again" not in done.stderr
    assert [path.name for path in out.iterdir() if not path.name.startswith(".feeds-")] == [
        at.relative_to(out).parts[0]
    ]
    if at.is_dir():
        at.rmdir()
    else:
        at.unlink()
    assert run(*command).exit_code == 0


def test_read_only_folder_is_reported_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write anywhere, so the system call is patched instead."""
    site = Publication(tmp_path / "site", {"a.md": article("a")})
    (tmp_path / "out/topics").mkdir(parents=True)
    original = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path).name != "topics" and original(path, mode)
    )
    done = run("publish", str(tmp_path / "out"), "--config", str(site.root))
    assert done.exit_code == 2
    assert "out/topics is not writable" in done.stderr
    assert not list((tmp_path / "out").glob("[a-z]*.*"))


def test_interrupted_export_to_a_live_folder_is_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers see the files as they are written."""
    site = Publication(tmp_path / "site", {"a.md": article("a")})
    out = tmp_path / "out"
    command = ("publish", str(out), "--config", str(site.root))
    original = Path.replace

    def refused(self: Path, to: Path) -> Path:
        if to.name == "ai.rss":
            raise OSError(errno.EIO, "Input/output error", str(self), None, str(to))
        return original(self, to)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refused)
        done = run(*command)
    assert done.exit_code == 3
    assert f"cannot write {out}/topics/ai.rss: Input/output error" in done.stderr
    assert "run the same command again" in done.stderr
    assert run(*command).exit_code == 0
    whole = (out / "all.rss").read_bytes()
    (out / "all.rss").write_bytes(bytes(len(whole)))
    assert run(*command, "--verify").exit_code == 0
    assert (out / "all.rss").read_bytes() == whole
