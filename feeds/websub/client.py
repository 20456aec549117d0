"""Requests to one WebSub hub, some at the same time, each of which has an end.

A hub may hold a request for as long as it likes, by a byte a second, and so may who looks up its
name. What is under way is therefore in threads of its own, which are left alone after a while.
"""

import queue
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPException
from urllib.parse import urlencode

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from feeds.util.http import USER_AGENT, retry_after
from feeds.websub.schedule import Answer

PARALLEL = 4
# Seconds: of silence; for which a hub may keep all that is under way without an answer to any; and
# for which what is under way is waited for when this is to stop.
_SILENCE = 10
_LONGEST = 15
_LEAVE = 1
_STEP = 0.1
# So much of an answer is read: what is wrong stands at its beginning.
_SAID_BYTES = 300


class HubClient:
    """Tells one hub of topics, until it takes no more or `stop` is set."""

    def __init__(self, hub: str, stop: threading.Event) -> None:
        self._hub, self._stop, self._closed = hub, stop, threading.Event()
        self._connections = [_connection(hub) for _ in range(PARALLEL)]

    def post_all(self, topics: Sequence[str]) -> dict[str, Answer]:
        """What the hub answered, by topic; topics that it was not told of any more are missing."""
        waiting, under_way = iter(list(topics)), set[str]()
        answers: queue.SimpleQueue[tuple[str, Answer] | Exception | None] = queue.SimpleQueue()

        def work(connection: HTTPConnection) -> None:
            try:
                for topic in waiting:  # of which each thread takes the next
                    if self._closed.is_set() or self._stop.is_set():
                        break
                    under_way.add(topic)
                    answer = publish(connection, self._hub, topic)
                    if answer.unavailable:
                        self._closed.set()
                    answers.put((topic, answer))
            except Exception as error:  # noqa: BLE001 - it is raised where the answers are
                self._closed.set()
                answers.put(error)
            finally:
                connection.close()
                answers.put(None)

        for connection in self._connections:
            threading.Thread(
                target=work, args=(connection,), name="feeds-ping-call", daemon=True
            ).start()
        told, late = self._gathered(answers)
        if late:
            self._closed.set()
            said = Answer(None, f"no answer: not within {_LONGEST} seconds")
            told |= dict.fromkeys(under_way.copy() - told.keys(), said)
        return told

    def _gathered(
        self, answers: "queue.SimpleQueue[tuple[str, Answer] | Exception | None]"
    ) -> tuple[dict[str, Answer], bool]:
        """The answers, and whether some are too late."""
        told: dict[str, Answer] = {}
        working, end = PARALLEL, time.monotonic() + _LONGEST
        leave, fault, late = float("inf"), None, False
        while working:
            try:
                got = answers.get(timeout=_STEP)
            except queue.Empty:
                now = time.monotonic()
                if self._stop.is_set():
                    leave = min(leave, now + _LEAVE)
                late = now >= end
                if late or now >= leave:
                    break
                continue
            if got is None:
                working -= 1
            elif isinstance(got, Exception):
                fault = got
            else:
                told[got[0]] = got[1]
                end = time.monotonic() + _LONGEST
        if fault:
            raise fault
        return told, late

    def close(self) -> None:
        """End what is still under way; the threads then close their connections."""
        self._closed.set()
        for connection in self._connections:
            if (sock := connection.sock) is not None:
                with suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)  # wakes who reads from it


def publish(connection: HTTPConnection, hub: str, topic: str) -> Answer:
    """Tell a hub of one topic, and wait for its answer. Raises nothing that a hub can cause.

    WebSub §6 leaves the form open: most hubs read `hub.url`, some `hub.topic`. One topic a
    request, for hubs differ in how they take many.
    """
    fields = {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}
    headers = {"User-Agent": USER_AGENT, "Content-Type": "application/x-www-form-urlencoded"}
    try:
        if not connection.is_connected:
            connection.close()  # it connects anew by itself
        target = urllib3.util.parse_url(hub).request_uri
        connection.request("POST", target, urlencode(fields), headers, preload_content=False)
        answer = connection.getresponse()
        said = answer.read1(_SAID_BYTES, decode_content=False)
        if answer.length_remaining != 0:
            connection.close()  # what is left of the answer is of no interest
        answer.close()
    except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
        connection.close()
        return Answer(None, f"no answer: {error}")
    return Answer(
        answer.status, _message(answer, said.decode(errors="replace")), retry_after(answer)
    )


def _connection(hub: str) -> HTTPConnection:
    """Connects when it is first used, and again whenever it was closed."""
    url = urllib3.util.parse_url(hub)
    made = HTTPSConnection if url.scheme == "https" else HTTPConnection
    return made((url.host or "").strip("[]"), url.port, timeout=_SILENCE)


def _message(answer: urllib3.BaseHTTPResponse, said: str) -> str:
    """What an answer means, in one line."""
    where = answer.headers.get("Location")
    if 300 <= answer.status < 400 and where:
        return f"{answer.status}: it moved to {where}; name that as hub in site.yaml"
    return f"{answer.status} {answer.reason or ''}: {' '.join(said.split())}".rstrip(": ")
