"""Hashes of the settings that entries, fragments and feeds are made with."""

import hashlib

import msgspec

from feeds.catalogue.reader import Reader
from feeds.config.definitions import definitions_hash
from feeds.config.settings import ExportSettings, HTTPSettings, PageSettings
from feeds.config.site import Site
from feeds.render import fragment


def settings_hashes(site: Site) -> tuple[str, str]:
    """What a catalogue that was built with these settings has as fingerprint and definitions."""
    return _fingerprint(site), definitions_hash(site)


def has_settings(known: tuple[str, str], reader: Reader) -> bool:
    """Whether the last build had these settings (`made_with`)."""
    return known == (reader.meta("fingerprint"), reader.meta("definitions"))


def _fingerprint(site: Site) -> str:
    """A hash of all that entries and fragments are made with, besides their articles."""
    articles = msgspec.structs.replace(site.settings.articles, watch="auto", scan_every=None)
    settings = msgspec.structs.replace(
        site.settings,
        catalogue="",
        guard=0,
        ping_delay=0,
        articles=articles,
        http=HTTPSettings(),
        pages=PageSettings(),
        export=ExportSettings(),
        upload=None,
        purge=(),
    )
    used = {
        "version": fragment.VERSION,
        "settings": settings,
        "topics": site.topics,
        "providers": site.providers,
    }
    return hashlib.sha256(msgspec.json.encode(used, order="deterministic")).hexdigest()[:32]
