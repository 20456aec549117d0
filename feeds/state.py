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
import sqlalchemy as sa

from feeds.catalogue import copies, schema
from feeds.catalogue.store import Catalogue
from feeds.catalogue.writer import writing
from feeds.errors import CatalogueError, StoreError
from feeds.fragment import FORMATS
from feeds.place import Held
from feeds.uploads import Saved

# What the keys of copies of the catalogue begin with.
_COPY = "catalogue-"
# What hubs were told is written after the last of everything else, and is small.
_TOLD = "told.json"
_TOLD_TABLES = (schema.hub, schema.ping)
# 15 % smaller than the fastest way, at 80 MB/s. The window is as wide as brotli allows.
_QUALITY, _WINDOW = 5, 24
_CHUNK = 1 << 20

_Rows = dict[str, list[dict[str, str | int]]]
Taken = Literal["taken up", "kept", "none"]


def check(held: Held, catalogue: Catalogue, *, remembers: bool) -> None:
    """Raise `StoreError` where documents are published, and what was known of them is nowhere.

    `remembers` says whether it is to be kept in the state.
    """
    with catalogue.read() as reader:
        empty = reader.revision() == 0
    record, place = held.record, held.place
    if empty and record.files and not (remembers and record.catalogue):
        raise StoreError(
            f"{place.url} has documents, and neither their memory nor a catalogue is here: "
            "entries would be new to all subscribers. Publish from the machine that has the "
            "catalogue, or say --overwrite if this is meant"
        )
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


def take_up(held: Held, catalogue: Catalogue, *, overwrite: bool = False) -> Taken:
    """Make the catalogue what was last published, unless it goes on from there already.

    What was published is what subscribers have seen: a catalogue that does not know it, such as
    an empty one or one that was left behind by another machine, gives way to it. One that has
    what was published nowhere is kept beside as a file that ends in `.replaced`.
    Raises `CatalogueError`, and `StoreError` where what was published is gone or damaged: with
    `overwrite` it is then given up.
    """
    saved = held.record.catalogue
    if saved is None:
        return "none"
    with catalogue.read() as reader:
        known, revision, any_entry = reader.published(), reader.revision(), reader.any_entry()
    if saved.id in {id_ for id_, _ in known.values()}:
        return "kept"
    found = held.state.get(saved.key)
    whole = found is not None and hashlib.sha256(found.body).hexdigest() == saved.sha256
    if overwrite and not whole:
        held.write(msgspec.structs.replace(held.record, catalogue=None))
        return "none"
    if found is None or not whole:
        raise StoreError(
            f"the memory {held.state.url}/{saved.key} is {'damaged' if found else 'gone'}, and "
            "with it the ids and dates of entries. Put it back, or publish from the machine that "
            "has the catalogue. If both are lost for good, say --overwrite: entries will then be "
            "new to all subscribers"
        )
    told = _told(held)
    with _beside(held, catalogue) as folder:
        if any_entry and known.get(held.state.url, ("", 0))[1] != revision:
            copies.copy(catalogue, _aside(f"{catalogue.file}.replaced"))
        file = folder / "catalogue.sqlite"
        _unpack(found.body, file)
        _put_told(told, file)  # together, for a run may be killed between the two
        revision = copies.take_up(catalogue, file)
    _note(held, catalogue, saved.id, revision)
    return "taken up"


def save(held: Held, catalogue: Catalogue) -> bool:
    """Keep the catalogue in the state, if it is another than what is there; returns whether it was.

    It is written before any document that is made from it is seen: an article's first-seen date
    must not be lost with the machine that gave it. Raises `StoreError` and `CatalogueError`.
    """
    with catalogue.read() as reader:
        known, revision = reader.published(), reader.revision()
    before = held.record.catalogue
    if before and (before.id, revision) in known.values():
        return False
    id_ = secrets.token_hex(8)
    with _beside(held, catalogue) as folder:
        copies.copy(catalogue, folder / "catalogue.sqlite", _said(held, id_, revision))
        packed = folder / "catalogue.sqlite.br"
        digest = _pack(folder / "catalogue.sqlite", packed)
        saved = Saved(f"{_COPY}{revision}-{id_}.sqlite.br", digest, id_, revision)
        held.state.put(saved.key, packed)
    held.write(msgspec.structs.replace(held.record, catalogue=saved))
    _note(held, catalogue, id_, revision)
    for name in held.state.names():
        if name.startswith(_COPY) and name != saved.key:  # also of a run that was killed
            held.check()
            held.state.delete(name)
    return True


def forget(held: Held) -> None:
    """Keep no memory in the state: one that is there would grow old, and be taken up some day."""
    if held.record.catalogue is None:
        return
    held.write(msgspec.structs.replace(held.record, catalogue=None))
    for name in held.state.names():
        if name.startswith(_COPY) or name == _TOLD:
            held.check()
            held.state.delete(name)


def _said(held: Held, id_: str, revision: int) -> dict[str, str]:
    return {f"published:{held.state.url}": f"{id_} {revision}"}


def _note(held: Held, catalogue: Catalogue, id_: str, revision: int) -> None:
    """Note in the catalogue that it goes on from this copy."""
    with writing(catalogue) as writer:
        for key, value in _said(held, id_, revision).items():
            writer.put_meta(key, value)


def save_told(held: Held, catalogue: Catalogue) -> None:
    """Keep what hubs were told, so that no machine tells them again. Raises `StoreError`."""
    with catalogue.connect() as connection:
        rows = {
            table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for table in _TOLD_TABLES
        }
    held.check()
    held.state.put(_TOLD, msgspec.json.encode(rows))


def _told(held: Held) -> _Rows | None:
    """What hubs were told, by table. Raises `StoreError` if it cannot be read."""
    found = held.state.get(_TOLD)
    if found is None:
        return None
    try:
        return msgspec.json.decode(found.body, type=_Rows)
    except msgspec.DecodeError as error:
        raise StoreError(
            f"{held.state.url}/{_TOLD} is damaged: {error}; put an older version back, or delete "
            "it: then hubs are told of all feeds as for the first time"
        ) from error


def _put_told(rows: _Rows | None, file: Path) -> None:
    """Write what hubs were told into the copy of a catalogue."""
    if rows is None:
        return
    with (
        closing(Catalogue(f"sqlite:///{file}")) as copy,
        copy.connect(write=True) as connection,
    ):
        for table in _TOLD_TABLES:
            connection.execute(sa.delete(table))
            if rows.get(table.name):
                connection.execute(sa.insert(table), rows[table.name])


def _aside(name: str) -> Path:
    """A file of this name, or with a number after it, that is not there yet."""
    names = (Path(name if number == 1 else f"{name}-{number}") for number in count(1))
    return next(file for file in names if not file.exists())


def _unpack(packed: bytes, file: Path) -> None:
    decompressor = brotli.Decompressor()
    with file.open("wb") as out:
        for start in range(0, len(packed), _CHUNK):
            out.write(decompressor.process(packed[start : start + _CHUNK]))


def _pack(file: Path, packed: Path) -> str:
    """Compress a file; returns the SHA-256 of what came out."""
    digest, compressor = hashlib.sha256(), brotli.Compressor(quality=_QUALITY, lgwin=_WINDOW)
    with file.open("rb") as source, packed.open("wb") as out:
        while chunk := source.read(_CHUNK):
            made = compressor.process(chunk)
            digest.update(made)
            out.write(made)
        made = compressor.finish()
        digest.update(made)
        out.write(made)
    return digest.hexdigest()


@contextmanager
def _beside(held: Held, catalogue: Catalogue) -> Iterator[Path]:
    """A folder for a while, where there is room for a catalogue as large as this one.

    It has the name of the place, which is held, so that one that was left by a run that was killed
    is nobody else's. Raises `CatalogueError` for whatever goes wrong in it.
    """
    at = Path(catalogue.file or "").parent
    folder = at / f".feeds-{hashlib.sha256(held.state.url.encode()).hexdigest()[:16]}"
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield folder
    except OSError as error:
        raise CatalogueError(
            f"the catalogue cannot be copied: {error.filename or folder}: {error.strerror}"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
