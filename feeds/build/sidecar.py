"""What a process that builds leaves beside the catalogue, for those that serve what is in it.

With which settings the catalogue was built, and what keeps it from being built. Both are small
files that nothing depends on: without them a server takes the settings that there are now.
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
from feeds.config import load as config
from feeds.config.site import Site
from feeds.render.settings_hash import settings_hashes
from feeds.util.progress import clock

_log = logging.getLogger("feeds")

# Settings that no build is made with: of these, those of today count. Some name places of this
# machine, and are not kept.
_OF_TODAY = (
    "articles", "catalogue", "export", "guard", "http", "pages", "ping_delay", "purge", "upload",
)  # fmt: skip

# The hashes of settings that a catalogue names: `fingerprint` and `definitions`.
Hashes = tuple[str, str]


class Stale(msgspec.Struct, frozen=True):
    """Why the catalogue is not what the articles are, and since when, in seconds since 1970."""

    since: int
    why: str

    def __str__(self) -> str:
        return f"since {datetime.fromtimestamp(self.since, UTC):%Y-%m-%d %H:%M:%S} UTC {self.why}"


class _Built(msgspec.Struct, frozen=True):
    hashes: Hashes
    site: Site


def stored_hashes(reader: ReadTransaction) -> Hashes:
    """The hashes of the settings that the catalogue was built with."""
    return reader.meta.get("fingerprint"), reader.meta.get("definitions")


def load_site(root: Path, environ: Mapping[str, str]) -> Site:
    """The settings for a server, whose articles may be away while it has something to serve.

    Raises `ConfigError`, and `CatalogueError` if the catalogue cannot be read.
    """
    site = config.load(root, environ, away=True)
    if site.folder.is_dir() or is_built(site):
        return site
    return config.load(root, environ)


def is_built(site: Site) -> bool:
    """Whether the catalogue has something to serve; none is made. Raises `CatalogueError`."""
    url = make_url(site.catalogue)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return False
    with closing(Catalogue(site.catalogue)) as catalogue, catalogue.read() as reader:
        return reader.meta.revision() > 0


def is_current(site: Site, catalogue: Catalogue) -> bool:
    """Whether the catalogue is built with these settings. Raises `CatalogueError`."""
    with catalogue.read() as reader:
        return stored_hashes(reader) == settings_hashes(site)


def save_settings(site: Site) -> None:
    """Keep the settings: the catalogue has just been built with them."""
    known, built = _read(site), settings_hashes(site)
    if known is not None and known.hashes == built:
        return
    kept: dict[str, Any] = msgspec.to_builtins(site, enc_hook=str)
    for name in _OF_TODAY:
        kept["settings"].pop(name)
    for feed in kept["feeds"]:
        feed["where"] = ""
    _write(_file(site, "settings"), {"hashes": built, "site": {**kept, "root": ""}})


def previous_site(site: Site, catalogue: Catalogue) -> Site | None:
    """The settings that the catalogue was built with, where they are known, and others than these.

    Raises `CatalogueError`.
    """
    with catalogue.read() as reader:
        built = stored_hashes(reader)
    if built == settings_hashes(site):
        return None
    known = _read(site)
    if known is None or known.hashes != built:
        return None
    own = {name: getattr(site.settings, name) for name in _OF_TODAY}
    settings = msgspec.structs.replace(known.site.settings, **own)
    return msgspec.structs.replace(known.site, root=site.root, settings=settings)


def write_stale(site: Site, why: str) -> None:
    """Note why the catalogue is not what the articles are; empty if it is."""
    file = _file(site, "stale")
    if why:
        _write(file, Stale(int(clock().timestamp()), why))
    else:
        with suppress(OSError):
            file.unlink(missing_ok=True)


def read_stale(site: Site) -> Stale | None:
    """What the process that watches the articles has noted; None where it has ended since."""
    with suppress(OSError, msgspec.DecodeError):
        stale = msgspec.json.decode(_file(site, "stale").read_bytes(), type=Stale)
        try:
            with watch_lock(site).acquire(timeout=0):
                return None
        except Timeout:
            return stale
    return None


def watch_lock(site: Site) -> FileLock:
    """The lock of the one process of this machine that watches the articles."""
    return FileLock(site.lock_file("watch"))


def _read(site: Site) -> _Built | None:
    """The settings that were kept; None if there are none, or another version's."""
    with suppress(OSError, msgspec.DecodeError):
        content = _file(site, "settings").read_bytes()
        return msgspec.json.decode(content, type=_Built, dec_hook=lambda type_, value: type_(value))
    return None


def _file(site: Site, name: str) -> Path:
    return site.lock_file(name).with_suffix(".json")


def _write(file: Path, content: object) -> None:
    """Write a file as a whole, which others than our user need not read."""
    part = ""
    try:
        number, part = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        with open(number, "wb") as out:  # noqa: PTH123 - it is open already
            out.write(msgspec.json.encode(content))
        os.replace(part, file)  # noqa: PTH105
    except OSError as error:
        _log.warning("%s cannot be written: %s", file, error.strerror)
        with suppress(OSError):
            Path(part).unlink()
