"""`feeds adopt`: takes over ids and dates in the transaction of a build, and takes them back."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

from feeds.adopt.matches import adopted_entry, match_items, newest_items
from feeds.adopt.old_addresses import answering
from feeds.adopt.report import AdoptReport, Row, SourceReport
from feeds.build import builder
from feeds.build.builder import BuildRequest
from feeds.catalogue.adopted import AdoptedEntry
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.records import EntryChange
from feeds.catalogue.transaction import WriteTransaction
from feeds.config.site import Site
from feeds.errors import AdoptionError, FeedsError
from feeds.model.entry import Entry
from feeds.old_feeds.documents import OldDocument
from feeds.old_feeds.matching import Match
from feeds.util.dates import from_timestamp
from feeds.util.progress import Progress


class _RehearsalOver(FeedsError):  # noqa: N818
    """Ends the transaction of a dry run, so that nothing is written."""


def adopt(
    site: Site,
    catalogue: Catalogue,
    sources: Sequence[tuple[str, OldDocument]],
    now: datetime,
    request: BuildRequest,
    progress: Progress,
    *,
    dry_run: bool = False,
) -> AdoptReport:
    """Build, and give entries the ids and dates of the items that they match, all or nothing.

    With `dry_run` nothing is written. Raises the same errors as a build.
    """
    adopter = _Adopter(site, sources, now, dry_run=dry_run)
    request = msgspec.structs.replace(request, adopter=adopter)
    with suppress(_RehearsalOver):
        builder.build(site, catalogue, now, request, progress=progress)
    return adopter.report()


def undo(
    site: Site, catalogue: Catalogue, now: datetime, request: BuildRequest, progress: Progress
) -> int:
    """Restore the ids and dates from before all adoptions; return the number of entries.

    Raises `AdoptionError` if there is nothing to take back, or an export has the adopted ids.
    """
    undoer = _Undoer()
    request = msgspec.structs.replace(request, adopter=undoer)
    builder.build(site, catalogue, now, request, progress=progress)
    return undoer.count


class _Adopter:
    def __init__(
        self,
        site: Site,
        sources: Sequence[tuple[str, OldDocument]],
        now: datetime,
        *,
        dry_run: bool,
    ) -> None:
        self._site, self._sources, self._now, self._dry_run = site, sources, now, dry_run
        self._matches: dict[str, Match] = {}
        self._adopted = 0
        self._reports: tuple[SourceReport, ...] = ()

    def choose(self, tx: WriteTransaction) -> Mapping[int, Entry]:
        stored, revision = tx.entries.stored(), tx.meta.revision() + 1
        items = newest_items(document for _, document in self._sources)
        holders = tx.entries.paths_by_id([item.id for item in items])
        entries = [change.entry for change in stored.values()]
        matches = match_items(items, entries, self._now, holders)
        self._matches = {match.item.id or match.item.link: match for match in matches}
        known = tx.adopted.all()
        seqs = {change.entry.path: seq for seq, change in stored.items()}
        changed: dict[int, Entry] = {}
        for match in matches:
            if match.entry is None:
                continue
            seq, new = seqs[match.entry.path], adopted_entry(match.item, match.entry, self._now)
            # Dates of an adopted entry may have moved since, by its author.
            if new != match.entry and not (seq in known and match.entry.id == new.id):
                changed[seq] = new
        tx.adopted.put(
            [
                _row(seq, entry, stored[seq], known.get(seq), revision)
                for seq, entry in changed.items()
            ]
        )
        self._adopted = len(changed)
        return changed

    def finish(self, tx: WriteTransaction) -> None:
        self._reports = tuple(
            self._source_report(name, document, tx) for name, document in self._sources
        )
        if self._dry_run:
            raise _RehearsalOver

    def report(self) -> AdoptReport:
        """Return the outcome; called after the build."""
        return AdoptReport(adopted=self._adopted, sources=self._reports, dry_run=self._dry_run)

    def _source_report(
        self, name: str, document: OldDocument, tx: WriteTransaction
    ) -> SourceReport:
        matches = [self._matches[item.id or item.link] for item in document.items]
        missing = [match for match in matches if match.entry is None]
        report = SourceReport(
            name=name,
            items=len(matches),
            matched=len(matches) - len(missing),
            unmatched=tuple(_report_row(match) for match in missing if not match.doubtful),
            doubtful=tuple(_report_row(match) for match in missing if match.doubtful),
        )
        return report if document.is_export else self._with_readers(report, document, tx)

    def _with_readers(
        self, report: SourceReport, document: OldDocument, tx: WriteTransaction
    ) -> SourceReport:
        """Return the report with the changes that readers of an old feed see."""
        answer = answering(document, self._site, tx, self._now)
        if answer.feed is None:
            return msgspec.structs.replace(report, advice=answer.advice)
        ids = {entry.id for entry in tx.feeds.shown(answer.feed, self._now)}
        old = {item.id for item in document.items}
        return msgspec.structs.replace(
            report,
            feed=answer.feed.path,
            new=len(ids - old),
            gone=len(old - ids),
            advice=answer.advice,
        )


class _Undoer:
    def __init__(self) -> None:
        self.count = 0

    def choose(self, tx: WriteTransaction) -> Mapping[int, Entry]:
        """Return the entries with their former ids and dates."""
        adopted = tx.adopted.all()
        if not adopted:
            raise AdoptionError("no entry has an adopted id or date; there is nothing to take back")
        exported = int(tx.meta.get("exported") or 0)
        if any(row.revision <= exported for row in adopted.values()):
            raise AdoptionError(
                "the adopted ids were exported or published, so readers may have them; taking them "
                "back would show every entry again"
            )
        stored = tx.entries.stored(list(adopted))
        tx.adopted.forget(adopted)
        self.count = len(stored)
        return {seq: _restored(change.entry, adopted[seq]) for seq, change in stored.items()}

    def finish(self, tx: WriteTransaction) -> None:
        """Accept the build."""


def _restored(entry: Entry, row: AdoptedEntry) -> Entry:
    """Return an entry as it was before its adoption; later changes by its author stay."""
    published, updated = entry.published, entry.updated
    if int(published.timestamp()) == row.published:
        published = from_timestamp(row.authored)
    if int(updated.timestamp()) == row.updated:
        updated = from_timestamp(row.old_updated)
    return msgspec.structs.replace(
        entry,
        id=row.old_id,
        published=published,
        updated=max(updated, published),
        permalink_id=False,
    )


def _row(
    seq: int, entry: Entry, before: EntryChange, known: AdoptedEntry | None, revision: int
) -> AdoptedEntry:
    """Return the row of an adopted entry; values from before its first adoption stay."""
    old = before.entry
    return AdoptedEntry(
        entry=seq,
        permalink=entry.permalink_id,
        published=int(entry.published.timestamp()),
        updated=int(entry.updated.timestamp()),
        authored=known.authored if known else int(old.published.timestamp()),
        old_id=known.old_id if known else old.id,
        old_updated=known.old_updated if known else int(old.updated.timestamp()),
        revision=revision,
    )


def _report_row(match: Match) -> Row:
    return Row(match.item.title, match.item.link or match.item.id, match.reason)
