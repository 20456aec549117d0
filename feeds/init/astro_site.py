"""The title, language and author that an Astro site has in its own modules. Nothing is run."""

from collections.abc import Iterator
from typing import Any

from feeds.init import literals
from feeds.init.astro_sources import Sources
from feeds.presets.matter import Matter

# Where sites have their title, the likeliest first.
_SITE_FILES = ("config", "consts", "constants", "site.config", "siteConfig", "config/site",
               "data/site", "lib/config", "utils/config", "lib/constants", "site")  # fmt: skip


def site_data(sources: Sources) -> list[Matter]:
    """Return what the site's modules may say about it, the likeliest first."""
    return [Matter(each) for each in _objects(sources)]


def _objects(sources: Sources) -> Iterator[dict[str, Any]]:
    """Yield objects of the site's modules, and their constants, that may have its title."""
    for name in _SITE_FILES:
        for suffix in (".ts", ".js", ".mjs", ".json", ".mts"):
            path = sources.root / f"src/{name}{suffix}"
            if not path.is_file():
                continue
            values = (
                literals.read_mapping(path, [])
                if suffix == ".json"
                else literals.read_script(path).constants
            )
            objects = [value for value in values.values() if isinstance(value, dict)]
            yield from (each for each in objects if {"title", "name", "TITLE"} & each.keys())
            yield values
            default = {} if suffix == ".json" else literals.read_script(path).default
            if isinstance(default, dict):
                yield default
                yield from (value for value in default.values() if isinstance(value, dict))


def find_text(sources: list[Matter], *names: str) -> str:
    """Return the first text at one of the names."""
    values = [value.value for source in sources for value in source.all(names)]
    return next((value.strip() for value in values if isinstance(value, str)), "")
