"""Where an article comes from, who wrote it, and what else was written about it. No I/O."""

import re
from itertools import accumulate
from typing import TypeAlias

from feeds.articles import attachments
from feeds.articles.fields import Fields
from feeds.config.feed_settings import Provider as KnownProvider
from feeds.config.site import Site
from feeds.model.entry import Person, Provider, Related
from feeds.util import urls
from feeds.util.text import quote_for_message, slug

# A provider, and the authors that are named with it.
_Attribution: TypeAlias = tuple[Provider | None, tuple[Person, ...]]

_MOST_PROVIDERS = 1_000  # are kept of a site
_MOST_SAID = 1_000  # characters say a provider that is kept
# E-mail addresses are not published: the rest is the name. A handle (@jane) is part of it.
_WORD = re.compile(r"[^\s,;<>()\[\]]+")
_EMPTY = re.compile(r"\([\s,;]*\)|<\s*>|\[\s*\]")
_BEFORE_END = re.compile(r"(?<![\s,;])[\s,;]+(?=\))")
_TELLTALE = re.compile(r"[@<>()]")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}")


def provider(fields: Fields, site: Site) -> tuple[Provider | None, tuple[Person, ...]]:
    """Where the article comes from, and who wrote it."""
    said = fields.mapping("provider")
    if said is None:
        return None, _people(fields, site)
    made, authors = _kept(repr(fields.raw("provider")), said, site)
    authors = authors or _people(fields, site)
    return made, authors or ((Person(made.name, made.home, made.icon),) if made else ())


def _kept(key: str, said: Fields, site: Site) -> _Attribution:
    """What `said`, which `key` is equal for, comes to: kept, for the same few come in all articles.

    What something is wrong with is looked at again, for the problem is each article's own.
    """
    kept: _Attribution | None = site.attributions.get(key)
    if kept:
        return kept
    problems = len(said.problems)
    made = _provider(said, site)
    if len(said.problems) == problems and len(key) <= _MOST_SAID:
        if len(site.attributions) >= _MOST_PROVIDERS:
            site.attributions.clear()
        site.attributions[key] = made
    return made


def _provider(said: Fields, site: Site) -> _Attribution:
    domain = said.name("domain").lower()
    home = _home(domain)
    if domain and home is None:
        said.wrong(
            "domain", f"{quote_for_message(domain)} is not a domain; write for example example.org"
        )
        domain = ""
    name = said.name("name")
    known = site.providers.get((name or domain).casefold())
    name = known.name if known else name or domain
    if not name:
        said.wrong("name", "is missing; name the provider")
        return None, ()
    icons = tuple(attachments.images(said, site))
    made = Provider(
        name=name,
        key=slug(name),
        home=(known.url if known else None) or home or _known_home(known),
        feed=known.feed if known else None,
        icon=icons[0].url if icons else _known_icon(known, site),
    )
    return made, _people(said, site)


def _home(domain: str) -> str | None:
    """The front page of a domain; None if it is not one."""
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
    """The people under `authors`: names, or mappings of name, url and avatar."""
    listed = fields.raw("authors")
    if listed is None:
        return ()
    if isinstance(listed, list) and all(isinstance(each, str) for each in listed):
        named = map(_name, fields.names("authors"))
        return tuple(Person(name) for name in named if name)
    return tuple(
        Person(name, each.url("url"), each.url("avatar", site.assets_url))
        for each in fields.mappings("authors")
        if (name := _name(each.name("name")))
    )


def _name(text: str) -> str:
    """The name in what an author is called, without addresses; empty if there is no more."""
    if not _TELLTALE.search(text):
        return text
    name = _WORD.sub(_unless_address, text)
    if name != text:
        name = _EMPTY.sub("", _EMPTY.sub("", name))  # twice, for one pair may stand in another
        name = _BEFORE_END.sub("", name)
    name = " ".join(name.split()).strip(" ,;<>")
    if name.count("(") != name.count(")"):
        return name.strip(" ()")
    return name[1:-1].strip() if _is_in_brackets(name) else name


def _is_in_brackets(name: str) -> bool:
    """Whether the bracket that `name` begins with closes at its very end."""
    depths = list(accumulate((sign == "(") - (sign == ")") for sign in name))
    return name[:1] == "(" and depths.index(0) == len(name) - 1


def _unless_address(word: re.Match[str]) -> str:
    return word[0] if word[0][0] == "@" or "@" not in word[0][1:-1] else ""


def related(fields: Fields, site: Site) -> tuple[Related, ...]:
    """The best related coverage by quality; equals keep their order."""
    made: dict[str, Related] = {}
    for each in sorted(fields.mappings("related"), key=_quality, reverse=True):
        if len(made) == site.settings.related:
            break
        title, url = each.text("title"), each.url("webUrl") or each.url("originalUrl")
        if title and url and url not in made:
            said = each.mapping("provider")
            made[url] = Related(title, url, said.name("name") or None if said else None)
    return tuple(made.values())


def _quality(fields: Fields) -> int:
    value = fields.raw("quality")
    return value if isinstance(value, int) else 0
