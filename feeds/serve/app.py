"""The Flask app: routes, and errors -> statuses. `server:app` is its WSGI entry.

Documents that are ready are sent by `fast_path`, which stands before it. The config folder is
`config`, or what the environment variable FEEDS_CONFIG names.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, abort, request
from werkzeug.datastructures import Headers as WerkzeugHeaders
from werkzeug.exceptions import HTTPException

from feeds.build import sidecar
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.presence import Make
from feeds.config import redirects
from feeds.config.redirects import Resolution
from feeds.config.site import Site
from feeds.errors import CatalogueError
from feeds.render import headers
from feeds.render.headers import Headers
from feeds.serve import background, conditional, handover
from feeds.serve.document_cache import DocumentCache
from feeds.serve.fast_path import FastPath, encoded_slash, is_canonical
from feeds.serve.responses import CachedResponse, Environ, send
from feeds.util.compression import IDENTITY
from feeds.util.terminal import escaped

_RETRY_SECONDS = 30
# Seconds that a reading transaction waits for a catalogue that is locked.
_PATIENCE = 1.0
# A feed is read once and then kept: what the catalogue keeps of its file would be kept twice.
_CACHE_KIB = 1_000
_READ = ("GET", "HEAD")
# What is asked of this very process, under whatever name it has there.
_OWN = ("/healthz", "/readyz")
_METHODS = (*_READ, "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
_TEXT = "text/plain; charset=utf-8"


def create_app(
    root: Path | None = None, environ: Mapping[str, str] = os.environ, *, watch: bool = True
) -> Flask:
    """The app of the site whose config folder is `root`.

    With `watch` it builds by itself when articles change. Raises `ConfigError` for a wrong
    setting and `CatalogueError` if the catalogue cannot be opened. One that is not there is made
    with `watch` alone, and only where none was before; without, it is waited for.
    """
    site = sidecar.load_site(root or Path(environ.get("FEEDS_CONFIG", "config")), environ)
    app = app_of(site, make="first" if watch else "never")
    if watch:
        background.watch(site, Catalogue(site.catalogue, make="never"))
    return app


def app_of(site: Site, *, make: Make = "never") -> Flask:
    """The app of a site. While its catalogue is built with other settings, they hold.

    `make` is whether a catalogue that is not there may be made. Raises `CatalogueError` if the
    catalogue cannot be opened.
    """
    catalogue = Catalogue(site.catalogue, patience=_PATIENCE, cache=_CACHE_KIB, make=make)
    shelf = DocumentCache(site, catalogue)
    app = _app(site, shelf)
    before, outgoing, now = None, None, app.wsgi_app
    with suppress(CatalogueError):  # which the shelf reports, and waits for
        if before := sidecar.previous_site(site, catalogue):
            outgoing = handover.OutgoingCache(before, catalogue)
    if before is None or outgoing is None:
        shelf.start()
        return app
    outgoing.start()
    app.wsgi_app = _app(before, outgoing).wsgi_app  # type: ignore[method-assign]

    def take_over() -> None:
        shelf.start()
        app.wsgi_app = now  # type: ignore[method-assign]
        outgoing.stop()

    handover.when_built(site, catalogue, take_over)
    return app


def _app(site: Site, shelf: DocumentCache) -> Flask:
    app = Flask("feeds", static_folder=None)
    app.url_map.merge_slashes = False
    _add_routes(app, shelf, site)
    _add_errors(app, shelf, site)
    app.wsgi_app = FastPath(shelf.room.ready, site, app.wsgi_app)  # type: ignore[method-assign]
    return app


def __getattr__(name: str) -> Flask:
    """`server.app`, made when it is first asked for: importing this module reads no config."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = made = create_app()
    return made


def _add_routes(app: Flask, shelf: DocumentCache, site: Site) -> None:
    @app.before_request
    def elsewhere() -> Response | None:
        return _to_canonical_host(shelf, site)

    @app.route("/healthz", methods=_METHODS, provide_automatic_options=False)
    def healthz() -> Response:
        return _other_method() or _plain(200, "alive\n")

    @app.route("/readyz", methods=_METHODS, provide_automatic_options=False)
    def readyz() -> Response:
        if other := _other_method():
            return other
        ready, said = shelf.status()
        return _plain(200, f"{said}\n") if ready else _unavailable(said)

    @app.route("/", defaults={"path": ""}, methods=_METHODS, provide_automatic_options=False)
    @app.route("/<path:path>", methods=_METHODS, provide_automatic_options=False)
    def document(path: str) -> Response:
        del path  # Werkzeug folds leading slashes into one
        return _document(shelf, site)


def _add_errors(app: Flask, shelf: DocumentCache, site: Site) -> None:
    @app.errorhandler(CatalogueError)
    def broken(_: CatalogueError) -> Response:
        return _unavailable("the feeds cannot be read just now")

    @app.errorhandler(404)
    def missing(_: HTTPException) -> Response:
        return _missing(shelf, site)

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        allowed = headers.ALLOW if error.code == 405 else []
        return _plain(error.code or 500, f"{error.name}.\n", allowed)

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        path = escaped(request.path)  # whatever logger another WSGI server has set up
        app.logger.exception("%s %s failed", request.method, path, exc_info=error)
        return _plain(500, "Something went wrong here; it was noted.\n")

    @app.after_request
    def common(response: Response) -> Response:
        for name, value in (*headers.CORS, *headers.common_headers(site)):
            response.headers[name] = value
        return response


def _document(shelf: DocumentCache, site: Site) -> Response:
    """The document at the request's path; 404 is somebody else's."""
    name = _name(site)
    ready = None if encoded_slash(request.environ) else shelf.get(name)
    if ready is None:
        abort(404)
    if other := _other_method():
        return other
    wants_delta = site.settings.http.delta and "A-IM" in request.headers
    return (_delta(name, ready, shelf) if wants_delta else None) or _sent(ready)


def _other_method() -> Response | None:
    """What is to be said of something that is there to who wants neither GET nor HEAD."""
    if request.method == "OPTIONS":
        return _empty(204, headers.PREFLIGHT)
    if request.method not in _READ:
        abort(405)
    return None


def _name(site: Site) -> str:
    """The path below the feeds' URL that is asked for, with or without that URL's own path."""
    path = _path()
    return path.removeprefix(site.mount if path.startswith(site.mount) else "/")


def _path() -> str:
    return str(request.environ["PATH_INFO"]).encode("latin-1").decode(errors="replace")


class _Exact(Response):
    """Has the headers that it was given: Werkzeug would take Last-Modified out of a 304."""

    def get_wsgi_headers(self, environ: Environ) -> WerkzeugHeaders:
        del environ
        return self.headers


def _sent(ready: CachedResponse) -> Response:
    """The document as a response, or 304 where the client has it."""
    told: dict[str, Any] = {}

    def start(status: str, said: Headers) -> None:
        told.update(status=status, headers=said)

    body = send(ready, request.environ, start, time())
    response = _Exact(b"".join(body), told["status"])
    response.headers.clear()
    response.headers.extend(told["headers"])
    return response


def _delta(name: str, ready: CachedResponse, shelf: DocumentCache) -> Response | None:
    """Only what is new, for a client that asks for it and says what it has (RFC 3229)."""
    wanted = request.headers.get("A-IM", "").lower().split(",")
    if not any(part.partition(";")[0].strip() == "feed" for part in wanted):
        return None
    tags = request.headers.get("If-None-Match", "")
    if ready.is_not_modified(request.environ) or (found := shelf.delta(name, tags)) is None:
        return None
    variant = found.ready.variant(request.headers.get("Accept-Encoding"))
    response = Response(variant.body, "226 IM Used", variant.headers)
    suffix = "" if variant.coding == IDENTITY else f"-{variant.coding}"
    response.headers.set("ETag", f'"{found.whole}{suffix}"')  # of what the client has then
    response.headers.set("IM", "feed")
    response.headers.set("Cache-Control", "no-store, im")  # old caches do not know 226
    response.headers.set("Vary", "A-IM, If-None-Match, Accept-Encoding")
    if len(conditional.tags(tags)) > 1:
        response.headers.set("Delta-Base", f'"{found.base}"')
    return response


def _missing(shelf: DocumentCache, site: Site) -> Response:
    """What is known of a path that no document has: 301 or the like, 410, or 404."""
    found = _elsewhere(shelf, site)
    if found is None:
        return _plain(404, f"There is no such feed here. {site.mount} lists all feeds.\n")
    if found.location is None:
        said = headers.redirect_caching(410)
        return _plain(410, "This feed is gone for good. Please unsubscribe.\n", said)
    location = found.location
    if "://" not in location:
        location = quote(site.mount + location)
    return _redirect(found.status, location, headers.redirect_caching(found.status))


def _elsewhere(shelf: DocumentCache, site: Site) -> Resolution | None:
    """Where what is meant by the request's path is, whatever the spelling of the mount."""
    if encoded_slash(request.environ):
        return None
    path = redirects.folded(_path())
    if f"{path}/".casefold() == site.mount.casefold():
        return Resolution(301, "")
    if path.casefold().startswith(site.mount.casefold()):
        path = path[len(site.mount) :]
        return redirects.resolve(path, site, shelf.canonical_name, exact=_name(site) == path)
    return redirects.resolve(_name(site), site, shelf.canonical_name)


def _to_canonical_host(shelf: DocumentCache, site: Site) -> Response | None:
    """Where the site wants one host only, and https if it is its scheme: there with the others.

    Straight to the right path, for readers follow few redirects; not to be kept, for it hangs
    on more than the URL.
    """
    if not site.settings.http.canonical_host or request.path in _OWN:
        return None
    if is_canonical(request.environ, site.host, site.feeds_url.startswith("https:")):
        return None
    name = _name(site)
    with suppress(CatalogueError):
        found = _elsewhere(shelf, site)
        if found and found.location is not None and "://" not in found.location:
            name = found.location
    return _redirect(308, site.feeds_url + quote(name), [("Cache-Control", "no-store")])


def _redirect(status: int, location: str, said: Headers) -> Response:
    return _plain(status, f"It is at {location}\n", [*said, ("Location", location)])


def _plain(status: int, text: str, said: Headers = []) -> Response:  # noqa: B006 - only read
    response = Response(text, status, content_type=_TEXT)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.update(said)
    return response


def _empty(status: int, said: Headers) -> Response:
    response = Response(status=status)
    response.headers.clear()
    response.headers.extend(said)
    return response


def _unavailable(why: str) -> Response:
    """503, never 404: a reader may drop a feed that it believes gone."""
    return _plain(503, f"Not available: {why}.\n", [("Retry-After", str(_RETRY_SECONDS))])
