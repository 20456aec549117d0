"""The names that front matter has for the same things, and how their values become ours. No I/O."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from feeds.presets.matter import Matter, Value

# By our name: the names that other tools have for it, best first (in any case; `-` and `_` count
# for nothing). A dot leads into a mapping.
COMMON: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "headline", "name"),
    "published": (
        "date", "pubDate", "pubDatetime", "publishDate", "published", "datePublished",
        "publishedAt", "publishedDate", "publishedOn", "publicationDate", "postDate",
        "date.created",
    ),
    # Rarely the date of publication, so they are read where the file name has no date either.
    "created": ("created", "createdAt", "datetime", "timestamp"),
    "updated": (
        "lastmod", "modified", "updated", "updatedDate", "modDatetime", "last_modified_at",
        "lastModified", "updatedAt", "dateModified", "lastUpdated", "date.updated",
        "last_update.date",
    ),
    "summary": (
        "summary", "description", "excerpt", "teaser", "deck", "abstract", "lead", "subtitle",
    ),
    "topics": ("topics", "tags", "categories", "category"),
    "authors": ("authors", "author", "postAuthor", "hosts", "by"),
    "image": (
        "image", "heroImage", "cover", "cover_image", "coverImage", "featured_image",
        "featuredImage", "thumbnail", "banner", "header_image", "ogImage", "og_image", "images",
    ),
    "language": ("lang", "language", "locale"),
    "slug": ("slug",),
    "url": ("url", "permalink"),
    "canonical": ("canonical_url", "canonicalURL", "canonical"),
    "audio": (
        "audio", "audio_url", "enclosure", "podcast_file", "podcast_link", "podcast", "mp3",
    ),
    "audio_size": ("podcast_bytes", "audio_size", "audio_bytes", "length", "size"),
    "audio_duration": ("podcast_duration", "audio_duration", "duration"),
    "aliases": ("aliases", "redirect_from"),
}  # fmt: skip
# Our names for the parts of an entry that subscribers see, and all others: dates, numbers for
# selections, and the mark of a change that keeps `updated`.
SHOWN = frozenset({
    "title", "name", "excerpt", "bio", "webUrl", "originalUrl", "topics", "category", "type",
    "language", "locale", "authors", "provider", "related", "images", "audio", "video", "actions",
    "featuredContent", "length", "levels", "price", "ratings",
})  # fmt: skip
UNSHOWN = frozenset({"publishedDateTime", "updatedDateTime", "quality", "heat", "minor"})
# The keys of `articles.fields`. An id is read from front matter only where it is named there.
FIELD_NAMES = frozenset(COMMON) | {"id"}

_DURATION = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{2})")
_DIGITS = re.compile(r"\d{1,18}")


def terms(values: Iterable[Value], split: str = "") -> list[Any]:
    """Return the terms of several lists as one, each once; wrong items are kept, to be reported.

    Text is one term, or several if it contains `split`: a character, or a space for any spaces.
    """
    found: dict[Any, Any] = {}
    for value in values:
        for item in _listed(value.value, split):
            term = str(item) if isinstance(item, int | float) else item
            if isinstance(term, Mapping):
                matter = Matter(term)
                named = matter.get("name") or matter.get("title") or matter.get("label")
                term = named.value if named else term
            found.setdefault(term if isinstance(term, str) else repr(term), term)
    return list(found.values())


def _listed(value: Any, split: str) -> Sequence[Any]:
    if isinstance(value, str):
        parts = value.split() if split == " " else value.split(split) if split else [value]
        return [part.strip() for part in parts if part.strip()]
    if isinstance(value, Mapping):  # WordPress exports: names by slug
        return list(value.values()) if all(isinstance(v, str) for v in value.values()) else [value]
    return value if isinstance(value, list) else [value]


def people(value: Any, known: Mapping[str, Mapping[str, Any]], split: str = "") -> list[Any]:
    """Return authors as mappings with `name`, `url` and `avatar`, from text, lists or mappings.

    `known` are the site's authors by key, to which an article may refer. Wrong items are kept.
    """
    if isinstance(value, Mapping):
        matter = Matter(value)
        if not (matter.get("name") or matter.get("title") or matter.get("key")):
            return [_person({"name": key, **inner}, known) if isinstance(inner, Mapping) else inner
                    for key, inner in value.items()]  # fmt: skip
        return [_person(value, known)]
    people: list[Any] = []
    for item in _listed(value, split):
        if isinstance(item, str):
            people.append(
                _person(known.get(item) or known.get(item.casefold()) or {"name": item}, known)
            )
        else:
            people.append(_person(item, known) if isinstance(item, Mapping) else item)
    return people


def _person(value: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    matter = Matter(value)
    key = matter.get("key") or matter.get("id")
    base = known.get(key.value) if key and isinstance(key.value, str) else None
    if base and not matter.get("name"):
        matter = Matter(base)
    person: dict[str, Any] = {}
    for name, names in (
        ("name", ("name", "title", "display_name", "key")),
        ("url", ("url", "website", "link", "homepage", "uri")),
        ("avatar", ("avatar", "image_url", "imageURL", "picture", "photo")),
    ):
        if found := next(iter(matter.all(names)), None):
            if name != "name" and not _is_address(found.value):
                continue  # a handle, or a path that only the site's theme knows
            person[name] = found.value
    return person


def _is_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://", "/"))


def picture(value: Any) -> dict[str, Any] | None:
    """Return an image as a mapping with `url`, `title`, `width`, `height`; None if it is none."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, str):
        return {"url": value} if value.strip() else None
    if not isinstance(value, Mapping):
        return None
    matter = Matter(value)
    address = next(
        iter(matter.all(("url", "src", "path", "image", "href", "relative", "file"))), None
    )
    if address is None or not isinstance(address.value, str):
        return None
    image: dict[str, Any] = {"url": address.value}
    if alt := next(iter(matter.all(("alt", "title", "caption"))), None):
        image["title"] = alt.value
    for name in ("width", "height"):
        if (size := matter.get(name)) and isinstance(size.value, int):
            image[name] = size.value
    return image


def recording(value: Any, size: Any, duration: Any) -> dict[str, Any] | None:
    """Return an audio or video file as a mapping with `url`, `size` in bytes and `duration`."""
    recording: dict[str, Any] = {}
    if isinstance(value, str):
        recording["url"] = value.strip()
    elif isinstance(value, Mapping):
        matter = Matter(value)
        address = next(iter(matter.all(("url", "src", "file", "href", "path"))), None)
        if address is None:
            return None
        recording["url"] = address.value
        media_type = next(iter(matter.all(("mediaType", "type", "mime_type"))), None)
        if media_type and isinstance(media_type.value, str) and "/" in media_type.value:
            recording["mediaType"] = media_type.value
        if title := matter.get("title"):
            recording["title"] = title.value
        own_size = next(iter(matter.all(("size", "length", "bytes"))), None)
        size = own_size.value if own_size else size
        own_duration = matter.get("duration")
        duration = own_duration.value if own_duration else duration
    else:
        return None
    if (number := _whole(size)) is not None:
        recording["size"] = number
    if (seconds := _seconds(duration)) is not None:
        recording["duration"] = seconds
    return recording


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and _DIGITS.fullmatch(digits := value.replace(",", "").strip()):
        return int(digits)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _seconds(value: Any) -> Any:
    """Return the seconds of `MM:SS` or `HH:MM:SS`, and other values as they are."""
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return (hours * 60 + minutes) * 60 + seconds
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    return value
