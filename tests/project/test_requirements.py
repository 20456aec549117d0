"""requirements/*.txt agree with pyproject.toml, and name no registry and no path of a machine."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "requirements"
NAMES = ("ci", "lowest")

# A dependency of celery, which only the tests have, needs newer time zones than the project.
RAISED = {"tzdata"}

_PIN = re.compile(r"^(\S+)==(\S+)(.*)$", re.MULTILINE)


def declared() -> Iterator[Requirement]:
    """Every requirement of pyproject.toml, those of the tests included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for line in (*project["dependencies"], *project["optional-dependencies"]["test"]):
        yield Requirement(line)


def pins(name: str) -> dict[str, set[Version]]:
    """The versions that a file has of each package: several where the Python version decides."""
    versions: dict[str, set[Version]] = {}
    for package, version, _ in _PIN.findall((FOLDER / f"{name}.txt").read_text(encoding="utf-8")):
        versions.setdefault(canonicalize_name(package), set()).add(Version(version))
    return versions


@pytest.mark.parametrize("name", NAMES)
def test_pinned_versions_satisfy_pyproject(name: str) -> None:
    pinned = pins(name)
    unmet = [
        str(requirement)
        for requirement in declared()
        if not pinned.get(canonicalize_name(requirement.name))
        or not all(map(requirement.specifier.contains, pinned[canonicalize_name(requirement.name)]))
    ]
    assert unmet == [], "run scripts/update_requirements"


def test_the_lowest_versions_are_those_that_pyproject_names() -> None:
    pinned = pins("lowest")
    for requirement in declared():
        if requirement.name in RAISED:
            continue
        (bound,) = [each.version for each in requirement.specifier if each.operator == ">="]
        release = Version(bound).release
        for version in pinned[canonicalize_name(requirement.name)]:
            # `>=2.9` may resolve to 2.9.0 or, where that was never released, to 2.9.0.2.
            assert version.release[: len(release)] == release, requirement


def test_every_version_that_ci_installs_has_a_hash() -> None:
    text = (FOLDER / "ci.txt").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[^\s#])", text, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", NAMES)
def test_requirements_name_no_registry_and_no_path(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert re.findall(r"://|^--?[a-z]|(?:^|\s)/\S", text, re.MULTILINE) == []
