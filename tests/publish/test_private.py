"""Files with unpublished or withdrawn articles are private to their owner, whatever the umask."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from feeds.catalogue import backup
from feeds.catalogue.catalogue import Catalogue
from feeds.errors import CatalogueError, ConfigError, ExportError, StoreError
from feeds.publish import encryption
from feeds.publish.encryption import KEY
from feeds.publish.exposure import public_url
from feeds.util.progress import silent
from tests.support.published_site import article, publish
from tests.support.site import NOW, Publication

ONE, TWO = "A" * 43 + "=", "B" * 42 + "A="


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path, pattern: str) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.glob(pattern)}


def test_new_catalogue_and_its_log_are_private(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": article("a")})
    with closing(Catalogue(site.site.catalogue)) as catalogue, catalogue.read():
        file_modes = modes(tmp_path, "catalogue.sqlite*")
        assert file_modes == dict.fromkeys(file_modes, 0o600)
        assert {"catalogue.sqlite", "catalogue.sqlite-wal"} <= file_modes.keys()


def test_readable_catalogue_becomes_private_when_opened(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": article("a")})
    site.build()
    (tmp_path / "catalogue.sqlite").chmod(0o644)
    with closing(Catalogue(site.site.catalogue)):
        assert modes(tmp_path, "catalogue.sqlite") == {"catalogue.sqlite": 0o600}


def test_foreign_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("not a database " * 100)
    (tmp_path / "notes.db").chmod(0o644)
    with pytest.raises(CatalogueError):
        Catalogue(f"sqlite:///{tmp_path / 'notes.db'}")
    assert modes(tmp_path, "notes.db") == {"notes.db": 0o644}


def test_copy_is_private(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"a.md": article("a")})
    site.build()
    with closing(Catalogue(site.site.catalogue)) as catalogue:
        backup.backup(catalogue, tmp_path / "copy")
        with pytest.raises(CatalogueError, match="cannot be copied"):
            backup.backup(catalogue, tmp_path / "copy")  # never over an existing file
    assert modes(tmp_path, "copy") == {"copy": 0o600}


def in_folder(root: Path, name: str = "site") -> Publication:
    """Return a site with its memory in a separate folder."""
    articles = {"a.md": article("a", publishedDateTime=None)}
    return Publication(root / name, articles, export={"state": "../memory"})


def test_state_in_a_folder_becomes_private(tmp_path: Path) -> None:
    site, memory = in_folder(tmp_path), tmp_path / "memory"
    publish(site.site, tmp_path / "out", NOW, silent)
    file_modes = modes(memory, "*")
    assert len(file_modes) == 3
    assert file_modes == dict.fromkeys(file_modes, 0o600)
    for file in memory.iterdir():
        file.chmod(0o644)
    (memory / "README").write_text("")
    publish(site.site, tmp_path / "out", NOW, silent)
    assert modes(memory, "*") == {**file_modes, "README": 0o666}


def test_failed_write_of_the_state_leaves_no_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = in_folder(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("feeds.publish.object_store.os.fsync", full)
    with pytest.raises(StoreError, match=r"cannot write .*No space left"):
        publish(site.site, tmp_path / "out", NOW, silent)
    assert list(modes(tmp_path / "memory", "*")) == ["lock"]


@pytest.mark.parametrize("name", [".", "..", "catalogue"])
def test_export_into_or_above_private_folders_is_refused(tmp_path: Path, name: str) -> None:
    database = str(tmp_path / "site/catalogue/catalogue.sqlite")
    site = Publication(tmp_path / "site", {"a.md": article("a")}, catalogue=database)
    site.build()
    for out in (site.root / name, tmp_path / "link"):
        if out.name == "link":
            out.symlink_to(site.root / name)
        with pytest.raises(ExportError, match=r"is or contains the (article|catalogue)"):
            site.export(out)
        with pytest.raises(ExportError, match="choose a separate folder"):
            publish(site.site, out, NOW, silent)
    assert not list(tmp_path.rglob("*.rss"))


def test_export_above_the_article_folder_is_refused(tmp_path: Path) -> None:
    site = Publication(tmp_path / "site", {}, articles={"folder": "../content/blog"})
    (tmp_path / "content/blog").mkdir(parents=True)
    (tmp_path / "content/blog/a.md").write_text(article("a"))
    with pytest.raises(ExportError, match="is or contains the article folder"):
        publish(site.site, tmp_path / "content", NOW, silent)
    site.build()
    site.export(site.root / "public")  # many sites export to a folder below the config folder


def titled(out: Path) -> bytes:
    return (out / "all.json").read_bytes()


def test_copy_is_encrypted_with_the_key_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, ONE)
    site, out = in_folder(tmp_path), tmp_path / "out"
    publish(site.site, out, NOW, silent)
    before = titled(out)
    (copy,) = (tmp_path / "memory").glob("catalogue-*")
    assert copy.read_bytes().startswith(b"feeds-sealed-1\n")
    other = in_folder(tmp_path, "other")
    assert publish(other.site, out, NOW, silent).memory == "taken up"
    assert titled(out) == before


@pytest.mark.parametrize(
    ("key", "message"),
    [(TWO, "with another key than FEEDS_STATE_KEY has"), ("", "is not set here")],
)
def test_wrong_key_is_an_error_that_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, message: str
) -> None:
    monkeypatch.setenv(KEY, ONE)
    out = tmp_path / "out"
    publish(in_folder(tmp_path).site, out, NOW, silent)
    before = titled(out)
    monkeypatch.setenv(KEY, key)
    other = in_folder(tmp_path, "other")
    with pytest.raises(StoreError, match=message):
        publish(other.site, out, NOW, silent)
    assert titled(out) == before
    monkeypatch.setenv(KEY, ONE)
    assert publish(other.site, out, NOW, silent).memory == "taken up"


def test_unencrypted_copy_is_restored_and_then_encrypted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, memory = tmp_path / "out", tmp_path / "memory"
    site = in_folder(tmp_path)
    publish(site.site, out, NOW, silent)
    monkeypatch.setenv(KEY, ONE)
    other = in_folder(tmp_path, "other")
    assert publish(other.site, out, NOW, silent).memory == "taken up"
    (copy,) = memory.glob("catalogue-*")
    assert encryption.is_encrypted(copy.read_bytes())
    monkeypatch.setenv(KEY, TWO)  # a new key on a machine with the catalogue
    assert publish(other.site, out, NOW, silent).memory == "kept"
    assert publish(site.site, out, NOW, silent).memory == "taken up"


def test_encrypted_memory_is_not_replaced_without_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, ONE)
    site, out = in_folder(tmp_path), tmp_path / "out"
    publish(site.site, out, NOW, silent)
    monkeypatch.delenv(KEY)
    site.write("b.md", article("b"))
    with pytest.raises(
        StoreError, match="FEEDS_STATE_KEY is not set here: the next copy would be readable"
    ):
        publish(site.site, out, NOW, silent)
    publish(site.site, out, NOW, silent, overwrite=True)
    (copy,) = (tmp_path / "memory").glob("catalogue-*")
    assert not encryption.is_encrypted(copy.read_bytes())


@pytest.mark.parametrize("key", ["secret", "A" * 42, "A" * 44, "é"])
def test_invalid_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv(KEY, key)
    with pytest.raises(ConfigError, match="is not 32 bytes in Base64; generate one: openssl rand"):
        publish(in_folder(tmp_path).site, tmp_path / "out", NOW, silent)
    assert not (tmp_path / "out/all.rss").exists()


def test_modified_copy_is_not_decrypted() -> None:
    cipher = encryption.cipher_from_environment({KEY: ONE})
    assert cipher
    whole = b"".join(cipher.encrypt([b"abc", b"def"]))
    assert cipher.decrypt(whole) == b"abcdef"
    for place in (0, 16, 30, len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        assert cipher.decrypt(bytes(damaged)) is None or place == 0
    assert cipher.decrypt(whole[:20]) is None
    assert b"".join(cipher.encrypt([b"abc", b"def"])) != whole  # a new nonce each time


@pytest.mark.parametrize(
    ("feeds_url", "url", "state", "expected"),
    [
        (
            "https://e.org/",
            "s3://b/news",
            "s3://b/news/.feeds-state",
            "https://e.org/.feeds-state/",
        ),
        ("https://e.org/x/", "s3://b", "s3://b/.feeds-a/b c", "https://e.org/x/.feeds-a/b%20c/"),
        ("https://e.org/news/", "s3://b/news", "s3://b/state", "https://e.org/state/"),
        ("https://e.org/a/n%20s/", "s3://b/n s", "s3://b/state", "https://e.org/a/state/"),
        ("https://e.org/", "s3://b/news", "s3://b/newsletter", None),
        ("https://e.org/", "s3://b/news", "s3://private/news", None),
    ],
)
def test_public_url_of_the_state(
    feeds_url: str, url: str, state: str, expected: str | None
) -> None:
    assert public_url(feeds_url, url, state) == expected
