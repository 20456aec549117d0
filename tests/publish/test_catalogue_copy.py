"""Packing and unpacking copies of a catalogue."""

import os
import random
from pathlib import Path

import brotli
import pytest

from feeds.errors import StoreError
from feeds.publish import catalogue_copy
from feeds.publish.catalogue_copy import is_catalogue_copy, pack, unpack


@pytest.mark.parametrize(
    "content",
    [b"", b"SQLite", bytes(5_000_000), random.Random(1).randbytes(3_000_000)],
    ids=["empty", "short", "zeros", "random"],
)
def test_unpack_restores_the_packed_file(tmp_path: Path, content: bytes) -> None:
    file, packed, copy = tmp_path / "file", tmp_path / "packed", tmp_path / "copy"
    file.write_bytes(content)
    pack(file, packed, None)
    unpack(packed.read_bytes(), copy)
    assert copy.read_bytes() == content


def test_a_copy_that_unpacks_to_an_implausible_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_copy, "_MAX_BYTES", 4 << 20)
    bomb = brotli.compress(bytes(64 << 20), quality=5)
    assert len(bomb) < 1000
    with pytest.raises(StoreError, match=r"unpacks to more than 4,194,304 bytes"):
        unpack(bomb, tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_size <= 4 << 20


def test_the_limit_grows_with_the_packed_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_copy, "_MAX_BYTES", 0)
    content = os.urandom(1_000_000)
    unpack(brotli.compress(content), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == content


def test_a_truncated_copy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="ends too early"):
        unpack(brotli.compress(os.urandom(10_000))[:-9], tmp_path / "copy")


def test_a_copy_in_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not Brotli"):
        unpack(b"\xff" * 9, tmp_path / "copy")


def test_only_a_compressed_sqlite_file_is_recognised_as_a_copy() -> None:
    packed = brotli.compress(b"SQLite format 3\0" + bytes(64 << 20), quality=5)
    assert is_catalogue_copy(packed)
    assert is_catalogue_copy(packed[:50])
    assert not is_catalogue_copy(brotli.compress(b"another file"))
    assert not is_catalogue_copy(b"SQLite format 3\0")
