"""Describe a static host: its configuration files, and its limitations."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from feeds.export.hosts.redirects import RedirectRule
from feeds.export.hosts.rules import HostRules
from feeds.export.manifest import Kind


class HostFiles(msgspec.Struct, frozen=True):
    """The configuration files of a host, by path, and its limitations as sentences.

    `copies` are additional paths of documents: old path -> document.
    """

    files: Mapping[str, bytes] = {}
    limitations: tuple[str, ...] = ()
    copies: Mapping[str, str] = {}


class Host(msgspec.Struct, frozen=True):
    """A kind of static host.

    `can` are the codings in which it can send precompressed files, of documents of the kinds
    `coded`, and `codings` those that it always can. The texts say how far it goes, for people.

    `config_files` are the paths of the files that configure the host. `hides_private` is True if
    these stop it from serving private files (`config.site.PRIVATE`), `sends_tags` if it can send
    cache tags with documents, and `stores_variants` if precompressed variants are uploaded as
    objects that the host chooses from.
    """

    name: str
    title: str
    configure: Callable[[HostRules, tuple[str, ...]], HostFiles]
    config: str
    types: str
    caching: str
    link: str
    redirects: str
    gone: str
    supported_codings: tuple[str, ...] = ()
    default_codings: tuple[str, ...] = ()
    coded_kinds: tuple[Kind, ...] = ("archive", "asset", "feed", "page", "list")
    has_404: bool = True
    config_files: tuple[str, ...] = ()
    hides_private: bool = False
    sends_tags: bool = False
    stores_variants: bool = False


def archive_limitations(
    plan: HostRules, title: str, *, hub: bool = False, link: bool = True
) -> Iterator[str]:
    """What a host that knows nothing but rules does otherwise with a history.

    `link` is whether it sends Link headers, `hub` whether archives have that of a feed.
    """
    if plan.has_archives:
        yield (
            f"{title} keeps all archives for a day, where the server says a year of all but the "
            "newest."
        )
        if link:
            yield (
                f"{title} sends no prev-archive and next-archive in Link headers; both are in the "
                f"documents.{' Archives name the hubs there, as feeds do.' if hub else ''}"
            )


def conflict_limitations(title: str, lost: Sequence[RedirectRule]) -> Iterator[str]:
    """What a host that looks at old addresses before documents cannot be told of them."""
    if lost:
        yield (
            f"{title} looks at old addresses before documents: {len(lost):,} patterns that fit "
            f"documents are left out, {lost[0].source} among them."
        )
