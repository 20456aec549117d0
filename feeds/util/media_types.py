"""Media types of URLs, from their extension or a known host. No I/O.

The table replaces `mimetypes`, which differs between machines: the same article must give the
same bytes everywhere.
"""

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import parse_qs, urlsplit

Medium = Literal["audio", "video", "document", "image"]

OCTETS = "application/octet-stream"
# A media type (RFC 6838 §4.2), without parameters and in lower case.
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")

TYPES: Mapping[str, str] = {
    "aac": "audio/aac", "aif": "audio/aiff", "aiff": "audio/aiff", "flac": "audio/flac",
    "m4a": "audio/mp4", "m4b": "audio/mp4", "mid": "audio/midi", "mp3": "audio/mpeg",
    "oga": "audio/ogg", "ogg": "audio/ogg", "opus": "audio/ogg", "wav": "audio/wav",
    "weba": "audio/webm",
    "avi": "video/x-msvideo", "m4v": "video/mp4", "mkv": "video/matroska",
    "mov": "video/quicktime", "mp4": "video/mp4", "mpeg": "video/mpeg", "mpg": "video/mpeg",
    "ogv": "video/ogg", "webm": "video/webm", "wmv": "video/x-ms-wmv",
    "avif": "image/avif", "bmp": "image/bmp", "gif": "image/gif", "heic": "image/heic",
    "ico": "image/vnd.microsoft.icon", "jfif": "image/jpeg", "jpe": "image/jpeg",
    "jpeg": "image/jpeg", "jpg": "image/jpeg", "png": "image/png", "svg": "image/svg+xml",
    "tif": "image/tiff", "tiff": "image/tiff", "webp": "image/webp",
    "7z": "application/x-7z-compressed", "bz2": "application/x-bzip2", "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "epub": "application/epub+zip", "gz": "application/gzip", "ics": "text/calendar",
    "json": "application/json", "md": "text/markdown",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text", "pdf": "application/pdf",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "rar": "application/vnd.rar", "rtf": "application/rtf", "srt": "application/x-subrip",
    "tar": "application/x-tar", "tgz": "application/gzip", "txt": "text/plain",
    "vtt": "text/vtt", "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml", "xz": "application/x-xz", "yaml": "application/yaml",
    "yml": "application/yaml", "zip": "application/zip", "zst": "application/zstd",
}  # fmt: skip

# Hosts that give the type in the query instead of the path, with the parameter's name.
_FORMAT_PARAMETER = {"pbs.twimg.com": "format", "images.unsplash.com": "fm"}


# The extension of the last segment of an absolute URL's path.
_EXTENSION = re.compile(r"[a-z]+://[^/?#]*[^?#]*/[^/?#]*\.([^./?#]+)(?:[?#]|\Z)")


def media_type(url: str, more: Mapping[str, str]) -> str | None:
    """Return the media type of the file at an absolute URL; None if it is not certain.

    `more` extends and overrides the table: media types by extension, without the dot.
    """
    match = _EXTENSION.match(url)
    extension = match[1].lower() if match else ""
    if known := more.get(extension) or TYPES.get(extension):
        return known
    parts = urlsplit(url)
    if parameter := _FORMAT_PARAMETER.get(parts.hostname or ""):
        values = parse_qs(parts.query).get(parameter, [])
        return TYPES.get(values[0].lower()) if values else None
    return None


def medium(media_type: str) -> Medium:
    """Return the `medium` of a media type (Media RSS, `media:content`)."""
    family = media_type.partition("/")[0]
    if family == "audio":
        return "audio"
    if family == "video":
        return "video"
    return "image" if family == "image" else "document"
