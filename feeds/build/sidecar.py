"""Files next to the catalogue that a building process writes for serving processes.

They contain the settings that the catalogue was built with, and the reason why builds fail, if any.
They are optional: without them a server uses the current settings.
"""

import logging
import os
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from filelock import FileLock, Timeout
from sqlalchemy import make_url

from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.transaction import ReadTransaction
from feeds.config.load import load
from feeds.config.site import Site
from feeds.render.settings_hash import settings_hashes
from feeds.util.progress import clock

_log = logging.getLogger("feeds")

# Settings that do not affect builds: the current ones apply. Some are specific to this machine,
# and are not saved.
_NOT_SAVED = (
    "articles", "catalogue", "export", "guard", "http", "pages", "ping_delay", "purge", "upload",
)  # fmt: skip

# The hashes of the settings in the catalogue: `fingerprint` and `definitions`.
Hashes = tuple[str, str]


class Stale(msgspec.Struct, frozen=True):
    """The reason why the catalogue is out of date, and its time, in seconds since 1970."""

    since: int
    why: str

    def __str__(self) -> str:
        return f"since {datetime.fromtimestamp(self.since, UTC):%Y-%m-%d %H:%M:%S} UTC {self.why}"


class _Built(msgspec.Struct, frozen=True):
    hashes: Hashes
    site: Site


def stored_hashes(reader: ReadTransaction) -> Hashes:
    """Return the hashes of the settings that the catalogue was built with."""
    return reader.meta.get("fingerprint"), reader.meta.get("definitions")


def load_site(root: Path, environ: Mapping[str, str]) -> Site:
    """Return the settings for a server; the article folder may be missing if there is a catalogue.

    Raises `ConfigError`, and `CatalogueError` if the catalogue cannot be read.
    """
    site = load(root, environ, away=True)
    if site.folder.is_dir() or is_built(site):
        return site
    return load(root, environ)


def is_built(site: Site) -> bool:
    """Return whether the catalogue has content; without creating it. Raises `CatalogueError`."""
    url = make_url(site.catalogue)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return False
    with closing(Catalogue(site.catalogue)) as catalogue, catalogue.read() as reader:
        return reader.meta.revision() > 0


def is_current(site: Site, catalogue: Catalogue) -> bool:
    """Return whether the catalogue was built with these settings. Raises `CatalogueError`."""
    with catalogue.read() as reader:
        return stored_hashes(reader) == settings_hashes(site)


def save_settings(site: Site) -> None:
    """Save the settings with which the catalogue was just built."""
    saved, hashes = _read(site), settings_hashes(site)
    if saved is not None and saved.hashes == hashes:
        return
    content: dict[str, Any] = msgspec.to_builtins(site, enc_hook=str)
    for name in _NOT_SAVED:
        content["settings"].pop(name)
    for feed in content["feeds"]:
        feed["where"] = ""
    _write(_file(site, "settings"), {"hashes": hashes, "site": {**content, "root": ""}})


def previous_site(site: Site, catalogue: Catalogue) -> Site | None:
    """Return the settings of the last build if they are saved and differ from these, else None.

    Raises `CatalogueError`.
    """
    with catalogue.read() as reader:
        hashes = stored_hashes(reader)
    if hashes == settings_hashes(site):
        return None
    saved = _read(site)
    if saved is None or saved.hashes != hashes:
        return None
    current = {name: getattr(site.settings, name) for name in _NOT_SAVED}
    settings = msgspec.structs.replace(saved.site.settings, **current)
    return msgspec.structs.replace(saved.site, root=site.root, settings=settings)


def write_stale(site: Site, why: str) -> None:
    """Record why the catalogue is out of date; an empty reason removes the record."""
    file = _file(site, "stale")
    if why:
        _write(file, Stale(int(clock().timestamp()), why))
    else:
        with suppress(OSError):
            file.unlink(missing_ok=True)


def read_stale(site: Site) -> Stale | None:
    """Return the record of the process that watches the articles; None if that has ended."""
    with suppress(OSError, msgspec.DecodeError):
        stale = msgspec.json.decode(_file(site, "stale").read_bytes(), type=Stale)
        try:
            with watch_lock(site).acquire(timeout=0):
                return None
        except Timeout:
            return stale
    return None


def watch_lock(site: Site) -> FileLock:
    """Return the lock of the only process on this machine that watches the articles."""
    return FileLock(site.lock_file("watch"))


def _read(site: Site) -> _Built | None:
    """Return the saved settings; None if there are none, or another version wrote them."""
    with suppress(OSError, msgspec.DecodeError):
        content = _file(site, "settings").read_bytes()
        return msgspec.json.decode(content, type=_Built, dec_hook=lambda type_, value: type_(value))
    return None


def _file(site: Site, name: str) -> Path:
    return site.lock_file(name).with_suffix(".json")


def _write(file: Path, content: object) -> None:
    """Write a file atomically, readable by this user only."""
    part = ""
    try:
        number, part = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        with open(number, "wb") as out:  # noqa: PTH123 - a file descriptor
            out.write(msgspec.json.encode(content))
        os.replace(part, file)  # noqa: PTH105
    except OSError as error:
        _log.warning("%s cannot be written: %s", file, error.strerror)
        with suppress(OSError):
            Path(part).unlink()
