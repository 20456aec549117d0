"""Objects in a store below one URL: S3 and compatible, Google Cloud Storage, Azure, a folder."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from obstore import exceptions
from obstore.store import from_url

from feeds.errors import StoreError
from feeds.util.http import USER_AGENT

SCHEMES = ("s3", "gs", "az")

# A request takes at most so many seconds, and is tried again for so many: together less than
# half of a lease (`feeds.publish.lease`), so that none is under way when another may take over.
_TIMEOUT, _RETRY_SECONDS = 20, 30
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(milliseconds=200), timedelta(seconds=8)

# What a store's own answer says, if it is XML as S3 writes it.
_CODE = re.compile(r"<Code>([^<]*)</Code>(?:.*?<Message>([^<]*)</Message>)?", re.DOTALL)

Version = Mapping[str, str]


class StoredObject(msgspec.Struct, frozen=True):
    """An object's bytes, its version for `Objects.replace`, and when it was written."""

    body: bytes
    version: Version
    modified: datetime


class ObjectStore:
    """The objects below a URL, by key. Every method raises `StoreError`.

    Credentials are those of the environment: AWS_*, GOOGLE_*, AZURE_*.
    """

    def __init__(self, url: str, endpoint: str | None = None, region: str | None = None) -> None:
        self.url = url.rstrip("/")
        options: dict[str, Any] = {}
        if not self.is_folder:
            options["client_options"] = {
                "timeout": timedelta(seconds=_TIMEOUT),
                "connect_timeout": timedelta(seconds=5),
                "user_agent": USER_AGENT,
                "allow_http": bool(endpoint and endpoint.startswith("http://")),
            }
            options["retry_config"] = {
                "max_retries": 1000,  # it is the time that ends it
                "retry_timeout": timedelta(seconds=_RETRY_SECONDS),
                "backoff": {
                    "init_backoff": _FIRST_PAUSE,
                    "max_backoff": _LONGEST_PAUSE,
                    "base": 2,
                },
            }
            options["config"] = {
                key: value for key, value in (("endpoint", endpoint), ("region", region)) if value
            }
        else:
            options["mkdir"] = True
        with self._wrap_errors("open", ""):
            self._store: Any = from_url(self.url, **options)

    @classmethod
    def in_folder(cls, folder: Path) -> "ObjectStore":
        """The files of a folder, as objects without metadata."""
        return cls(folder.absolute().as_uri())

    @property
    def folder(self) -> Path:
        """The folder, if it is one."""
        return Path(unquote(urlsplit(self.url).path))

    @property
    def is_folder(self) -> bool:
        """Whether these are files: they have no metadata, and no conditional writes."""
        return self.url.startswith("file:")

    def get(self, key: str) -> StoredObject | None:
        """The object, None if there is none."""
        with self._wrap_errors("read", key):
            try:
                found = self._store.get(key)
                body = bytes(found.bytes())
            except FileNotFoundError:
                return None
            return StoredObject(body, _version(found.meta), found.meta["last_modified"])

    def put(self, key: str, body: bytes | Path, headers: Mapping[str, str] | None = None) -> None:
        """Write an object, whole or not at all, over what is there.

        Bytes go in one request, that is over when its time is; a file in as many as it takes.
        In a folder it is for the user alone that writes it.
        """
        if self.is_folder:
            with self._wrap_errors("write", key):
                self._put_file(key, body)
            return
        said = dict(headers) if headers else None
        parts = None if isinstance(body, Path) else False
        with self._wrap_errors("write", key):
            self._store.put(key, body, attributes=said, use_multipart=parts)

    def _put_file(self, key: str, body: bytes | Path) -> None:
        # A temporary file is 0600 from the first, whatever the umask is.
        descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=f"{key}.")
        made = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as out:
                if isinstance(body, Path):
                    with body.open("rb") as source:
                        shutil.copyfileobj(source, out)
                else:
                    out.write(body)
                out.flush()
                os.fsync(out.fileno())
            made.replace(self.folder / key)
        except BaseException:
            made.unlink(missing_ok=True)
            raise

    def create(self, key: str, body: bytes) -> Version | None:
        """Write an object where there is none. Returns its version, None if there is one."""
        with self._wrap_errors("create", key):
            try:
                return _version(self._store.put(key, body, mode="create"))
            except exceptions.AlreadyExistsError:
                return None

    def replace(self, key: str, body: bytes, version: Version) -> Version | None:
        """Write an object over this version of it. Returns the new one, None if it is another."""
        with self._wrap_errors("replace", key):
            try:
                return _version(self._store.put(key, body, mode=dict(version)))
            except (exceptions.PreconditionError, exceptions.AlreadyExistsError, FileNotFoundError):
                return None

    def delete(self, key: str) -> None:
        """Delete an object, if it is there."""
        with self._wrap_errors("delete", key):
            try:
                self._store.delete(key)
            except FileNotFoundError:
                return

    def list_keys(self) -> list[str]:
        """The keys of all objects, sorted."""
        with self._wrap_errors("list", ""):
            return sorted(each["path"] for batch in self._store.list() for each in batch)

    @contextmanager
    def _wrap_errors(self, what: str, key: str) -> Iterator[None]:
        try:
            yield
        except (exceptions.BaseError, ValueError, OSError, NotImplementedError) as error:
            at = f"{self.url}/{key}" if key else self.url
            raise StoreError(f"cannot {what} {at}: {_short(str(error))}") from error


def _version(meta: Mapping[str, Any]) -> Version:
    return {name: meta[name] for name in ("e_tag", "version") if meta.get(name)}


def _short(said: str) -> str:
    """What a store said in one line, without what is for those who look for bugs in obstore."""
    told = said.partition("\n\nDebug source")[0]
    if found := _CODE.search(told):
        return f"{found[1]}: {found[2]}" if found[2] else found[1]
    return " ".join(told.split())[:300]
