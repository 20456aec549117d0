"""The Flask app: routes, caching headers, errors -> statuses. `server:app` is its WSGI entry.

The config folder is `config`, or what the environment variable FEEDS_CONFIG names.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from flask import Flask, Response, abort, request

from feeds import config, opml, pages
from feeds.catalogue.store import Catalogue
from feeds.document import Document
from feeds.envelope import MEDIA_TYPES
from feeds.errors import CatalogueError
from feeds.shelf import Shelf
from feeds.watch import Watcher

_RETRY_SECONDS = 30
# Served while a new copy is fetched, and while we are down (RFC 5861).
_STALE_SECONDS = 86_400


def create_app(
    root: Path | None = None, environ: Mapping[str, str] = os.environ, *, watch: bool = True
) -> Flask:
    """The app of the site whose config folder is `root`.

    It watches the article folder and picks up changes by itself, unless another process does
    that (`watch`). Raises `ConfigError` for a wrong setting and `CatalogueError` if the catalogue
    cannot be opened.
    """
    site = config.load(root or Path(environ.get("FEEDS_CONFIG", "config")), environ)
    catalogue = Catalogue(site.catalogue)
    app = Flask("feeds", static_folder=None)
    shelf = Shelf(site, catalogue)
    if watch:
        Watcher(site, catalogue).start()
    _add_routes(app, shelf)
    return app


def __getattr__(name: str) -> Flask:
    """`server.app`, made when it is first asked for: importing this module reads no config."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = made = create_app()
    return made


def _add_routes(app: Flask, shelf: Shelf) -> None:
    @app.get("/")
    def index() -> Response:
        return _answer(shelf.get(pages.INDEX))

    @app.get("/<path:name>")
    def document(name: str) -> Response:
        return _answer(shelf.get(name) if name != pages.INDEX else None)

    @app.get("/healthz")
    def healthz() -> Response:
        return _plain(200, "alive\n")

    @app.get("/readyz")
    def readyz() -> Response:
        return _plain(200, "ready\n") if shelf.ready() else _unavailable("no build yet")

    @app.errorhandler(CatalogueError)
    def broken(error: CatalogueError) -> Response:
        app.logger.error("%s", error)
        return _unavailable("the feeds cannot be read just now")

    @app.errorhandler(404)
    def missing(_: Exception) -> Response:
        return _plain(404, "There is no such feed here. / lists all feeds.\n")


def _answer(made: Document | None) -> Response:
    """The document as a response, or 304 where the client has it (RFC 9110 §13)."""
    if made is None:
        abort(404)
    response = Response(made.body, content_type=f"{made.media_type}; charset=utf-8")
    response.headers["ETag"] = made.etag
    response.last_modified = made.updated
    response.headers["Cache-Control"] = (
        f"public, max-age={made.max_age}, "
        f"stale-while-revalidate={_STALE_SECONDS}, stale-if-error={_STALE_SECONDS}"
    )
    if made.media_type in (*MEDIA_TYPES.values(), opml.MEDIA_TYPE):
        response.headers["Access-Control-Allow-Origin"] = "*"
    if _conditional():
        response.make_conditional(request)
    return response


def _conditional() -> bool:
    """Whether the request carries a condition that means something.

    Werkzeug would take If-Modified-Since where If-None-Match is there and empty.
    """
    return request.headers.get("If-None-Match", "-").strip() != ""


def _plain(status: int, text: str) -> Response:
    response = Response(text, status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


def _unavailable(why: str) -> Response:
    """503, never 404: a reader may drop a feed that it believes gone."""
    response = _plain(503, f"Not available: {why}.\n")
    response.headers["Retry-After"] = str(_RETRY_SECONDS)
    return response
