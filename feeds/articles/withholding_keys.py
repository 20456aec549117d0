"""Keys of front matter by which the tools of the field keep articles back, and date them."""

from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal, NamedTuple

from feeds.articles import frontmatter


def words(*lines: str) -> frozenset[str]:
    """Return the words of these lines."""
    return frozenset(word for line in lines for word in line.split())


# The keys of this tool, which say nothing in the words of another one.
OWN = words(
    "title name excerpt bio publishedDateTime updatedDateTime webUrl originalUrl topics category"
    " type language locale quality heat authors provider related images audio video actions"
    " featuredContent length levels price ratings",
    *frontmatter.WITHHOLDING,
)

Kind = Literal[
    "flag", "misspelt", "option", "status", "state", "parts", "params",
    "expiry", "publish", "embargo", "date",
]  # fmt: skip
# Keys of these kinds are unclear where they are given more than once.
ONCE: frozenset[Kind] = frozenset({"flag", "misspelt", "status", "parts", "expiry"})


class Meaning(NamedTuple):
    """What a key of another tool says. `withholds` is the value of a flag that keeps back."""

    kind: Kind
    withholds: bool = True


def _named(names: str, kind: Kind, *, withholds: bool = True) -> dict[str, Meaning]:
    return dict.fromkeys(names.split(), Meaning(kind, withholds))


# By name in lower case, without hyphens and underscores. An option has other values besides true
# and false, so that it keeps back only where it is clear.
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
# Misspellings of these count as well; how alike they have to be, and words of their own.
_MISSPELT, _ALIKE, _OTHER_WORDS = ("published", "draft"), 0.8, frozenset({"publisher", "polished"})
_OWN_DATE, _ALIKE_DATE = "publisheddatetime", 0.9
_LONGEST_NAME = 40
FILLERS = str.maketrans("", "", "-_ ")


@lru_cache(2_000)
def find_meaning(name: str) -> Meaning | None:
    """What a key means that another tool may know, however it is cased or misspelt."""
    folded = name.translate(FILLERS).casefold() if len(name) <= _LONGEST_NAME else ""
    if folded in _MEANINGS:
        return _MEANINGS[folded]
    for known in _MISSPELT:
        alike = folded[:1] == known[0] and SequenceMatcher(None, folded, known).ratio() >= _ALIKE
        if alike and folded not in _OTHER_WORDS:
            return Meaning("misspelt", _MEANINGS[known].withholds)
    if folded[:1] != _OWN_DATE[0]:
        return None
    alike = SequenceMatcher(None, folded, _OWN_DATE).ratio() >= _ALIKE_DATE
    return _MEANINGS[_OWN_DATE] if alike else None
