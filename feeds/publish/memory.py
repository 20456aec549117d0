"""The memory of a site, kept where it is published: a machine without a catalogue takes it up.

It is the whole catalogue but for its fragments, not a list of ids: an article that has a mistake
today stays out as it was, and what it was is nowhere else.
"""

import hashlib
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Literal

import brotli
import msgspec

from feeds.catalogue import backup
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.records import HubRows
from feeds.errors import CatalogueError, StoreError
from feeds.model.document import FORMATS
from feeds.publish.destination import LockedDestination
from feeds.publish.encryption import KEY, Seal, is_sealed
from feeds.publish.record import CatalogueCopy

# What the keys of copies of the catalogue begin with.
_COPY = "catalogue-"
# What hubs were told is written after the last of everything else, and is small.
_TOLD = "told.json"
# 15 % smaller than the fastest way, at 80 MB/s. The window is as wide as brotli allows.
_QUALITY, _WINDOW = 5, 24
_CHUNK = 1 << 20
# What a catalogue begins with.
_SQLITE = b"SQLite format 3\0"

Taken = Literal["taken up", "kept", "none"]


def check(held: LockedDestination, catalogue: Catalogue, *, remembers: bool) -> None:
    """Raise `StoreError` where documents are published, and what was known of them is nowhere.

    `remembers` says whether it is to be kept in the state.
    """
    with catalogue.read() as reader:
        empty, known = reader.meta.revision() == 0, reader.meta.published_copies()
    record, place = held.record, held.place
    if not (remembers and record.catalogue):
        key = "upload.state" if place.objects else "export.state"
        way = (
            "entries would be new to all subscribers. Publish from the machine that has the "
            f"catalogue; to publish from others, let {key} in site.yaml name a private place for "
            "the memory, and publish from that machine once. Say --overwrite if this is meant"
        )
        # A first upload that was killed may be seen already.
        if empty and (record.files or record.open):
            raise StoreError(
                f"{place.url} has documents, and neither their memory nor a catalogue is here: "
                f"{way}"
            )
        if record.origin and record.origin not in {id_ for id_, _ in known.values()}:
            raise StoreError(f"{place.url} was published from another catalogue than this: {way}")
    # A catalogue is what a folder's export was made from.
    if not held.is_new or (place.objects is None and not empty):
        return
    if feeds := _feeds(place.documents()):
        way = "" if empty else ", or use --overwrite if they were made from this catalogue"
        raise StoreError(
            f"{place.url} has feeds ({feeds[0]}; {len(feeds):,} in all), and {held.state.url} does "
            "not know them: entries could be new to all subscribers. If the state was elsewhere "
            f"(upload.state, export.state), move what is in it to {held.state.url}{way}"
        )


def _feeds(names: Iterable[str]) -> list[str]:
    """The paths that a feed is at in all our formats."""
    found = [set[str](), set[str](), set[str]()]
    for name in names:
        path, _, format_ = name.rpartition(".")
        if format_ in FORMATS:
            found[FORMATS.index(format_)].add(path)
    return sorted(set.intersection(*found))


def restore(
    held: LockedDestination, catalogue: Catalogue, seal: Seal | None, *, overwrite: bool = False
) -> Taken:
    """Make the catalogue what was last published, unless it goes on from there already.

    What was published is what subscribers have seen: a catalogue that does not know it, such as
    an empty one or one that was left behind by another machine, gives way to it. One that has
    what was published nowhere is kept beside as a file that ends in `.replaced`.
    `seal` has the key that it may be encrypted with. Raises `CatalogueError`, and `StoreError`
    where what was published is gone, damaged, or encrypted with another key: with `overwrite` it
    is then given up.
    """
    saved = held.record.catalogue
    if saved is None:
        return "none"
    with catalogue.read() as reader:
        known, revision, any_entry = (
            reader.meta.published_copies(),
            reader.meta.revision(),
            reader.entries.any(),
        )
    if saved.id in {id_ for id_, _ in known.values()}:
        if saved.sealed and seal is None and not overwrite:
            raise StoreError(
                f"the memory {held.state.url}/{saved.key} is encrypted, and {KEY} is not set here: "
                "it would be written so that it can be read. Set it, or say --overwrite if this "
                "is meant"
            )
        return "kept"
    found = held.state.get(saved.key)
    try:
        packed = _packed(found.body if found else None, held, saved, seal)
    except StoreError:
        if not overwrite:
            raise
        held.write(msgspec.structs.replace(held.record, catalogue=None))
        return "none"
    told = _told(held)
    with _beside(held, catalogue) as folder:
        if any_entry and known.get(held.state.url, ("", 0))[1] != revision:
            backup.backup(catalogue, _aside(f"{catalogue.file}.replaced"))
        file = folder / "catalogue.sqlite"
        _unpack(packed, file)
        _put_told(told, file)  # together, for a run may be killed between the two
        revision = backup.restore(catalogue, file)
    _note(held, catalogue, saved.id, revision)
    return "taken up"


def _packed(
    body: bytes | None, held: LockedDestination, saved: CatalogueCopy, seal: Seal | None
) -> bytes:
    """The copy of a catalogue as it is packed, decrypted. Raises `StoreError`."""
    at = f"the memory {held.state.url}/{saved.key}"
    if body is None or hashlib.sha256(body).hexdigest() != saved.sha256:
        raise StoreError(
            f"{at} is {'gone' if body is None else 'damaged'}, and with it the ids and dates of "
            "entries. Put it back, or publish from the machine that has the catalogue. If both are "
            "lost for good, say --overwrite: entries will then be new to all subscribers"
        )
    if not is_sealed(body):
        return body  # of a time before there was a key
    packed = seal.opened(body) if seal else None
    if packed is None:
        why = f"another key than {KEY} has here" if seal else f"a key, and {KEY} is not set here"
        raise StoreError(
            f"{at} is encrypted with {why}; set it to that of the machine that published last. If "
            "that is lost, publish with a new one from the machine that has the catalogue. If that "
            "is lost too, say --overwrite: entries will then be new to all subscribers"
        )
    return packed


def is_copy(first: bytes) -> bool:
    """Whether a file that begins so is a copy of a catalogue that anybody can read."""
    try:
        unpacked: bytes = brotli.Decompressor().process(first)
    except brotli.error:
        return False
    return unpacked.startswith(_SQLITE)


def save(held: LockedDestination, catalogue: Catalogue, seal: Seal | None) -> bool:
    """Keep the catalogue in the state, if it is another than what is there; returns whether it was.

    It is encrypted if there is a `seal`, and written anew where it was not, or with another key.
    It is written before any document that is made from it is seen: an article's first-seen date
    must not be lost with the machine that gave it. Raises `StoreError` and `CatalogueError`.
    """
    with catalogue.read() as reader:
        known, revision = reader.meta.published_copies(), reader.meta.revision()
    before = held.record.catalogue
    mark = seal.mark if seal else ""
    if before and (before.id, revision) in known.values() and before.sealed == mark:
        return False
    id_ = secrets.token_hex(8)
    with _beside(held, catalogue) as folder:
        backup.backup(catalogue, folder / "catalogue.sqlite", _said(held, id_, revision))
        packed = folder / "catalogue.sqlite.br"
        digest = _pack(folder / "catalogue.sqlite", packed, seal)
        saved = CatalogueCopy(f"{_COPY}{revision}-{id_}.sqlite.br", digest, id_, revision, mark)
        held.state.put(saved.key, packed)
    held.write(msgspec.structs.replace(held.record, catalogue=saved, origin=""))
    _note(held, catalogue, id_, revision)
    for name in held.state.names():
        if name.startswith(_COPY) and name != saved.key:  # also of a run that was killed
            held.check()
            held.state.delete(name)
    return True


def forget(held: LockedDestination) -> None:
    """Keep no memory in the state: one that is there would grow old, and be taken up some day."""
    if held.record.catalogue is None:
        return
    held.write(msgspec.structs.replace(held.record, catalogue=None))
    for name in held.state.names():
        if name.startswith(_COPY) or name == _TOLD:
            held.check()
            held.state.delete(name)


def mark(held: LockedDestination, catalogue: Catalogue) -> None:
    """Note at a place that keeps no memory which catalogue it is published from.

    One that was made anew is then known for another. Raises `StoreError` and `CatalogueError`.
    """
    with catalogue.read() as reader:
        known, revision = reader.meta.published_copies(), reader.meta.revision()
    if held.record.origin in {id_ for id_, _ in known.values()}:
        return
    id_ = secrets.token_hex(8)
    _note(held, catalogue, id_, revision)  # first, for a run may be killed between the two
    held.write(msgspec.structs.replace(held.record, origin=id_))


def _said(held: LockedDestination, id_: str, revision: int) -> dict[str, str]:
    return {f"published:{held.state.url}": f"{id_} {revision}"}


def _note(held: LockedDestination, catalogue: Catalogue, id_: str, revision: int) -> None:
    """Note in the catalogue that it goes on from this copy."""
    with catalogue.write() as writer:
        for key, value in _said(held, id_, revision).items():
            writer.meta.put(key, value)


def save_told(held: LockedDestination, catalogue: Catalogue) -> None:
    """Keep what hubs were told, so that no machine tells them again. Raises `StoreError`."""
    with catalogue.read() as reader:
        rows = reader.hubs.dump()
    held.check()
    held.state.put(_TOLD, msgspec.json.encode(rows))


def _told(held: LockedDestination) -> HubRows | None:
    """What hubs were told, by table. Raises `StoreError` if it cannot be read."""
    found = held.state.get(_TOLD)
    if found is None:
        return None
    try:
        return msgspec.json.decode(found.body, type=HubRows)
    except msgspec.DecodeError as error:
        raise StoreError(
            f"{held.state.url}/{_TOLD} is damaged: {error}; put an older version back, or delete "
            "it: then hubs are told of all feeds as for the first time"
        ) from error


def _put_told(rows: HubRows | None, file: Path) -> None:
    """Write what hubs were told into the copy of a catalogue."""
    if rows is None:
        return
    with closing(Catalogue(f"sqlite:///{file}")) as copy, copy.write() as writer:
        writer.hubs.load(rows)


def _aside(name: str) -> Path:
    """A file of this name, or with a number after it, that is not there yet."""
    names = (Path(name if number == 1 else f"{name}-{number}") for number in count(1))
    return next(file for file in names if not file.exists())


def _unpack(packed: bytes, file: Path) -> None:
    decompressor = brotli.Decompressor()
    with file.open("wb") as out:
        for start in range(0, len(packed), _CHUNK):
            out.write(decompressor.process(packed[start : start + _CHUNK]))


def _pack(file: Path, packed: Path, seal: Seal | None) -> str:
    """Compress and encrypt a file; returns the SHA-256 of what came out."""
    digest, parts = hashlib.sha256(), _compressed(file)
    with packed.open("wb") as out:
        for part in seal.sealed(parts) if seal else parts:
            digest.update(part)
            out.write(part)
    return digest.hexdigest()


def _compressed(file: Path) -> Iterator[bytes]:
    compressor = brotli.Compressor(quality=_QUALITY, lgwin=_WINDOW)
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            yield compressor.process(chunk)
    yield compressor.finish()


@contextmanager
def _beside(held: LockedDestination, catalogue: Catalogue) -> Iterator[Path]:
    """A folder for a while, where there is room for a catalogue as large as this one.

    It has the name of the place, which is held, so that one that was left by a run that was killed
    is nobody else's. Raises `CatalogueError` for whatever goes wrong in it.
    """
    at = Path(catalogue.file or "").parent
    folder = at / f".feeds-{hashlib.sha256(held.state.url.encode()).hexdigest()[:16]}"
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        yield folder
    except OSError as error:
        raise CatalogueError(
            f"the catalogue cannot be copied: {error.filename or folder}: {error.strerror}"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
