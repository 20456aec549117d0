"""Take the screenshot of docs/tutorial.md in headless Chromium.

    python -m scripts.screenshot [FILE]    default: docs/images/tutorial-page.png

Publishes the articles of the tutorial, but does not rename one, so that no date of today appears.
Opens the page of the feed `all`, and writes a PNG file. Needs Chromium in the PATH, or one that
playwright has installed.
"""

import functools
import http.server
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from scripts import tutorial

TARGET = tutorial.ROOT / "docs/images/tutorial-page.png"
_WIDTH, _HEIGHT = 900, 600  # in pixels
_RENAMING = re.compile(r"^## 7\..*?(?=^## 8\.)", re.MULTILINE | re.DOTALL)


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder without a log."""

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """The URL at which the folder is served."""
    handler = functools.partial(_Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def take(target: Path) -> None:
    """Write the screenshot to `target`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tutorial.updated(_RENAMING.sub("", tutorial.PAGE.read_text(encoding="utf-8")), folder)
        with _served(folder / "public") as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
            page.goto(f"{url}all.html")
            page.screenshot(path=target, full_page=True)
            browser.close()


def main(arguments: Sequence[str]) -> int:
    """Take the screenshot; returns the exit status."""
    take(Path(arguments[0]) if arguments else TARGET)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
