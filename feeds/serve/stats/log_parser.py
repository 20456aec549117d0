"""Parser for access logs in the common, combined and JSON formats, compressed with gzip or not.

A line that is not a request is None, whatever its bytes.
"""

import gzip
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, BinaryIO, NamedTuple, cast
from urllib.parse import unquote, urlsplit

import msgspec

from feeds.errors import LogError

# Bytes of a line. Servers write no longer ones; they are skipped without being held in memory.
_MAX_LINE = 64 * 1024
_GZIP = b"\x1f\x8b"
# The largest time in seconds since 1970; a larger number in JSON is in milliseconds.
_LATEST = 1e11

# `host ident user [time] "request" status bytes`, then optionally `"referer" "agent"` and more.
# Some servers put their own name and port in front. Quotes in values are escaped.
_LINE = re.compile(
    r'(?:\S+:\d+ )?(?P<client>\S+) \S+ [^"\[]{1,200}'
    r"\[(?P<minute>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d):(?P<second>\d\d) (?P<zone>[+-]\d{4})\] "
    r'"(?P<method>[A-Z]{1,20}) (?P<target>[^" ]*+)[^"]*+" (?P<status>\d{3}) (?:\d+|-)'
    r'(?: "(?:[^"\\]|\\.)*+" "(?P<agent>(?:[^"\\]|\\.)*+)")?'
)
# Names of JSON members used by servers and their manuals; dots separate nested names.
_TIME = ("time", "ts", "timestamp", "time_iso8601", "time_local", "msec", "@timestamp", "StartUTC")
_METHOD = ("method", "request.method", "request_method", "RequestMethod")
_TARGET = ("path", "request.uri", "request_uri", "uri", "url", "RequestPath")
_STATUS = ("status", "DownstreamStatus")
_AGENT = (
    "user_agent", "request.headers.User-Agent", "http_user_agent", "agent", "request_User-Agent",
)  # fmt: skip
_CLIENT = (
    "client", "request.client_ip", "request.remote_ip", "remote_addr", "remote_ip", "client_ip",
    "ClientHost",
)  # fmt: skip
_decoder = msgspec.json.Decoder()


class LoggedRequest(NamedTuple):
    """One answered request: `time` in seconds since 1970, `path` as it was requested.

    `client` identifies the client by its address or a hash of it; "" if unknown.
    """

    time: float
    method: str
    path: str
    status: int
    agent: str
    client: str


def parse(line: bytes) -> LoggedRequest | None:
    """Return the request that a line of an access log describes, or None."""
    if line.lstrip()[:1] == b"{":
        return _from_json(line)
    match = _LINE.match(line.decode("utf-8", "replace"))
    if match is None:
        return None
    client, minute, second, zone, method, target, status, agent = match.groups()
    start = _epoch(minute, zone)
    if start is None:
        return None
    return LoggedRequest(
        start + int(second), method, target, int(status), agent or "", _dash(client)
    )


def url_path(target: str) -> str:
    """Return the decoded path of a request target (RFC 9112 §3.2), without the query."""
    path = target.partition("?")[0]
    if not path.startswith("/"):
        try:
            path = urlsplit(path).path
        except ValueError:
            return ""
    return unquote(path.replace("\\x", "%"))  # nginx and Apache write bytes above ASCII as \xNN


def lines(name: str) -> Iterator[bytes]:
    """Yield the lines of a file, compressed or not, or of standard input if `name` is `-`.

    A line that is too long is replaced by an empty one. Raises `LogError` if the file cannot be
    read.
    """
    try:
        with _open(name) as file:
            while line := file.readline(_MAX_LINE):
                if len(line) < _MAX_LINE or line.endswith(b"\n"):
                    yield line
                    continue
                while line and not line.endswith(b"\n"):
                    line = file.readline(_MAX_LINE)
                yield b""
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LogError(f"{name}: cannot be read: {reason}; the rest was not counted") from error


@contextmanager
def _open(name: str) -> Iterator[BinaryIO]:
    with open(sys.stdin.fileno() if name == "-" else name, "rb", closefd=name != "-") as file:
        if file.peek(2)[:2] == _GZIP:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            yield file


def _from_json(line: bytes) -> LoggedRequest | None:
    try:
        data = _decoder.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    method, target = _text(data, _METHOD), _text(data, _TARGET)
    if not target and (request := data.get("request")) and isinstance(request, str):
        method, target = [*request.split(" "), "", ""][:2]  # nginx's $request
    time, status = _seconds(_first(data, _TIME)), _first(data, _STATUS)
    if time is None or not target or not str(status).isdecimal():
        return None
    number = int(str(status)[:4])
    return LoggedRequest(
        time, method, target, number, _text(data, _AGENT), _dash(_text(data, _CLIENT))
    )


def _first(data: Mapping[str, Any], names: tuple[str, ...]) -> object:
    """Return the first of these members that exists; of a list, its first item."""
    for name in names:
        value: Any = data
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if isinstance(value, list):
            value = next(iter(value), None)
        if value is not None:
            return cast(object, value)
    return None


def _text(data: Mapping[str, Any], names: tuple[str, ...]) -> str:
    value = _first(data, names)
    return value if isinstance(value, str) else ""


def _dash(client: str) -> str:
    return "" if client == "-" else client


def _seconds(value: object) -> float | None:
    """Parse a time in JSON: a number, RFC 3339, or the common log format; seconds since 1970."""
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return _moment(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    else:
        return None
    return _bounded(number / 1000 if number > _LATEST else number)


def _bounded(seconds: float) -> float | None:
    return seconds if 0 <= seconds < _LATEST else None


def _moment(text: str) -> float | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        start = _epoch(text[:17], text[21:])
        return None if start is None or not text[18:20].isdecimal() else start + int(text[18:20])
    return _bounded((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


@lru_cache(4096)
def _epoch(minute: str, zone: str) -> float | None:
    """Parse `24/Nov/2026:21:42` and `+0000`; seconds since 1970, or None if invalid."""
    try:
        day, month, year = minute[:2], _MONTHS.index(minute[3:6]) + 1, minute[7:11]
        at = datetime.fromisoformat(f"{year}-{month:02}-{day}T{minute[12:]}:00{zone}")
        return _bounded(at.timestamp()) if minute[2] == minute[6] == "/" and at.tzinfo else None
    except (ValueError, IndexError, OverflowError):
        return None


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
