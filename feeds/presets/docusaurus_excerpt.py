"""The description that Docusaurus gives to pages without one: their first line. No I/O."""

import re

# docusaurus-utils, markdownUtils.ts: createExcerpt.
_SETEXT = re.compile(r"\A[^\r\n]*\r?\n=+")
_IMPORT = re.compile(r"(?:import|export)\s")
_CLEANINGS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"<[^>]*>", ""),
        (r"^#[^#]+#?", ""),
        (r"^#{1,6}\s*([^#]*?)\s*#{0,6}", r"\1"),
        (r"([*_]{1,3})(.*?)\1", r"\2"),
        (r"~~(\S.*\S)~~", r"\1"),
        (r"!\[(.*?)\][\[(].*?[\])]", r"\1"),
        (r"\[\^.+?\](?:: .*$)?", ""),
        (r"\[(.*?)\][\[(].*?[\])]", r"\1"),
        (r"`(.+?)`", r"\1"),
        (r"^\s{0,3}>\s?", ""),
        (r":::.*", ""),
        (r"\s?:(?:::|[^:\n])+:", ""),
        (r"\{#*[\w-]+\}", ""),
    )
)
_MAX_LINE = 5_000  # characters; the patterns need quadratic time
_MAX_LINES = 200


def excerpt(body: str) -> str:
    """Return the first line that has text, without markup; empty if there is none."""
    fence, in_import = "", False
    for line in _SETEXT.sub("", body.lstrip()).splitlines()[:_MAX_LINES]:
        stripped = line.strip()
        if not stripped:
            in_import = False
        elif not fence and (in_import or _IMPORT.match(line)):
            in_import = True
        elif stripped.startswith("```"):
            mark = "`" * (len(stripped) - len(stripped.lstrip("`")))
            fence = "" if fence and len(mark) >= len(fence) else fence or mark
        elif not fence and (text := _cleaned(line[:_MAX_LINE])):
            return text
    return ""


def _cleaned(line: str) -> str:
    for number, (pattern, replacement) in enumerate(_CLEANINGS):
        # The last one has no flag `g`.
        line = pattern.sub(replacement, line, count=1 if number == len(_CLEANINGS) - 1 else 0)
    return line.strip()
