"""The WSGI application: its layers, the routes, and the statuses of errors.

The config folder is `config`, or the one that the environment variable FEEDS_CONFIG names.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import time
from typing import TYPE_CHECKING
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
from feeds.serve.fast_path import FastPath, WSGIApp, has_encoded_slash, is_canonical
from feeds.serve.handover import Handover
from feeds.serve.refresher import Refresher
from feeds.serve.responses import CachedResponse, Environ, respond
from feeds.util.compression import IDENTITY
from feeds.util.terminal import escaped

if TYPE_CHECKING:
    from feeds.serve.stats.monitoring import Monitoring

_RETRY_SECONDS = 30
# Seconds that a read transaction waits for a locked catalogue.
_LOCK_TIMEOUT = 1.0
# KiB of SQLite's page cache. Feeds are read once and then cached here, so a large one is wasted.
_PAGE_CACHE_KIB = 1_000
_READ_METHODS = ("GET", "HEAD")
# Requested of this very process, under any host name.
_HEALTH_PATHS = ("/healthz", "/readyz")
_METHODS = (*_READ_METHODS, "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
_TEXT = "text/plain; charset=utf-8"


def create_app(
    root: Path | None = None, environ: Mapping[str, str] = os.environ, *, watch: bool = True
) -> Flask:
    """Return the app of the site whose config folder is `root`.

    With `watch`, builds run in the background when articles change, and a missing catalogue is
    created if there never was one; without, the app waits for a catalogue. Raises `ConfigError`
    for a wrong setting and `CatalogueError` if the catalogue cannot be opened.
    """
    site = sidecar.load_site(root or Path(environ.get("FEEDS_CONFIG", "config")), environ)
    app = app_of(site, make="first" if watch else "never")
    if watch:
        background.watch(site, Catalogue(site.catalogue, make="never"))
    return app


def app_of(site: Site, *, make: Make = "never", monitoring: "Monitoring | None" = None) -> Flask:
    """Return the app of a site, with the layers around it and its refresher started.

    `make` is whether a missing catalogue may be created. Raises `CatalogueError` if the catalogue
    cannot be opened.
    """
    catalogue = Catalogue(site.catalogue, patience=_LOCK_TIMEOUT, cache=_PAGE_CACHE_KIB, make=make)
    refresher = Refresher(DocumentCache(site, catalogue))
    app = _flask_app(refresher)
    app.wsgi_app = build_stack(app, refresher, monitoring)  # type: ignore[assignment,method-assign]
    return app


def build_stack(app: Flask, refresher: Refresher, monitoring: "Monitoring | None") -> WSGIApp:
    """Return the layers around a Flask app, innermost first, and start the refresher.

    A request passes them in the opposite order: metrics and access log, the metrics endpoint,
    the handover after a change of settings, cached documents, Flask.
    """
    stack = _fast_path(app, refresher)
    outgoing = handover.outgoing_refresher(refresher)
    if outgoing:
        stack = Handover(_fast_path(_flask_app(outgoing), outgoing), outgoing, stack, refresher)
    else:
        refresher.start()
    if monitoring:
        worker = monitoring.start_worker()
        stack = worker.metrics_endpoint(stack)
        stack = worker.observe(stack)
    return stack


def _fast_path(app: Flask, refresher: Refresher) -> WSGIApp:
    cache = refresher.cache
    return FastPath(cache.responses.by_path, cache.site, app.wsgi_app)


def _flask_app(refresher: Refresher) -> Flask:
    app = Flask("feeds", static_folder=None)
    app.url_map.merge_slashes = False
    _add_routes(app, refresher)
    _add_errors(app, refresher.cache)
    return app


def _add_routes(app: Flask, refresher: Refresher) -> None:
    cache = refresher.cache

    @app.before_request
    def canonical_host() -> Response | None:
        return _to_canonical_host(cache)

    @app.route("/healthz", methods=_METHODS, provide_automatic_options=False)
    def healthz() -> Response:
        return _other_method() or _plain(200, "alive\n")

    @app.route("/readyz", methods=_METHODS, provide_automatic_options=False)
    def readyz() -> Response:
        if other := _other_method():
            return other
        ready, message = refresher.status()
        return _plain(200, f"{message}\n") if ready else _unavailable(message)

    @app.route("/", defaults={"path": ""}, methods=_METHODS, provide_automatic_options=False)
    @app.route("/<path:path>", methods=_METHODS, provide_automatic_options=False)
    def document(path: str) -> Response:
        del path  # Werkzeug folds leading slashes into one
        return _document(cache)


def _add_errors(app: Flask, cache: DocumentCache) -> None:
    @app.errorhandler(CatalogueError)
    def unavailable(_: CatalogueError) -> Response:
        return _unavailable("the feeds cannot be read just now")

    @app.errorhandler(404)
    def not_found(_: HTTPException) -> Response:
        return _not_found(cache)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        fields = headers.ALLOW if error.code == 405 else []
        return _plain(error.code or 500, f"{error.name}.\n", fields)

    @app.errorhandler(Exception)
    def internal_error(error: Exception) -> Response:
        path = escaped(request.path)  # other WSGI servers may log control characters as they are
        app.logger.exception("%s %s failed", request.method, path, exc_info=error)
        return _plain(500, "Internal error. It has been logged.\n")

    @app.after_request
    def add_common_headers(response: Response) -> Response:
        for name, value in (*headers.CORS, *headers.common_headers(cache.site)):
            response.headers[name] = value
        return response


def _document(cache: DocumentCache) -> Response:
    """Return the document at the request's path, or abort with 404."""
    name = _name(cache.site)
    cached = None if has_encoded_slash(request.environ) else cache.get(name)
    if cached is None:
        abort(404)
    if other := _other_method():
        return other
    wants_delta = cache.site.settings.http.delta and "A-IM" in request.headers
    return (_delta(name, cached, cache) if wants_delta else None) or _send(cached)


def _other_method() -> Response | None:
    """Return 204 for OPTIONS and None for GET and HEAD; abort with 405 for other methods."""
    if request.method == "OPTIONS":
        return _exact("204 No Content", headers.PREFLIGHT)
    if request.method not in _READ_METHODS:
        abort(405)
    return None


def _name(site: Site) -> str:
    """Return the requested path below the feeds' URL, whether or not a proxy strips the mount."""
    path = _path()
    return path.removeprefix(site.mount if path.startswith(site.mount) else "/")


def _path() -> str:
    return str(request.environ["PATH_INFO"]).encode("latin-1").decode(errors="replace")


class _ExactResponse(Response):
    """A response that keeps its headers: Werkzeug would remove Last-Modified from a 304."""

    def get_wsgi_headers(self, environ: Environ) -> WerkzeugHeaders:
        del environ
        return self.headers


def _exact(status: str, fields: Headers, body: bytes = b"") -> Response:
    response = _ExactResponse(body, status)
    response.headers = WerkzeugHeaders(fields)
    return response


def _send(cached: CachedResponse) -> Response:
    """Return the document, or 304 if the client's copy is current."""
    status, fields, body = respond(cached, request.environ, time())
    return _exact(status, fields, b"".join(body))


def _delta(name: str, cached: CachedResponse, cache: DocumentCache) -> Response | None:
    """Return the new entries if the client asks for them and names its version (RFC 3229)."""
    manipulations = request.headers.get("A-IM", "").lower().split(",")
    if not any(part.partition(";")[0].strip() == "feed" for part in manipulations):
        return None
    tags = request.headers.get("If-None-Match", "")
    if cached.is_not_modified(request.environ) or (delta := cache.delta(name, tags)) is None:
        return None
    variant = delta.response.variant(request.headers.get("Accept-Encoding"))
    response = Response(variant.body, "226 IM Used", variant.headers)
    suffix = "" if variant.coding == IDENTITY else f"-{variant.coding}"
    response.headers.set("ETag", f'"{cached.base}{suffix}"')  # of the feed that results
    response.headers.set("IM", "feed")
    response.headers.set("Cache-Control", "no-store, im")  # caches before RFC 3229 ignore 226
    response.headers.set("Vary", "A-IM, If-None-Match, Accept-Encoding")
    if len(conditional.tags(tags)) > 1:
        response.headers.set("Delta-Base", f'"{delta.base}"')
    return response


def _not_found(cache: DocumentCache) -> Response:
    """Return the redirect or the 410 configured for a path without document, or else 404."""
    site = cache.site
    resolution = _resolve(cache)
    if resolution is None:
        return _plain(404, f"There is no such feed here. {site.mount} lists all feeds.\n")
    if resolution.location is None:
        fields = headers.redirect_caching(410)
        return _plain(410, "This feed is gone for good. Please unsubscribe.\n", fields)
    location = resolution.location
    if "://" not in location:
        location = quote(site.mount + location)
    return _redirect(resolution.status, location, headers.redirect_caching(resolution.status))


def _resolve(cache: DocumentCache) -> Resolution | None:
    """Return where the requested path leads, ignoring the case of the mount."""
    if has_encoded_slash(request.environ):
        return None
    site = cache.site
    path = redirects.collapse_slashes(_path())
    if f"{path}/".casefold() == site.mount.casefold():
        return Resolution(301, "")
    if path.casefold().startswith(site.mount.casefold()):
        path = path[len(site.mount) :]
        return redirects.resolve(path, site, cache.canonical_name, exact=_name(site) == path)
    return redirects.resolve(_name(site), site, cache.canonical_name)


def _to_canonical_host(cache: DocumentCache) -> Response | None:
    """Redirect to the canonical host and scheme if the site has one and the request differs.

    Leads to the final path at once, because readers follow few redirects. Must not be stored,
    because it depends on more than the URL.
    """
    site = cache.site
    if not site.settings.http.canonical_host or request.path in _HEALTH_PATHS:
        return None
    if is_canonical(request.environ, site.host, site.feeds_url.startswith("https:")):
        return None
    name = _name(site)
    with suppress(CatalogueError):
        resolution = _resolve(cache)
        if resolution and resolution.location is not None and "://" not in resolution.location:
            name = resolution.location
    return _redirect(308, site.feeds_url + quote(name), [("Cache-Control", "no-store")])


def _redirect(status: int, location: str, fields: Headers) -> Response:
    return _plain(status, f"It is at {location}\n", [*fields, ("Location", location)])


def _plain(status: int, text: str, fields: Headers = []) -> Response:  # noqa: B006 - only read
    response = Response(text, status, content_type=_TEXT)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.update(fields)
    return response


def _unavailable(reason: str) -> Response:
    """Return 503, never 404: a reader may drop a feed that it believes to be gone."""
    return _plain(503, f"Not available: {reason}.\n", [("Retry-After", str(_RETRY_SECONDS))])
