"""One article file -> its `Entry`, by an allow-list of front matter. No I/O, no clock.

The table "What an article says" of the design is this module and `feeds.attachments`.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import msgspec

from feeds import attachments, body, composed, dates, reading, urls
from feeds.entry import Entry, Person, Provider, Related
from feeds.errors import ArticleError, Problem
from feeds.fields import Fields
from feeds.reading import Reading
from feeds.site import LANGUAGE, PLACEHOLDER, Site
from feeds.site import Provider as KnownProvider
from feeds.text import slug

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}")
_MARKUP = {".html", ".htm"}


class Article(msgspec.Struct, frozen=True):
    """What a file says. `entry` is None where it is withheld (or cannot be published).

    `likeness` is equal for a renamed file, whatever its path: a hash of what its author wrote.
    """

    entry: Entry | None
    withheld: bool = False
    likeness: str = ""
    problems: tuple[Problem, ...] = ()


def identifier(path: str, site: Site) -> str:
    """The id that an article at `path` gets when it is first seen (RFC 4287 §4.2.6)."""
    stem = str(PurePosixPath(path).with_suffix(""))
    return site.mint(quote(stem, safe="/!$&'()*+,;=@~"))


def parse(path: str, content: bytes, seen: datetime, site: Site) -> Article:
    """The entry of the article at `path` (below the article folder, `/` between its parts).

    `seen` is when the article was first seen: the date of an article that has none. Nothing is
    raised for a bad article: its problems say why it has no entry.
    """
    try:
        read = reading.read(path, content)
    except ArticleError as error:
        return Article(None, problems=(error.problem,))
    problems = list(read.problems)
    fields = Fields(read, read.data, problems)
    if _withheld(fields):
        return Article(None, withheld=True, problems=tuple(problems))
    entry = _entry(fields, read, seen, site)
    return Article(entry, False, _likeness(read), tuple(problems))


def _withheld(fields: Fields) -> bool:
    """Whether the author keeps the article back, now or again. What is unclear is kept back."""
    kept = False
    for name, value in (("published", False), ("removed", True), ("deleted", True)):
        said = fields.flag(name)
        kept = kept or said is value or (said is None and fields.raw(name) is not None)
    return kept


def _likeness(read: Reading) -> str:
    named = [read.data.get(name) for name in ("title", "name", "excerpt", "publishedDateTime")]
    return hashlib.sha256(repr([*named, read.body]).encode("utf-8", "replace")).hexdigest()[:32]


def _entry(fields: Fields, read: Reading, seen: datetime, site: Site) -> Entry | None:
    title = fields.text("title") or ("" if fields.raw("title") else fields.text("name"))
    if not title:
        if fields.raw("title") is None and fields.raw("name") is None:
            fields.wrong("title", "is missing; give the article a title")
        _refuse(fields, "title")
        return None
    published = _published(fields, read.path, seen, site)
    if published is None:
        _refuse(fields, "publishedDateTime")
        return None
    kind = _kind(fields, read.path, site)
    link, via = _link(fields, read.path, published, kind[0], site)
    if link is None:
        _refuse(fields, "webUrl")
        return None
    return _assembled(fields, read, title, published, kind, link, via, site)


def _refuse(fields: Fields, name: str) -> None:
    """Make the problem with `name`, without which there is no entry, a fatal one."""
    for index, problem in enumerate(fields.problems):
        if problem.field == name or index == len(fields.problems) - 1:
            fields.problems[index] = msgspec.structs.replace(problem, fatal=True)
            return


def _assembled(
    fields: Fields,
    read: Reading,
    title: str,
    published: datetime,
    kind: tuple[str | None, str | None],
    link: str,
    via: str | None,
    site: Site,
) -> Entry:
    category, type_ = kind
    updated = fields.date("updatedDateTime", site.zone)
    summary = fields.text("excerpt") or fields.text("bio")
    pictures = tuple(attachments.images(fields, site))
    player = attachments.player(fields)
    provider, authors = _provider(fields, site)
    related = _related(fields, site)
    return Entry(
        id=identifier(read.path, site),
        path=read.path,
        title=title,
        link=link,
        published=published,
        updated=max(updated or published, published),
        summary=summary,
        content=composed.content(
            title=title,
            body=_body(read, link),
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
        topics=fields.names("topics"),
        images=pictures,
        enclosures=tuple(attachments.enclosures(fields, pictures, site)),
        player=player,
        related=related,
        quality=fields.number("quality") or 0,
        heat=fields.number("heat") or 0,
    )


def _body(read: Reading, link: str) -> str:
    if not read.body:
        return ""
    if PurePosixPath(read.path).suffix.lower() in _MARKUP:
        return body.sanitise(read.body, link)
    return body.from_markdown(read.body, link)


def _published(fields: Fields, path: str, seen: datetime, site: Site) -> datetime | None:
    """The article's date: its own, that in its file name, else when it was first seen."""
    said = fields.raw("publishedDateTime")
    if said is None or said == "":
        return dates.in_name(PurePosixPath(path).name, site.zone) or seen
    published = fields.date("publishedDateTime", site.zone)
    if published and published < dates.EPOCH:
        fields.wrong("publishedDateTime", "is before 1970, which many readers show wrongly")
    return published


def _kind(fields: Fields, path: str, site: Site) -> tuple[str | None, str | None]:
    """Category and type: the article's own, else those of the nearest folder that has any."""
    category, type_ = fields.text("category"), fields.text("type")
    folders = [str(folder) for folder in PurePosixPath(path).parents][:-1]
    for folder in folders:
        if defaults := site.settings.articles.defaults.get(folder):
            category = category or defaults.category or ""
            type_ = type_ or defaults.type or ""
    if not category and folders:
        category = folders[-1].lstrip("_")
    return category or None, type_ or "article"


def _link(
    fields: Fields, path: str, published: datetime, category: str | None, site: Site
) -> tuple[str | None, str | None]:
    """The entry's link, and the URL of its origin where that is another one."""
    web = fields.url("webUrl", site.settings.url)
    original = fields.url("originalUrl", site.settings.url)
    own = _permalink(path, published, category, site)
    choices = (own, web, original) if site.settings.link == "permalink" else (web, original, own)
    link = next((url for url in choices if url), None)
    if link is None and not (fields.raw("webUrl") or fields.raw("originalUrl")):
        fields.wrong("webUrl", "is missing, as is originalUrl; give one, or set permalink")
    origin = original or web
    return link, origin if origin != link else original


def _permalink(path: str, published: datetime, category: str | None, site: Site) -> str | None:
    pattern = site.settings.permalink
    if not pattern:
        return None
    stem = PurePosixPath(path).with_suffix("")
    values = {
        "path": str(stem),
        "name": dates.without_date(stem.name),
        "category": slug(category or "article"),
        "year": f"{published.year:04}",
        "month": f"{published.month:02}",
        "day": f"{published.day:02}",
    }
    return urls.absolute(PLACEHOLDER.sub(lambda found: quote(values[found[1]]), pattern))


def _language(fields: Fields) -> str | None:
    said = fields.text("language") or fields.text("locale")
    if said and not LANGUAGE.fullmatch(said):
        fields.wrong("language", f"{said!r} is not a language tag; write for example en-GB")
        return None
    return said or None


def _provider(fields: Fields, site: Site) -> tuple[Provider | None, tuple[Person, ...]]:
    """Where the article comes from, and who wrote it."""
    said = fields.mapping("provider")
    if said is None:
        return None, _people(fields, site)
    domain = said.text("domain").lower()
    if domain and not _HOST.fullmatch(domain):
        said.wrong("domain", f"{domain!r} is not a domain such as example.org")
        domain = ""
    name = said.text("name")
    known = site.providers.get((name or domain).casefold())
    name = name or (known.name if known else domain)
    if not name:
        said.wrong("name", "is missing; name the provider")
        return None, _people(fields, site)
    icons = tuple(attachments.images(said, site))
    provider = Provider(
        name=name,
        key=slug(name),
        home=(known.url if known else None) or (f"https://{domain}/" if domain else None),
        feed=known.feed if known else None,
        icon=icons[0].url if icons else _known_icon(known, site),
    )
    authors = _people(said, site) or _people(fields, site)
    return provider, authors or (Person(provider.name, provider.home, provider.icon),)


def _known_icon(known: KnownProvider | None, site: Site) -> str | None:
    if known is None or not known.images:
        return None
    return urls.in_site(known.images[0].url, site.assets_url)


def _people(fields: Fields, site: Site) -> tuple[Person, ...]:
    """The people under `authors`: names, or mappings of name, url and avatar."""
    listed = fields.raw("authors")
    if isinstance(listed, list) and all(isinstance(each, str) for each in listed):
        return tuple(Person(name) for name in fields.names("authors"))
    return tuple(
        Person(name, each.url("url"), each.url("avatar", site.assets_url))
        for each in fields.mappings("authors")
        if (name := each.text("name"))
    )


def _related(fields: Fields, site: Site) -> tuple[Related, ...]:
    """The best related coverage by quality; equals keep their order."""
    listed = sorted(
        enumerate(fields.mappings("related")), key=lambda each: (-_quality(each[1]), each[0])
    )
    made: dict[str, Related] = {}
    for _, each in listed:
        if len(made) == site.settings.related:
            break
        title, url = each.text("title"), each.url("webUrl") or each.url("originalUrl")
        if title and url and url not in made:
            provider = each.mapping("provider")
            made[url] = Related(title, url, provider.text("name") or None if provider else None)
    return tuple(made.values())


def _quality(fields: Fields) -> int:
    value = fields.raw("quality")
    return value if isinstance(value, int) else 0


def _facts(fields: Fields, type_: str | None) -> Sequence[str]:
    """What can be said of a course, video or download in a line."""
    facts = [type_.capitalize()] if type_ and type_ != "article" else []
    if seconds := dates.duration(fields.raw("length")):
        facts.append(_spoken(seconds))
    facts += fields.names("levels")
    price = fields.raw("price")
    facts += [fields.text("price")] if isinstance(price, str) else []
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
    hours, minutes = divmod((seconds + 30) // 60, 60)
    if not hours and not minutes:
        return f"{seconds} s"
    return " ".join(f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min")) if n)
