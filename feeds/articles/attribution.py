"""The provider and authors of an article, and related coverage. No I/O."""

import re
from itertools import accumulate
from typing import TypeAlias

from feeds.articles import attachments
from feeds.articles.fields import Fields
from feeds.articles.site_files import NoFiles
from feeds.config.feed_settings import Provider as KnownProvider
from feeds.config.site import Site
from feeds.model.entry import Person, Provider, Related
from feeds.util import urls
from feeds.util.text import quote_for_message, slug

# A provider, and the authors listed with it.
_Attribution: TypeAlias = tuple[Provider | None, tuple[Person, ...]]

_MAX_CACHED = 1_000  # providers
_MAX_CACHED_KEY = 1_000  # characters
# E-mail addresses are not published; the rest is the name. A handle (@jane) belongs to the name.
_WORD = re.compile(r"[^\s,;<>()\[\]（）]+")
_EMPTY = re.compile(r"\([\s,;]*\)|<\s*>|\[\s*\]")
_BEFORE_END = re.compile(r"(?<![\s,;])[\s,;]+(?=\))")
_AFTER_START = re.compile(r"(?<=\()[\s,;]+")
_BEFORE_SEPARATOR = re.compile(r"(?<!\s)\s+(?=[,;])")
_MAY_HOLD_ADDRESS = re.compile(r"[@<>()]")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}")


class _Cache:
    """Attributions by the `repr` of their front matter, because most articles repeat a few.

    Holds those of one site, because a process reads the articles of one.
    """

    def __init__(self) -> None:
        self._current: tuple[Site | None, dict[str, _Attribution]] = None, {}

    def of(self, site: Site) -> dict[str, _Attribution]:
        current = self._current
        if current[0] is not site:
            # One assignment: threads that read other sites never see half of it.
            current = self._current = site, {}
        return current[1]


_cache = _Cache()


def provider(fields: Fields, site: Site) -> tuple[Provider | None, tuple[Person, ...]]:
    """Return the provider of the article, and its authors."""
    listed = fields.mapping("provider")
    if listed is None:
        return None, _people(fields, site)
    provider, authors = _cached_provider(repr(fields.raw("provider")), listed, site)
    if not authors:
        authors = _people(fields, site)
    if not authors and provider:
        authors = (Person(provider.name, provider.home, provider.icon),)
    return provider, authors


def _cached_provider(key: str, fields: Fields, site: Site) -> _Attribution:
    """Return `_provider(fields, site)`, cached by `key`, which is equal for equal fields.

    Fields with a problem are not cached, because every article reports its own problems.
    """
    cache = _cache.of(site)
    if attribution := cache.get(key):
        return attribution
    problems = len(fields.problems)
    attribution = _provider(fields, site)
    if len(fields.problems) == problems and len(key) <= _MAX_CACHED_KEY:
        if len(cache) >= _MAX_CACHED:
            cache.clear()
        cache[key] = attribution
    return attribution


def _provider(fields: Fields, site: Site) -> _Attribution:
    domain = fields.name("domain").lower()
    home = _home(domain)
    if domain and home is None:
        fields.wrong(
            "domain", f"{quote_for_message(domain)} is not a domain; write example.org, for example"
        )
        domain = ""
    name = fields.name("name")
    known = site.providers.get((name or domain).casefold())
    name = known.name if known else name or domain
    if not name:
        fields.wrong("name", "is missing; name the provider")
        return None, ()
    icons = tuple(attachments.images(fields, site, NoFiles()))
    provider = Provider(
        name=name,
        key=slug(name),
        home=(known.url if known else None) or home or _known_home(known),
        feed=known.feed if known else None,
        icon=icons[0].url if icons else _known_icon(known, site),
    )
    return provider, _people(fields, site)


def _home(domain: str) -> str | None:
    """Return the home page of a domain; None if it is not a domain."""
    try:
        home = urls.absolute(f"https://{domain}/")
    except urls.BadURLError:
        return None
    return home if _HOST.fullmatch(home.removeprefix("https://").removesuffix("/")) else None


def _known_home(known: KnownProvider | None) -> str | None:
    return _home(known.domain.lower()) if known and known.domain else None


def _known_icon(known: KnownProvider | None, site: Site) -> str | None:
    if known is None or not known.images:
        return None
    return urls.in_site(known.images[0].url, site.assets_url)


def _people(fields: Fields, site: Site) -> tuple[Person, ...]:
    """Return the people under `authors`: a list of names, or of mappings (name, url, avatar)."""
    listed = fields.raw("authors")
    if listed is None:
        return ()
    if isinstance(listed, list) and all(isinstance(item, str) for item in listed):
        names = map(_without_addresses, fields.names("authors"))
        return tuple(Person(name) for name in names if name)
    return tuple(
        Person(name, item.url("url"), item.url("avatar", site.assets_url))
        for item in fields.mappings("authors")
        if (name := _without_addresses(item.name("name")))
    )


def _without_addresses(text: str) -> str:
    """Return an author's name without e-mail addresses; may be empty."""
    if not _MAY_HOLD_ADDRESS.search(text):
        return text
    name = _WORD.sub(_unless_address, text)
    if name != text:
        name = _EMPTY.sub("", _EMPTY.sub("", name))  # twice: one pair may enclose another
        name = _BEFORE_SEPARATOR.sub("", _AFTER_START.sub("", _BEFORE_END.sub("", name)))
    name = " ".join(name.split()).strip(" ,;")
    if name.count("<") != name.count(">") or (name[:1], name[-1:]) == ("<", ">"):
        name = name.strip(" <>")
    if name.count("(") != name.count(")"):
        return name.strip(" ()")
    return name[1:-1].strip() if _is_in_brackets(name) else name


def _is_in_brackets(name: str) -> bool:
    """Return whether one pair of brackets encloses the whole name."""
    depths = list(accumulate((sign == "(") - (sign == ")") for sign in name))
    return name[:1] == "(" and depths.index(0) == len(name) - 1


def _unless_address(word: re.Match[str]) -> str:
    return word[0] if word[0][0] == "@" or "@" not in word[0][1:-1] else ""


def related(fields: Fields, site: Site) -> tuple[Related, ...]:
    """Return the related coverage, best `quality` first, at most `site.related` items.

    Items of equal quality keep their order.
    """
    by_url: dict[str, Related] = {}
    for item in sorted(fields.mappings("related"), key=_quality, reverse=True):
        if len(by_url) == site.settings.related:
            break
        title, url = item.text("title"), item.url("webUrl") or item.url("originalUrl")
        if title and url and url not in by_url:
            listed = item.mapping("provider")
            by_url[url] = Related(title, url, listed.name("name") or None if listed else None)
    return tuple(by_url.values())


def _quality(fields: Fields) -> int:
    value = fields.raw("quality")
    return value if isinstance(value, int) else 0
