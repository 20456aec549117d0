"""A server whose settings changed serves the previous documents until a build."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from feeds.build import sidecar
from feeds.build.builder import BuildReport, build
from feeds.catalogue.catalogue import Catalogue
from feeds.config.site import Site
from feeds.errors import CatalogueError, ConfigError
from feeds.serve import background, handover
from feeds.serve.app import app_of, create_app
from feeds.util.progress import clock
from tests.support.site import FEEDS, SITE, Publication, front_matter

CHANGED = BuildReport(1, 1, 1, 0, 0, 1, ("all",), (), 1)
PATHS = ("/all.rss", "/all.atom", "/all.json", "/topics/ai.rss", "/all.html", "/", "/feeds.opml")


@pytest.fixture
def site(tmp_path: Path) -> Publication:
    publication = Publication(tmp_path, {"a.md": front_matter(title="a")})
    publication.build(clock())
    sidecar.save_settings(publication.site)
    return publication


def change(site: Publication, feeds: Any = FEEDS, **settings: Any) -> Site:
    (site.root / "site.yaml").write_text(yaml.safe_dump({**SITE, **settings}))
    (site.root / "feeds.yaml").write_text(yaml.safe_dump(dict(feeds)))
    return site.site


def tags(client: FlaskClient) -> dict[str, str | None]:
    return {path: client.get(path).headers.get("ETag") for path in PATHS}


def shown(client: FlaskClient) -> dict[str, Any]:
    feed: dict[str, Any] = json.loads(client.get("/all.json").data)
    return feed


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


CHANGES: dict[str, dict[str, Any]] = {
    "title": {"title": "Another"},
    "base URL": {"url": "https://example.com/", "feeds_url": "https://example.com/feeds/"},
    "language": {"language": "de"},
    "feeds": {"feeds": {"feeds": [{"path": "topics/{topic}", "each": "topic", "size": 1}]}},
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_previous_documents_are_served_until_a_build_has_the_new_settings(
    site: Publication, changed: dict[str, Any]
) -> None:
    old = tags(create_app(site.root, {}, watch=False).test_client())
    client = app_of(change(site, **changed)).test_client()
    assert tags(client) == old
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.text.startswith("stale: revision 1, changed last at ")
    assert "the settings have changed, and no build has the new ones yet" in answer.text
    site.build(clock())
    until(lambda: client.get("/readyz").text == "ready\n")
    new = tags(create_app(site.root, {}, watch=False).test_client())
    assert tags(client) == new
    assert new != old


def test_documents_never_mix_settings_and_entries_of_two_builds(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "_INTERVAL", 1000)
    app = app_of(change(site, title="Another"))
    client = app.test_client()
    old = tags(client)
    site.write("a.md", front_matter(title="changed"))
    site.build(clock())
    app.wsgi_app._outgoing.refresh()  # type: ignore[attr-defined]
    assert tags(client) == old


def test_edits_built_with_the_previous_settings_are_served(
    site: Publication,
) -> None:
    known = site.site
    client = app_of(change(site, title="Another")).test_client()
    client.get("/all.json")
    site.write("b.md", front_matter(title="b", webUrl="https://example.org/b"))
    with closing(Catalogue(known.catalogue)) as catalogue:
        build(known, catalogue, clock())
    until(lambda: len(shown(client)["items"]) == 2)
    assert shown(client)["title"] == "Example"


@pytest.mark.parametrize("changed", [{"guard": 50}, {"http": {"nosniff": True}}])
def test_settings_without_effect_on_builds_apply_at_once(
    site: Publication, changed: dict[str, Any]
) -> None:
    client = app_of(change(site, **changed)).test_client()
    assert client.get("/readyz").text == "ready\n"
    answer = client.get("/all.rss")
    assert ("X-Content-Type-Options" in answer.headers) == ("http" in changed)


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"hashes":["",""],"site":{}}', b"\xff"])
def test_new_settings_apply_if_the_previous_ones_are_unknown(
    site: Publication, content: bytes | None
) -> None:
    file = site.root / "catalogue.sqlite-settings.json"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    client = app_of(change(site, title="Another")).test_client()
    assert shown(client)["title"] == "Another"


def test_settings_of_an_earlier_build_are_ignored(site: Publication) -> None:
    change(site, title="Between")
    site.build(clock())  # by a command, which keeps no settings
    client = app_of(change(site, title="Another")).test_client()
    assert shown(client)["title"] == "Another"


def test_saved_settings_contain_no_local_paths_or_secrets(tmp_path: Path) -> None:
    catalogue = f"sqlite:///{tmp_path}/secret.sqlite"
    upload = {"url": "s3://private-bucket/x"}
    publication = Publication(
        tmp_path, {"a.md": front_matter()}, catalogue=catalogue, upload=upload
    )
    publication.build(clock())
    sidecar.save_settings(publication.site)
    file = tmp_path / "secret.sqlite-settings.json"
    assert file.stat().st_mode & 0o777 == 0o600
    for secret in ("private-bucket", "secret.sqlite", str(tmp_path)):
        assert secret not in file.read_text()


def test_stale_note_is_ignored_after_the_watcher_ends(site: Publication) -> None:
    known = site.site
    sidecar.write_stale(known, "no build succeeds: for a test")
    assert sidecar.read_stale(known) is None
    with sidecar.watch_lock(known):
        noted = sidecar.read_stale(known)
        assert noted is not None
        assert str(noted).endswith("UTC no build succeeds: for a test")
        sidecar.write_stale(known, "")
        assert sidecar.read_stale(known) is None


def test_hubs_are_not_notified_before_a_build_has_the_new_settings(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = list[str]()

    class Pinger:
        def __init__(self, *_: object) -> None: ...

        def start(self) -> None:
            events.append("start")

        def notify(self) -> None:
            events.append("notify")

        def stop(self) -> None: ...

    class Watcher(Pinger):
        def __init__(self, _site: object, _catalogue: object, built: Any) -> None:
            self.built = built

        def start(self) -> None:
            events.append("watch")
            for report in (None, CHANGED, CHANGED):
                self.built(report, 1.0)

    monkeypatch.setattr(background, "Notifier", Pinger)
    monkeypatch.setattr(background, "Watcher", Watcher)
    with _catalogue(site.site) as catalogue:
        background.watch(site.site, catalogue)
        assert events == ["start", "watch", "notify", "notify"]
        events.clear()
        background.watch(change(site, hub="https://hub.example.org/"), catalogue)
        assert events == ["watch", "start", "notify", "notify"]


@contextmanager
def _catalogue(site: Site) -> Iterator[Catalogue]:
    with closing(Catalogue(site.catalogue)) as catalogue:
        yield catalogue


def test_server_starts_without_articles_if_a_catalogue_exists(site: Publication) -> None:
    (site.root / "articles").rename(site.root / "away")
    assert sidecar.load_site(site.root, {}).settings.title == "Example"
    assert create_app(site.root, {}, watch=False).test_client().get("/all.rss").status_code == 200


def test_server_without_catalogue_or_articles_is_an_error(
    tmp_path: Path,
) -> None:
    publication = Publication(tmp_path, {"a.md": front_matter()})
    (publication.root / "articles").rename(publication.root / "away")
    with pytest.raises(ConfigError, match=r"articles\.folder: .* is not a folder"):
        sidecar.load_site(publication.root, {})
    assert not (publication.root / "catalogue.sqlite").exists()


def test_server_starts_while_the_catalogue_is_locked(
    site: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> Site:
        raise CatalogueError("the catalogue is locked")

    with monkeypatch.context() as patch:
        patch.setattr(sidecar, "previous_site", away)
        client = app_of(site.site).test_client()
    assert client.get("/readyz").text == "ready\n"
