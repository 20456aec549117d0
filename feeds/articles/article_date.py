"""The dates of an article: where its date comes from, and whether a change is minor. No I/O."""

from datetime import datetime
from pathlib import PurePosixPath

from feeds.articles import withholding
from feeds.articles.fields import Fields
from feeds.articles.withholding_values import shown, truth_of
from feeds.config.site import Site
from feeds.presets.reading import DateSource, Reading
from feeds.util import dates


def published(fields: Fields, path: str, seen: datetime, site: Site) -> datetime | None:
    """Return the article's date: from its front matter, its file name, or else `seen`.

    None, with a fatal problem, if the author gives a date that cannot be read.
    """
    value = fields.raw("publishedDateTime")
    if value is None or value == "":
        in_name = dates.in_name(PurePosixPath(path).name, site.zone)
        unread = withholding.has_unread_date(fields, in_name, site)
        if in_name is None and not unread and fields.key_of("updatedDateTime") != "updatedDateTime":
            message = "is the only date of the article; write its date of publication, too"
            fields.wrong("updatedDateTime", message, fatal=True)
            unread = True
        return None if unread else in_name or seen
    published = fields.date("publishedDateTime", site.zone)
    if published is None:
        fields.refuse(("publishedDateTime",))
    elif published < dates.EPOCH:
        fields.wrong("publishedDateTime", "is before 1970, which many readers show wrongly")
    return published


def source(reading: Reading, fields: Fields, path: str, site: Site) -> DateSource:
    """Return where the date of an article comes from; empty if that is its first build."""
    if reading.dated or fields.raw("publishedDateTime"):
        return reading.dated or "front matter"
    return "file name" if dates.in_name(PurePosixPath(path).name, site.zone) else ""


def is_minor(fields: Fields) -> bool:
    """Return whether the author marks changes of the article as minor, so that `updated` stays.

    Zola and Hugo have the keys that are not their own in a mapping.
    """
    for outer in (None, "extra", "params"):
        inner = fields if outer is None else _below(fields, outer)
        if inner is not None and "minor" in inner:
            value = inner.raw("minor")
            if (is_minor := truth_of(value)) is None:
                inner.wrong("minor", f"is {shown(value)}, not true or false; write one of them")
            return is_minor or False
    return False


def _below(fields: Fields, name: str) -> Fields | None:
    value = fields.raw(name)
    return fields.below(name, value) if isinstance(value, dict) else None
