"""The description of a static host: its configuration files and its limitations."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from feeds.export.hosts.redirects import RedirectRule
from feeds.export.hosts.rules import HostRules
from feeds.export.manifest import Kind


class HostFiles(msgspec.Struct, frozen=True):
    """The configuration files of a host, by path, and its limitations as sentences.

    `copies` are additional paths of documents: old path -> path of the document.
    """

    files: Mapping[str, bytes] = {}
    limitations: tuple[str, ...] = ()
    copies: Mapping[str, str] = {}


class Host(msgspec.Struct, frozen=True):
    """A kind of static host. `title` is its name in messages and documents.

    `configure` returns the configuration of a host that sends files precompressed in the given
    codings. Those can be any of `supported_codings`, and are `default_codings` unless the settings
    choose others; documents of the kinds `coded_kinds` are precompressed. `has_404` is True if the
    host sends a page of the site with status 404. `config_files` are the paths of the files that
    configure it. `hides_private` is True if these stop it from serving private files
    (`config.site.PRIVATE`), `sends_tags` if it can send cache tags with documents, and
    `stores_variants` if precompressed variants are objects that it chooses from.
    """

    name: str
    title: str
    configure: Callable[[HostRules, tuple[str, ...]], HostFiles]
    supported_codings: tuple[str, ...] = ()
    default_codings: tuple[str, ...] = ()
    coded_kinds: tuple[Kind, ...] = ("archive", "asset", "feed", "page", "list")
    has_404: bool = True
    config_files: tuple[str, ...] = ()
    hides_private: bool = False
    sends_tags: bool = False
    stores_variants: bool = False


_HUB_NOTE = " The Link headers of archive documents name the hubs, like those of feeds."


def archive_limitations(
    rules: HostRules, title: str, *, hub: bool = False, link: bool = True
) -> Iterator[str]:
    """Yield how a host with fixed rules deviates from the server for archive documents.

    `link` is True if it sends Link headers, `hub` if those of archive documents name the hubs.
    """
    if rules.has_archives:
        yield (
            f"{title} lets caches keep every archive document for a day; the server allows a year "
            "for all but the newest."
        )
        if link:
            yield (
                f"{title} sends no prev-archive and next-archive in Link headers; both are in the "
                f"documents.{_HUB_NOTE if hub else ''}"
            )


def conflict_limitations(title: str, omitted: Sequence[RedirectRule]) -> Iterator[str]:
    """Yield a sentence about the redirects omitted because the host tries them before documents."""
    if omitted:
        yield (
            f"{title} applies redirects before it looks for documents: {len(omitted):,} patterns "
            f"that match documents are left out, such as {omitted[0].source}."
        )
