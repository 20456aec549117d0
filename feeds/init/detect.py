"""Finds the generator of a site: in its folder, or one level below it."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from feeds.init import registry
from feeds.init.registry import Generator

# Folders in which a project keeps its site.
_BELOW = ("docs", "doc", "site", "website", "web", "www", "blog", "apps/*", "packages/*", "sites/*")
# This takes any folder with articles, so that it comes last, and is not searched below.
_ANY = "plain"


class Match(NamedTuple):
    """A generator that fits, the root of its site, and the files that give it away."""

    generator: Generator
    root: Path
    evidence: tuple[str, ...]


def matches(folder: Path) -> list[Match]:
    """Return the generators that fit, the likeliest first; `plain` only if no other fits."""
    generators = registry.generators()
    known = [generator for generator in generators if generator.name != _ANY]
    likely = [match for root in (folder, *_below(folder)) for match in _matches_in(root, known)]
    others = [generator for generator in generators if generator.name == _ANY]
    return likely or list(_matches_in(folder, others))[:1]


def forced(folder: Path, name: str) -> Match:
    """Return a generator by name, where its files are, or else in the folder itself."""
    generator = registry.generator(name)
    roots = (folder, *(() if name == _ANY else _below(folder)))
    fitting = (match for root in roots for match in _matches_in(root, [generator]))
    return next(fitting, Match(generator, folder, ()))


def _matches_in(root: Path, generators: list[Generator]) -> Iterator[Match]:
    for generator in generators:
        if evidence := generator.detect(root):
            yield Match(generator, root, evidence)


def _below(folder: Path) -> list[Path]:
    paths = (path for pattern in _BELOW for path in sorted(folder.glob(pattern)))
    return [path for path in paths if path.is_dir() and not path.is_symlink()]
