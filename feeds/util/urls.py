"""Makes URLs publishable: absolute http(s), ASCII, percent-encoded, punycode hosts. No I/O."""

import re
from urllib.parse import quote, urljoin, urlsplit

import ada_url

from feeds.util.text import quote_for_message

# URLs that need no normalisation: RFC 3986 characters only, and a plain lower-case host that
# cannot be read as a number (an IPv4 address) or punycode.
_PLAIN = r"[A-Za-z0-9/?:@!$&'()*+,;=._~-]*+"
_LABEL = r"(?!xn--)[a-z0-9]++(?:-++[a-z0-9]++)*+"
_READY = re.compile(
    rf"https?://(?:{_LABEL}\.)*(?![0-9]){_LABEL}"
    rf"/{_PLAIN}(?:%[0-9A-Fa-f]{{2}}{_PLAIN})*+(?:#{_PLAIN}(?:%[0-9A-Fa-f]{{2}}{_PLAIN})*+)?"
)
# As in browsers, backslashes count as slashes, and tabs and line breaks are ignored.
_DOT_SEGMENT = re.compile(r"[/\\](?:[\t\r\n]*(?:\.|%2[Ee])){1,2}[\t\r\n]*(?:[/\\]|$)")
_QUERY = re.compile(r"[?#]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=]+|\[[0-9a-f:.]+\])(?::\d+)?")
_NOT_RFC3986 = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]")


class BadURLError(ValueError):
    """A URL cannot be published; the message addresses its author."""


def absolute(value: str) -> str:
    """Parse an http(s) URL by the WHATWG URL standard, and return it in the form of RFC 3986.

    Spaces and non-ASCII are percent-encoded, an IDN host becomes punycode, an empty path `/`.
    Raises `BadURLError` if there is no scheme, another scheme, or no host.
    """
    if _READY.fullmatch(value) and "/." not in value:
        return value
    if not _SCHEME.match(value):
        raise BadURLError(
            f"{quote_for_message(value)} has no scheme; write the whole URL, as in https://…"
        )
    try:
        href = ada_url.URL(value).href
    except ValueError:
        raise BadURLError(
            f"{quote_for_message(value)} is not a URL; check its host and its spelling"
        ) from None
    parts = urlsplit(href)
    if parts.scheme not in ("http", "https"):
        raise BadURLError(
            f"{quote_for_message(value)} is not http or https; only those are published"
        )
    if parts.username or parts.password:
        raise BadURLError(f"{quote_for_message(value)} contains a user name or password; remove it")
    before, sign, fragment = href.partition("#")
    rest = before.split("//", 1)[1]
    host, path = rest.split("/", 1)
    if not _HOST.fullmatch(host):
        raise BadURLError(
            f"{quote_for_message(value)} is not a URL; check its host and its spelling"
        )
    tail = path + sign + fragment.replace("#", "%23")
    tail = tail.replace("[", "%5B").replace("]", "%5D")
    tail = _NOT_RFC3986.sub(lambda match: quote(match.group(), safe=""), tail)
    return f"{parts.scheme}://{host}/{_STRAY_PERCENT.sub('%25', tail)}"


def in_site(value: str, base: str) -> str:
    """Return an absolute URL unchanged, and a path that begins with `/` as a URL below `base`.

    `base` ends in `/`, and its path is kept: `/a.png` below `https://x.org/site/` is `https://x.org/site/a.png`.
    Raises `BadURLError` for other relative references and for `.` and `..` segments.
    """
    value = value.strip()
    if not value.startswith("/"):
        return absolute(value)
    if value.startswith("//"):
        return absolute("https:" + value)
    url = absolute(base + value[1:])
    if _DOT_SEGMENT.search(_QUERY.split(value)[0]) or not url.startswith(base):
        raise BadURLError(
            f"{quote_for_message(value)} leads out of its folder; write the path without dots"
        )
    return url


def is_absolute(value: str) -> bool:
    """Return whether a value begins with a scheme and `//`, as `https://` does."""
    return _ABSOLUTE.match(value) is not None


def join(base: str, reference: str) -> str | None:
    """Return a reference as a URL, by RFC 3986 §5; None if it cannot be read (`http://[`)."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return None


def resolve(value: str, base: str) -> str | None:
    """Return a reference in an article's HTML as an absolute URL; None if it is not publishable.

    Unlike `in_site`, this follows RFC 3986 §5, as a browser does. `mailto:` and `tel:` are kept.
    """
    value = value.strip()
    if value.lower().startswith(("mailto:", "tel:")):
        return quote(value, safe="%/:=&?~#+!$,;'@()*[]")
    try:
        return absolute(urljoin(base, value))
    except ValueError:
        return None
