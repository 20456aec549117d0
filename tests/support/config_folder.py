"""Config folders for tests of settings."""

from pathlib import Path

import pytest

from feeds.config import load
from feeds.config.site import Site
from feeds.errors import ConfigError

SITE = """\
id: "tag:example.org,2026:"
url: https://example.org
title: Example
"""
FEEDS = """\
feeds:
  - path: all
"""


def write_config(root: Path, site: str = SITE, feeds: str = FEEDS, **files: str) -> Path:
    """Write site.yaml, feeds.yaml and further `NAME=text` files to the folder `root`."""
    (root / "articles").mkdir(exist_ok=True)
    (root / "site.yaml").write_text(site, encoding="utf-8")
    (root / "feeds.yaml").write_text(feeds, encoding="utf-8")
    for name, text in files.items():
        (root / f"{name}.yaml").write_text(text, encoding="utf-8")
    return root


def load_site(root: Path, site: str = SITE, feeds: str = FEEDS, **files: str) -> Site:
    """Write the files and load the site, without environment variables."""
    return load.load(write_config(root, site, feeds, **files), {})


def load_error(root: Path, site: str = SITE, feeds: str = FEEDS, **files: str) -> ConfigError:
    """Write the files and return the error with which loading the site fails."""
    with pytest.raises(ConfigError) as caught:
        load_site(root, site, feeds, **files)
    return caught.value
