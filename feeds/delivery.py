"""The settings of where a site is published to: object storage, and caches to purge. No I/O."""

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1)]


class UploadSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    url: Text
    """Where to: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`."""
    endpoint: str | None = None
    """The URL of an S3-compatible store or another Azure endpoint. Without this, the usual one."""
    region: str | None = None
    """The region of an S3 bucket. Without this, that of the environment (`AWS_REGION`)."""
    state: str | None = None
    """Where the memory is kept: such a URL that nobody else can read. Without this, nowhere."""
    memory: bool = True
    """Whether it is kept at all, for machines that have no catalogue."""
    coding: Literal["identity", "gzip"] = "identity"
    """How documents are stored: as they are, for CDNs that compress, or all of them as gzip."""
    parallel: Annotated[int, Meta(ge=1, le=64)] = 16
    """How many objects are uploaded at a time."""
    lock: bool = True
    """False for stores without conditional writes; then see to it that one publishes at a time."""


class PurgeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    via: Literal["cloudflare", "fastly", "bunny", "cloudfront", "http"]
    """Which cache; `http` is a plain PURGE, as Varnish and nginx take it."""
    zone: str | None = None
    """The id of the Cloudflare zone, Fastly service, Bunny pull zone or CloudFront distribution."""
    servers: tuple[Text, ...] = ()
    """For `http`: the URLs of the cache servers. Without this, the feeds' own URL is asked."""
    by: Literal["url", "tag"] = "url"
    """Purge every changed URL, or feeds by their tag (needs `http.cache_tags`)."""
    soft: bool = False
    """For Fastly: mark as stale, so that it is served while a new copy is fetched."""

    @property
    def name(self) -> str:
        """What tells this cache from others of the site, whatever else is set."""
        return " ".join((self.via, *(part for part in (self.zone, *self.servers) if part)))


def caches(settings: Iterable[PurgeSettings]) -> list[PurgeSettings]:
    """The caches, each of which forgets by itself: every server of `http` is one."""
    made: list[PurgeSettings] = []
    for each in settings:
        alone = [msgspec.structs.replace(each, servers=(server,)) for server in each.servers]
        made += alone or [each]
    return made
