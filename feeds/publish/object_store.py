"""A client for objects below one URL: S3 and compatible, Google Cloud Storage, Azure, folders."""

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

# Seconds after which a request times out, and for which it is retried. Together they are less than
# half of `lease.SECONDS`, so that no request is under way when another process may take the lock.
_TIMEOUT, _RETRY_SECONDS = 20, 30
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(milliseconds=200), timedelta(seconds=8)

# The error code and message in an XML response, in the form of S3.
_CODE = re.compile(r"<Code>([^<]*)</Code>(?:.*?<Message>([^<]*)</Message>)?", re.DOTALL)

Version = Mapping[str, str]


class StoredObject(msgspec.Struct, frozen=True):
    """The bytes of an object, its version for `ObjectStore.replace`, and its time of change."""

    body: bytes
    version: Version
    modified: datetime


class ObjectStore:
    """The objects below a URL, by key. Every method raises `StoreError`.

    Credentials come from the environment: AWS_*, GOOGLE_*, AZURE_*.
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
                "max_retries": 1000,  # the timeout ends it first
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
        """Return a store of the files of a folder, which have no metadata."""
        return cls(folder.absolute().as_uri())

    @property
    def folder(self) -> Path:
        """The path of the folder; only for folders."""
        return Path(unquote(urlsplit(self.url).path))

    @property
    def is_folder(self) -> bool:
        """True for a folder: files have no metadata, and no conditional writes."""
        return self.url.startswith("file:")

    def get(self, key: str) -> StoredObject | None:
        """Return an object, or None if it does not exist."""
        with self._wrap_errors("read", key):
            try:
                result = self._store.get(key)
                body = bytes(result.bytes())
            except FileNotFoundError:
                return None
            return StoredObject(body, _version(result.meta), result.meta["last_modified"])

    def put(self, key: str, body: bytes | Path, headers: Mapping[str, str] | None = None) -> None:
        """Create or replace an object atomically.

        Bytes are sent in one request, so the timeout limits the whole write; a file is sent in
        parts. In a folder, only the user that writes the file may read it.
        """
        if self.is_folder:
            with self._wrap_errors("write", key):
                self._put_file(key, body)
            return
        attributes = dict(headers) if headers else None
        multipart = None if isinstance(body, Path) else False
        with self._wrap_errors("write", key):
            self._store.put(key, body, attributes=attributes, use_multipart=multipart)

    def _put_file(self, key: str, body: bytes | Path) -> None:
        # mkstemp creates the file with mode 0600 whatever the umask is.
        descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=f"{key}.")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as out:
                if isinstance(body, Path):
                    with body.open("rb") as source:
                        shutil.copyfileobj(source, out)
                else:
                    out.write(body)
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(self.folder / key)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def create(self, key: str, body: bytes) -> Version | None:
        """Create an object and return its version; None if it exists already."""
        with self._wrap_errors("create", key):
            try:
                return _version(self._store.put(key, body, mode="create"))
            except exceptions.AlreadyExistsError:
                return None

    def replace(self, key: str, body: bytes, version: Version) -> Version | None:
        """Replace this version of an object and return the new one; None if it has changed."""
        with self._wrap_errors("replace", key):
            try:
                return _version(self._store.put(key, body, mode=dict(version)))
            except (exceptions.PreconditionError, exceptions.AlreadyExistsError, FileNotFoundError):
                return None

    def delete(self, key: str) -> None:
        """Delete an object, if it exists."""
        with self._wrap_errors("delete", key):
            try:
                self._store.delete(key)
            except FileNotFoundError:
                return

    def list_keys(self) -> list[str]:
        """Return the keys of all objects, sorted."""
        with self._wrap_errors("list", ""):
            return sorted(meta["path"] for batch in self._store.list() for meta in batch)

    @contextmanager
    def _wrap_errors(self, action: str, key: str) -> Iterator[None]:
        try:
            yield
        except (exceptions.BaseError, ValueError, OSError, NotImplementedError) as error:
            url = f"{self.url}/{key}" if key else self.url
            raise StoreError(f"cannot {action} {url}: {_shorten(str(error))}") from error


def _version(meta: Mapping[str, Any]) -> Version:
    return {name: meta[name] for name in ("e_tag", "version") if meta.get(name)}


def _shorten(message: str) -> str:
    """Return the error of a store in one line, without obstore's debug output."""
    message = message.partition("\n\nDebug source")[0]
    if match := _CODE.search(message):
        return f"{match[1]}: {match[2]}" if match[2] else match[1]
    return " ".join(message.split())[:300]
