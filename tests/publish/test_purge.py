"""Settings of caches are checked before anything is published."""

from pathlib import Path
from typing import Any

import pytest

from feeds.errors import ConfigError, PurgeError
from feeds.export.hosts.registry import HOSTS
from feeds.publish import purge
from tests.support.site import Publication

BY_TAG: dict[str, Any] = {"http": {"cache_tags": "xkey"}, "purge": [{"via": "http", "by": "tag"}]}


@pytest.mark.parametrize("host", HOSTS)
def test_purging_by_tag_needs_a_host_that_sends_tags(host: str, tmp_path: Path) -> None:
    site = Publication(tmp_path, {}, export={"for": host}, **BY_TAG).site
    if host in ("plain", "s3"):
        purge.check(site)
        return
    with pytest.raises(ConfigError) as caught:
        purge.check(site)
    assert caught.value.file == str(tmp_path / "site.yaml")
    assert caught.value.key == "purge[0].by"
    assert f"{host} (export.for) sends none; write 'url'" in caught.value.message


def test_an_object_store_sends_the_tags_whatever_the_host(tmp_path: Path) -> None:
    upload = {"url": "s3://bucket"}
    purge.check(Publication(tmp_path, {}, export={"for": "nginx"}, upload=upload, **BY_TAG).site)


def test_missing_credentials_are_reported_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BUNNY_API_KEY", raising=False)
    site = Publication(tmp_path, {}, purge=[{"via": "bunny"}]).site
    with pytest.raises(PurgeError, match="needs the environment variable BUNNY_API_KEY"):
        purge.check(site)
