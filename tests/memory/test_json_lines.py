"""Files with a memory, and the messages about faulty ones."""

from pathlib import Path

import pytest

from feeds.errors import MemoryFileError
from feeds.memory import json_lines

HEADER = '{"format":"feeds-memory","version":1}'
ENTRY = (
    '{"kind":"entry","id":"tag:a","path":"a.md","published":"2024-05-31T09:00:00Z",'
    '"first_seen":"2024-05-31T09:00:00Z","updated":"2024-05-31T09:00:00Z",'
    '"link":"https://example.org/a","content_hash":"c","likeness":"l"}'
)


def read(folder: Path, *lines: str) -> bytes:
    """Read a file with these lines; return it as it is written again."""
    file = folder / "memory.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return b"".join(json_lines.encode(json_lines.read(file).rows()))


def test_rows_are_written_as_they_were_read(tmp_path: Path) -> None:
    assert read(tmp_path, HEADER, ENTRY).decode() == f"{HEADER}\n{ENTRY}\n"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], ":1: not a memory"),
        (["{}"], ":1: not a memory"),
        (['{"format":"feeds-memory","version":2}'], ":1: version: 2 is newer than this program"),
        ([HEADER, "{"], ":2: Input data was truncated"),
        ([HEADER, '{"kind":"book"}'], ":2: kind: Invalid value 'book'"),
        ([HEADER, ENTRY, ENTRY.replace('"a.md"', "1")], ":3: path: Expected `str`, got `int`"),
        ([HEADER, ENTRY.replace("09:00:00Z", "noon", 1)], ":2: published: Invalid RFC3339"),
        (
            [HEADER, ENTRY.replace("}", ',"colour":1}')],
            ":2: Object contains unknown field `colour`",
        ),
        ([HEADER, ENTRY.replace('"id":"tag:a",', "")], "missing required field `id`"),
        ([HEADER, ENTRY, ENTRY.replace("a.md", "b.md")], ":3: tag:a: an earlier row has other"),
        ([HEADER, "<<<<<<< HEAD", ENTRY], ":2: a conflict that git left"),
        (
            [HEADER, '{"kind":"place","feed":"all","entry":"tag:b","archive":1}'],
            "all: its archive 1 has tag:b, but the file has no such entry",
        ),
    ],
)
def test_faulty_file_is_refused_with_line_and_field(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    with pytest.raises(MemoryFileError) as caught:
        read(tmp_path, *lines)
    assert message in str(caught.value)


def test_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(MemoryFileError, match="No such file"):
        json_lines.read(tmp_path / "memory.jsonl")
