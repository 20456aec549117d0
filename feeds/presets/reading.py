"""The values that presets take and return: settings of a site, and articles as read. No I/O."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from feeds.presets.ids import IdRule
from feeds.presets.matter import Matter
from feeds.presets.permalink import DateZone
from feeds.util.folder_names import FolderNames, no_names

Format = Literal["yaml", "toml", "json", "headers", "hexo", "rst", "html", "none"]
# The front matter, the text before the author's marker, the first paragraph, so many words, or as
# many paragraphs as are long enough for the preset.
SummarySource = Literal["field", "more", "paragraph", "50 words", "paragraphs"]
DateSource = Literal["front matter", "file name", "path", ""]


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """How bodies are written.

    `templates` are the template languages that run before Markdown. `linkify` makes links of bare
    URLs. `references` are relative to the page's URL or to the source file. `more` is the marker
    that ends the summary, besides `<!-- more -->`. `smart` curls quotation marks, and `emoji` makes
    characters of `:tada:`.
    """

    templates: tuple[
        Literal["liquid", "nunjucks", "hugo", "zola", "mdx", "mkdocs", "pelican", "hexo", "quarto",
                "docusaurus", "vitepress", "nikola"], ...] = ()  # fmt: skip
    linkify: bool = False
    smart: bool = False
    emoji: bool = False
    references: Literal["page", "source"] = "page"
    more: str = ""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a site that its preset needs.

    `url` ends in `/`. `permalink` are patterns by folder, `*` for all others. `fields` are names of
    front matter by ours. `defaults` is front matter by folder, which articles may overrule.
    `people` are the site's authors by key. `rules` are the options of the preset. `names` lists
    the files in a folder, for what a generator decides by the files beside an article.
    """

    url: str
    zone: ZoneInfo
    language: str = "en"
    permalink: Mapping[str, str] = {}
    permalink_zone: DateZone | None = None
    fields: Mapping[str, tuple[str, ...]] = {}
    defaults: Mapping[str, Mapping[str, Any]] = {}
    people: Mapping[str, Mapping[str, Any]] = {}
    rules: Mapping[str, Any] = {}
    ids: IdRule = "own"
    names: FolderNames = no_names


class Reading(msgspec.Struct, kw_only=True):
    """An article in this project's vocabulary.

    `data` is the front matter: our names, and those of the author that were not read. `names` are
    the author's keys for our names, for messages. `body` is what is left of the body. `skipped`
    says why the generator does not publish the file; empty if it does. `moment` is the date in its
    own zone, and `dated` says where it comes from. `heading` is the first heading as it is written.
    `remarks` are warnings by our names.
    """

    data: dict[str, Any]
    body: str
    matter: Matter
    names: dict[str, tuple[str, ...]] = {}
    skipped: str = ""
    moment: datetime | None = None
    dated: DateSource = ""
    heading: str = ""
    remarks: dict[str, str] = {}


class Location(msgspec.Struct, frozen=True):
    """Where an article's page is: its URL, its former URLs, and the id that its tool gives it.

    `mistake` says why the URL, given by the key `key` if not empty, cannot be published.
    """

    url: str | None = None
    aliases: tuple[str, ...] = ()
    id: str | None = None
    mistake: str = ""
    key: str = ""
