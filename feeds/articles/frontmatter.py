"""Splits the bytes of an article file into front matter and body. No I/O.

`feeds.articles.folder` reads the file.
"""

import json
import re
import tomllib
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from frontmatter.default_handlers import YAMLHandler

from feeds.articles import bad_values, header_lines, html_head, restructured_text, unread_documents
from feeds.errors import ArticleError, Notice, Problem
from feeds.presets.reading import Format
from feeds.util import text, yaml_loader, yaml_subset

# A line of three hyphens or more. The pattern begins with a literal, which is fast to search.
_BOUNDARY = re.compile(r"\n---+[ \t]*(?=\n|\Z)")

# Keys that withhold an article, with the value that does.
WITHHOLDING = {"published": False, "removed": True, "deleted": True}
_WITHHELD = tuple(f"{name}: {str(value).lower()}" for name, value in WITHHOLDING.items())
_TOML_END = re.compile(r"^\+\+\+[ \t]*$", re.MULTILINE)
# Hexo's front matter without a line before it, or of JSON members between lines of `;;;`.
_HEXO = re.compile(r"(;{3,}\n)?(?=[\w\"'#])(.+?)\n(-{3,}|;{3,})[ \t]*(?:\n|\Z)", re.DOTALL)
_TABS = re.compile(r"(?<=\n)\t+")
# Front matter in code or another format, as gray-matter marks it.
_OTHER_FORMAT = re.compile(r"---(?!json\b)([a-z]\w*)[ \t]*\n")
_FLAG = re.compile(rf"\n({'|'.join(WITHHOLDING)}):([^\n]*+)")
# From this many characters on, `_withholding_flags` is faster than parsing the front matter.
_LONG = 4_000


class _Handler(YAMLHandler):
    """python-frontmatter's YAML, split at whole lines."""

    FM_BOUNDARY = _BOUNDARY


_HANDLER = _Handler()


class ParsedFile(msgspec.Struct, frozen=True):
    """An article file, split: `data` is the parsed front matter, `body` the text after it.

    For a long withheld article, `data` may contain only the keys that withhold it. `matter` is the
    text of the front matter, and `offset` the number of lines before it. `repeated` are the keys
    that occur more than once; `data` has their last value. `names` are the keys of the file by the
    names under which a preset put their values into `data`.
    """

    path: str
    data: dict[str, Any]
    body: str
    matter: str
    offset: int
    problems: tuple[Problem, ...] = ()
    repeated: tuple[str, ...] = ()
    format: Format = "yaml"
    names: Mapping[str, tuple[str, ...]] = {}
    notices: tuple[Notice, ...] = ()

    @property
    def body_line(self) -> int:
        """The line after the front matter, counted from 1."""
        if self.format == "none":
            return 1
        without_end = self.format in ("json", "headers", "rst", "html")
        return self.offset + self.matter.count("\n") + (1 if without_end else 3)

    def line(self, *keys: str | int) -> int:
        """Return the line of the value at `keys`, counted from 1."""
        if self.format == "yaml":
            return self.offset + yaml_loader.line_of(self.matter, keys)
        key = re.escape(str(keys[0])) if keys else ""
        match = re.search(
            rf'^[ \t.:]*(?:\[*"?|<meta[^>]* name=["\']?){key}"?\b',
            self.matter,
            re.MULTILINE | re.IGNORECASE,
        )
        return self.offset + (self.matter.count("\n", 0, match.start()) if match else 0) + 1

    def problem(self, keys: Sequence[str | int], message: str, *, fatal: bool = False) -> Problem:
        """Return a problem with the value at `keys`, by the names that its author gave them."""
        if keys and (theirs := self.names.get(str(keys[0]))):
            keys = theirs
        field = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
        return Problem(self.path, self.line(*keys), field.lstrip("."), message, fatal)


def split(path: str, content: bytes, formats: Sequence[Format] = ("yaml",)) -> ParsedFile:
    """Split the content of the file at `path`, which is relative to the article folder.

    A byte order mark and CRLF are accepted; control characters are removed with a problem.
    Front matter of a format that is not among `formats` is reported. With the format `none` a file
    without front matter is a body. Raises `ArticleError` if the content is not UTF-8, or its front
    matter is not a mapping.
    """
    if refusal := unread_documents.refusal(path):
        raise _error(path, 1, refusal)
    decoded = _decoded(path, content, formats)
    problems = _forbidden(path, decoded) if text.may_be_forbidden(content) else ()
    decoded = "\n" + (text.clean(decoded) if problems else decoded)
    file = _split(path, decoded, problems, formats)
    if found := bad_values.find(file.data, file.matter, file.format):
        raise ArticleError(file.problem(*found, fatal=True))
    return file


def _split(
    path: str, decoded: str, problems: tuple[Problem, ...], formats: Sequence[Format]
) -> ParsedFile:
    """Split a decoded file, before which a line break has been added."""
    if "rst" in formats and path.endswith(".rst"):
        return _split_rst(path, decoded[1:], problems)
    if "html" in formats and path.endswith((".html", ".htm")):
        data, head, body, repeated = html_head.split(decoded[1:])
        return ParsedFile(path, data, body.strip(), head, 0, problems, repeated, "html")
    if "headers" in formats and (headed := _split_headers(path, decoded[1:], formats)):
        return msgspec.structs.replace(headed, problems=problems)
    if "hexo" in formats and (unfenced := _split_hexo(path, decoded[1:])):
        return msgspec.structs.replace(unfenced, problems=problems)
    opening = _BOUNDARY.search(decoded)
    if opening is not None and not decoded[: opening.start()].strip():
        return _split_yaml(path, decoded, opening, problems, formats)
    file = _split_other(path, decoded, formats)
    return msgspec.structs.replace(file, problems=problems) if problems else file


def _split_rst(path: str, decoded: str, problems: tuple[Problem, ...]) -> ParsedFile:
    """Split an article of reStructuredText, whose body becomes HTML."""
    document = restructured_text.read(decoded)
    for fault in document.faults:
        if fault.is_fatal:
            message = f"is not valid reStructuredText: {fault.message}; correct the line"
            raise _error(path, fault.line, message)
        message = f"{fault.message}; correct the line"
        problems = (*problems, Problem(path, fault.line, "", message))
    return ParsedFile(
        path,
        document.data,
        document.html.strip(),
        document.head,
        0,
        problems,
        document.repeated,
        "rst",
        notices=document.notices,
    )


def _split_headers(path: str, decoded: str, formats: Sequence[Format]) -> ParsedFile | None:
    """Split a file that begins with headers; between lines of --- they may be YAML instead."""
    if "yaml" in formats and decoded.startswith("---"):
        return None
    data, count, repeated = header_lines.nikola(decoded)
    if not data:
        data, count, repeated = header_lines.pelican(decoded)
    if not data:
        return None
    lines = decoded.split("\n")
    matter = "".join(f"{line}\n" for line in lines[:count])
    body = "\n".join(lines[count:]).strip()
    return ParsedFile(path, data, body, matter, 0, (), repeated, "headers")


def _split_hexo(path: str, decoded: str) -> ParsedFile | None:
    """Split a file in a form that only Hexo knows; None if its front matter has another one."""
    match = _HEXO.match(decoded)
    if match is None:
        return None
    offset, body = (1 if match[1] else 0), decoded[match.end() :].strip()
    if match[3].startswith(";"):
        file = _split_json(path, f"{{{match[2]}}}", offset)
        matter = decoded[match.start(2) : match.end()]
        return msgspec.structs.replace(file, body=body, matter=matter)
    data, repeated = _parsed(path, _spaced(match[2]), offset)
    if not isinstance(data, dict):
        return None
    return ParsedFile(path, data, body, match[2], offset, (), repeated)


def _split_yaml(
    path: str,
    decoded: str,
    opening: re.Match[str],
    problems: tuple[Problem, ...],
    formats: Sequence[Format],
) -> ParsedFile:
    offset = decoded.count("\n", 0, opening.end()) - 1
    try:
        matter, body = _HANDLER.split(decoded)
    except ValueError:
        raise _error(path, offset + 1, "front matter is not closed; end it with ---") from None
    repeated: tuple[str, ...] = ()
    data: Any = _withholding_flags(matter)
    if data is None:
        spaced = "hexo" in formats and "\t" in matter
        data, repeated = _parsed(path, _spaced(matter) if spaced else matter, offset)
    data = {} if data is None and "none" in formats else _mapping(path, data, offset)
    return ParsedFile(path, data, body.strip(), matter, offset, problems, repeated)


def _parsed(path: str, matter: str, offset: int) -> tuple[Any, tuple[str, ...]]:
    try:
        return yaml_loader.parsed(matter)
    except yaml_loader.YAMLTextError as error:
        raise _error(path, offset + error.line, str(error)) from None


def _spaced(matter: str) -> str:
    """Return YAML in which tabs do not indent, but two spaces for each, as Hexo reads it."""
    return _TABS.sub(lambda match: "  " * len(match[0]), matter)


def _mapping(path: str, data: Any, offset: int) -> dict[str, Any]:
    if not isinstance(data, dict):
        kind = "empty" if data is None else f"a {type(data).__name__}"
        raise _error(path, offset + 1, f"front matter is {kind}; write 'key: value' lines")
    return data


def _split_other(path: str, decoded: str, formats: Sequence[Format]) -> ParsedFile:
    """Split a file whose front matter is not YAML between lines of ---."""
    start = len(decoded) - len(decoded.lstrip())
    for format_, opens, split_ in _OTHERS:
        if format_ in formats and (opening := opens.match(decoded, start)):
            offset = decoded.count("\n", 0, opening.end()) - 1
            return split_(path, decoded[opening.end() :], offset)
    if other := _OTHER_FORMAT.match(decoded, start):
        line = decoded.count("\n", 0, start)
        raise _error(path, line, f"has front matter in {other[1]}, which is not read; use YAML")
    if "none" not in formats:
        raise _error(path, 1, "has no front matter; begin the file with a line of ---")
    return ParsedFile(path, {}, decoded.strip(), "", 0, format="none")


def _split_toml(path: str, rest: str, offset: int) -> ParsedFile:
    closing = _TOML_END.search(rest)
    if closing is None:
        raise _error(path, offset + 1, "front matter is not closed; end it with +++")
    matter, body = rest[1 : closing.start()], rest[closing.end() :]
    try:
        data = tomllib.loads(matter)
    except (ValueError, RecursionError) as error:
        line = int(match[1]) if (match := re.search(r"line (\d+)", str(error))) else 1
        raise _error(
            path, offset + 1 + line, f"is not valid TOML: {error}; correct the line"
        ) from None
    return ParsedFile(path, data, body.strip(), matter, offset + 1, format="toml")


def _split_json(path: str, rest: str, offset: int) -> ParsedFile:
    repeated: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in items]
        repeated.extend({name for name in names if names.count(name) > 1})
        return dict(items)

    try:
        data, end = json.JSONDecoder(object_pairs_hook=pairs).raw_decode(rest.lstrip("\n"))
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise _error(path, offset + line, f"is not valid JSON: {error}; correct the line") from None
    matter = rest.lstrip("\n")[:end]
    body = re.sub(r"\A\s*---+[ \t]*$", "", rest.lstrip("\n")[end:], count=1, flags=re.MULTILINE)
    data = _mapping(path, data, offset)
    return ParsedFile(path, data, body.strip(), matter, offset, (), tuple(repeated), "json")


# Formats other than YAML: their name, what opens them, and what splits the rest.
_OTHERS: tuple[tuple[Format, re.Pattern[str], Callable[[str, str, int], ParsedFile]], ...] = (
    ("toml", re.compile(r"\+\+\+[ \t]*(?=\n)"), _split_toml),
    ("json", re.compile(r"---json[ \t]*\n"), _split_json),
    ("json", re.compile(r"(?=\{(?![%{#]))"), _split_json),  # not a tag of a template language
)


def _withholding_flags(matter: str) -> dict[str, bool] | None:
    """Return the flags that certainly withhold a long article, without parsing it; else None."""
    if len(matter) < _LONG or not any(f"\n{line}\n" in matter for line in _WITHHELD):
        return None
    lines = [(name, value.strip(" ")) for name, value in _FLAG.findall("\n" + matter)]
    flags = {name: value == "true" for name, value in lines if value in ("true", "false")}
    if len(flags) < len(lines) or not yaml_subset.is_in_subset(matter):
        return None  # a flag is repeated or unclear
    return flags


def _decoded(path: str, content: bytes, formats: Sequence[Format]) -> str:
    if not content.strip() and "none" not in formats:
        raise _error(path, 1, "is empty; write front matter or delete the file")
    content = content.removeprefix(BOM_UTF8)
    try:
        decoded = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{content[error.start]:02X} is not UTF-8; save the file as UTF-8"
        raise _error(path, line, message) from None
    return decoded.replace("\r\n", "\n").replace("\r", "\n") if "\r" in decoded else decoded


def _forbidden(path: str, decoded: str) -> tuple[Problem, ...]:
    index = text.first_forbidden(decoded)
    if index is None:
        return ()
    line = decoded.count("\n", 0, index) + 1
    code = f"U+{ord(decoded[index]):04X}"
    message = f"character {code} is not allowed in feeds; it is left out, remove it"
    return (Problem(path, line, "", message),)


def _error(path: str, line: int, message: str) -> ArticleError:
    return ArticleError(Problem(path, line, "", message, fatal=True))
