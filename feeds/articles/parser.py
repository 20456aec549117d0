"""Parses one article file into its `Entry`, reading only known front matter. No I/O, no clock."""

import hashlib
import posixpath
from datetime import datetime
from functools import lru_cache
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from feeds.articles import (
    article_date,
    attachments,
    attribution,
    entry_text,
    frontmatter,
    unread_keys,
    withholding,
)
from feeds.articles.content import ContentParts, compose
from feeds.articles.fact_line import fact_line
from feeds.articles.fields import MAX_URL, Fields
from feeds.articles.frontmatter import ParsedFile
from feeds.articles.site_files import NoFiles, SiteFiles
from feeds.config.settings import LANGUAGE
from feeds.config.site import Site
from feeds.errors import ArticleError, Notice, Problem
from feeds.model.entry import Entry, content_hash
from feeds.presets.reading import DateSource, Location, Reading
from feeds.util import dates, urls
from feeds.util.text import quote_for_message

_MAX_TOPICS = 100
_NO_FILES = NoFiles()


class Article(msgspec.Struct, frozen=True):
    """A parsed article file. `entry` is None if it is withheld or cannot be published.

    `likeness` is a hash of title, date and text without the path, so a renamed file keeps it;
    `source_hash` is one of all that its author wrote and an entry can show. `minor` marks changes
    that keep `updated`.
    `reason` is why a withheld article is not published, in words that many articles share, and
    `dated` is where its date comes from. `notices` are remarks that `feeds check` counts.
    `content_hash` is the entry's. `until` is the time, in seconds since the epoch, at which the
    same file gives another result; None if it never does.
    """

    entry: Entry | None
    withheld: bool = False
    reason: str = ""
    dated: DateSource = ""
    notices: tuple[Notice, ...] = ()
    likeness: str = ""
    source_hash: str = ""
    minor: bool = False
    problems: tuple[Problem, ...] = ()
    content_hash: str = ""
    until: int | None = None


class _Opened(NamedTuple):
    """An article that is published, before its body is read.

    `written` is the file as its author wrote it, `file` as the preset reads it.
    """

    head: "_Head"
    fields: Fields
    written: ParsedFile
    file: ParsedFile
    reading: Reading
    until: int | None


class _Head(msgspec.Struct, frozen=True, gc=False):
    """The parts that every entry has, and those they are computed from.

    `via` is the URL of the original if `link` is another one.
    """

    title: str
    published: datetime
    category: str | None
    type: str | None
    link: str
    via: str | None
    page: Location


def stem(path: str) -> str:
    """Return the path without its extension, from which the entry's id is made."""
    return posixpath.splitext(path)[0]


def identifier(path: str, site: Site) -> str:
    """Return the id of an article that is first seen at `path` (RFC 4287 §4.2.6)."""
    return site.new_id(quote(stem(path), safe="/!$&'()*+,;=@~"))


def parse(
    path: str,
    content: bytes,
    seen: datetime,
    site: Site,
    now: datetime | None = None,
    files: SiteFiles = _NO_FILES,
) -> Article:
    """Parse the article at `path`, which is relative to the article folder (with `/`).

    `seen` is the time the article was first seen, and the date of an article without one. The
    dates that withhold an article are compared with `now`, or with `seen` if `now` is None.
    `files` knows the site's other files. Never raises for a bad article: the problems say why it
    has no entry.
    """
    opened = _open(path, content, seen, site, now or seen)
    if isinstance(opened, Article):
        return opened
    written = opened.written
    # Before the rest, which may change values of the front matter.
    source_hash = site.preset.source_hash.of(written.data, written.body)
    notices: list[Notice] = []
    entry = _build_entry(opened, site, files, notices)
    reading = opened.reading
    minor = article_date.is_minor(opened.fields)
    dated = article_date.source(reading, opened.fields, path, site)
    notices += unread_keys.notices(reading.data, has_date=dated != "")
    return Article(
        entry,
        likeness=_likeness(opened.file),
        source_hash=source_hash,
        minor=minor,
        problems=tuple(opened.fields.problems),
        content_hash=content_hash(entry),
        until=opened.until,
        dated=dated,
        notices=tuple(notices),
    )


def link(path: str, content: bytes, site: Site, now: datetime) -> str | None:
    """Return the URL of an article that others link to; None if it is not published."""
    opened = _open(path, content, dates.EPOCH, site, now)
    return None if isinstance(opened, Article) else opened.head.link


def _open(
    path: str, content: bytes, seen: datetime, site: Site, now: datetime
) -> "_Opened | Article":
    """Read the front matter of an article; an `Article` without entry if it is not published."""
    preset = site.preset
    try:
        written = file = frontmatter.split(path, content, preset.formats)
    except ArticleError as error:
        return Article(None, problems=(error.problem,))
    reading = preset.read(path, file.data, file.body)
    if reading.skipped:
        return Article(None, withheld=True, reason=reading.skipped)
    if reading.data is not file.data:
        file = msgspec.structs.replace(
            file, data=reading.data, body=reading.body, names=reading.names
        )
    problems = list(file.problems)
    fields = Fields(file, file.data, problems)
    verdict = withholding.judge(fields, path, file.repeated, now, site)
    if verdict.withheld:
        return Article(
            None,
            withheld=True,
            reason=verdict.reason,
            problems=tuple(problems),
            until=verdict.until,
        )
    for name, remark in reading.remarks.items():
        fields.wrong(name, remark)
    head = _head(fields, reading, path, seen, site)
    if head is None:
        return Article(None, problems=tuple(problems))
    return _Opened(head, fields, written, file, reading, verdict.until)


def _likeness(file: ParsedFile) -> str:
    values = [file.data.get(name) for name in ("title", "name", "excerpt", "publishedDateTime")]
    return hashlib.sha256(repr([*values, file.body]).encode("utf-8", "replace")).hexdigest()[:32]


def _head(fields: Fields, reading: Reading, path: str, seen: datetime, site: Site) -> _Head | None:
    """Return the required parts; None, with a fatal problem, if one is missing or invalid."""
    title = _title(fields)
    if not title:
        return None
    published = article_date.published(fields, path, seen, site)
    if published is None:
        return None
    category, type_ = _category_and_type(fields, path, site)
    page = site.preset.locate(path, reading, title, published, category)
    if mistake := page.mistake or _too_long(page.url or ""):
        fields.wrong(page.key or None, f"the URL of the page: {mistake}", fatal=True)
        return None
    link, via = _link(fields, page, site)
    if link is None:
        fields.refuse(("webUrl", "originalUrl"), "is missing; give it, or set site.permalink")
        return None
    return _Head(title, published, category, type_, link, via, page)


def _title(fields: Fields) -> str:
    """Return the title, or `name` if there is none; empty, with a fatal problem, without both."""
    title = fields.text("title")
    if not title and fields.raw("title") in (None, ""):
        title = fields.text("name")
    if not title:
        fields.refuse(("title", "name"), "is missing; give the article a title")
    return title


def _too_long(url: str) -> str:
    return f"has {len(url):,} characters, more than {MAX_URL:,}; shorten it" * (len(url) > MAX_URL)


def _build_entry(opened: _Opened, site: Site, files: SiteFiles, notices: list[Notice]) -> Entry:
    head, fields, file = opened.head, opened.fields, opened.file
    updated = fields.date("updatedDateTime", site.zone)
    place = entry_text.Place(head.title, head.link, head.page.url or head.link)
    text = entry_text.read(fields, file, opened.reading, place, site, files)
    notices += text.notices
    images = tuple(attachments.images(fields, site, files))
    player = attachments.player(fields, site)
    provider, authors = attribution.provider(fields, site)
    related = attribution.related(fields, site)
    parts = ContentParts(
        title=head.title,
        body=text.html,
        summary=text.summary,
        link=head.link,
        image=images[0] if images else None,
        player=player,
        facts=fact_line(fields, head.type),
        provider=provider,
        credit_url=head.via or head.link,
        related=related,
    )
    return Entry(
        id=head.page.id or identifier(file.path, site),
        path=file.path,
        title=head.title,
        link=head.link,
        published=head.published,
        updated=max(updated or head.published, head.published),
        summary=text.summary,
        content=compose(parts),
        via=head.via,
        language=_language(fields),
        authors=authors,
        provider=provider,
        category=head.category,
        type=head.type,
        topics=fields.names("topics", _MAX_TOPICS),
        images=images,
        enclosures=tuple(attachments.enclosures(fields, images, site, files)),
        player=player,
        related=related,
        quality=fields.number("quality") or 0,
        heat=fields.number("heat") or 0,
        aliases=head.page.aliases,
    )


def _category_and_type(fields: Fields, path: str, site: Site) -> tuple[str | None, str | None]:
    """Return category and type: the article's own, else the defaults of the nearest folder."""
    category, type_ = fields.name("category"), fields.name("type")
    is_foreign = site.preset.is_foreign
    folders = _folders(path.rpartition("/")[0])
    for folder in folders:
        if defaults := site.settings.articles.defaults.get(folder):
            category = category or defaults.category or ""
            type_ = type_ or defaults.type or ""
    if not category and folders and not is_foreign:
        category = folders[-1].lstrip("_")
    return category or None, type_ or (None if is_foreign else "article")


@lru_cache(1000)
def _folders(folder: str) -> tuple[str, ...]:
    """Return the folder and its ancestors, nearest first, below the article folder."""
    return tuple(str(parent) for parent in PurePosixPath(folder, "_").parents)[:-1]


def _link(fields: Fields, page: Location, site: Site) -> tuple[str | None, str | None]:
    """Return the entry's link, and the URL of the original if that is another one."""
    web = fields.url("webUrl", site.settings.url)
    original = fields.url("originalUrl", site.settings.url)
    own = page.url and urls.absolute(page.url)
    origin = original or web
    prefers_own = site.settings.link == "permalink" or site.preset.is_foreign
    link = (prefers_own and own) or web or original or own
    return link, origin if origin != link else original


def _language(fields: Fields) -> str | None:
    """Return the language tag of the article (BCP 47); None if it is absent or invalid."""
    name = "language" if fields.raw("language") else "locale"
    tag = fields.name(name).replace("_", "-")
    if tag and not LANGUAGE.fullmatch(tag):
        fields.wrong(
            name, f"{quote_for_message(tag)} is not a language tag; write en-GB, for example"
        )
        return None
    return tag or None
