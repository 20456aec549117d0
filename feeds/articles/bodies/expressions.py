"""Expressions of Liquid and Nunjucks over texts, front matter and the site. No I/O."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit

from feeds.articles.bodies.page import Page
from feeds.presets import permalink
from feeds.util import urls
from feeds.util.text import slug

_FILTER = re.compile(r"""((?:"[^"]*+"|'[^']*+'|[^|"']|["'])*+)(?:\|(?!\|)|\Z)""")
_TEXT = re.compile(r"""\s*(?:"([^"]*+)"|'([^']*+)'|(-?\d+(?:\.\d+)?))\s*""")
_PATH = re.compile(r"""\s*([A-Za-z_][\w-]*(?:\.[\w-]+|\[\s*(?:"[^"]*"|'[^']*'|\d+)\s*\])*)\s*""")
_STEP = re.compile(r"""[\w-]+""")
_NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:[:(](.*?)\)?\s*)?", re.DOTALL)
_INDEX = re.compile(r"\d{1,9}", re.ASCII)
_TAGS = re.compile(r"<[^>]*+>")
_LONGEST = 100_000  # characters of a value
# Filters that say where a file of the site is: the references in bodies are read so anyway.
_PATHS = frozenset(
    {"relative_url", "url", "url_for", "relative", "asset", "static", "safe", "dump"}
)


class UnknownError(Exception):
    """An expression over what only the generator knows; the message names what is unknown."""


def value(expression: str, page: Page) -> Any:
    """Return the value of an expression with filters. Raises `UnknownError`."""
    parts = [part for part in _FILTER.findall(expression.strip()) if part.strip()]
    if not parts:
        return ""
    result = _operand(parts[0], page)
    for part in parts[1:]:
        result = _filtered(result, part, page)
        if isinstance(result, str) and len(result) > _LONGEST:
            raise UnknownError(expression)
    return result


def text(result: Any) -> str:
    """Return a value as a template writes it."""
    if result is None or isinstance(result, bool | Mapping | list | tuple):
        return str(result).lower() if isinstance(result, bool) else ""
    return str(result)


def _operand(source: str, page: Page) -> Any:
    if match := _TEXT.fullmatch(source):
        return match[1] if match[1] is not None else match[2] if match[2] is not None else match[3]
    match = _PATH.fullmatch(source)
    if match is None:
        raise UnknownError(source)
    first, *rest = _STEP.findall(match[1])
    scope: Any = _scope(first, page)
    for step in rest:
        if isinstance(scope, Mapping) and step in scope:
            scope = scope[step]
        elif isinstance(scope, list) and _INDEX.fullmatch(step) and int(step) < len(scope):
            scope = scope[int(step)]
        else:
            raise UnknownError(source)
    return scope


def _scope(name: str, page: Page) -> Any:
    if name in page.variables:
        return page.variables[name]
    if name == "site":
        parts = urlsplit(page.site)
        path = parts.path.rstrip("/")
        return {
            "url": page.site.rstrip("/").removesuffix(path),
            "baseurl": path,
            "title": page.site_title,
            "name": page.site_title,
        }
    if name in ("page", "post"):
        return {"title": page.title, **page.data, "url": urlsplit(page.url).path}
    if name in ("title", "url", *page.data):
        return page.data.get(name, page.title if name == "title" else page.url)
    raise UnknownError(name)


def _filtered(result: Any, source: str, page: Page) -> Any:
    match = _NAME.fullmatch(source)
    if match is None:
        raise UnknownError(source)
    name, arguments = match[1], match[2] or ""
    if name in _PATHS:
        return _on_site(text(result), page) if name == "relative_url" else result
    if name in ("absolute_url", "absoluteUrl", "htmlBaseUrl", "full_url_for"):
        return urls.join(page.site, text(result).lstrip("/")) or text(result)
    if name not in _FILTERS:
        raise UnknownError(f"… | {name}")
    return _FILTERS[name](result, [_argument(part, page) for part in _split(arguments)])


def _on_site(path: str, page: Page) -> str:
    if "://" in path:
        return path
    return f"{urlsplit(page.site).path.rstrip('/')}/{path.lstrip('/')}"


def _split(arguments: str) -> list[str]:
    return re.findall(r"""(?:"[^"]*+"|'[^']*+'|[^,"'])+""", arguments)[:5]


def _argument(source: str, page: Page) -> str:
    return text(_operand(source, page))


def _date(result: Any, arguments: list[str]) -> str:
    if isinstance(result, str):
        try:
            result = datetime.fromisoformat(result)
        except ValueError:
            raise UnknownError("… | date") from None
    if isinstance(result, date) and not isinstance(result, datetime):
        result = datetime(result.year, result.month, result.day)  # noqa: DTZ001
    if not isinstance(result, datetime) or not arguments:
        raise UnknownError("… | date")
    return permalink.strftime(result, arguments[0])


def _pair(arguments: list[str]) -> tuple[str, str]:
    return (arguments[0], arguments[1] if len(arguments) > 1 else "") if arguments else ("", "")


def _replace(result: Any, arguments: list[str]) -> str:
    old, new = _pair(arguments)
    return text(result).replace(old, new) if old else text(result)


_FILTERS: Mapping[str, Callable[[Any, list[str]], Any]] = {
    "append": lambda result, arguments: text(result) + "".join(arguments[:1]),
    "prepend": lambda result, arguments: "".join(arguments[:1]) + text(result),
    "capitalize": lambda result, _: text(result).capitalize(),
    "date": _date,
    "default": lambda result, arguments: text(result) or "".join(arguments[:1]),
    "downcase": lambda result, _: text(result).lower(),
    "lower": lambda result, _: text(result).lower(),
    "upcase": lambda result, _: text(result).upper(),
    "upper": lambda result, _: text(result).upper(),
    "escape": lambda result, _: escape(text(result)),
    "xml_escape": lambda result, _: escape(text(result)),
    "cgi_escape": lambda result, _: quote(text(result)),
    "url_encode": lambda result, _: quote(text(result)),
    "markdownify": lambda result, _: result,
    "remove": lambda result, arguments: _replace(result, [*arguments[:1], ""]),
    "replace": _replace,
    "slugify": lambda result, _: slug(text(result)),
    "slug": lambda result, _: slug(text(result)),
    "strip": lambda result, _: text(result).strip(),
    "trim": lambda result, _: text(result).strip(),
    "strip_html": lambda result, _: _TAGS.sub("", text(result)),
}
