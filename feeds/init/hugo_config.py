"""Hugo's configuration, from all its places and formats (gohugo.io/configuration/introduction)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec

from feeds.init import literals

_FORMATS = (".toml", ".yaml", ".yml", ".json")
_NAMES = ("hugo", "config")
# Later ones overrule earlier ones; a site is published in the environment `production`.
_FOLDERS = ("config/_default", "config/production")


class Language(msgspec.Struct, frozen=True):
    """A language of the site: its key, the tag for readers, and the content folder if it has one.

    `settings` is the site's configuration with the language's own in front.
    """

    key: str
    tag: str
    folder: str
    settings: Mapping[str, Any]
    has_own_folder: bool = True

    @property
    def reading_tag(self) -> str:
        """The tag that its articles have: only a folder can give them another one than the key."""
        return self.tag if self.has_own_folder else self.key


def files(root: Path) -> list[Path]:
    """Return the files that configure the site, those that overrule others last."""
    names = [root / f"{name}{suffix}" for name in _NAMES for suffix in _FORMATS]
    top = [path for path in names if path.is_file()][:1]
    return top + [path for folder in _FOLDERS for path in _below(root / folder)]


def _below(folder: Path) -> Iterator[Path]:
    paths = sorted(folder.rglob("*")) if folder.is_dir() else []
    yield from (path for path in paths if path.suffix in _FORMATS and path.is_file())


def read(root: Path, unclear: list[str]) -> dict[str, Any]:
    """Return the whole configuration, with keys in lower case."""
    settings: dict[str, Any] = {}
    for path in files(root):
        part: Any = _lower(literals.read_data(path, unclear, root) or {})
        if path.stem not in _NAMES:
            for key in reversed(_keys(path.stem)):
                part = {key: part}
        _merge(settings, part if isinstance(part, dict) else {})
    return settings


def _keys(stem: str) -> list[str]:
    """Return where the settings of a file such as `languages.en` or `params.en` belong."""
    name, _, language = stem.lower().partition(".")
    if not language:
        return [name]
    own = [name] if name in ("params", "menus", "menu") else []
    return ["languages", language, *own]


def _lower(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name).lower(): _lower(inner) for name, inner in value.items()}
    return [_lower(item) for item in value] if isinstance(value, list) else value


def _merge(into: dict[str, Any], other: Mapping[str, Any]) -> None:
    for name, value in other.items():
        if isinstance(value, dict) and isinstance(inner := into.get(name), dict):
            _merge(inner, value)
        else:
            into[name] = value


def get(settings: Mapping[str, Any], *names: str) -> Any:
    """Return the first of these values that is set; a dot leads into a mapping."""
    for name in names:
        value: Any = settings
        for key in name.lower().split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value not in (None, ""):
            return value
    return None


def text(settings: Mapping[str, Any], *names: str) -> str:
    """Return the first of these values that is text; empty if none is."""
    values = (get(settings, name) for name in names)
    return next((value.strip() for value in values if isinstance(value, str)), "")


def mapping(settings: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """Return the first of these values that is a mapping; an empty one if none is."""
    values = (get(settings, name) for name in names)
    return next((value for value in values if isinstance(value, Mapping)), {})


def texts(settings: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    """Return the first of these values that is a list, or one text, as texts."""
    value = get(settings, *names)
    items = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    return tuple(item for item in items if isinstance(item, str))


def languages(settings: Mapping[str, Any]) -> list[Language]:
    """Return the languages of the site, the default one first."""
    default = (text(settings, "defaultContentLanguage") or "en").lower()
    table = mapping(settings, "languages")
    disabled = {key.lower() for key in texts(settings, "disableLanguages")}
    keys = [
        key
        for key, own in table.items()
        if key not in disabled and not (isinstance(own, Mapping) and own.get("disabled") is True)
    ]
    if default not in keys:
        keys.append(default)
    folders = _mounted(settings)
    found = [
        _language(key, settings, mapping(table, key), folders)
        for key in sorted(keys, key=lambda key: key != default)
    ]
    shared = Counter(language.folder for language in found)
    return [
        msgspec.structs.replace(language, has_own_folder=shared[language.folder] == 1)
        for language in found
    ]


def _language(
    key: str, settings: Mapping[str, Any], own: Mapping[str, Any], folders: Mapping[str, str]
) -> Language:
    merged: dict[str, Any] = {}
    _merge(merged, deepcopy(dict(settings)))
    _merge(merged, deepcopy(dict(own)))
    tag = text(own, "locale", "languageCode")
    if not tag and key == (text(settings, "defaultContentLanguage") or "en").lower():
        tag = text(settings, "locale", "languageCode")
    folder = text(own, "contentDir") or folders.get(key) or text(settings, "contentDir")
    folder = folder or folders.get("") or "content"
    return Language(key, (tag or key).replace("_", "-"), folder.strip("/"), merged)


def _mounted(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the folders that `module.mounts` makes the content, by language."""
    folders: dict[str, str] = {}
    for mount in _mounts(settings):
        if text(mount, "target").strip("/") == "content" and text(mount, "source"):
            keys = texts(mount, "sites.matrix.languages", "lang") or ("",)
            for key in keys:
                folders.setdefault(key.lower().replace("*", ""), text(mount, "source"))
    return folders


def _mounts(settings: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    mounts = get(settings, "module.mounts")
    return [mount for mount in mounts if isinstance(mount, dict)] if mounts else []


def strange_mounts(settings: Mapping[str, Any]) -> list[str]:
    """Return the targets and modules from which content comes that is not in a content folder."""
    targets = [text(mount, "target").strip("/") for mount in _mounts(settings)]
    strange = [target for target in targets if target.startswith("content/")]
    imports = get(settings, "module.imports")
    for module in imports if isinstance(imports, list) else ():
        mounts = module.get("mounts") if isinstance(module, dict) else None
        sources = [mount for mount in mounts or () if isinstance(mount, dict)]
        if any(text(mount, "target").startswith("content") for mount in sources):
            strange.append(text(module, "path"))
    return list(dict.fromkeys(strange))


def dates(settings: Mapping[str, Any], key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys from which Hugo takes a date; `default` if the site does not say."""
    aliases = {
        "publishdate": ("pubdate", "published"),
        "lastmod": ("modified",),
        "expirydate": ("unpublishdate",),
    }
    names: list[str] = []
    for name in texts(settings, f"frontmatter.{key}"):
        folded = name.lower()
        names += default if folded == ":default" else (folded, *aliases.get(folded, ()))
    return tuple(dict.fromkeys(names)) or default
