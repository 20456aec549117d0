"""Front matter in the head of an HTML page, as Pelican reads it: title and `<meta>`. No I/O."""

from html.parser import HTMLParser
from typing import Any

_KEYWORDS = "keywords"  # which are the tags


class _Head(HTMLParser):
    """Collects the metadata in the head, and the place of the body."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.data: dict[str, Any] = {}
        self.repeated: set[str] = set()
        self.body_start = self.body_end = -1
        self._in_head = self._in_title = False
        self._line_starts: list[int] = []

    def read(self, text: str) -> None:
        """Read a page."""
        self._line_starts = [0]
        for line in text.split("\n"):
            self._line_starts.append(self._line_starts[-1] + len(line) + 1)
        self.feed(text)
        self.close()

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._line_starts[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag of the head, or the beginning of the body."""
        if self.body_start >= 0:
            return
        if tag == "head":
            self._in_head = True
        elif tag == "body":
            self.body_start = self._offset() + len(self.get_starttag_text() or "")
        elif tag == "title" and self._in_head:
            self._in_title = True
            self.data.setdefault("title", "")
        elif tag == "meta" and self._in_head:
            self._add({name: value or "" for name, value in attrs})

    def _add(self, attributes: dict[str, str]) -> None:
        name = attributes.get("name", "").lower()
        name = "tags" if name == _KEYWORDS else name
        content = attributes.get("content") or attributes.get("contents") or ""
        if not name:
            return
        if name in self.data:
            self.repeated.add(name)
        self.data.setdefault(name, content)

    def handle_endtag(self, tag: str) -> None:
        """Note the end of the head, the title or the body."""
        if tag == "title":
            self._in_title = False
        elif tag == "head":
            self._in_head = False
        elif tag == "body":
            self.body_end = self._offset()

    def handle_data(self, data: str) -> None:
        """Add text to the title."""
        if self._in_title:
            self.data["title"] += data


def split(text: str) -> tuple[dict[str, Any], str, str, tuple[str, ...]]:
    """Return the metadata by names in lower case, the text before the body, the body, and the
    names that occur twice.

    A page without `<body>` has no body.
    """
    head = _Head()
    head.read(text)
    if "title" in head.data:
        head.data["title"] = " ".join(head.data["title"].split())
    start = len(text) if head.body_start < 0 else head.body_start
    end = head.body_end if head.body_end >= start else len(text)
    return head.data, text[:start], text[start:end], tuple(sorted(head.repeated))
