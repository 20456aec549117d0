"""The images, enclosures and player of an article. No I/O but the size of files of our own."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from feeds.articles import markup
from feeds.articles.fields import Fields
from feeds.config.site import Site
from feeds.model.entry import Enclosure, Image, Player
from feeds.util import dates, media_types
from feeds.util.media_types import Medium
from feeds.util.text import quote_for_message


def images(fields: Fields, site: Site) -> Iterator[Image]:
    """The images under `images`, in their order, each URL once."""
    seen: set[str] = set()
    for each in fields.mappings("images"):
        url = each.url("url", site.assets_url)
        if url is None or url in seen:
            continue
        seen.add(url)
        yield Image(
            url=url,
            width=each.number("width", positive=True),
            height=each.number("height", positive=True),
            title=each.text("title") or None,
            media_type=_media_type(each, url, site),
            length=_length(each, url, site),
        )


def enclosures(fields: Fields, images: tuple[Image, ...], site: Site) -> Iterator[Enclosure]:
    """What belongs to the entry as files, best first: audio, video, downloads, images.

    An image whose media type nothing says is left out, for a wrong type is worse than none.
    """
    for name in ("audio", "video"):
        for each in _players(fields, name):
            if made := _enclosure(each, name, site):
                yield made
    for each in fields.mappings("actions"):
        if each.text("type") == "download" and (made := _enclosure(each, "document", site)):
            yield made
    for image in images:
        if image.media_type:
            yield Enclosure(
                url=image.url,
                media_type=image.media_type,
                medium="image",
                length=image.length,
                title=image.title,
                width=image.width,
                height=image.height,
            )


def player(fields: Fields, site: Site) -> Player | None:
    """The page that `featuredContent`'s iframe shows, with the article's `length`."""
    embedded = fields.raw("featuredContent")
    if not isinstance(embedded, str):
        fields.text("featuredContent")
        return None
    shown = markup.embedded(embedded)
    if shown is None:
        return None
    source = fields.below("featuredContent", {"src": shown})
    url = source.url("src", site.settings.url)
    return Player(url, dates.iso_duration(fields.raw("length"))) if url else None


def _players(fields: Fields, name: str) -> Iterator[Fields]:
    """`audio` and `video` may be a URL, a mapping, or a list of mappings."""
    value = fields.raw(name)
    if isinstance(value, str):
        yield fields.below(name, {"url": value})
    elif isinstance(value, dict):
        yield fields.below(name, value)
    else:
        yield from fields.mappings(name)


def _enclosure(fields: Fields, medium: Medium, site: Site) -> Enclosure | None:
    url = fields.url("url", site.assets_url)
    if url is None:
        return None
    found = _media_type(fields, url, site)
    if found is None and medium != "document":
        fields.wrong("url", "does not say its media type; add mediaType, as in audio/mpeg")
        return None
    return Enclosure(
        url=url,
        media_type=found or media_types.OCTETS,
        medium=medium,
        length=_length(fields, url, site),
        title=fields.text("title") or None,
        duration=dates.iso_duration(fields.raw("duration")),
        width=fields.number("width", positive=True),
        height=fields.number("height", positive=True),
    )


def _media_type(fields: Fields, url: str, site: Site) -> str | None:
    said = fields.text("mediaType").lower()
    if said and not media_types.MEDIA_TYPE.fullmatch(said):
        fields.wrong(
            "mediaType",
            f"{quote_for_message(said)} is not a media type; write for example audio/mpeg",
        )
        said = ""
    return said or media_types.media_type(url, site.settings.media_types)


def _length(fields: Fields, url: str, site: Site) -> int | None:
    """The file's size in bytes: what `size` says, else that of the site's own file."""
    said = fields.number("size", positive=True)
    folder = site.settings.assets_folder
    if said or not folder or not url.startswith(site.assets_url):
        return said
    below = unquote(urlsplit(url).path).removeprefix(urlsplit(site.assets_url).path)
    try:
        assets = Path(site.root, folder).resolve()
        file = Path(assets, below).resolve()
        if not file.is_relative_to(assets) or not file.is_file():
            return None
        return file.stat().st_size or None
    except (OSError, ValueError):
        return None
