"""Whether an article is kept back, in the words of this tool and of others, and for how long.

Front matter of Hugo, Zola, Eleventy, Quarto, Astro, Pelican, Jekyll, Hexo, Docusaurus and others
says in many ways that an article is not to be published. Each of them keeps it back, and so does
an unclear value: a draft that goes out cannot be taken back. No I/O; the clock is an argument.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from feeds.articles import frontmatter
from feeds.articles.fields import Fields
from feeds.config.site import Site
from feeds.util import dates
from feeds.util.text import quote_for_message


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


# The keys of this tool, which say nothing in the words of another one.
_OWN = _words(
    "title name excerpt bio publishedDateTime updatedDateTime webUrl originalUrl topics category"
    " type language locale quality heat authors provider related images audio video actions"
    " featuredContent length levels price ratings",
    *frontmatter.WITHHOLDING,
)

_Kind = Literal["flag", "misspelt", "option", "status", "parts", "expiry", "publish", "date"]
# Keys of these kinds are unclear where they are given more than once.
_ONCE: frozenset[_Kind] = frozenset({"flag", "misspelt", "status", "parts", "expiry"})


class _Meaning(NamedTuple):
    """What a key of another tool says. `withholds` is the value of a flag that keeps back."""

    kind: _Kind
    withholds: bool = True


def _named(names: str, kind: _Kind, *, withholds: bool = True) -> dict[str, _Meaning]:
    return dict.fromkeys(names.split(), _Meaning(kind, withholds))


# By name in lower case, without hyphens and underscores. An option has other values besides true
# and false, so that it keeps back only where it is clear.
_MEANINGS: dict[str, _Meaning] = {
    **_named("draft isdraft hidden ishidden private isprivate unlisted isunlisted", "flag"),
    **_named("removed deleted unpublished headless eleventyexcludefromcollections wip", "flag"),
    **_named("published ispublished publish", "flag", withholds=False),
    **_named("permalink render public listed", "option", withholds=False),
    **_named("status poststatus publishstatus visibility", "status"),
    **_named("build", "parts"),
    **_named("expirydate expirydatetime expires expiry expireson expiresat expiredate", "expiry"),
    **_named("expirationdate unpublishdate unpublishat unpublishon unpublish", "expiry"),
    **_named("unpublishedat archivedat removedat deletedat", "expiry"),
    **_named("date datetime pubdate pubdatetime publishdate publishdatetime", "publish"),
    **_named("publisheddate publisheddatetime publishedat publishedon publishedtime", "publish"),
    **_named("publishat publishon publishtime publishafter publicationdate", "publish"),
    **_named("datepublished postdate postedat postedon embargo embargodate", "publish"),
    **_named("created createdat createdon createddate createddatetime datecreated", "date"),
    **_named("lastmod lastmodified lastmodifiedat lastupdated modified modifieddate", "date"),
    **_named("datemodified moddatetime updated updatedat updateddate releasedate", "date"),
}
# Misspellings of these count as well; how alike they have to be, and words of their own.
_MISSPELT, _ALIKE, _OTHER_WORDS = ("published", "draft"), 0.8, frozenset({"publisher", "polished"})
_LONGEST_NAME = 40

_TRUE, _FALSE = _words("true yes on 1 y t"), _words("false no off 0 n f")
_PUBLIC = _words(
    "published publish public live final done complete completed finished approved released"
    " active online visible listed current open"
)
_NOT_PUBLIC = _words(
    "draft drafts autodraft hidden private skip pending trash trashed scheduled future unpublished"
    " inactive disabled deleted removed unlisted embargoed withheld wip review inreview internal"
    " offline archived"
)
_NO_EXPIRY = frozenset({"", "never", "none", "no", "false"})
_PARTS, _NEVER = ("render", "list"), frozenset({"never", "false"})

_DRAFTS = "_drafts"  # the folder of Jekyll and Hexo
_FILLERS = str.maketrans("", "", "-_ ")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")
_LONGEST_DATE = 100  # characters

_BACK = "so that the article is kept back"


class Verdict(NamedTuple):
    """Whether an article is kept back, and until when that holds if the file stays as it is.

    That is in seconds, and None if it holds whatever the clock says.
    """

    withheld: bool
    until: int | None = None


def judge(fields: Fields, path: str, repeated: Sequence[str], now: datetime, site: Site) -> Verdict:
    """Whether the author keeps the article at `path` back at `now`, again or for the first time.

    `repeated` are the keys of the front matter that are given more than once. Why an article is
    kept back becomes a fatal problem, except for the clear words of this tool, which need none.
    """
    problems = len(fields.problems)
    kept = _by_own_words(fields)
    for name in repeated:
        if name in frontmatter.WITHHOLDING or _kind(name) in _ONCE:
            fields.wrong(name, f"is given more than once, {_BACK}; write it once", fatal=True)
            kept = True
    if kept and len(fields.problems) == problems:
        return Verdict(
            withheld=True
        )  # a long article is not read any further: `feeds.articles.frontmatter`
    others = _by_other_words(fields, path, now, site)
    if _DRAFTS in path and _DRAFTS in path.split("/")[:-1]:
        fields.wrong(
            None, f"lies in a folder {_DRAFTS}, {_BACK}; move it to publish it", fatal=True
        )
        kept = True
    return Verdict(withheld=True) if kept else others


def has_unread_date(fields: Fields, in_name: datetime | None, site: Site) -> bool:
    """Whether an article without `publishedDateTime` has its date in a key that is not read.

    Its entry would be dated when it was first seen, or by its file name (`in_name`) where that
    is another day. Every such key becomes a fatal problem.
    """
    found = False
    for name, meaning in _others(fields):
        value = fields.raw(name)
        kind = meaning.kind if meaning else None
        if kind == "expiry" or not _may_date(value, kind, site):
            continue
        if in_name is None:
            message = "is not read, so that the article has no date; write publishedDateTime"
        elif kind == "publish" and not _is_day(value, in_name, site):
            message = "is not the date in the file name, and is not read; write publishedDateTime"
        else:
            continue
        fields.wrong(name, message, fatal=True)
        found = True
    return found


def _by_own_words(fields: Fields) -> bool:
    kept = False
    for name, withholds in frontmatter.WITHHOLDING.items():
        if name in fields:
            value = fields.flag(name)
            kept = kept or value is withholds or value is None
    return kept


def _by_other_words(fields: Fields, path: str, now: datetime, site: Site) -> Verdict:
    """What the keys of other tools say; each that keeps the article back is a problem."""
    kept, until = False, []
    for name, meaning in _others(fields):
        if meaning is None:
            continue
        value, changes = fields.raw(name), None
        if meaning.kind == "expiry":
            why, changes = _by_expiry(value, now, site)
        elif meaning.kind == "publish":
            why, changes = _by_coming(fields, value, path, now, site)
        else:
            why = _why(fields, value, meaning)
        until += [int(changes.timestamp())] if changes else []
        if why:
            fields.wrong(name, why, fatal=True)
            kept = True
    return Verdict(kept, min(until)) if until else Verdict(kept)


def _why(fields: Fields, value: Any, meaning: _Meaning) -> str:
    """Why a value that no clock is needed for keeps the article back; empty if it does not."""
    truth = _truth(value)
    if meaning.kind == "flag" and truth is None:
        return f"is {_shown(value)}, neither true nor false, {_BACK}; write one of them"
    if meaning.kind == "misspelt" and value in (None, ""):
        return f"is empty, {_BACK}; write published: true or published: false"
    if meaning.kind in ("flag", "misspelt", "option"):
        return f"is {_shown(value)}, {_BACK}" if truth is meaning.withholds else ""
    if meaning.kind == "parts":
        parts = value if isinstance(value, dict) else {}
        never = any(_word(parts.get(part)) in _NEVER for part in _PARTS)
        return f"says never, {_BACK}" if never else ""
    if meaning.kind == "status":
        word = _word(value)
        if word in _NOT_PUBLIC or truth is False:
            return f"is {_shown(value)}, {_BACK}"
        if word not in _PUBLIC and not truth and fields.raw("published") is not True:
            message = f"is {_shown(value)}, which may mean that it is not public, {_BACK}"
            return f"{message}; if it is, write published: true too"
    return ""


def _by_coming(
    fields: Fields, value: Any, path: str, now: datetime, site: Site
) -> tuple[str, datetime | None]:
    """Why a date of publication keeps the article back, empty if it does not, and until when."""
    comes = _moment(value, site)
    if comes is None or comes <= now:
        return "", None
    own = fields.raw("publishedDateTime") or dates.in_name(path.rpartition("/")[2], site.zone)
    if not own:
        return "", None  # the article has no date that is read: `has_unread_date`
    return f"is {_shown(value)}, which is yet to come, {_BACK} until then", comes


def _by_expiry(value: Any, now: datetime, site: Site) -> tuple[str, datetime | None]:
    """Why the end of an article keeps it back, empty if it does not, and when it will."""
    if value is None or (isinstance(value, str | int) and _word(value) in _NO_EXPIRY):
        return "", None
    ends = _moment(value, site)
    if ends is None:
        message = f"is {_shown(value)}, which is not a date, {_BACK}"
        return f"{message}; write for example 2024-05-31T09:00:00Z", None
    return (f"is {_shown(value)}, which is past, {_BACK}", None) if ends <= now else ("", ends)


def _others(fields: Fields) -> Iterator[tuple[str, _Meaning | None]]:
    """The keys that are not this tool's, with what they mean if that is known."""
    for name in fields.names_beside(_OWN):
        yield name, _meaning(name)


def _kind(name: str) -> _Kind | None:
    meaning = None if name in _OWN else _meaning(name)
    return meaning.kind if meaning else None


@lru_cache(2_000)
def _meaning(name: str) -> _Meaning | None:
    """What a key means that another tool may know, however it is cased or misspelt."""
    folded = name.translate(_FILLERS).casefold() if len(name) <= _LONGEST_NAME else ""
    if folded in _MEANINGS:
        return _MEANINGS[folded]
    for known in _MISSPELT:
        alike = folded[:1] == known[0] and SequenceMatcher(None, folded, known).ratio() >= _ALIKE
        if alike and folded not in _OTHER_WORDS:
            return _Meaning("misspelt", _MEANINGS[known].withholds)
    return None


def _truth(value: Any) -> bool | None:
    """Whether a value is some spelling of true or of false; None if of neither."""
    word = _word(value)
    return True if word in _TRUE else False if word in _FALSE else None


def _word(value: Any) -> str:
    """A value as one word in lower case, without hyphens, underscores and spaces."""
    return str(value).translate(_FILLERS).casefold() if isinstance(value, str | int) else ""


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    return str(value).lower() if isinstance(value, bool) else quote_for_message(value)


def _moment(value: Any, site: Site) -> datetime | None:
    """The moment that a value means, in UTC; None if it is no date."""
    if isinstance(value, str) and len(value) > _LONGEST_DATE:
        return None
    try:
        return dates.parse(value, site.zone)
    except dates.BadDateError:
        return None


def _may_date(value: Any, kind: _Kind | None, site: Site) -> bool:
    """Whether the value of such a key is what its author dates the article by."""
    if value in (None, "") or isinstance(value, bool):
        return False
    if kind == "publish" or isinstance(value, date):
        return True
    named = kind == "date" or (isinstance(value, str) and _ISO.match(value) is not None)
    return named and _moment(value, site) is not None


def _is_day(value: Any, other: datetime, site: Site) -> bool:
    """Whether a date lies on the day of another moment, in its own zone or in the site's."""
    moment, day = _moment(value, site), other.astimezone(site.zone).date()
    if moment is None:
        return False
    return moment.astimezone(site.zone).date() == day or str(value).strip()[:10] == day.isoformat()
