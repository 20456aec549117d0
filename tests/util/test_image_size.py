"""The size of an image is read from the first bytes of its file."""

import struct
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.util import image_size

JPEG = (
    b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + b"JFIF" + bytes(10)
    + b"\xff\xc4" + struct.pack(">H", 3) + b"x"
    + b"\xff\xff\xc2" + struct.pack(">HBHH", 17, 8, 3, 2)
)  # fmt: skip
FILES = {
    "png": b"\x89PNG\r\n\x1a\n" + bytes(8) + struct.pack(">II", 2, 3),
    "gif": b"GIF89a" + struct.pack("<HH", 2, 3),
    "jpeg": JPEG,
    "webp": b"RIFF" + bytes(4) + b"WEBPVP8 " + bytes(10) + struct.pack("<HH", 2, 3),
    "lossless": b"RIFF" + bytes(4) + b"WEBPVP8L" + bytes(5) + (1 | 2 << 14).to_bytes(4, "little"),
    "extended": b"RIFF" + bytes(4) + b"WEBPVP8X" + bytes(8) + b"\x01\0\0\x02\0\0",
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_the_size_of_each_format(content: bytes) -> None:
    assert image_size.read(BytesIO(content)) == (2, 3)


@given(st.sampled_from(list(FILES.values())), st.integers(0, 40), st.binary(max_size=60))
def test_a_damaged_file_has_a_size_or_none(content: bytes, length: int, rest: bytes) -> None:
    size = image_size.read(BytesIO(content[:length] + rest))
    assert size is None or all(size)
