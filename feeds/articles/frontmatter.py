"""The bytes of one article file -> its front matter and body, with lines for what is wrong.

No I/O: reading the file itself is `feeds.articles.folder`'s.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Sequence
from typing import Any

import msgspec
from frontmatter.default_handlers import YAMLHandler

from feeds.errors import ArticleError, Problem
from feeds.util import text, yaml_loader, yaml_subset

# A line of three hyphens or more; it begins with what can be searched for quickly.
_BOUNDARY = re.compile(r"\n---+[ \t]*(?=\n|\Z)")

# Keys that withhold an article by such a value, as our own words for it.
WITHHOLDING = {"published": False, "removed": True, "deleted": True}
_WITHHELD = tuple(f"{name}: {str(value).lower()}" for name, value in WITHHOLDING.items())
_FLAG = re.compile(rf"\n({'|'.join(WITHHOLDING)}):([^\n]*+)")
# Front matter of so many characters takes longer to read than to see through.
_LONG = 4_000


class _Handler(YAMLHandler):
    """python-frontmatter's YAML, split at whole lines."""

    FM_BOUNDARY = _BOUNDARY


_HANDLER = _Handler()


class ParsedFile(msgspec.Struct, frozen=True):
    """A file taken apart: `data` is its front matter, `body` the text after it.

    Of a long article that its author withholds, `data` may hold no more than what says so.
    `matter` is the front matter's text and `offset` the lines before it, to find lines in;
    `repeated` are its keys that are given more than once, of which `data` has the last value.
    """

    path: str
    data: dict[str, Any]
    body: str
    matter: str
    offset: int
    problems: tuple[Problem, ...] = ()
    repeated: tuple[str, ...] = ()

    @property
    def body_line(self) -> int:
        """The line of the file, from 1, after the front matter."""
        return self.offset + self.matter.count("\n") + 3

    def line(self, *keys: str | int) -> int:
        """The line of the file, from 1, on which the value at `keys` stands."""
        return self.offset + yaml_loader.line_of(self.matter, keys)

    def problem(self, keys: Sequence[str | int], message: str, *, fatal: bool = False) -> Problem:
        """A report row about the value at `keys`."""
        field = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
        return Problem(self.path, self.line(*keys), field.lstrip("."), message, fatal)


def split(path: str, content: bytes) -> ParsedFile:
    """The parts of the file at `path` (relative to the article folder).

    A byte order mark and CRLF are accepted; control characters are left out with a problem.
    Raises `ArticleError` for what is not UTF-8, has no front matter or no mapping in it.
    """
    decoded = _decoded(path, content)
    problems = _forbidden(path, decoded) if text.may_be_forbidden(content) else ()
    decoded = "\n" + (text.clean(decoded) if problems else decoded)
    opening = _BOUNDARY.search(decoded)
    if opening is None or decoded[: opening.start()].strip():
        raise _error(path, 1, "has no front matter; begin the file with a line of ---")
    offset = decoded.count("\n", 0, opening.end()) - 1
    try:
        matter, body = _HANDLER.split(decoded)
    except ValueError:
        raise _error(path, offset + 1, "front matter is not closed; end it with ---") from None
    repeated: tuple[str, ...] = ()
    data: Any = _said_to_withhold(matter)
    try:
        if data is None:
            data, repeated = yaml_loader.parsed(matter)
    except yaml_loader.YAMLTextError as error:
        raise _error(path, offset + error.line, str(error)) from None
    if not isinstance(data, dict):
        kind = "empty" if data is None else f"a {type(data).__name__}"
        raise _error(path, offset + 1, f"front matter is {kind}; write 'key: value' lines")
    return ParsedFile(path, data, body.strip(), matter, offset, problems, repeated)


def _said_to_withhold(matter: str) -> dict[str, bool] | None:
    """What withholds an article, where that is certain without reading the rest; else None."""
    if len(matter) < _LONG or not any(f"\n{said}\n" in matter for said in _WITHHELD):
        return None
    said = [(name, value.strip(" ")) for name, value in _FLAG.findall("\n" + matter)]
    flags = {name: value == "true" for name, value in said if value in ("true", "false")}
    if len(flags) < len(said) or not yaml_subset.is_in_subset(matter):
        return None  # one of them is said twice, or not clearly
    return flags


def _decoded(path: str, content: bytes) -> str:
    if not content.strip():
        raise _error(path, 1, "is empty; write front matter or delete the file")
    content = content.removeprefix(BOM_UTF8)
    try:
        decoded = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        said = f"byte 0x{content[error.start]:02X} is not UTF-8; save the file as UTF-8"
        raise _error(path, line, said) from None
    return decoded.replace("\r\n", "\n").replace("\r", "\n") if "\r" in decoded else decoded


def _forbidden(path: str, decoded: str) -> tuple[Problem, ...]:
    found = text.first_forbidden(decoded)
    if found is None:
        return ()
    line = decoded.count("\n", 0, found) + 1
    said = (
        f"character U+{ord(decoded[found]):04X} is not allowed in feeds; it is left out, remove it"
    )
    return (Problem(path, line, "", said),)


def _error(path: str, line: int, message: str) -> ArticleError:
    return ArticleError(Problem(path, line, "", message, fatal=True))
