"""What stands in front of Flask: a document that is ready is sent in about a microsecond."""

from collections.abc import Callable, Iterable, Mapping
from time import time

from feeds.config.site import Site
from feeds.serve.responses import CachedResponse, Environ, StartResponse, send

Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]


class FastPath:
    """A WSGI layer that answers GET and HEAD of documents that are ready; `rest` does all else.

    `ready` has them by PATH_INFO, and may change at any time.
    """

    def __init__(
        self,
        ready: Mapping[str, CachedResponse],
        site: Site,
        rest: Wsgi,
    ) -> None:
        self._ready, self._rest = ready, rest
        self._host = site.host if site.settings.http.canonical_host else None
        self._secure = site.feeds_url.startswith("https:")
        self._delta = site.settings.http.delta

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        path = environ["PATH_INFO"]
        if not path:  # what else would be redirected to the Host that the client names
            path = environ["PATH_INFO"] = "/"
        ready = self._ready.get(path)
        method, now = environ["REQUEST_METHOD"], time()
        if (
            ready is None
            or (method != "GET" and method != "HEAD")
            or ready.until <= now
            or (self._delta and "HTTP_A_IM" in environ)
            or (self._host and not is_canonical(environ, self._host, self._secure))
            or encoded_slash(environ)
        ):
            return self._rest(environ, start_response)
        return send(ready, environ, start_response, now)


def is_canonical(environ: Environ, host: str, secure: bool) -> bool:
    """Whether a request names the host, and a proxy does not say that it came without TLS."""
    said = environ.get("HTTP_HOST", "").casefold().removesuffix(":443" if secure else ":80")
    scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").partition(",")[0].strip().casefold()
    return said == host.casefold() and not (secure and scheme == "http")


def encoded_slash(environ: Environ) -> bool:
    """Whether a `/` of the path was sent as %2F, which is no `/` (RFC 3986 §2.2).

    Only servers that hand on the path as it was sent let us know: gunicorn, uWSGI, Werkzeug.
    """
    sent = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    return sent is not None and "%2f" in sent.partition("?")[0].lower()
