"""Front matter keys of other tools that withhold or date an article."""

from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal, NamedTuple

from feeds.articles import frontmatter
from feeds.presets import vocabulary


def words(*lines: str) -> frozenset[str]:
    """Return the words of the lines."""
    return frozenset(word for line in lines for word in line.split())


# The keys of this tool. They never have the meaning that another tool gives them.
OWN = frozenset({*vocabulary.SHOWN, *vocabulary.UNSHOWN, *frontmatter.WITHHOLDING})

Kind = Literal[
    "flag", "misspelt", "option", "status", "state", "parts", "params",
    "expiry", "publish", "embargo", "date",
]  # fmt: skip
# Kinds of keys that are unclear, and therefore withhold, if they are given more than once.
UNIQUE: frozenset[Kind] = frozenset({"flag", "misspelt", "status", "parts", "expiry"})


class Meaning(NamedTuple):
    """The meaning of another tool's key. `withholds` is the value of a flag that withholds."""

    kind: Kind
    withholds: bool = True


def _named(names: str, kind: Kind, *, withholds: bool = True) -> dict[str, Meaning]:
    return dict.fromkeys(names.split(), Meaning(kind, withholds))


# By folded name (`fold`). An option has other values besides true and false, so only a clear value
# withholds.
_MEANINGS: dict[str, Meaning] = {
    **_named("draft isdraft hidden ishidden private isprivate unlisted isunlisted", "flag"),
    **_named("removed deleted unpublished headless eleventyexcludefromcollections wip", "flag"),
    **_named("embargoed isembargoed", "flag"),
    **_named("published ispublished publish", "flag", withholds=False),
    **_named(
        "permalink render public listed visible isvisible live islive", "option", withholds=False
    ),
    **_named("enabled", "option", withholds=False),
    **_named("internal disabled", "option"),
    **_named("status poststatus publishstatus visibility", "status"),
    **_named("state workflowstate", "state"),
    **_named("build", "parts"),
    **_named("params extra", "params"),
    **_named("expirydate expirydatetime expires expiry expireson expiresat expiredate", "expiry"),
    **_named("expirationdate unpublishdate unpublishat unpublishon unpublish", "expiry"),
    **_named("unpublishedat archivedat removedat deletedat", "expiry"),
    **_named("expire expiration expirationdatetime validuntil visibleuntil", "expiry"),
    **_named("date datetime pubdate pubdatetime publishdate publishdatetime", "publish"),
    **_named("publisheddate publisheddatetime publishedat publishedon publishedtime", "publish"),
    **_named("publishat publishon publishtime publishafter publicationdate", "publish"),
    **_named("datepublished postdate postedat postedon visiblefrom publishfrom", "publish"),
    **_named("golive golivedate goliveat", "publish"),
    **_named("embargo embargodate embargountil embargoeduntil", "embargo"),
    **_named("scheduled scheduledfor scheduledat scheduleddate scheduledate", "embargo"),
    **_named("created createdat createdon createddate createddatetime datecreated", "date"),
    **_named("creationdate written dateposted posted dateadded addedat issued issuedate", "date"),
    **_named("timestamp datum fecha", "date"),
    **_named("lastmod lastmodified lastmodifiedat lastupdated modified modifieddate", "date"),
    **_named("datemodified moddatetime updated updatedat updateddate releasedate", "date"),
}
# Misspellings of these names count as well, from this similarity on, except for words that exist.
_OFTEN_MISSPELT, _MIN_SIMILARITY = ("published", "draft"), 0.8
_NOT_MISSPELT = frozenset({"publisher", "polished"})
_OWN_DATE, _MIN_DATE_SIMILARITY = "publisheddatetime", 0.9
_MAX_NAME = 40  # characters
_FILLERS = str.maketrans("", "", "-_ ")


def fold(text: str) -> str:
    """Return `text` in lower case, without hyphens, underscores and spaces."""
    return text.translate(_FILLERS).casefold()


@lru_cache(2_000)
def find_meaning(name: str) -> Meaning | None:
    """Return the meaning that another tool may give a key, however it is cased or misspelt."""
    folded = fold(name) if len(name) <= _MAX_NAME else ""
    if folded in _MEANINGS:
        return _MEANINGS[folded]
    for correct in _OFTEN_MISSPELT:
        if _is_similar(folded, correct, _MIN_SIMILARITY) and folded not in _NOT_MISSPELT:
            return Meaning("misspelt", _MEANINGS[correct].withholds)
    is_date = _is_similar(folded, _OWN_DATE, _MIN_DATE_SIMILARITY)
    return _MEANINGS[_OWN_DATE] if is_date else None


def _is_similar(name: str, correct: str, similarity: float) -> bool:
    if name[:1] != correct[0]:
        return False
    return SequenceMatcher(None, name, correct).ratio() >= similarity
