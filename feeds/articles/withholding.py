"""Decides whether an article is withheld, by the keys of this tool and of others. No I/O.

Hugo, Zola, Eleventy, Quarto, Astro, Pelican, Jekyll, Hexo, Docusaurus and others have different
keys for drafts, hidden pages and dates of publication. All of them withhold the article, and so
does an unclear value, because a published draft cannot be taken back.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from feeds.articles import frontmatter
from feeds.articles.fields import Fields
from feeds.articles.withholding_keys import OWN, UNIQUE, Kind, Meaning, find_meaning, words
from feeds.articles.withholding_values import means_no_date, shown, time_of, truth_of, word_of
from feeds.config.site import Site
from feeds.util import dates

_PUBLIC = words(
    "published publish public live final done complete completed finished approved released"
    " active online visible listed current open"
)
_NOT_PUBLIC = words(
    "draft drafts autodraft hidden private skip pending trash trashed scheduled future unpublished"
    " inactive disabled deleted removed unlisted embargoed withheld wip review inreview internal"
    " offline archived"
)
# Values of `date` in Eleventy, which are never in the future.
_PAST = words("created lastmodified gitcreated gitlastmodified")
# The kinds of keys with a date that withholds.
_DATED: tuple[Kind, ...] = ("expiry", "publish", "embargo")
# The parts of Hugo's `build`, and their values that withhold.
_PARTS, _NEVER = ("render", "list"), frozenset({"never", "false"})

_DRAFTS = "drafts"  # the folder of Jekyll and Hexo is _drafts
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
                reason = reason or f"{name}: {shown(fields.raw(name))}"
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
        elif meaning.kind == "params":
            reason, change = _judge_params(value, now, site)
        else:
            reason = _reason(fields, name, value, meaning, site)
        changes += [int(change.timestamp())] if change else []
        if reason:
            if not (reason.label and site.preset.is_foreign):
                fields.wrong(name, reason.message, fatal=True)
            withheld, label = True, label or reason.label
    return Verdict(withheld, min(changes, default=None), (label or "unclear") if withheld else "")


def _reason(fields: Fields, name: str, value: Any, meaning: Meaning, site: Site) -> _Reason | None:
    """Return why a value that is not a date withholds the article; None if it does not."""
    truth = truth_of(value)
    clear = _Reason(f"is {shown(value)}, {_WITHHELD}", f"{name}: {shown(value)}")
    if meaning.kind == "flag" and truth is None:
        return _Reason(f"is {shown(value)}, neither true nor false, {_WITHHELD}; write one of them")
    if meaning.kind == "misspelt" and value in (None, ""):
        return _Reason(f"is empty, {_WITHHELD}; write published: true or published: false")
    if meaning.kind in ("flag", "misspelt", "option"):
        return clear if truth is meaning.withholds else None
    if meaning.kind == "state":
        return clear if word_of(value) in _NOT_PUBLIC else None
    if meaning.kind == "parts":
        never = _is_never_built(value)
        return _Reason(f"contains never, {_WITHHELD}", f"{name}: never") if never else None
    if meaning.kind == "status":
        return _status_reason(fields, value, clear, site)
    return None


def _status_reason(fields: Fields, value: Any, clear: _Reason, site: Site) -> _Reason | None:
    """Return why a status withholds the article: `clear`, or that it may not be public."""
    word, truth = word_of(value), truth_of(value)
    if word in _NOT_PUBLIC or truth is False:
        return clear
    if site.preset.has_status_badges and word:
        return None
    if word in _PUBLIC or truth or fields.raw("published") is True:
        return None
    message = f"is {shown(value)}, which may mean that it is not public, {_WITHHELD}"
    return _Reason(f"{message}; if it is public, write published: true too")


def _judge_params(value: Any, now: datetime, site: Site) -> tuple[_Reason | None, datetime | None]:
    """Return why custom parameters (Hugo, Zola) withhold the article, and when that changes.

    Only clear values count, because themes have these names for other things, too.
    """
    changes = []
    for name, inner in value.items() if isinstance(value, dict) else ():
        meaning = find_meaning(name) if isinstance(name, str) else None
        if meaning is None:
            continue
        may_be_date = meaning.kind in _DATED or (meaning.kind == "flag" and not meaning.withholds)
        moment = time_of(inner, site) if may_be_date else None
        change = moment if moment is not None and moment > now else None
        is_over = moment is not None and (change is None) is (meaning.kind == "expiry")
        if is_over or (moment is None and _clearly_withholds(inner, meaning)):
            label = f"{name}: {shown(inner)}"
            return _Reason(f"has {label}, {_WITHHELD}", label), change
        changes += [change] if change else []
    return None, min(changes, default=None)


def _clearly_withholds(value: Any, meaning: Meaning) -> bool:
    if meaning.kind in ("flag", "misspelt", "option"):
        return truth_of(value) is meaning.withholds
    if meaning.kind in ("status", "state"):
        return word_of(value) in _NOT_PUBLIC or truth_of(value) is False
    return meaning.kind == "parts" and _is_never_built(value)


def _is_never_built(value: Any) -> bool:
    parts = value.items() if isinstance(value, dict) else ()
    return any(word_of(name) in _PARTS and word_of(part) in _NEVER for name, part in parts)


def _judge_start(
    fields: Fields, value: Any, kind: Kind, path: str, now: datetime, site: Site
) -> tuple[_Reason | None, datetime | None]:
    """Return why a publication date withholds the article, and until when; None if not."""
    if value in (None, "") or (kind == "embargo" and means_no_date(value)):
        return None, None
    start, has_date = time_of(value, site), fields.raw("publishedDateTime")
    if start is None and (has_date or kind == "embargo") and word_of(value) not in _PAST:
        return _not_a_date(value), None
    if start is None or start <= now:
        return None, None
    if not (has_date or dates.in_name(path.rpartition("/")[2], site.zone)):
        return None, None  # reported by `has_unread_date`
    message = f"is {shown(value)}, which is in the future, {_WITHHELD} until then"
    return _Reason(message, "due later"), start


def _judge_expiry(value: Any, now: datetime, site: Site) -> tuple[_Reason | None, datetime | None]:
    """Return why an expiry date withholds the article, or else when it will."""
    if means_no_date(value):
        return None, None
    expiry = time_of(value, site)
    if expiry is None:
        return _not_a_date(value), None
    if expiry <= now:
        message = f"is {shown(value)}, which is in the past, {_WITHHELD}"
        return _Reason(message, "expired"), None
    return None, expiry


def _not_a_date(value: Any) -> _Reason:
    message = f"is {shown(value)}, which is not a date, {_WITHHELD}"
    return _Reason(f"{message}; write {_EXAMPLE_DATE}, for example")


def _foreign_keys(fields: Fields) -> Iterator[tuple[str, Meaning | None]]:
    """Yield the keys that are not this tool's, with their meaning if it is known."""
    for name in fields.names_beside(OWN):
        yield name, find_meaning(name)


def _kind(name: str) -> Kind | None:
    meaning = None if name in OWN else find_meaning(name)
    return meaning.kind if meaning else None


def _may_be_date(value: Any, kind: Kind | None, site: Site) -> bool:
    """Return whether an author may have meant this value as the date of the article."""
    if value in (None, "") or isinstance(value, bool):
        return False
    if kind in ("date", "embargo"):
        return time_of(value, site) is not None
    return kind == "publish"


def _is_day(value: Any, time: datetime, site: Site) -> bool:
    """Return whether a date is on the same day as `time`, in its own time zone or the site's."""
    parsed, day = time_of(value, site), time.astimezone(site.zone).date()
    if parsed is None:
        return False
    return parsed.astimezone(site.zone).date() == day or str(value).strip()[:10] == day.isoformat()
