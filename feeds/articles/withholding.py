"""Decides whether an article is withheld, by the keys of this tool and of others. No I/O.

Hugo, Zola, Eleventy, Quarto, Astro, Pelican, Jekyll, Hexo, Docusaurus and others have different
keys for drafts, hidden pages and dates of publication. All of them withhold the article, and so
does an unclear value, because a published draft cannot be taken back.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from feeds.articles import frontmatter
from feeds.articles.fields import Fields
from feeds.articles.withholding_keys import OWN, UNIQUE, Kind, Meaning, find_meaning, fold, words
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
# Values of `date` in Eleventy, which are never in the future.
_PAST = words("created lastmodified gitcreated gitlastmodified")
# The parts of Hugo's `build`, and their values that withhold.
_PARTS, _NEVER = ("render", "list"), frozenset({"never", "false"})

_DRAFTS = "drafts"  # the folder of Jekyll and Hexo is _drafts
# Seconds or milliseconds since 1970, from 2001 on.
_EPOCH = re.compile(r"\d{10}(\d{3})?", re.ASCII)
_MAX_DATE = 100  # characters

_WITHHELD = "so the article is withheld"
_EXAMPLE_DATE = "2024-05-31T09:00:00Z"


class Verdict(NamedTuple):
    """The decision whether an article is withheld, and why, in words that many articles share.

    `until` is the time, in seconds since the epoch, at which the same file gets another verdict;
    None if it never does.
    """

    withheld: bool
    until: int | None = None
    reason: str = ""


class _Reason(NamedTuple):
    """Why a key withholds an article. `label` is short; empty if the value is unclear."""

    message: str
    label: str = ""


def judge(fields: Fields, path: str, repeated: Sequence[str], now: datetime, site: Site) -> Verdict:
    """Return whether the author withholds the article at `path` at the time `now`.

    `repeated` are the keys of the front matter that occur more than once. The reason becomes a
    fatal problem, except for clear values of this tool's own keys, and, with a preset, of those
    of its generator.
    """
    problems = len(fields.problems)
    reason = _own_reason(fields)
    withheld = bool(reason)
    for name in repeated:
        if name in frontmatter.WITHHOLDING or _kind(name) in UNIQUE:
            fields.wrong(name, f"is given more than once, {_WITHHELD}; write it once", fatal=True)
            withheld = True
    if withheld and len(fields.problems) == problems:
        # Final: of a long article, only these keys have been parsed (`feeds.articles.frontmatter`).
        return Verdict(withheld=True, reason=reason)
    verdict = _judge_foreign_keys(fields, path, now, site)
    for folder in path.split("/")[:-1]:
        if folder.casefold().lstrip("_") == _DRAFTS:
            if not site.preset.is_foreign:
                message = f"lies in a folder {folder}, {_WITHHELD}; move it to publish it"
                fields.wrong(None, message, fatal=True)
            withheld, reason = True, reason or f"in a folder {folder}"
            break
    return Verdict(withheld=True, reason=reason or "unclear") if withheld else verdict


def has_unread_date(fields: Fields, in_name: datetime | None, site: Site) -> bool:
    """Return whether an article without `publishedDateTime` has its date in another tool's key.

    Without this check, its entry would get the date on which it was first seen, or the date in
    its file name (`in_name`) although the key names another day. Every such key becomes a fatal
    problem.
    """
    unread = False
    for name, meaning in _foreign_keys(fields):
        value = fields.raw(name)
        kind = meaning.kind if meaning else None
        if not _may_be_date(value, kind, site):
            continue
        if in_name is None:
            message = "is not read, so the article has no date; write publishedDateTime"
        elif kind == "publish" and not _is_day(value, in_name, site):
            message = "is not read, and differs from the date in the file name; "
            message += "write publishedDateTime"
        else:
            continue
        fields.wrong(name, message, fatal=True)
        unread = True
    return unread


def _own_reason(fields: Fields) -> str:
    """Return why this tool's own keys withhold the article; empty if they do not."""
    reason = ""
    for name, withholding_value in frontmatter.WITHHOLDING.items():
        if name in fields:
            value = fields.flag(name)
            if value is withholding_value or value is None:
                reason = reason or f"{name}: {_shown(fields.raw(name))}"
    return reason


def _judge_foreign_keys(fields: Fields, path: str, now: datetime, site: Site) -> Verdict:
    """Return the verdict by other tools' keys; each key that withholds becomes a problem.

    With a preset, a clear one does not: there it is one of the generator's own words.
    """
    label, withheld, changes = "", False, []
    for name, meaning in _foreign_keys(fields):
        if meaning is None:
            continue
        value, change, reason = fields.raw(name), None, None
        if meaning.kind == "expiry":
            reason, change = _judge_expiry(value, now, site)
        elif meaning.kind in ("publish", "embargo"):
            reason, change = _judge_start(fields, value, meaning.kind, path, now, site)
        else:
            reason = _reason(fields, name, value, meaning)
        changes += [int(change.timestamp())] if change else []
        if reason:
            if not (reason.label and site.preset.is_foreign):
                fields.wrong(name, reason.message, fatal=True)
            withheld, label = True, label or reason.label
    return Verdict(withheld, min(changes, default=None), (label or "unclear") if withheld else "")


def _reason(fields: Fields, name: str, value: Any, meaning: Meaning) -> _Reason | None:
    """Return why a value that is not a date withholds the article; None if it does not."""
    truth = _truth(value)
    clear = _Reason(f"is {_shown(value)}, {_WITHHELD}", f"{name}: {_shown(value)}")
    if meaning.kind == "flag" and truth is None:
        return _Reason(
            f"is {_shown(value)}, neither true nor false, {_WITHHELD}; write one of them"
        )
    if meaning.kind == "misspelt" and value in (None, ""):
        return _Reason(f"is empty, {_WITHHELD}; write published: true or published: false")
    if meaning.kind in ("flag", "misspelt", "option"):
        return clear if truth is meaning.withholds else None
    if meaning.kind == "state":
        return clear if _word(value) in _NOT_PUBLIC else None
    if meaning.kind == "params":
        return _params_reason(value)
    if meaning.kind == "parts":
        parts = value if isinstance(value, dict) else {}
        never = any(_word(parts.get(part)) in _NEVER for part in _PARTS)
        return _Reason(f"contains never, {_WITHHELD}", f"{name}: never") if never else None
    if meaning.kind == "status":
        return _status_reason(fields, value, clear)
    return None


def _status_reason(fields: Fields, value: Any, clear: _Reason) -> _Reason | None:
    """Return why a status withholds the article: `clear`, or that it may not be public."""
    word, truth = _word(value), _truth(value)
    if word in _NOT_PUBLIC or truth is False:
        return clear
    if word in _PUBLIC or truth or fields.raw("published") is True:
        return None
    message = f"is {_shown(value)}, which may mean that it is not public, {_WITHHELD}"
    return _Reason(f"{message}; if it is public, write published: true too")


def _params_reason(value: Any) -> _Reason | None:
    """Return why custom parameters (Hugo, Zola) withhold the article; None if they do not."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        meaning = find_meaning(name) if isinstance(name, str) else None
        if meaning and meaning.kind == "flag" and _truth(inner) is meaning.withholds:
            label = f"{name}: {_shown(inner)}"
            return _Reason(f"has {label}, {_WITHHELD}", label)
    return None


def _judge_start(
    fields: Fields, value: Any, kind: Kind, path: str, now: datetime, site: Site
) -> tuple[_Reason | None, datetime | None]:
    """Return why a publication date withholds the article, and until when; None if not."""
    if value in (None, "") or (kind == "embargo" and _means_no_date(value)):
        return None, None
    start, has_date = _time(value, site), fields.raw("publishedDateTime")
    if start is None and (has_date or kind == "embargo") and _word(value) not in _PAST:
        return _not_a_date(value), None
    if start is None or start <= now:
        return None, None
    if not (has_date or dates.in_name(path.rpartition("/")[2], site.zone)):
        return None, None  # reported by `has_unread_date`
    message = f"is {_shown(value)}, which is in the future, {_WITHHELD} until then"
    return _Reason(message, "due later"), start


def _judge_expiry(value: Any, now: datetime, site: Site) -> tuple[_Reason | None, datetime | None]:
    """Return why an expiry date withholds the article, or else when it will."""
    if _means_no_date(value):
        return None, None
    expiry = _time(value, site)
    if expiry is None:
        return _not_a_date(value), None
    if expiry <= now:
        message = f"is {_shown(value)}, which is in the past, {_WITHHELD}"
        return _Reason(message, "expired"), None
    return None, expiry


def _not_a_date(value: Any) -> _Reason:
    message = f"is {_shown(value)}, which is not a date, {_WITHHELD}"
    return _Reason(f"{message}; write {_EXAMPLE_DATE}, for example")


def _foreign_keys(fields: Fields) -> Iterator[tuple[str, Meaning | None]]:
    """Yield the keys that are not this tool's, with their meaning if it is known."""
    for name in fields.names_beside(OWN):
        yield name, find_meaning(name)


def _kind(name: str) -> Kind | None:
    meaning = None if name in OWN else find_meaning(name)
    return meaning.kind if meaning else None


def _truth(value: Any) -> bool | None:
    """Return whether a value is a spelling of true or of false; None if neither."""
    word = _word(value)
    return True if word in _TRUE else False if word in _FALSE else None


def _word(value: Any) -> str:
    """Return a value in lower case, without hyphens, underscores and spaces."""
    return fold(str(value)) if isinstance(value, str | int) else ""


def _means_no_date(value: Any) -> bool:
    return value is None or (isinstance(value, str | int) and _word(value) in _NO_DATE)


def _shown(value: Any) -> str:
    """Return a value as messages show it."""
    if value is None or value == "":
        return "empty"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return str(value).lower() if isinstance(value, bool) else quote_for_message(value)


def _time(value: Any, site: Site) -> datetime | None:
    """Return the time, in UTC, that a value stands for; None if it is not a date.

    Accepts seconds and milliseconds since 1970, and the mapping of `created` and `updated` of
    MkDocs, too.
    """
    if isinstance(value, dict):
        value = value.get("created")
    if isinstance(value, str) and len(value) > _MAX_DATE:
        return None
    if isinstance(value, str | int) and (epoch := _EPOCH.fullmatch(str(value).strip())):
        return dates.from_timestamp(int(epoch[0][:10]))
    try:
        return dates.parse(value, site.zone)
    except dates.BadDateError:
        return None


def _may_be_date(value: Any, kind: Kind | None, site: Site) -> bool:
    """Return whether an author may have meant this value as the date of the article."""
    if value in (None, "") or isinstance(value, bool):
        return False
    if kind in ("date", "embargo"):
        return _time(value, site) is not None
    return kind == "publish"


def _is_day(value: Any, time: datetime, site: Site) -> bool:
    """Return whether a date is on the same day as `time`, in its own time zone or the site's."""
    parsed, day = _time(value, site), time.astimezone(site.zone).date()
    if parsed is None:
        return False
    return parsed.astimezone(site.zone).date() == day or str(value).strip()[:10] == day.isoformat()
