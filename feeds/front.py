"""What stands in front of Flask: a document that is ready is sent in about a microsecond."""

from collections.abc import Callable, Iterable, Mapping
from time import time

from feeds.answer import NOT_MODIFIED, OK, Environ, Ready, StartResponse
from feeds.site import Site

Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]
# What was answered: feed, format, status, coding, bytes of the body.
Answered = tuple[str, str, int, str, int]


class Front:
    """A WSGI layer that answers GET and HEAD of documents that are ready; `rest` does all else.

    `ready` has them by PATH_INFO, and may change at any time.
    `note` is told of each answer, if given.
    """

    def __init__(
        self,
        ready: Mapping[str, Ready],
        site: Site,
        rest: Wsgi,
        note: Callable[[Answered], object] | None = None,
    ) -> None:
        self._ready, self._rest, self._note = ready, rest, note
        self._host = canonical_host(site)
        self._delta = site.settings.http.delta

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        ready = self._ready.get(environ["PATH_INFO"])
        method = environ["REQUEST_METHOD"]
        if (
            ready is None
            or (method != "GET" and method != "HEAD")
            or ready.soon <= time()
            or (self._delta and "HTTP_A_IM" in environ)
            or (self._host and environ.get("HTTP_HOST") != self._host)
            or encoded_slash(environ)
        ):
            return self._rest(environ, start_response)
        return send(ready, method, environ, start_response, self._note)


def send(
    ready: Ready,
    method: str,
    environ: Environ,
    start_response: StartResponse,
    note: Callable[[Answered], object] | None = None,
) -> list[bytes]:
    """Send a document to who asked for it, or 304 to who has it."""
    ready.used = True
    accepted = environ.get("HTTP_ACCEPT_ENCODING")
    variant = ready.variants.get(accepted) or ready.variant(accepted)
    if ("HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MODIFIED_SINCE" in environ) and ready.has(
        environ
    ):
        start_response(NOT_MODIFIED, [*variant.same])
        if note:
            note((*ready.label, 304, variant.coding, 0))
        return []
    start_response(OK, [*variant.headers])
    if method == "HEAD":
        if note:
            note((*ready.label, 200, variant.coding, 0))
        return []
    if note:
        note((*ready.label, 200, variant.coding, len(variant.body)))
    return [variant.body]


def encoded_slash(environ: Environ) -> bool:
    """Whether a `/` of the path was sent as %2F, which is no `/` (RFC 3986 §2.2).

    Only servers that hand on the path as it was sent let us know: gunicorn, uWSGI, Werkzeug.
    """
    sent = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    return sent is not None and "%2f" in sent.partition("?")[0].lower()


def canonical_host(site: Site) -> str | None:
    """The host that requests must name; None if any will do."""
    return site.host if site.settings.http.canonical_host else None
