"""What an export wrote: the files of a static site, and how each is to be sent."""

import hashlib
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from feeds.config.site import PRIVATE

# In the export itself, so that it knows which files are its own.
NAME = ".feeds-export.json"
# Beside it, once the export is whole.
COMPLETION_NAME = ".feeds-export.whole"

# In the order in which files become visible, so that what is named is there already (a page comes
# after its own feed); those that a web host is told by last.
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
    """The files of an export by path below its folder, and by feed a hash of the state shown."""

    files: dict[str, File] = {}
    feeds: dict[str, str] = {}


class Completion(msgspec.Struct):
    """An export that is whole: hashes of what it was made of and of its manifest; what was said.

    It is of one catalogue and one version of the program, so no part of the manifest, which is
    the same wherever the same is exported.
    """

    made_of: str = ""
    manifest: str = ""
    said: tuple[str, ...] = ()


class _FirstManifest(msgspec.Struct):
    """The form that manifests had first: of each file its sha256 alone."""

    files: dict[str, str] = {}


# A file that is ours, and of which nothing else is known: it is compared byte for byte.
UNKNOWN_CONTENT = File("", -1, "", "", "list")


def read(target: Path) -> Manifest:
    """What the last export to `target` wrote; nothing if none did, or its manifest is damaged."""
    try:
        data = (target / NAME).read_bytes()
    except FileNotFoundError:
        return Manifest()
    manifest = decode(data)
    return Manifest() if any(map(_is_outside, manifest.files)) else manifest


def read_completion(target: Path) -> Completion:
    """What the last export to `target` was made of; of nothing while one is not whole."""
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
    """A hash of a manifest, in hexadecimal."""
    return hashlib.sha256(encoded).hexdigest()


def decode(data: bytes) -> Manifest:
    """A manifest, also one of the earlier form; an empty one if it is none."""
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
    """The bytes of a manifest: the same for the same files, whatever their order."""
    return msgspec.json.encode(manifest, order="deterministic")


def documents(manifest: Manifest) -> dict[str, File]:
    """The files that readers ask for by path, without their precompressed variants."""
    return {
        path: file
        for path, file in manifest.files.items()
        if file.coding is None and file.kind != "host" and not path.startswith(PRIVATE)
    }


def _is_outside(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts
