"""The static hosts that an export can be configured for. Pure; no I/O."""

from collections.abc import Collection, Mapping
from typing import get_args

from feeds.config.settings import HostName
from feeds.export.hosts import apache, caddy, cloudflare, github, netlify, nginx, s3
from feeds.export.hosts.base import Host, HostFiles
from feeds.export.hosts.rules import HostRules
from feeds.util.compression import BROTLI, GZIP


def _plain(rules: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """Return no files, because the host is unknown."""
    del rules, codings
    return HostFiles()


_ALL = (
    Host(
        name="plain",
        title="Any other",
        configure=_plain,
        has_404=False,
        sends_tags=True,  # it may be able to
    ),
    Host(
        name="nginx",
        title="nginx",
        configure=nginx.configure,
        supported_codings=(BROTLI, GZIP),
        default_codings=(GZIP,),
        config_files=(nginx.NAME,),
        hides_private=True,
    ),
    Host(
        name="caddy",
        title="Caddy",
        configure=caddy.configure,
        supported_codings=(BROTLI, GZIP),
        default_codings=(BROTLI, GZIP),
        config_files=(caddy.NAME,),
        hides_private=True,
    ),
    Host(
        name="apache",
        title="Apache",
        configure=apache.configure,
        supported_codings=(BROTLI, GZIP),
        default_codings=(BROTLI, GZIP),
        config_files=(apache.NAME,),
        hides_private=True,
    ),
    Host(
        name="netlify",
        title="Netlify",
        configure=netlify.configure,
        config_files=(netlify.HEADERS, netlify.REDIRECTS),
    ),
    Host(
        name="cloudflare-pages",
        title="Cloudflare Pages",
        configure=cloudflare.configure,
        config_files=(cloudflare.HEADERS, cloudflare.REDIRECTS),
    ),
    Host(
        name="github-pages",
        title="GitHub Pages",
        configure=github.configure,
        config_files=(github.NOJEKYLL,),
    ),
    Host(
        name="s3",
        title="S3 with CloudFront",
        configure=s3.configure,
        supported_codings=(BROTLI, GZIP),
        default_codings=(BROTLI, GZIP),
        coded_kinds=("archive", "feed"),
        config_files=(s3.NAME,),
        sends_tags=True,  # uploaded as metadata
        stores_variants=True,
    ),
)

HOSTS: Mapping[str, Host] = {host.name: host for host in _ALL}
assert tuple(HOSTS) == get_args(HostName)  # noqa: S101 - both must name every host


def stores_variants(files: Collection[str]) -> bool:
    """Return whether an export of these paths is for a host with `Host.stores_variants`."""
    return any(
        host.stores_variants and all(name in files for name in host.config_files) for host in _ALL
    )
