"""Checks before a publish, so that no entry becomes new again to all subscribers."""

from collections.abc import Iterable

from feeds.catalogue.catalogue import Catalogue
from feeds.config.site import Site
from feeds.errors import StoreError
from feeds.export.hosts.registry import HOSTS
from feeds.model.document import FORMATS
from feeds.publish.destination import LockedDestination


def keeps_memory(site: Site, destination: LockedDestination) -> bool:
    """Return whether the memory is stored at the destination, that is, in a private location.

    It contains articles that are not published yet. Raises `StoreError` if it is stored already
    where anyone can, or may, read it.
    """
    upload, export, state = site.settings.upload, site.settings.export, destination.state
    if upload and (upload.state or not upload.memory):
        return upload.memory
    has_memory = destination.record.catalogue is not None
    if upload and has_memory:
        raise StoreError(
            f"{state.url} holds the memory, with articles that are not yet published or were "
            "withdrawn, and is among the feeds that readers can fetch. Set upload.state in "
            "site.yaml to a private location, and it is moved there (or to this location, if only "
            "the publisher can read it). To keep no memory, set memory: false, which deletes it: "
            "then only the machine that has the catalogue can publish"
        )
    if upload:
        return False
    if export.state or HOSTS[export.host].hides_private:
        return True
    if has_memory:
        raise StoreError(
            f"{state.folder} holds the memory, with articles that are not yet published, and "
            f"anyone can read everything in {state.folder.parent}; set export.state in site.yaml "
            "to a private folder, and it is moved there"
        )
    return False


def check_known(
    destination: LockedDestination, catalogue: Catalogue, *, keeps_memory: bool
) -> None:
    """Raise `StoreError` if documents are published whose memory is neither here nor stored.

    `keeps_memory` says whether the memory is stored at the destination.
    """
    with catalogue.read() as reader:
        is_empty, copies = reader.meta.revision() == 0, reader.meta.published_copies()
    is_stored = keeps_memory and destination.record.catalogue is not None
    if not is_stored:
        _check_origin(destination, {copy_id for copy_id, _ in copies.values()}, is_empty=is_empty)
    # An existing export in a folder was made from a catalogue that has entries.
    is_own_folder = destination.destination.objects is None and not is_empty
    if destination.is_new and not is_own_folder:
        _check_unrecorded(destination, is_empty=is_empty)


def _check_origin(destination: LockedDestination, copy_ids: set[str], *, is_empty: bool) -> None:
    """Raise `StoreError` if another catalogue than this, which has `copy_ids`, was published."""
    record, url = destination.record, destination.destination.url
    key = "upload.state" if destination.destination.objects else "export.state"
    remedy = (
        "entries would be new to all subscribers. Publish from the machine that has the "
        f"catalogue; to publish from other machines, set {key} in site.yaml to a private location "
        "for the memory, and publish from that machine once. Pass --overwrite if this is intended"
    )
    # Readers may have seen a first upload even if it was killed.
    if is_empty and (record.files or record.open):
        raise StoreError(
            f"{url} has documents, and neither their memory nor a catalogue is here: {remedy}"
        )
    if record.origin and record.origin not in copy_ids:
        raise StoreError(f"{url} was published from another catalogue: {remedy}")


def _check_unrecorded(destination: LockedDestination, *, is_empty: bool) -> None:
    """Raise `StoreError` if there are feeds without a record."""
    url, state_url = destination.destination.url, destination.state.url
    if feeds := _feeds(destination.destination.paths()):
        remedy = "" if is_empty else ", or pass --overwrite if they were made from this catalogue"
        raise StoreError(
            f"{url} has feeds ({feeds[0]}; {len(feeds):,} in all), and {state_url} has no record "
            "of them: entries could be new to all subscribers. If the state was elsewhere "
            f"(upload.state, export.state), move its files to {state_url}{remedy}"
        )


def _feeds(paths: Iterable[str]) -> list[str]:
    """Return the feed paths for which there is a document in every format."""
    by_format: list[set[str]] = [set() for _ in FORMATS]
    for document in paths:
        path, _, format_ = document.rpartition(".")
        if format_ in FORMATS:
            by_format[FORMATS.index(format_)].add(path)
    return sorted(set.intersection(*by_format))
