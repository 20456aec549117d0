"""Hashes of the settings on which entries, fragments and feed definitions depend."""

import hashlib

import msgspec

from feeds.catalogue.transaction import ReadTransaction
from feeds.config.definitions import definitions_hash
from feeds.config.settings import ExportSettings, GuardSettings, HTTPSettings, PageSettings
from feeds.config.site import Site
from feeds.render import fragment


def settings_hashes(site: Site) -> tuple[str, str]:
    """Return the fingerprint and the definitions hash of a catalogue built with these settings."""
    return _fingerprint(site), definitions_hash(site)


def has_settings(hashes: tuple[str, str], transaction: ReadTransaction) -> bool:
    """Return whether the last build used the settings with these hashes (`settings_hashes`)."""
    return hashes == (transaction.meta.get("fingerprint"), transaction.meta.get("definitions"))


def _fingerprint(site: Site) -> str:
    """Return a hash of everything but the articles that entries and fragments depend on."""
    articles = msgspec.structs.replace(
        site.settings.articles, watch="auto", scan_every=None, undated="git"
    )
    settings = msgspec.structs.replace(
        site.settings,
        catalogue="",
        guard=GuardSettings(),
        ping_delay=0,
        articles=articles,
        http=HTTPSettings(),
        pages=PageSettings(),
        export=ExportSettings(),
        upload=None,
        purge=(),
    )
    inputs = {
        "version": fragment.VERSION,
        "source": site.preset.source_hash.version,
        "settings": settings,
        "topics": site.topics,
        "providers": site.providers,
    }
    return hashlib.sha256(msgspec.json.encode(inputs, order="deterministic")).hexdigest()[:32]
