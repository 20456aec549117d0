"""The hosts that an export can be made for. Pure; no I/O."""

from collections.abc import Mapping
from typing import get_args

from feeds.config.settings import HostName
from feeds.export.hosts import apache, caddy, cloudflare, github, netlify, nginx, s3
from feeds.export.hosts.base import Host, HostFiles
from feeds.export.hosts.rules import HostRules
from feeds.util.compression import BROTLI, GZIP

_YES = "as the server"


def _plain(plan: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """Nothing but the documents: what the host does with them is not known."""
    del plan, codings
    return HostFiles()


_ALL = (
    Host(
        name="plain",
        title="Any other",
        make=_plain,
        told="nothing",
        types="by its own list",
        caching="its own",
        link="in the feeds only",
        redirects="none",
        gone="none",
        has_404=False,
    ),
    Host(
        name="nginx",
        title="nginx",
        make=nginx.make,
        told=f"`{nginx.NAME}`, to include",
        types=_YES,
        caching=_YES,
        link=_YES,
        redirects=_YES,
        gone=_YES,
        can=(BROTLI, GZIP),
        codings=(GZIP,),
    ),
    Host(
        name="caddy",
        title="Caddy",
        make=caddy.make,
        told=f"`{caddy.NAME}`, to import",
        types=_YES,
        caching=_YES,
        link=_YES,
        redirects=_YES,
        gone=_YES,
        can=(BROTLI, GZIP),
        codings=(BROTLI, GZIP),
    ),
    Host(
        name="apache",
        title="Apache",
        make=apache.make,
        told=f"`{apache.NAME}`",
        types=_YES,
        caching=_YES,
        link=_YES,
        redirects=_YES,
        gone=_YES,
        can=(BROTLI, GZIP),
        codings=(BROTLI, GZIP),
    ),
    Host(
        name="netlify",
        title="Netlify",
        make=netlify.make,
        told=f"`{netlify.HEADERS}`, `{netlify.REDIRECTS}`",
        types=_YES,
        caching=_YES,
        link="in the feeds only",
        redirects="301 and 302",
        gone=_YES,
    ),
    Host(
        name="cloudflare-pages",
        title="Cloudflare Pages",
        make=cloudflare.make,
        told=f"`{cloudflare.HEADERS}`, `{cloudflare.REDIRECTS}`",
        types=_YES,
        caching=f"as the server, in {cloudflare.MOST_RULES} rules",
        link=_YES,
        redirects=f"{cloudflare.MOST_STATIC:,}, and {cloudflare.MOST_DYNAMIC} patterns",
        gone="404",
    ),
    Host(
        name="github-pages",
        title="GitHub Pages",
        make=github.make,
        told=f"`{github.NOJEKYLL}`",
        types="by its own list",
        caching="10 minutes",
        link="in the feeds only",
        redirects="the feed itself, where a path ends in its format",
        gone="404",
    ),
    Host(
        name="s3",
        title="S3 with CloudFront",
        make=s3.make,
        told=f"`{s3.NAME}`, a CloudFront Function",
        types="set with the upload",
        caching="set with the upload",
        link="in the feeds only",
        redirects=f"in {s3.MOST_BYTES:,} bytes of the function",
        gone="as redirects",
        can=(BROTLI, GZIP),
        codings=(BROTLI, GZIP),
        coded=("archive", "feed"),
    ),
)

HOSTS: Mapping[str, Host] = {host.name: host for host in _ALL}
assert tuple(HOSTS) == get_args(HostName)  # noqa: S101 - the two lists are one
