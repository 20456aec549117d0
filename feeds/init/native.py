"""A site whose articles have this project's own vocabulary, with Jekyll-like folders (`_news`)."""

from pathlib import Path
from typing import Any

from feeds.init import literals
from feeds.init.findings import Findings
from feeds.init.survey import Survey, survey

_DATE, _LINKS = "publishedDateTime", ("originalUrl", "webUrl")
_CONFIGS = ("_config.yml", "_config.yaml")
_NO_ARTICLES = ("_data", "_layouts", "_includes", "_sass", "assets", "api")
# Folders of topic and provider files, by the names that they have in the config folder.
_DATA = {"topics": ("_data/topics",), "providers": ("_data/providers", "_data/organizations")}


def detect(root: Path) -> tuple[str, ...]:
    """Return the folders of articles, if most articles are dated by `publishedDateTime`."""
    articles = survey(root)
    if not _is_ours(articles):
        return ()
    return tuple(dict.fromkeys(path.partition("/")[0] for path in articles.heads))[:3]


def _is_ours(articles: Survey) -> bool:
    number = sum(
        _DATE in head and any(name in head for name in _LINKS) for head in articles.heads.values()
    )
    return 0 < len(articles.heads) < 2 * number


def inspect(root: Path) -> Findings:
    """Return the settings of the site."""
    unclear: list[str] = []
    config = next((root / name for name in _CONFIGS if (root / name).is_file()), None)
    data = literals.read_mapping(config, unclear, root) if config else {}
    base = _text(data, "url").rstrip("/") + _text(data, "baseurl")
    url = _text(data, "webUrl") or base
    return Findings(
        preset=None,
        generator="Articles in this project's own vocabulary",
        evidence=detect(root) + ((config.name,) if config else ()),
        root=root,
        url=url,
        title=_text(data, "title", "name"),
        description=_text(data, "description"),
        language=_text(data, "locale", "lang", "language"),
        timezone=_text(data, "timezone"),
        folder="",
        ignore=tuple(name for name in _NO_ARTICLES if (root / name).is_dir()),
        assets_url=base if base != url else "",
        permalink="/{path}/",
        ids="own",
        links={
            name: folder
            for name, folders in _DATA.items()
            for folder in folders
            if (root / folder).is_dir()
        },
        unclear=unclear,
    )


def _text(data: dict[str, Any], *names: str) -> str:
    values = (data.get(name) for name in names)
    return next((value for value in values if isinstance(value, str)), "")
