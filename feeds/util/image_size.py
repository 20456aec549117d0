"""The size in pixels of an image, from the first bytes of its file: PNG, GIF, JPEG, WebP."""

import struct
from typing import BinaryIO

_HEAD = 32  # bytes that have the size in all formats but JPEG
_MAX_SEGMENTS = 200
# JPEG's frames: SOF0 to SOF15, but not the tables DHT, JPG and DAC.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read(stream: BinaryIO) -> tuple[int, int] | None:
    """Return width and height of an image; None if it is none of these formats, or damaged."""
    head = stream.read(_HEAD)
    try:
        size = _size(head, stream)
    except (struct.error, IndexError):
        return None
    return size if size and all(size) else None


def _size(head: bytes, stream: BinaryIO) -> tuple[int, int] | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = struct.unpack(">II", head[16:24])
        return width, height
    if head.startswith((b"GIF87a", b"GIF89a")):
        width, height = struct.unpack("<HH", head[6:10])
        return width, height
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _webp(head)
    if head.startswith(b"\xff\xd8"):
        stream.seek(2)
        return _jpeg(stream)
    return None


def _webp(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X":
        return (
            int.from_bytes(head[24:27], "little") + 1,
            int.from_bytes(head[27:30], "little") + 1,
        )
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(stream: BinaryIO) -> tuple[int, int] | None:
    for _ in range(_MAX_SEGMENTS):
        marker = stream.read(2)
        while marker[1:] == b"\xff":  # padding
            marker = marker[1:] + stream.read(1)
        if len(marker) < 2 or marker[0] != 0xFF:
            return None
        (length,) = struct.unpack(">H", stream.read(2))
        if marker[1] in _FRAMES:
            _, height, width = struct.unpack(">BHH", stream.read(5))
            return width, height
        stream.seek(max(0, length - 2), 1)
    return None
