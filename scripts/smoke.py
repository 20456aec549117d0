"""Is a server up, and does it serve what it lists? Exits 1 with the reason if not.

Usage: python scripts/smoke.py http://127.0.0.1:8000/ [PID of what starts it]
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urljoin
from xml.etree import ElementTree

_PATIENCE_SECONDS = 300
_TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml"}


def fetch(url: str, headers: dict[str, str] | None = None) -> tuple[int, str, str, bytes]:
    """Status, Content-Type, ETag and body of a URL."""
    request = urllib.request.Request(url, headers=headers or {})  # noqa: S310 - a URL of our own
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            read = answer.headers
            return answer.status, read["Content-Type"], read["ETag"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.headers["ETag"] or "", b""


def wait_for(url: str, pid: int | None) -> None:
    """Until the server answers, its process ends, or patience does."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            if fetch(url)[0] == 200:
                return
        except OSError:
            pass
        if pid:
            os.kill(pid, 0)  # raises if it is gone
        if time.monotonic() > end:
            raise SystemExit(f"{url}: no answer in {_PATIENCE_SECONDS} s")
        time.sleep(0.5)


def check(url: str, media_type: str) -> bytes:
    """A document is there, of its type, parses, and is not sent twice to who has it; its body."""
    status, type_, tag, body = fetch(url)
    if (status, type_) != (200, f"{media_type}; charset=utf-8"):
        raise SystemExit(f"{url}: {status} {type_}")
    if media_type.endswith("json"):
        json.loads(body)
    elif media_type.endswith("xml"):
        ElementTree.fromstring(body)  # noqa: S314 - our own
    if fetch(url, {"If-None-Match": tag})[0] != 304:
        raise SystemExit(f"{url}: no 304 for the ETag {tag}")
    return body


def main(base: str, pid: int | None) -> None:
    """Everything that the server lists."""
    wait_for(urljoin(base, "readyz"), pid)
    status, type_, _, page = fetch(base)
    if (status, type_) != (200, "text/html; charset=utf-8") or b"<title>" not in page:
        raise SystemExit(f"{base}: {status} {type_}")
    outlines = ElementTree.fromstring(fetch(urljoin(base, "feeds.opml"))[3]).iter("outline")  # noqa: S314
    home = json.loads(fetch(urljoin(base, "all.json"))[3])["feed_url"].removesuffix("all.json")
    paths = [each.attrib["xmlUrl"] for each in outlines if "xmlUrl" in each.attrib]
    for path in paths:
        stem = path.removeprefix(home).removesuffix(".atom")
        for extension in ("rss", "atom", "json"):
            media_type = _TYPES.get(extension, "application/feed+json")
            check(urljoin(base, f"{stem}.{extension}"), media_type)
        if b"<title>" not in check(urljoin(base, f"{stem}.html"), "text/html"):
            raise SystemExit(f"{stem}.html is no page")
    for stylesheet in ("pages.css", "feed.css"):
        check(urljoin(base, stylesheet), "text/css")
    if not paths or fetch(urljoin(base, "no-such-feed.rss"))[0] != 404:
        raise SystemExit("no feeds are listed, or one that does not exist is there")
    print(f"{len(paths)} feeds in three formats are served, each with its page")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
