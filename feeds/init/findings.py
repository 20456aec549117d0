"""The settings of a site, its old feeds, and open questions, as `feeds init` finds them."""

from pathlib import Path
from typing import Any

import msgspec

from feeds.model.document import Format
from feeds.presets.ids import IdRule
from feeds.presets.permalink import DateZone
from feeds.presets.registry import PresetName


class OldFeed(msgspec.Struct, frozen=True):
    """A feed that the generator makes: its path below the site, without a leading slash.

    `size` is the number of items, None if it has all. `term` is the term of a feed that shows only
    one (`("topic", "release")`), and `field` the field of a family (`tags/{topic}/index.xml`).
    """

    path: str
    format: Format
    size: int | None = None
    title: str = ""
    term: tuple[str, str] | None = None
    field: str | None = None


class Findings(msgspec.Struct, kw_only=True):
    """A site as its generator's configuration describes it; empty values are unknown.

    `preset` is None for this project's own vocabulary. `generator` is its display name, `evidence`
    the files that gave it away. `root` is the root of the site. `folder` is the article folder,
    relative to `root`; `include` and `ignore` are patterns below it. `assets` is the folder of
    static files, relative to `root`. `assets_url`, `permalink`, `fields`, `rules`, `defaults` and
    `ids` are settings of these names (`feeds.config.settings`). `links` are folders of the site, by
    the name of the link to them in the config folder. `built` are the folders in which the
    generator leaves a built site. `unclear` are sentences for the user: what could not be read, and
    the setting to write instead.
    """

    preset: PresetName | None
    generator: str
    evidence: tuple[str, ...]
    root: Path
    url: str = ""
    title: str = ""
    description: str = ""
    language: str = ""
    timezone: str = ""
    author: str = ""
    author_url: str = ""
    author_email: str = ""
    rights: str = ""
    icon: str = ""
    logo: str = ""
    folder: str = ""
    include: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    assets: str = ""
    assets_url: str = ""
    links: dict[str, str] = {}
    permalink: str | dict[str, str] = ""
    permalink_zone: DateZone | None = None
    fields: dict[str, tuple[str, ...]] = {}
    rules: dict[str, Any] = {}
    defaults: dict[str, dict[str, Any]] = {}
    authors_file: str = ""
    ids: IdRule = "link"
    old_feeds: tuple[OldFeed, ...] = ()
    built: tuple[str, ...] = ()
    unclear: list[str] = []
