"""The memory of a site, kept at its destination: machines without a catalogue restore it.

It is the whole catalogue without fragments rather than a list of ids: an article that has a mistake
today keeps its last good version, which is stored nowhere else.
"""

import hashlib
import secrets
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Literal

import msgspec

from feeds.catalogue import backup
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.records import HubRows
from feeds.errors import CatalogueError, StoreError
from feeds.publish.catalogue_copy import pack, unpack
from feeds.publish.destination import LockedDestination
from feeds.publish.encryption import KEY, CatalogueCipher, is_encrypted
from feeds.publish.record import CatalogueCopy

# The keys of copies of the catalogue begin with this.
_COPY_PREFIX = "catalogue-"
# A separate small object, because hubs are notified after everything else is written.
_HUB_STATE = "told.json"

RestoreOutcome = Literal["taken up", "kept", "none"]


def restore(
    destination: LockedDestination,
    catalogue: Catalogue,
    cipher: CatalogueCipher | None,
    *,
    overwrite: bool = False,
) -> RestoreOutcome:
    """Replace the catalogue by the published copy, unless it continues that copy already.

    Subscribers have seen the published entries, so a catalogue that does not know of them gives
    way: an empty one, or one that another machine has overtaken. If it has changes that were never
    published, it is kept next to the new one as a file ending in `.replaced`.

    Raises `CatalogueError`, and `StoreError` if the copy is gone, damaged or encrypted with
    another key; with `overwrite`, the copy is then abandoned.
    """
    saved = destination.record.catalogue
    if saved is None:
        return "none"
    with catalogue.read() as reader:
        copies, revision = reader.meta.published_copies(), reader.meta.revision()
        any_entry = reader.entries.any()
    if saved.id in {copy_id for copy_id, _ in copies.values()}:
        if saved.sealed and cipher is None and not overwrite:
            raise StoreError(_missing_key_message(destination, saved))
        return "kept"
    try:
        packed = _read_copy(destination, saved, cipher)
    except StoreError:
        if not overwrite:
            raise
        destination.write_record(msgspec.structs.replace(destination.record, catalogue=None))
        return "none"
    is_unpublished = any_entry and copies.get(destination.state.url, ("", 0))[1] != revision
    revision = _replace_catalogue(destination, catalogue, packed, set_aside=is_unpublished)
    _mark_catalogue(destination, catalogue, saved.id, revision)
    return "taken up"


def _replace_catalogue(
    destination: LockedDestination, catalogue: Catalogue, packed: bytes, *, set_aside: bool
) -> int:
    """Replace the catalogue by a copy with the stored hub state; return its revision.

    With `set_aside`, the old one is kept as a file.
    """
    hub_state = _read_hub_state(destination)
    with _working_folder(destination, catalogue) as folder:
        if set_aside:
            backup.backup(catalogue, _unused_file(f"{catalogue.file}.replaced"))
        file = folder / "catalogue.sqlite"
        unpack(packed, file)
        if hub_state is not None:  # before the restore, which is one transaction
            _load_hub_state(hub_state, file)
        return backup.restore(catalogue, file)


def save(
    destination: LockedDestination, catalogue: Catalogue, cipher: CatalogueCipher | None
) -> bool:
    """Store a copy of the catalogue unless the stored one is current; return whether it was.

    It is encrypted if there is a cipher. A stored copy that is not encrypted, or with another key,
    is then replaced. Call this before readers see any document made from the catalogue: the
    first-seen dates of articles must survive this machine. Raises `StoreError` and
    `CatalogueError`.
    """
    with catalogue.read() as reader:
        copies, revision = reader.meta.published_copies(), reader.meta.revision()
    previous = destination.record.catalogue
    key_id = cipher.key_id if cipher else ""
    if previous and (previous.id, revision) in copies.values() and previous.sealed == key_id:
        return False
    state, copy_id = destination.state, secrets.token_hex(8)
    with _working_folder(destination, catalogue) as folder:
        file, packed = folder / "catalogue.sqlite", folder / "catalogue.sqlite.br"
        backup.backup(catalogue, file, (state.url, copy_id, revision))
        digest = pack(file, packed, cipher)
        key = f"{_COPY_PREFIX}{revision}-{copy_id}.sqlite.br"
        saved = CatalogueCopy(key, digest, copy_id, revision, key_id)
        state.put(key, packed)
    record = msgspec.structs.replace(destination.record, catalogue=saved, origin="")
    destination.write_record(record)
    _mark_catalogue(destination, catalogue, copy_id, revision)
    for name in state.list_keys():
        if name.startswith(_COPY_PREFIX) and name != key:  # also those of killed runs
            destination.check_lock()
            state.delete(name)
    return True


def forget(destination: LockedDestination) -> None:
    """Delete the stored memory: left there, it would become outdated, and be restored some day."""
    if destination.record.catalogue is None:
        return
    destination.write_record(msgspec.structs.replace(destination.record, catalogue=None))
    for name in destination.state.list_keys():
        if name.startswith(_COPY_PREFIX) or name == _HUB_STATE:
            destination.check_lock()
            destination.state.delete(name)


def mark_origin(destination: LockedDestination, catalogue: Catalogue) -> None:
    """Record which catalogue a destination without a memory is published from.

    A rebuilt catalogue is then recognised as another one. Raises `StoreError` and
    `CatalogueError`.
    """
    with catalogue.read() as reader:
        copies, revision = reader.meta.published_copies(), reader.meta.revision()
    if destination.record.origin in {copy_id for copy_id, _ in copies.values()}:
        return
    copy_id = secrets.token_hex(8)
    # The catalogue first: if the run is killed in between, the next one still fits the record.
    _mark_catalogue(destination, catalogue, copy_id, revision)
    destination.write_record(msgspec.structs.replace(destination.record, origin=copy_id))


def save_hub_state(destination: LockedDestination, catalogue: Catalogue) -> None:
    """Store the hub state, so that no other machine repeats notifications.

    Raises `StoreError` and `CatalogueError`.
    """
    with catalogue.read() as reader:
        rows = reader.hubs.dump()
    destination.check_lock()
    destination.state.put(_HUB_STATE, msgspec.json.encode(rows))


def _missing_key_message(destination: LockedDestination, saved: CatalogueCopy) -> str:
    return (
        f"the memory {destination.state.url}/{saved.key} is encrypted, and {KEY} is not set here: "
        "the next copy would be readable. Set it, or pass --overwrite if this is intended"
    )


def _read_copy(
    destination: LockedDestination, saved: CatalogueCopy, cipher: CatalogueCipher | None
) -> bytes:
    """Read the stored copy of the catalogue and decrypt it. Raises `StoreError`."""
    label = f"the memory {destination.state.url}/{saved.key}"
    stored = destination.state.get(saved.key)
    if stored is None or hashlib.sha256(stored.body).hexdigest() != saved.sha256:
        raise StoreError(
            f"{label} is {'gone' if stored is None else 'damaged'}, and with it the ids and dates "
            "of entries. Put it back, or publish from the machine that has the catalogue. If both "
            "are lost, pass --overwrite: all entries will be new to all subscribers"
        )
    if not is_encrypted(stored.body):
        return stored.body
    packed = cipher.decrypt(stored.body) if cipher else None
    if packed is None:
        reason = (
            f"another key than {KEY} has here" if cipher else f"a key, and {KEY} is not set here"
        )
        raise StoreError(
            f"{label} is encrypted with {reason}; set it to the key of the machine that published "
            "last. If that key is lost, publish with a new one from the machine that has the "
            "catalogue. If that is lost too, pass --overwrite: all entries will be new to all "
            "subscribers"
        )
    return packed


def _read_hub_state(destination: LockedDestination) -> HubRows | None:
    """Read the stored hub state, by table. Raises `StoreError` if it is damaged."""
    stored = destination.state.get(_HUB_STATE)
    if stored is None:
        return None
    try:
        return msgspec.json.decode(stored.body, type=HubRows)
    except msgspec.DecodeError as error:
        raise StoreError(
            f"{destination.state.url}/{_HUB_STATE} is damaged: {error}; put an older version back, "
            "or delete it: hubs are then treated as new"
        ) from error


def _load_hub_state(rows: HubRows, file: Path) -> None:
    with closing(Catalogue(f"sqlite:///{file}")) as copy, copy.write() as writer:
        writer.hubs.load(rows)


def _mark_catalogue(
    destination: LockedDestination, catalogue: Catalogue, copy_id: str, revision: int
) -> None:
    """Store in the catalogue that it continues this copy."""
    with catalogue.write() as writer:
        writer.meta.put_published_copy(destination.state.url, copy_id, revision)


def _unused_file(name: str) -> Path:
    """Return a path with this name, numbered if that is taken."""
    files = (Path(name if number == 1 else f"{name}-{number}") for number in count(1))
    return next(file for file in files if not file.exists())


@contextmanager
def _working_folder(destination: LockedDestination, catalogue: Catalogue) -> Iterator[Path]:
    """Create a temporary folder on the catalogue's disk.

    It is named after the destination, whose lock we hold, so a leftover from a killed run is safe
    to remove. Raises `CatalogueError` for every `OSError` in the `with` block.
    """
    digest = hashlib.sha256(destination.state.url.encode()).hexdigest()[:16]
    folder = Path(catalogue.file or "").parent / f".feeds-{digest}"
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
