"""Terms of entries (topics, categories, ...), and how they are counted for families of feeds."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

import msgspec

from feeds.config.definitions import Term
from feeds.config.site import Site
from feeds.model.entry import Entry
from feeds.model.selection import TermField

Fields = tuple[TermField, ...]

_STRINGS = msgspec.json.Decoder(tuple[str, ...])


class TermCount(msgspec.Struct, frozen=True):
    """The key of one count: a combination of terms under one set of names.

    `slugs` and `names` are JSON lists, as long as `fields`. `comes` is when an entry dated in the
    future becomes visible, in seconds; 0 for visible entries.
    """

    fields: str
    slugs: str
    names: str
    own: bool
    comes: int


def families(site: Site) -> list[Fields]:
    """Return the fields of every family of feeds, without duplicates."""
    return list(dict.fromkeys(spec.each for spec in site.feeds if spec.each))


def least_entries(site: Site) -> dict[str, int]:
    """Return the highest `min` of the families of the site, by their keys."""
    least: dict[str, int] = {}
    for spec in site.feeds:
        key = family_key(spec.each)
        least[key] = max(spec.least, least.get(key, 1))
    return least


def family_key(fields: Sequence[TermField]) -> str:
    """Return the fields of a family as the catalogue stores them."""
    return ",".join(fields)


def topics(entry: Entry, site: Site) -> dict[str, tuple[str, bool]]:
    """Return the topics of an entry by slug: (name, own).

    `own` is False for a parent of a topic that the article does not name itself.
    """
    names: dict[str, tuple[str, bool]] = {}
    for name in entry.topics:
        own = site.topic_id(name)
        for slug in site.with_parents(own):
            if slug == own:
                names[slug] = (name, True)
            elif slug not in names:
                names[slug] = (site.topics[slug].name if slug in site.topics else slug, False)
    return names


def counts_of(
    entry: Entry, site: Site, each_family: Sequence[Fields], now: int
) -> Iterator[TermCount]:
    """Yield the counts that an entry adds one to, for these families, at `now` in seconds."""
    facts, published = site.facts(entry), int(entry.published.timestamp())
    provider = entry.provider.name if entry.provider else None
    for fields in each_family:
        choices: list[list[tuple[str, str, bool]]] = []
        for field in fields:
            if field == "topic":
                own_topics = topics(entry, site).items()
                choices.append([(slug, name, own) for slug, (name, own) in own_topics])
            else:
                slug: str | None = getattr(facts, field)
                name = provider if field == "provider" else slug
                has_term = slug is not None and name is not None
                choices.append([(slug or "", name or "", True)] if has_term else [])
        for combination in product(*choices):
            slugs, names, owns = zip(*combination, strict=True)
            comes = published if published > now else 0
            yield TermCount(family_key(fields), encode(slugs), encode(names), all(owns), comes)


def combinations(
    fields: Sequence[TermField], counts: Iterable[TermCount]
) -> list[tuple[Term, ...]]:
    """Return the distinct combinations of terms, sorted by slug, with one name for each term.

    A topic is named by the least of the names that articles give it, or else by its own name.
    """
    best: dict[str, tuple[tuple[bool, str], ...]] = {}
    for count in counts:
        names = tuple(
            (field == "topic" and not count.own, name)
            for field, name in zip(fields, _STRINGS.decode(count.names), strict=True)
        )
        before = best.get(count.slugs, names)
        best[count.slugs] = tuple(map(min, before, names))
    ordered = sorted((_STRINGS.decode(slugs), names) for slugs, names in best.items())
    return [
        tuple(
            Term(field, slug, _label(field, name))
            for field, slug, (_, name) in zip(fields, slugs, names, strict=True)
        )
        for slugs, names in ordered
    ]


def encode(values: Sequence[str]) -> str:
    """Return a JSON list of strings."""
    return msgspec.json.encode(tuple(values)).decode()


def _label(field: TermField, name: str) -> str:
    """Return a readable name: categories and types are slugs, so `ai-news` becomes `Ai news`."""
    return name.replace("-", " ").capitalize() if field in ("category", "type") else name
