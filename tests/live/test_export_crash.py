"""An export that is killed, or finds the disk full: each file is the old or the new one."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from feeds.errors import ExportError
from feeds.export import manifest
from tests.support.site import NOW, Publication, front_matter

ROOT = Path(__file__).parents[2]
# So many times an export is killed; 200 where changes are looked at before they land (.ci/run).
_KILLS = int(os.environ.get("TEST_KILLS", "40"))

# Exports one of two sites after the other, in a child that is killed; a line on standard input says
# with which site it begins, after how many feeds or pages it is killed, and how many seconds later.
_RUN = """
import datetime, os, signal, sys, time
from pathlib import Path
from feeds.config.load import load
from feeds.catalogue.catalogue import Catalogue
from feeds.export.exporter import ExportOptions, export
sites, out = [load(Path(each), {}) for each in sys.argv[1:3]], Path(sys.argv[3])
now = datetime.datetime.fromisoformat(sys.argv[4])
for line in sys.stdin:
    first, steps, seconds = line.split()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        tell = lambda *_: os.write(write, b".")
        which = int(first)
        while True:
            export(sites[which], Catalogue(sites[which].catalogue), out, now, tell,
                   ExportOptions(host="nginx"))
            which = 1 - which
    os.close(write)
    for _ in range(int(steps)):
        os.read(read, 1)
    time.sleep(float(seconds))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(read)
    print("killed", flush=True)
"""


def site(root: Path, *, changed: bool) -> Publication:
    """One of two states of a site: some of each other's feeds and files differ, some do not."""
    articles = {
        f"{number}.md": front_matter(
            f"Text {number}. " * 500,
            title=f"t{number}{' changed' if changed and number < 3 else ''}",
            webUrl=f"https://example.org/{number}",
            topics=[f"Topic {number % 3}", *(["New" if changed else "Old"] if number == 1 else [])],
        )
        for number in range(9)
    }
    publication = Publication(root, articles)
    publication.build()
    return publication


class States:
    """Two states of a site, each exported whole, to compare with."""

    def __init__(self, folder: Path) -> None:
        self.sites = [site(folder / f"site{number}", changed=bool(number)) for number in (0, 1)]
        self.whole = []
        for number, each in enumerate(self.sites):
            each.export(folder / f"whole{number}", host="nginx")
            self.whole.append(contents(folder / f"whole{number}"))

    def check(self, found: Mapping[str, bytes]) -> None:
        """Each file is that of one state, and none of both is missing."""
        for name, body in found.items():
            assert body in [whole.get(name) for whole in self.whole], f"{name} is torn"
        missing = set(self.whole[0]) & set(self.whole[1]) - set(found)
        assert not missing, "files are missing"

    def finish(self, number: int, out: Path) -> None:
        """The next export, undisturbed: nothing is left to wish for."""
        self.sites[number].export(out, host="nginx")
        assert contents(out) == self.whole[number]
        hidden = {file.name for file in out.rglob(".*")}
        assert hidden == {
            manifest.NAME,
            manifest.COMPLETION_NAME,
            ".feeds-export.lock",
            ".feeds-nginx.conf",
        }
        assert set(manifest.read(out).files) == {*self.whole[number], ".feeds-nginx.conf"}


def contents(folder: Path) -> dict[str, bytes]:
    """The files of an export that are for others, by path."""
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*")}
    return {
        name: file.read_bytes()
        for name, file in files.items()
        if not name.startswith(".feeds-") and file.is_file()
    }


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> States:
    return States(tmp_path_factory.mktemp("states"))


def test_every_file_is_whole_when_an_export_is_killed_at_any_time(
    states: States, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    states.finish(0, out)
    chance, mixed = random.Random(1), 0
    command = [sys.executable, "-c", _RUN, *(str(each.root) for each in states.sites), str(out)]
    with subprocess.Popen(
        [*command, NOW.isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdin
        assert process.stdout
        for number in range(_KILLS):
            first = chance.randint(0, 1)
            said = f"{first} {chance.randint(0, 9)} {chance.uniform(0, 0.02)}\n"
            process.stdin.write(said)
            process.stdin.flush()
            assert process.stdout.readline() == "killed\n"
            found = contents(out)
            states.check(found)
            mixed += found not in states.whole
            if number % 20 == 0:
                states.finish(first, out)
        process.stdin.close()
    assert mixed > _KILLS / 10, "it was always killed where there was nothing to tear"
    states.finish(1, out)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount") or "mount"
    mounted = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run([mount.replace("mount", "umount"), disk], check=True)


def test_every_file_is_whole_when_the_disk_is_full(states: States, small_disk: Path) -> None:
    out, filler = small_disk / "out", small_disk / "filler"
    states.finish(0, out)
    failed = 0
    for spare in range(0, 300_000, 12_000):
        usage = shutil.disk_usage(small_disk)
        filler.write_bytes(bytes(max(0, usage.free - spare)))
        with suppress(ExportError):
            states.sites[1].export(out, host="nginx")
        found = contents(out)
        states.check(found)
        failed += found != states.whole[1]
        filler.unlink()
        states.finish(1, out)
        states.finish(0, out)
    assert failed > 3, "the disk was never full"
    filler.write_bytes(bytes(shutil.disk_usage(small_disk).free))
    with pytest.raises(ExportError, match="No space left"):
        states.sites[1].export(out, host="nginx")
