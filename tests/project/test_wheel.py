"""The wheel is complete: installed in an empty environment, it publishes the example site."""

import shutil
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
SETUPTOOLS = 77  # as pyproject.toml's build-system requires

pytestmark = [
    pytest.mark.live,
    pytest.mark.xdist_group("wheel"),  # one process builds it once
    pytest.mark.skipif(
        int(metadata.version("setuptools").partition(".")[0]) < SETUPTOOLS,
        reason=f"needs setuptools {SETUPTOOLS} or newer",
    ),
]


def run(*command: str | Path, folder: Path) -> str:
    """The output of a command that is run in `folder` and must succeed."""
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a clean copy, so that no leftover of an earlier build gets into it."""
    source = tmp_path_factory.mktemp("source")
    target = tmp_path_factory.mktemp("wheel")
    for name in ("LICENSE", "README.md", "pyproject.toml", "server.py"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "feeds", source / "feeds", ignore=shutil.ignore_patterns("__pycache__"))
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    run(sys.executable, "-c", build, target, folder=source)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that has this wheel.

    Dependencies come from the environment of the tests, behind the environment's own packages.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    programs = folder / "bin"
    run(programs / "pip", "install", "--no-deps", "--no-index", wheel, folder=folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    dependencies = [entry for entry in sys.path if Path(entry).name == "site-packages"]
    (packages / "dependencies.pth").write_text("\n".join(dependencies))
    return programs


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "feeds").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == {*expected, "server.py"}


def test_the_wheel_carries_the_license(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (info,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        assert archive.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        assert b"\nLicense-Expression: MIT\n" in archive.read(f"{info}/METADATA")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder outside the repository that has the example as `config`."""
    shutil.copytree(
        ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("catalogue*")
    )
    return tmp_path


def test_an_installed_wheel_exports_the_example(installed: Path, site: Path) -> None:
    run(installed / "feeds", "export", "--config", "config", "public", folder=site)
    public = site / "public"
    for name in ("all.rss", "all.atom", "all.json", "all.html", "index.html", "feeds.opml"):
        assert (public / name).is_file()
    assert list(public.rglob("*.css"))


def test_an_installed_wheel_serves_the_example(installed: Path, site: Path) -> None:
    run(installed / "feeds", "build", "--config", "config", folder=site)
    script = """
import feeds, server
response = server.create_app(watch=False).test_client().get("/all.html")
print(feeds.__file__, server.__file__, response.status_code)
"""
    *files, status = run(installed / "python", "-c", script, folder=site).split()
    assert all(Path(file).is_relative_to(installed.parent) for file in files)
    assert status == "200"
