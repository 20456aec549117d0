"""Starts `feeds serve` in a process, and sends requests to it."""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Server:
    root: Path
    port: int
    process: subprocess.Popen[bytes]

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(
            method, path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, body)

    def titles(self, path: str) -> list[str]:
        answer = self.ask(path)
        items = json.loads(answer.body)["items"] if answer.status == 200 else []
        return [item["title"] for item in items]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(
    root: Path,
    *options: str,
    stdout: IO[bytes] | int = subprocess.DEVNULL,
    port: int | None = None,
    **popen: Any,
) -> Server:
    port = port or free_port()
    command = [sys.executable, "-m", "feeds", "serve", "--config", str(root), "--port", str(port)]
    process = subprocess.Popen([*command, *options], stdout=stdout, start_new_session=True, **popen)
    server = Server(root, port, process)
    for _ in range(200):
        try:
            if server.ask("/readyz").status == 200:
                return server
        except OSError:
            pass
        time.sleep(0.1)
    process.kill()
    raise AssertionError("the server did not come up")


def stop(server: Server) -> int:
    server.process.terminate()
    return server.process.wait(30)


def wait_for(server: Server, path: str, titles: list[str]) -> None:
    for _ in range(100):
        if server.titles(path) == titles:
            return
        time.sleep(0.1)
    assert server.titles(path) == titles
