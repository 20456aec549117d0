"""URLs as they may leave: absolute http(s), ASCII, percent-encoded, hosts in punycode. No I/O."""

import re
from urllib.parse import quote, urljoin, urlsplit

import ada_url

# A URL of RFC 3986 characters only, with a plain lower-case host, needs no work.
_READY = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?::\d{2,5})?"
    r"/(?:[A-Za-z0-9/?:@!$&'()*+,;=._~-]|%[0-9A-Fa-f]{2})*"
    r"(?:#(?:[A-Za-z0-9/?:@!$&'()*+,;=._~-]|%[0-9A-Fa-f]{2})*)?"
)
_DOT_SEGMENT = re.compile(r"(?:^|/)\.{1,2}(?:/|[?#]|$)|(?i:%2e)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NOT_RFC3986 = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]")


class BadURLError(ValueError):
    """Why a URL cannot be published, in words for its author."""


def absolute(value: str) -> str:
    """An absolute http(s) URL in the form of RFC 3986, as the WHATWG URL standard reads it.

    Spaces and non-ASCII are percent-encoded, an IDN host becomes punycode, an empty path `/`.
    Raises `BadURLError` for anything else: no scheme, another scheme, no host.
    """
    if _READY.fullmatch(value) and "/." not in value:
        return value
    if not _SCHEME.match(value):
        raise BadURLError(f"{value!r} has no scheme; write the whole URL, as in https://…")
    try:
        href = ada_url.URL(value).href
    except ValueError:
        raise BadURLError(f"{value!r} is not a URL; check its host and its spelling") from None
    parts = urlsplit(href)
    if parts.scheme not in ("http", "https"):
        raise BadURLError(f"{value!r}: only http and https URLs are published")
    if parts.username or parts.password:
        raise BadURLError(f"{value!r} holds a user name or password; leave it out")
    before, sign, fragment = href.partition("#")
    rest = before.split("//", 1)[1]
    host, path = rest.split("/", 1)
    tail = path.replace("[", "%5B").replace("]", "%5D") + sign + fragment.replace("#", "%23")
    tail = _NOT_RFC3986.sub(lambda found: quote(found.group(), safe=""), tail)
    return f"{parts.scheme}://{host}/{_STRAY_PERCENT.sub('%25', tail)}"


def in_site(value: str, base: str) -> str:
    """`value` if it is absolute, and a path that begins with `/` below `base` (which ends in `/`).

    The base's own path is kept: `/a.png` below `https://x.org/site/` is `https://x.org/site/a.png`.
    Raises `BadURLError` for other relative references and for `.` and `..` segments.
    """
    value = value.strip()
    if value.startswith("//"):
        return absolute("https:" + value)
    if value.startswith("/"):
        if _DOT_SEGMENT.search(value):
            raise BadURLError(f"{value!r} leads out of its folder; write the path without dots")
        return absolute(base + value[1:])
    return absolute(value)


def resolve(value: str, base: str) -> str | None:
    """A reference inside an article's HTML, made absolute; None if it cannot be published.

    Unlike `in_site` this follows RFC 3986 §5, for that is what a browser would do with it.
    `mailto:` and `tel:` pass as they are.
    """
    value = value.strip()
    if value.lower().startswith(("mailto:", "tel:")):
        return quote(value, safe="%/:=&?~#+!$,;'@()*[]")
    try:
        return absolute(urljoin(base, value))
    except ValueError:
        return None
