"""Footnotes as pulldown-cmark writes them -> a list at the end of the body. No I/O."""

import re

_REFERENCE = re.compile(r'<sup class="footnote-reference"><a href="#([^"<>]*)">\d+</a></sup>')
_DEFINITION = re.compile(
    r'<div class="footnote-definition" id="([^"<>]*)">'
    r'<sup class="footnote-definition-label">\d+</sup>\n'
)
_DIVISION = re.compile(r"<(/?)div\b")


def listed(html: str) -> str:
    """Return HTML with its footnotes as a list at the end, in the order of their references."""
    return _Footnotes().listed(html)


class _Footnotes:
    def __init__(self) -> None:
        self.notes: dict[str, str] = {}
        self.numbers: dict[str, int] = {}
        self.order: list[str] = []

    def listed(self, html: str) -> str:
        pieces = _DEFINITION.split(html)
        kept = [pieces[0]]
        for key, rest in zip(pieces[1::2], pieces[2::2], strict=True):
            end = _end_of_division(rest)
            self.notes.setdefault(key, rest[:end].strip())
            kept.append(rest[end:].removeprefix("</div>").removeprefix("\n"))
        body = self._numbered("".join(kept))
        items: list[str] = []
        while len(items) < len(self.order):  # a note may refer to further notes
            number = len(items) + 1
            note = self._numbered(self.notes[self.order[number - 1]])
            items.append(f'<li id="fn:{number}">\n{_with_return(note, number)}\n</li>\n')
        return f"{body}<hr>\n<ol>\n{''.join(items)}</ol>\n" if items else body

    def _numbered(self, html: str) -> str:
        return _REFERENCE.sub(lambda match: self._reference(match[1]), html)

    def _reference(self, key: str) -> str:
        if key not in self.notes:
            return ""
        own = ""
        if key not in self.numbers:
            self.order.append(key)
            self.numbers[key] = len(self.order)
            own = f' id="fnref:{len(self.order)}"'
        number = self.numbers[key]
        return f'<sup{own}><a href="#fn:{number}">{number}</a></sup>'


def _end_of_division(html: str) -> int:
    depth = 1
    for match in _DIVISION.finditer(html):
        depth += -1 if match[1] else 1
        if not depth:
            return match.start()
    return len(html)


def _with_return(note: str, number: int) -> str:
    back = f'<a href="#fnref:{number}">↩</a>'
    return f"{note[:-4]} {back}</p>" if note.endswith("</p>") else f"{note}\n<p>{back}</p>"
