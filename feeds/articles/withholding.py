"""Whether an article is kept back, in the words of this tool and of others, and for how long.

Front matter of Hugo, Zola, Eleventy, Quarto, Astro, Pelican, Jekyll, Hexo, Docusaurus and others
says in many ways that an article is not to be published. Each of them keeps it back, and so does
an unclear value: a draft that goes out cannot be taken back. No I/O; the clock is an argument.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from feeds.articles import frontmatter
from feeds.articles.fields import Fields
from feeds.articles.withholding_keys import FILLERS, ONCE, OWN, Kind, Meaning, find_meaning, words
from feeds.config.site import Site
from feeds.util import dates
from feeds.util.text import quote_for_message

_TRUE, _FALSE = words("true yes on 1 y t"), words("false no off 0 n f")
_PUBLIC = words(
    "published publish public live final done complete completed finished approved released"
    " active online visible listed current open"
)
_NOT_PUBLIC = words(
    "draft drafts autodraft hidden private skip pending trash trashed scheduled future unpublished"
    " inactive disabled deleted removed unlisted embargoed withheld wip review inreview internal"
    " offline archived"
)
_NO_DATE = frozenset({"", "never", "none", "no", "false"})
# Values of Eleventy's `date`, which are never in the future.
_PAST = words("created lastmodified gitcreated gitlastmodified")
_PARTS, _NEVER = ("render", "list"), frozenset({"never", "false"})

_DRAFTS = "drafts"  # the folder of Jekyll and Hexo is _drafts
# Seconds or milliseconds since 1970, from 2001 on.
_EPOCH = re.compile(r"\d{10}(\d{3})?", re.ASCII)
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
    kept = _by_ownwords(fields)
    for name in repeated:
        if name in frontmatter.WITHHOLDING or _kind(name) in ONCE:
            fields.wrong(name, f"is given more than once, {_BACK}; write it once", fatal=True)
            kept = True
    if kept and len(fields.problems) == problems:
        # A long article is not read any further: `feeds.articles.frontmatter`.
        return Verdict(withheld=True)
    others = _by_otherwords(fields, path, now, site)
    for folder in path.split("/")[:-1]:
        if folder.casefold().lstrip("_") == _DRAFTS:
            message = f"lies in a folder {folder}, {_BACK}; move it to publish it"
            fields.wrong(None, message, fatal=True)
            kept = True
            break
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
        if not _may_date(value, kind, site):
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


def _by_ownwords(fields: Fields) -> bool:
    kept = False
    for name, withholds in frontmatter.WITHHOLDING.items():
        if name in fields:
            value = fields.flag(name)
            kept = kept or value is withholds or value is None
    return kept


def _by_otherwords(fields: Fields, path: str, now: datetime, site: Site) -> Verdict:
    """What the keys of other tools say; each that keeps the article back is a problem."""
    kept, until = False, []
    for name, meaning in _others(fields):
        if meaning is None:
            continue
        value, changes = fields.raw(name), None
        if meaning.kind == "expiry":
            why, changes = _by_expiry(value, now, site)
        elif meaning.kind in ("publish", "embargo"):
            why, changes = _by_coming(fields, value, meaning.kind, path, now, site)
        else:
            why = _why(fields, value, meaning)
        until += [int(changes.timestamp())] if changes else []
        if why:
            fields.wrong(name, why, fatal=True)
            kept = True
    return Verdict(kept, min(until)) if until else Verdict(kept)


def _why(fields: Fields, value: Any, meaning: Meaning) -> str:
    """Why a value that no clock is needed for keeps the article back; empty if it does not."""
    truth = _truth(value)
    if meaning.kind == "flag" and truth is None:
        return f"is {_shown(value)}, neither true nor false, {_BACK}; write one of them"
    if meaning.kind == "misspelt" and value in (None, ""):
        return f"is empty, {_BACK}; write published: true or published: false"
    if meaning.kind in ("flag", "misspelt", "option"):
        return f"is {_shown(value)}, {_BACK}" if truth is meaning.withholds else ""
    if meaning.kind == "state":
        return f"is {_shown(value)}, {_BACK}" if _word(value) in _NOT_PUBLIC else ""
    if meaning.kind == "params":
        return _by_params(value)
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


def _by_params(value: Any) -> str:
    """Return why parameters of Hugo or Zola keep the article back; empty if they do not."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        meaning = find_meaning(name) if isinstance(name, str) else None
        if meaning and meaning.kind == "flag" and _truth(inner) is meaning.withholds:
            return f"has {name}: {_shown(inner)}, {_BACK}"
    return ""


def _by_coming(
    fields: Fields, value: Any, kind: Kind, path: str, now: datetime, site: Site
) -> tuple[str, datetime | None]:
    """Why a date of publication keeps the article back, empty if it does not, and until when."""
    if value in (None, "") or (kind == "embargo" and _is_no_date(value)):
        return "", None
    comes, dated = _moment(value, site), fields.raw("publishedDateTime")
    if comes is None and (dated or kind == "embargo") and _word(value) not in _PAST:
        message = f"is {_shown(value)}, which is not a date, {_BACK}"
        return f"{message}; write for example 2024-05-31T09:00:00Z", None
    if comes is None or comes <= now:
        return "", None
    if not (dated or dates.in_name(path.rpartition("/")[2], site.zone)):
        return "", None  # the article has no date that is read: `has_unread_date`
    return f"is {_shown(value)}, which is yet to come, {_BACK} until then", comes


def _by_expiry(value: Any, now: datetime, site: Site) -> tuple[str, datetime | None]:
    """Why the end of an article keeps it back, empty if it does not, and when it will."""
    if _is_no_date(value):
        return "", None
    ends = _moment(value, site)
    if ends is None:
        message = f"is {_shown(value)}, which is not a date, {_BACK}"
        return f"{message}; write for example 2024-05-31T09:00:00Z", None
    return (f"is {_shown(value)}, which is past, {_BACK}", None) if ends <= now else ("", ends)


def _others(fields: Fields) -> Iterator[tuple[str, Meaning | None]]:
    """The keys that are not this tool's, with what they mean if that is known."""
    for name in fields.names_beside(OWN):
        yield name, find_meaning(name)


def _kind(name: str) -> Kind | None:
    meaning = None if name in OWN else find_meaning(name)
    return meaning.kind if meaning else None


def _truth(value: Any) -> bool | None:
    """Whether a value is some spelling of true or of false; None if of neither."""
    word = _word(value)
    return True if word in _TRUE else False if word in _FALSE else None


def _word(value: Any) -> str:
    """A value as one word in lower case, without hyphens, underscores and spaces."""
    return str(value).translate(FILLERS).casefold() if isinstance(value, str | int) else ""


def _is_no_date(value: Any) -> bool:
    """Whether a value says that there is no such date."""
    return value is None or (isinstance(value, str | int) and _word(value) in _NO_DATE)


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return str(value).lower() if isinstance(value, bool) else quote_for_message(value)


def _moment(value: Any, site: Site) -> datetime | None:
    """The moment that a value means, in UTC; None if it is no date.

    Also of MkDocs' mapping of `created` and `updated`, and of seconds or milliseconds since 1970.
    """
    if isinstance(value, dict):
        value = value.get("created")
    if isinstance(value, str) and len(value) > _LONGEST_DATE:
        return None
    if isinstance(value, str | int) and (epoch := _EPOCH.fullmatch(str(value).strip())):
        return dates.from_timestamp(int(epoch[0][:10]))
    try:
        return dates.parse(value, site.zone)
    except dates.BadDateError:
        return None


def _may_date(value: Any, kind: Kind | None, site: Site) -> bool:
    """Whether the value of such a key is what its author dates the article by."""
    if value in (None, "") or isinstance(value, bool):
        return False
    if kind in ("date", "embargo"):
        return _moment(value, site) is not None
    return kind == "publish"


def _is_day(value: Any, other: datetime, site: Site) -> bool:
    """Whether a date lies on the day of another moment, in its own zone or in the site's."""
    moment, day = _moment(value, site), other.astimezone(site.zone).date()
    if moment is None:
        return False
    return moment.astimezone(site.zone).date() == day or str(value).strip()[:10] == day.isoformat()
