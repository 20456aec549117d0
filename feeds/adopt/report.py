"""The report of `feeds adopt`."""

from collections.abc import Iterator

import msgspec

from feeds.util.text import counted

_SHOWN = 5


class Row(msgspec.Struct, frozen=True):
    """An item that no entry took over, and the reason."""

    title: str
    address: str
    reason: str


class SourceReport(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for one source.

    `feed` is the path of our feed that its readers get, empty if none answers at its address or the
    source is an export. `new` counts the entries of that feed that they would show as new, `gone`
    the items that it no longer has. `advice` is the line that makes our feed answer.
    """

    name: str
    items: int
    matched: int
    unmatched: tuple[Row, ...]
    doubtful: tuple[Row, ...]
    feed: str = ""
    new: int | None = None
    gone: int | None = None
    advice: str = ""


class AdoptReport(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of an adoption: the number of entries that changed, and each source."""

    adopted: int
    sources: tuple[SourceReport, ...]
    dry_run: bool = False


def lines(report: AdoptReport) -> Iterator[str]:
    """Yield the report as text."""
    for source in report.sources:
        yield (
            f"{source.name}: {source.matched:,} of {source.items:,} items matched, "
            f"{len(source.unmatched):,} unmatched, {len(source.doubtful):,} doubtful"
        )
        yield from _rows("doubtful", source.doubtful)
        yield from _rows("unmatched", source.unmatched)
        if source.new is not None:
            yield (
                f"  readers get feed {source.feed}: "
                f"{counted(source.new, 'entry', 'entries')} would be new to them, "
                f"{source.gone:,} would be gone"
            )
        if source.advice:
            yield f"  {source.advice}"
    verb = "would take" if report.dry_run else "took"
    yield f"{counted(report.adopted, 'entry', 'entries')} {verb} over an id or a date"


def _rows(kind: str, rows: tuple[Row, ...]) -> Iterator[str]:
    for row in rows[:_SHOWN]:
        yield f"  {kind}: {row.title or row.address}: {row.reason}"
    if len(rows) > _SHOWN:
        yield f"  … and {len(rows) - _SHOWN:,} more; --json lists all"
