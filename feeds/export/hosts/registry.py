"""The hosts that an export can be made for. Pure; no I/O."""

from collections.abc import Collection, Mapping
from typing import get_args

from feeds.config.settings import HostName
from feeds.export.hosts import apache, caddy, cloudflare, github, netlify, nginx, s3
from feeds.export.hosts.base import Host, HostFiles
from feeds.export.hosts.rules import HostRules
from feeds.util.compression import BROTLI, GZIP

_YES = "as the server"


def _plain(plan: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """Return no files, because the host is not known."""
    del plan, codings
    return HostFiles()


_ALL = (
    Host(
        name="plain",
        title="Any other",
        configure=_plain,
        config="nothing",
        types="by its own list",
        caching="its own",
        link="in the feeds only",
        redirects="none",
        gone="none",
        has_404=False,
        sends_tags=True,  # it may
    ),
    Host(
        name="nginx",
        title="nginx",
        configure=nginx.make,
        config=f"`{nginx.NAME}`, to include",
        types=_YES,
        caching=_YES,
        link=_YES,
        redirects=_YES,
        gone=_YES,
        supported_codings=(BROTLI, GZIP),
        default_codings=(GZIP,),
        config_files=(nginx.NAME,),
        hides_private=True,
    ),
    Host(
        name="caddy",
        title="Caddy",
        configure=caddy.make,
        config=f"`{caddy.NAME}`, to import",
        types=_YES,
        caching=_YES,
        link=_YES,
        redirects=_YES,
        gone=_YES,
        supported_codings=(BROTLI, GZIP),
        default_codings=(BROTLI, GZIP),
        config_files=(caddy.NAME,),
        hides_private=True,
    ),
    Host(
        name="apache",
        title="Apache",
        configure=apache.make,
        config=f"`{apache.NAME}`",
        types=_YES,
        caching=_YES,
        link=_YES,
        redirects=_YES,
        gone=_YES,
        supported_codings=(BROTLI, GZIP),
        default_codings=(BROTLI, GZIP),
        config_files=(apache.NAME,),
        hides_private=True,
    ),
    Host(
        name="netlify",
        title="Netlify",
        configure=netlify.make,
        config=f"`{netlify.HEADERS}`, `{netlify.REDIRECTS}`",
        types=_YES,
        caching=_YES,
        link="in the feeds only",
        redirects="301 and 302",
        gone=_YES,
        config_files=(netlify.HEADERS, netlify.REDIRECTS),
    ),
    Host(
        name="cloudflare-pages",
        title="Cloudflare Pages",
        configure=cloudflare.make,
        config=f"`{cloudflare.HEADERS}`, `{cloudflare.REDIRECTS}`",
        types=_YES,
        caching=f"as the server, in {cloudflare.MOST_RULES} rules",
        link=_YES,
        redirects=f"{cloudflare.MOST_STATIC:,}, and {cloudflare.MOST_DYNAMIC} patterns",
        gone="404",
        config_files=(cloudflare.HEADERS, cloudflare.REDIRECTS),
    ),
    Host(
        name="github-pages",
        title="GitHub Pages",
        configure=github.make,
        config=f"`{github.NOJEKYLL}`",
        types="by its own list",
        caching="10 minutes",
        link="in the feeds only",
        redirects="the feed itself, where a path ends in its format",
        gone="404",
        config_files=(github.NOJEKYLL,),
    ),
    Host(
        name="s3",
        title="S3 with CloudFront",
        configure=s3.make,
        config=f"`{s3.NAME}`, a CloudFront Function",
        types="set with the upload",
        caching="set with the upload",
        link="in the feeds only",
        redirects=f"in {s3.MOST_BYTES:,} bytes of the function",
        gone="as redirects",
        supported_codings=(BROTLI, GZIP),
        default_codings=(BROTLI, GZIP),
        coded_kinds=("archive", "feed"),
        config_files=(s3.NAME,),
        sends_tags=True,  # if they are uploaded as metadata
        stores_variants=True,
    ),
)

HOSTS: Mapping[str, Host] = {host.name: host for host in _ALL}
assert tuple(HOSTS) == get_args(HostName)  # noqa: S101 - the two lists are one


def stores_variants(files: Collection[str]) -> bool:
    """Return whether an export of these paths is for a host with `Host.stores_variants`."""
    return any(
        host.stores_variants and all(name in files for name in host.config_files) for host in _ALL
    )
