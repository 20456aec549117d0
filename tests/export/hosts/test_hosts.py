"""Files for static hosts, whichever the host."""

from pathlib import Path

import pytest

from feeds.config.settings import HostName
from feeds.errors import ExportError
from feeds.export.hosts import cloudflare, s3
from feeds.export.hosts.registry import HOSTS
from tests.support.hosts import first_redirect, host_files_for, host_rules, run_cloudfront_function
from tests.support.site import Publication, front_matter


@pytest.mark.parametrize("name", [".feeds-export.json", ".feeds-state/published.json"])
def test_private_files_are_not_sent(site: Publication, name: str) -> None:
    mount = host_rules(site).path
    text = host_files_for("cloudflare-pages", site).files[cloudflare.REDIRECTS].decode()
    assert first_redirect(text, f"{mount}{name}") == (mount, 302)
    requests = [f"{mount}{path}" for path in (name, name.replace(".feeds", "%2E%66eeds"))]
    function = host_files_for("s3", site).files[s3.NAME].decode()
    for answer in run_cloudfront_function(function, {uri: (uri, "") for uri in requests}).values():
        assert answer["statusCode"] == 404
        assert answer["headers"]["cache-control"] == {"value": "no-store"}


@pytest.mark.parametrize("host", HOSTS)
def test_host_files_are_reproducible(site: Publication, host: HostName) -> None:
    assert host_files_for(host, site) == host_files_for(host, site)
    for name in host_files_for(host, site).files:
        assert name.count("/") <= 1
        assert not name.startswith("/")


def test_unsupported_encodings_are_rejected(tmp_path: Path) -> None:
    site = Publication(
        tmp_path / "site", {"a.md": front_matter()}, export={"for": "netlify", "codings": ["gzip"]}
    )
    site.build()
    with pytest.raises(ExportError, match=r"Netlify cannot send .* gzip files; .* export\.codings"):
        site.export(tmp_path / "out")
    site.export(tmp_path / "out", host="nginx")
    assert (tmp_path / "out/all.rss.gz").exists()


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["ne$ws", "ne%24ws"])
def test_path_that_hosts_read_as_a_variable_is_rejected(
    tmp_path: Path, host: HostName, path: str
) -> None:
    site = Publication(
        tmp_path / "site", {"a.md": front_matter()}, feeds_url=f"https://example.org/{path}/"
    )
    site.build()
    if host in ("plain", "github-pages"):  # hosts without rules
        site.export(tmp_path / "out", host=host)
        return
    with pytest.raises(ExportError, match=r"a \$ in its path, .* another feeds_url"):
        site.export(tmp_path / "out", host=host)
    assert not (tmp_path / "out/all.rss").exists()


def test_host_of_the_settings_is_the_default(tmp_path: Path) -> None:
    site = Publication(tmp_path / "site", {"a.md": front_matter()}, export={"for": "github-pages"})
    site.build()
    assert ".nojekyll" in site.export(tmp_path / "out").written
