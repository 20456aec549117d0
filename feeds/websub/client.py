"""Requests to one WebSub hub, several at the same time, each with a time limit.

A hub may hold a request open as long as it likes, by sending a byte a second, and so may a name
server. Requests therefore run in separate threads, which are abandoned after a while.
"""

import queue
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from http.client import HTTPException
from typing import TypeAlias
from urllib.parse import urlencode

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from feeds.util.http import USER_AGENT, retry_after
from feeds.websub.schedule import Answer

PARALLEL = 4
# Seconds: of silence in one request; without an answer to any request; and from a request to stop
# until requests in progress are abandoned.
_SILENCE = 10
_LONGEST = 15
_LEAVE = 1
_STEP = 0.1
# Read at most this many bytes of an answer: errors are described at the beginning.
_MESSAGE_BYTES = 300

# An answer for a topic; the exception that ended a thread; or None for the end of a thread.
_Queue: TypeAlias = "queue.SimpleQueue[tuple[str, Answer] | Exception | None]"


class HubClient:
    """Notifies one hub of topics, until it accepts no more or `stop` is set."""

    def __init__(self, hub: str, stop: threading.Event) -> None:
        self._hub, self._stop, self._closed = hub, stop, threading.Event()
        self._connections = [_connection(hub) for _ in range(PARALLEL)]

    def post_all(self, topics: Sequence[str]) -> dict[str, Answer]:
        """Notify the hub of topics; return its answers by topic, without topics not sent."""
        waiting, in_progress = iter(list(topics)), set[str]()
        answers: _Queue = queue.SimpleQueue()
        for connection in self._connections:
            threading.Thread(
                target=self._work,
                args=(connection, waiting, in_progress, answers),
                name="feeds-ping-call",
                daemon=True,
            ).start()
        received, timed_out = self._gather(answers)
        if timed_out:
            self._closed.set()
            late = Answer(None, f"no answer: not within {_LONGEST} seconds")
            received |= dict.fromkeys(in_progress.copy() - received.keys(), late)
        return received

    def _work(
        self,
        connection: HTTPConnection,
        waiting: Iterator[str],
        in_progress: set[str],
        answers: _Queue,
    ) -> None:
        """Notify the hub of topics from `waiting`, which is shared by the threads."""
        try:
            for topic in waiting:
                if self._closed.is_set() or self._stop.is_set():
                    break
                in_progress.add(topic)
                answer = publish(connection, self._hub, topic)
                if answer.unavailable:
                    self._closed.set()
                answers.put((topic, answer))
        except Exception as error:  # noqa: BLE001 - raised in the thread that gathers the answers
            self._closed.set()
            answers.put(error)
        finally:
            connection.close()
            answers.put(None)

    def _gather(self, answers: _Queue) -> tuple[dict[str, Answer], bool]:
        """Return the answers, and whether some did not come in time."""
        received: dict[str, Answer] = {}
        working, end = PARALLEL, time.monotonic() + _LONGEST
        leave, fault, timed_out = float("inf"), None, False
        while working:
            try:
                item = answers.get(timeout=_STEP)
            except queue.Empty:
                now = time.monotonic()
                if self._stop.is_set():
                    leave = min(leave, now + _LEAVE)
                timed_out = now >= end
                if timed_out or now >= leave:
                    break
                continue
            if item is None:
                working -= 1
            elif isinstance(item, Exception):
                fault = item
            else:
                received[item[0]] = item[1]
                end = time.monotonic() + _LONGEST
        if fault:
            raise fault
        return received, timed_out

    def close(self) -> None:
        """Abort requests in progress; their threads then close the connections."""
        self._closed.set()
        for connection in self._connections:
            if (sock := connection.sock) is not None:
                with suppress(OSError):
                    socket.socket.shutdown(
                        sock, socket.SHUT_RDWR
                    )  # wakes a thread that reads from it


def publish(connection: HTTPConnection, hub: str, topic: str) -> Answer:
    """Notify a hub of one topic, and return its answer. Raises nothing that a hub can cause.

    WebSub section 6 leaves the form open: most hubs read `hub.url`, some `hub.topic`. Each request
    has one topic, because hubs differ in how they accept several.
    """
    fields = {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}
    headers = {"User-Agent": USER_AGENT, "Content-Type": "application/x-www-form-urlencoded"}
    try:
        if not connection.is_connected:
            connection.close()  # the next request reconnects
        target = urllib3.util.parse_url(hub).request_uri
        connection.request("POST", target, urlencode(fields), headers, preload_content=False)
        answer = connection.getresponse()
        body = answer.read1(_MESSAGE_BYTES, decode_content=False)
        if answer.length_remaining != 0:
            connection.close()  # the rest of the answer is not needed
        answer.close()
    except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
        connection.close()
        return Answer(None, f"no answer: {error}")
    return Answer(
        answer.status, _message(answer, body.decode(errors="replace")), retry_after(answer)
    )


def _connection(hub: str) -> HTTPConnection:
    """Return a connection that opens when it is used, and again after it was closed."""
    url = urllib3.util.parse_url(hub)
    connection_type = HTTPSConnection if url.scheme == "https" else HTTPConnection
    return connection_type((url.host or "").strip("[]"), url.port, timeout=_SILENCE)


def _message(answer: urllib3.BaseHTTPResponse, body: str) -> str:
    """Return a description of an answer in one line."""
    location = answer.headers.get("Location")
    if 300 <= answer.status < 400 and location:
        return f"{answer.status}: it moved to {location}; name that as hub in site.yaml"
    return f"{answer.status} {answer.reason or ''}: {' '.join(body.split())}".rstrip(": ")
