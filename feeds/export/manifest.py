"""The manifest of an export: its files, and the headers to send with each of them."""

import hashlib
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from feeds.config.site import PRIVATE

# Stored in the export, so that the next one knows which files an export wrote.
NAME = ".feeds-export.json"
# Written next to the manifest when the export is complete.
COMPLETION_NAME = ".feeds-export.whole"

# In the order in which files become visible, so that link targets exist (a page comes after its
# own feed); the configuration files of a host come last.
Kind = Literal["archive", "asset", "feed", "page", "list", "host"]


class File(msgspec.Struct, frozen=True):
    """A file as stored: `sha256` and `size` are of its bytes.

    `media_type` is the Content-Type to send, with its charset; `coding` the Content-Encoding of a
    precompressed variant (`all.rss.gz`); `tags` what a CDN may purge it by.
    """

    sha256: str
    size: int
    media_type: str
    cache_control: str
    kind: Kind
    coding: str | None = None
    tags: tuple[str, ...] = ()


class Manifest(msgspec.Struct):
    """The files of an export by relative path, and the fingerprint of each feed and archive."""

    files: dict[str, File] = {}
    feeds: dict[str, str] = {}


class Completion(msgspec.Struct):
    """The record of a complete export: hashes of its input and of its manifest, and its notes.

    It depends on the catalogue and on the version of the program. It is not part of the manifest,
    which is identical wherever the same site is exported.
    """

    made_of: str = ""
    manifest: str = ""
    notes: tuple[str, ...] = msgspec.field(default=(), name="said")  # the name in stored files


class _FirstManifest(msgspec.Struct):
    """The first format of manifests: path -> SHA-256."""

    files: dict[str, str] = {}


# A file that an export wrote, with unknown content: it is compared byte by byte.
UNKNOWN_CONTENT = File("", -1, "", "", "list")


def read(target: Path) -> Manifest:
    """Return the manifest of `target`; an empty one if it is missing or damaged."""
    try:
        data = (target / NAME).read_bytes()
    except FileNotFoundError:
        return Manifest()
    manifest = decode(data)
    return Manifest() if any(map(_is_outside, manifest.files)) else manifest


def read_completion(target: Path) -> Completion:
    """Return the completion record of `target`; an empty one if the export is incomplete."""
    try:
        completion = msgspec.json.decode((target / COMPLETION_NAME).read_bytes(), type=Completion)
        return (
            completion
            if completion.manifest == digest((target / NAME).read_bytes())
            else Completion()
        )
    except (FileNotFoundError, msgspec.DecodeError):
        return Completion()


def digest(encoded: bytes) -> str:
    """Return the SHA-256 of an encoded manifest, in hexadecimal."""
    return hashlib.sha256(encoded).hexdigest()


def decode(data: bytes) -> Manifest:
    """Decode a manifest of either format; return an empty one if it is invalid."""
    try:
        return msgspec.json.decode(data, type=Manifest)
    except msgspec.DecodeError:
        pass
    try:
        earlier = msgspec.json.decode(data, type=_FirstManifest)
    except msgspec.DecodeError:
        return Manifest()
    return Manifest(dict.fromkeys(earlier.files, UNKNOWN_CONTENT))


def encode(manifest: Manifest) -> bytes:
    """Encode a manifest; the order of its files does not change the bytes."""
    return msgspec.json.encode(manifest, order="deterministic")


def documents(manifest: Manifest) -> dict[str, File]:
    """Return the files that clients request by path, without precompressed variants."""
    return {
        path: file
        for path, file in manifest.files.items()
        if file.coding is None and file.kind != "host" and not path.startswith(PRIVATE)
    }


def _is_outside(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts
