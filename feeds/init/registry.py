"""The generators that `feeds init` knows. Each is a module `feeds.init.NAME` of two functions."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, cast

from feeds.init.findings import Findings

# In the order in which they are tried: the first that matches is the likelier one. A site of our
# own vocabulary, and one of Hexo, may look like one of Jekyll.
NAMES = (
    "native", "hexo", "jekyll", "hugo", "zola", "pelican", "nikola", "mkdocs", "eleventy", "astro",
    "docusaurus", "quarto", "vitepress", "plain",
)  # fmt: skip


class Generator(NamedTuple):
    """A generator: `detect` returns the files that give it away, `inspect` reads its settings."""

    name: str
    detect: Callable[[Path], tuple[str, ...]]
    inspect: Callable[[Path], Findings]


def generators() -> list[Generator]:
    """Return all generators, in the order in which they are tried."""
    return [generator(name) for name in NAMES if find_spec(f"feeds.init.{name}")]


def generator(name: str) -> Generator:
    """Return one of `NAMES`."""
    module = import_module(f"feeds.init.{name}")
    return Generator(
        name,
        cast("Callable[[Path], tuple[str, ...]]", module.detect),
        cast("Callable[[Path], Findings]", module.inspect),
    )
