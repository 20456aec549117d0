"""One article file -> its `Entry`, by an allow-list of front matter. No I/O, no clock.

The table "What an article says" of the design is this module, `feeds.articles.attachments` and
`feeds.articles.attribution`.
"""

import hashlib
import posixpath
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import msgspec

from feeds.articles import attachments, attribution, frontmatter, sanitizer, withholding
from feeds.articles.content import compose
from feeds.articles.fields import Fields
from feeds.articles.frontmatter import ParsedFile
from feeds.config.settings import LANGUAGE, PLACEHOLDER
from feeds.config.site import Site
from feeds.errors import ArticleError, Problem
from feeds.model.entry import Entry, content_hash
from feeds.util import dates, urls
from feeds.util.text import quote_for_message, shorten, slug

_MARKUP = {".html", ".htm"}
_MAX_TOPICS = 30


class Article(msgspec.Struct, frozen=True):
    """What a file says. `entry` is None where it is withheld (or cannot be published).

    `likeness` is equal for a renamed file, whatever its path: a hash of what its author wrote.
    `content_hash` is the entry's. `until` is when the clock alone makes something else of the same
    file, in seconds; None if it never does.
    """

    entry: Entry | None
    withheld: bool = False
    source_hash: str = ""
    problems: tuple[Problem, ...] = ()
    content_hash: str = ""
    until: int | None = None


def stem(path: str) -> str:
    """What an id is made of: the path without its extension."""
    return posixpath.splitext(path)[0]


def identifier(path: str, site: Site) -> str:
    """The id that an article at `path` gets when it is first seen (RFC 4287 §4.2.6)."""
    return site.new_id(quote(stem(path), safe="/!$&'()*+,;=@~"))


def parse(
    path: str, content: bytes, seen: datetime, site: Site, now: datetime | None = None
) -> Article:
    """The entry of the article at `path` (below the article folder, `/` between its parts).

    `seen` is when the article was first seen: the date of an article that has none. Dates that
    keep an article back before or after them are compared with `now`, or with `seen` if that is
    None. Nothing is raised for a bad article: its problems say why it has no entry.
    """
    try:
        read = frontmatter.split(path, content)
    except ArticleError as error:
        return Article(None, problems=(error.problem,))
    problems = list(read.problems)
    fields = Fields(read, read.data, problems)
    verdict = withholding.judge(fields, path, read.repeated, now or seen, site)
    if verdict.withheld:
        return Article(None, withheld=True, problems=tuple(problems), until=verdict.until)
    entry = _entry(fields, read, seen, site)
    if entry is None:
        return Article(None, problems=tuple(problems))
    made = content_hash(entry)
    return Article(entry, False, _source_hash(read), tuple(problems), made, verdict.until)


def _source_hash(read: ParsedFile) -> str:
    named = [read.data.get(name) for name in ("title", "name", "excerpt", "publishedDateTime")]
    return hashlib.sha256(repr([*named, read.body]).encode("utf-8", "replace")).hexdigest()[:32]


def _entry(fields: Fields, read: ParsedFile, seen: datetime, site: Site) -> Entry | None:
    title = _title(fields)
    if not title:
        return None
    published = _published(fields, read.path, seen, site)
    if published is None:
        return None
    kind = _kind(fields, read.path, site)
    link, via = _link(fields, read.path, published, kind[0], site)
    if link is None:
        _refuse(fields, ("webUrl", "originalUrl"), "is missing; give it, or set site.permalink")
        return None
    return _build_entry(fields, read, title, published, kind, link, via, site)


def _title(fields: Fields) -> str:
    """The title, or where there is none the name."""
    title = fields.text("title")
    if not title and fields.raw("title") in (None, ""):
        title = fields.text("name")
    if not title:
        _refuse(fields, ("title", "name"), "is missing; give the article a title")
    return title


def _refuse(fields: Fields, names: Sequence[str], missing: str = "") -> None:
    """Make the problems with `names`, without which there is no entry, fatal; else report one."""
    found = False
    for index, problem in enumerate(fields.problems):
        if problem.field in names:
            fields.problems[index] = msgspec.structs.replace(problem, fatal=True)
            found = True
    if not found:
        fields.wrong(names[0], missing, fatal=True)


def _build_entry(
    fields: Fields,
    read: ParsedFile,
    title: str,
    published: datetime,
    kind: tuple[str | None, str | None],
    link: str,
    via: str | None,
    site: Site,
) -> Entry:
    category, type_ = kind
    updated = fields.date("updatedDateTime", site.zone)
    summary = _summary(fields, site)
    pictures = tuple(attachments.images(fields, site))
    player = attachments.player(fields, site)
    provider, authors = attribution.provider(fields, site)
    related = attribution.related(fields, site)
    return Entry(
        id=identifier(read.path, site),
        path=read.path,
        title=title,
        link=link,
        published=published,
        updated=max(updated or published, published),
        summary=summary,
        content=compose(
            title=title,
            body=_body(fields, read, link, site),
            summary=summary,
            link=link,
            image=pictures[0] if pictures else None,
            player=player,
            facts=_facts(fields, type_),
            provider=provider,
            credit_url=via or link,
            related=related,
        ),
        via=via,
        language=_language(fields),
        authors=authors,
        provider=provider,
        category=category,
        type=type_,
        topics=fields.names("topics", _MAX_TOPICS),
        images=pictures,
        enclosures=tuple(attachments.enclosures(fields, pictures, site)),
        player=player,
        related=related,
        quality=fields.number("quality") or 0,
        heat=fields.number("heat") or 0,
    )


def _body(fields: Fields, read: ParsedFile, link: str, site: Site) -> str:
    if not read.body:
        return ""
    base = sanitizer.Base(link, site.settings.url, site.assets_url)
    markup = PurePosixPath(read.path).suffix.lower() in _MARKUP
    try:
        content = (sanitizer.sanitise if markup else sanitizer.from_markdown)(read.body, base)
        _check_content(content, site)
    except sanitizer.BodyError as error:
        message = f"{error}; the summary is published instead"
        fields.problems.append(Problem(read.path, read.body_line, "", message))
        return ""
    return content


def _check_content(content: str, site: Site) -> None:
    """Raise `BodyError` for content larger than the site's limit."""
    most = site.settings.articles.max_content
    if len(content) > most or (len(content) * 4 > most and len(content.encode()) > most):
        size = len(content.encode())
        said = f"comes to {size:,} bytes of HTML, more than articles.max_content ({most:,})"
        raise sanitizer.BodyError(f"body {said}; write a shorter one")


def _summary(fields: Fields, site: Site) -> str:
    """The excerpt, or where there is none the bio: no longer than content may be."""
    name, most = "excerpt", site.settings.articles.max_content
    summary = fields.text(name)
    if not summary:
        name = "bio"
        summary = fields.text(name)
    if len(summary) <= most:
        return summary
    fields.wrong(name, f"has {len(summary):,} characters; the first {most:,} are read")
    return shorten(summary, most)


def _published(fields: Fields, path: str, seen: datetime, site: Site) -> datetime | None:
    """The article's date: its own, that in its file name, else when it was first seen.

    None, with a fatal problem, where its author gives one that is not read.
    """
    said = fields.raw("publishedDateTime")
    if said is None or said == "":
        in_name = dates.in_name(PurePosixPath(path).name, site.zone)
        unread = withholding.has_unread_date(fields, in_name, site)
        return None if unread else in_name or seen
    published = fields.date("publishedDateTime", site.zone)
    if published is None:
        _refuse(fields, ("publishedDateTime",))
    elif published < dates.EPOCH:
        fields.wrong("publishedDateTime", "is before 1970, which many readers show wrongly")
    return published


def _kind(fields: Fields, path: str, site: Site) -> tuple[str | None, str | None]:
    """Category and type: the article's own, else those of the nearest folder that has any."""
    category, type_ = fields.name("category"), fields.name("type")
    folders = _folders(path.rpartition("/")[0])
    for folder in folders:
        if defaults := site.settings.articles.defaults.get(folder):
            category = category or defaults.category or ""
            type_ = type_ or defaults.type or ""
    if not category and folders:
        category = folders[-1].lstrip("_")
    return category or None, type_ or "article"


@lru_cache(1000)
def _folders(folder: str) -> tuple[str, ...]:
    """The folder and those above it, nearest first, up to the article folder."""
    return tuple(str(each) for each in PurePosixPath(folder, "_").parents)[:-1]


def _link(
    fields: Fields, path: str, published: datetime, category: str | None, site: Site
) -> tuple[str | None, str | None]:
    """The entry's link, and the URL of its origin where that is another one."""
    web = fields.url("webUrl", site.settings.url)
    original = fields.url("originalUrl", site.settings.url)
    own = _permalink(path, published, category, site)
    origin = original or web
    first = site.settings.link == "permalink"
    link = (first and own) or web or original or own
    return link, origin if origin != link else original


def _permalink(path: str, published: datetime, category: str | None, site: Site) -> str | None:
    pattern = site.settings.permalink
    if not pattern:
        return None
    values = {
        "path": stem(path),
        "name": dates.without_date(PurePosixPath(path).stem),
        "category": slug(category or "article"),
        "year": f"{published.year:04}",
        "month": f"{published.month:02}",
        "day": f"{published.day:02}",
    }
    return urls.absolute(PLACEHOLDER.sub(lambda found: quote(values[found[1]]), pattern))


def _language(fields: Fields) -> str | None:
    name = "language" if fields.raw("language") else "locale"
    said = fields.name(name).replace("_", "-")
    if said and not LANGUAGE.fullmatch(said):
        fields.wrong(
            name, f"{quote_for_message(said)} is not a language tag; write for example en-GB"
        )
        return None
    return said or None


def _facts(fields: Fields, type_: str | None) -> Sequence[str]:
    """What can be said of a course, video or download in a line."""
    facts = [type_.capitalize()] if type_ and type_ != "article" else []
    if seconds := dates.iso_duration(fields.raw("length")):
        facts.append(_spoken(seconds))
    facts += fields.names("levels")
    price = fields.raw("price")
    facts += [fields.name("price")] if isinstance(price, str) else []
    facts += [str(price)] if isinstance(price, int | float) and not isinstance(price, bool) else []
    ratings = fields.mapping("ratings")
    if ratings and (rating := _rating(ratings.raw("average"), ratings.raw("count"))):
        facts.append(rating)
    return [fact for fact in facts if fact]


def _rating(average: Any, count: Any) -> str:
    if isinstance(average, bool) or not isinstance(average, int | float) or not 0 < average <= 5:
        return ""
    said = f"Rated {average:.1f} of 5"
    return f"{said} by {count:,}" if isinstance(count, int) and count > 0 else said


def _spoken(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod((seconds + 30) // 60, 60)
    return " ".join(f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min")) if n)
