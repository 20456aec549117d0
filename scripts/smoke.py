"""Check that a server is up and serves every document that it lists; exit with 1 if not.

Usage: python scripts/smoke.py http://127.0.0.1:8000/ [PID of the server]
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
    """Return status, Content-Type, ETag and body of a URL."""
    request = urllib.request.Request(url, headers=headers or {})  # noqa: S310 - our own URL
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            fields = response.headers
            return response.status, fields["Content-Type"], fields["ETag"], response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.headers["ETag"] or "", b""


def wait_for(url: str, pid: int | None) -> None:
    """Wait until the server is ready; fail if its process ends or time runs out."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            if fetch(url)[0] == 200:
                return
        except OSError:
            pass
        if pid:
            os.kill(pid, 0)  # raises if the process has ended
        if time.monotonic() > end:
            raise SystemExit(f"{url}: not ready after {_PATIENCE_SECONDS} s")
        time.sleep(0.5)


def check(url: str, media_type: str) -> bytes:
    """Check status, type and syntax of a document, and its 304; return its body."""
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
    """Check everything that the server lists."""
    wait_for(urljoin(base, "readyz"), pid)
    status, type_, _, page = fetch(base)
    if (status, type_) != (200, "text/html; charset=utf-8") or b"<title>" not in page:
        raise SystemExit(f"{base}: {status} {type_}")
    outlines = ElementTree.fromstring(fetch(urljoin(base, "feeds.opml"))[3]).iter("outline")  # noqa: S314
    home = json.loads(fetch(urljoin(base, "all.json"))[3])["feed_url"].removesuffix("all.json")
    paths = [outline.attrib["xmlUrl"] for outline in outlines if "xmlUrl" in outline.attrib]
    for path in paths:
        stem = path.removeprefix(home).removesuffix(".atom")
        for extension in ("rss", "atom", "json"):
            media_type = _TYPES.get(extension, "application/feed+json")
            check(urljoin(base, f"{stem}.{extension}"), media_type)
        if b"<title>" not in check(urljoin(base, f"{stem}.html"), "text/html"):
            raise SystemExit(f"{stem}.html is not a page")
    for stylesheet in ("pages.css", "feed.css"):
        check(urljoin(base, stylesheet), "text/css")
    if not paths or fetch(urljoin(base, "no-such-feed.rss"))[0] != 404:
        raise SystemExit("no feeds are listed, or a feed that does not exist is found")
    print(f"{len(paths)} feeds are served, in three formats and as pages")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
