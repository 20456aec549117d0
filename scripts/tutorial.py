"""Run the tutorials of docs/ as a reader would, and keep the output that they show up to date.

    python scripts/tutorial.py            run them, write the output into the pages
    python scripts/tutorial.py --check    run them, exit 1 if a page shows other output

A line such as `**config/site.yaml**` before a code block means that the block is that file. In a
block of the language `console` each line that begins with `$ ` is a command, and the lines below
it are its output. A command that ends in `&` is the server; `kill %1` stops it.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/tutorial.md"
PAGES = (PAGE, ROOT / "docs/tutorial-site.md")

_PORT = "8000"  # in the page; the script uses a free one
_BLOCK = re.compile(
    r"(?:^\*\*(?P<file>[\w./-]+)\*\*\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_LISTENING = "Started worker"  # in the log of the server, once it answers


class TutorialError(Exception):
    """A command of the tutorial failed or printed something unexpected."""


class Shell:
    """Runs the commands of the page in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = _free_port()
        self._server: subprocess.Popen[str] | None = None
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("FEEDS_")
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{inherited.get('PATH', '')}"
        self._environment = {**inherited, "PATH": path, "COLUMNS": "80", "LC_ALL": "C.UTF-8"}

    def write(self, name: str, text: str) -> None:
        """Write a file of the tutorial."""
        file = self._folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def run(self, command: str) -> str:
        """The output of a command, as the page shows it."""
        if command.endswith("&"):
            return self._start(command.removesuffix("&").strip())
        if command == "kill %1":
            self.stop()
            return ""
        done = subprocess.run(  # noqa: S603 - the commands of our own page
            ["bash", "-c", command.replace(f":{_PORT}", f":{self._port}")],  # noqa: S607
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return self._shown(done.stdout)

    def _start(self, command: str) -> str:
        """Start the server, and return its first line once it answers."""
        self._server = subprocess.Popen(  # noqa: S603 - the command of our own page
            [*command.split(), "--port", str(self._port)],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        lines = []
        for line in self._server.stdout or ():
            lines.append(line)
            if _LISTENING in line:
                return self._shown(lines[0])
        raise TutorialError(f"{command} ended:\n{''.join(lines)}")

    def _shown(self, output: str) -> str:
        text = output.replace(f":{self._port}", f":{_PORT}").replace("\r", "")
        return text if not text or text.endswith("\n") else f"{text}\n"

    def stop(self) -> None:
        """Stop the server, if one runs."""
        if self._server and self._server.poll() is None:
            os.killpg(self._server.pid, signal.SIGTERM)
            self._server.communicate(timeout=30)


@contextmanager
def shell(folder: Path) -> Iterator[Shell]:
    """A shell in `folder`, whose server is stopped at the end."""
    opened = Shell(folder)
    try:
        yield opened
    finally:
        opened.stop()


def updated(text: str, folder: Path) -> str:
    """The page with the output that its commands have in the empty `folder`."""
    with shell(folder) as opened:
        return _BLOCK.sub(lambda block: _updated_block(block, opened), text)


def _updated_block(block: re.Match[str], opened: Shell) -> str:
    if block["file"]:
        opened.write(block["file"], block["text"])
    if block["language"] != "console":
        return block[0]
    commands = [line for line in block["text"].splitlines() if line.startswith("$ ")]
    body = "".join(f"{line}\n{opened.run(line.removeprefix('$ '))}" for line in commands)
    return block[0].replace(block["text"], body)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def main(arguments: Sequence[str]) -> int:
    """Run the pages, and write them, or with `--check` compare them; returns the exit status."""
    status = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            wanted = updated(text, Path(folder))
        if text == wanted:
            continue
        if "--check" in arguments:
            sys.stdout.write(f"{page.name} is out of date; run python scripts/tutorial.py\n")
            status = 1
        else:
            page.write_text(wanted, encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
