"""The presets by name; each module is imported when its generator is used."""

from importlib import import_module
from typing import Literal, get_args

from feeds.presets.preset import Preset
from feeds.presets.reading import Options

PresetName = Literal[
    "plain", "jekyll", "hugo", "eleventy", "pelican", "zola", "astro", "mkdocs", "docusaurus",
    "hexo", "nikola", "quarto", "vitepress",
]  # fmt: skip
NAMES: tuple[PresetName, ...] = get_args(PresetName)


def preset_class(name: PresetName | None) -> type[Preset]:
    """Return the preset of this name; without a name, that of our own vocabulary."""
    if name == "plain":
        return Preset
    module = import_module(f"feeds.presets.{name or 'native'}")
    found = getattr(module, (name or "native").capitalize())
    assert issubclass(found, Preset)  # noqa: S101
    return found  # type: ignore[no-any-return]


def make(name: PresetName | None, options: Options) -> Preset:
    """Return a preset with the settings of a site."""
    return preset_class(name)(options)
