"""The layer in front of Flask: sends a cached document in about a microsecond."""

from collections.abc import Callable, Iterable, Mapping
from time import time

from feeds.config.site import Site
from feeds.serve.responses import CachedResponse, Environ, StartResponse, respond

WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]


class FastPath:
    """A WSGI layer that answers GET and HEAD of cached documents, and passes the rest to `app`.

    `responses` maps PATH_INFO to cached responses; it may change at any time.
    """

    def __init__(self, responses: Mapping[str, CachedResponse], site: Site, app: WSGIApp) -> None:
        self._responses, self._app = responses, app
        self._host = site.host if site.settings.http.canonical_host else None
        self._secure = site.feeds_url.startswith("https:")
        self._delta = site.settings.http.delta

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        path = environ["PATH_INFO"]
        if not path:  # Flask would redirect it to the host that the client names
            path = environ["PATH_INFO"] = "/"
        cached = self._responses.get(path)
        method, now = environ["REQUEST_METHOD"], time()
        if (
            cached is None
            or (method != "GET" and method != "HEAD")
            or cached.expires <= now
            or (self._delta and "HTTP_A_IM" in environ)
            or (self._host and not is_canonical(environ, self._host, self._secure))
            or has_encoded_slash(environ)
        ):
            return self._app(environ, start_response)
        status, headers, body = respond(cached, environ, now)
        start_response(status, headers)
        return body


def is_canonical(environ: Environ, host: str, secure: bool) -> bool:
    """Return whether a request names this host, and no proxy reports that it came without TLS."""
    requested = environ.get("HTTP_HOST", "").casefold().removesuffix(":443" if secure else ":80")
    scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").partition(",")[0].strip().casefold()
    return requested == host.casefold() and not (secure and scheme == "http")


def has_encoded_slash(environ: Environ) -> bool:
    """Return whether the client sent a `/` of the path as %2F, which is data (RFC 3986 §2.2).

    Detected only with servers that pass on the raw path: gunicorn, uWSGI and Werkzeug.
    """
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    return target is not None and "%2f" in target.partition("?")[0].lower()
