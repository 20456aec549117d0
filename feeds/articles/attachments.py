"""The images, enclosures and player of an article. No I/O: file sizes are handed in."""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from feeds.articles import markup
from feeds.articles.fields import Fields
from feeds.articles.site_files import SiteFiles
from feeds.config.site import Site
from feeds.model.entry import Enclosure, Image, Player
from feeds.util import dates, media_types
from feeds.util.media_types import Medium
from feeds.util.text import quote_for_message


def images(fields: Fields, site: Site, files: SiteFiles) -> Iterator[Image]:
    """Yield the images listed under `images`, in order, each URL once."""
    seen: set[str] = set()
    for item in fields.mappings("images"):
        url = item.url("url", site.assets_url)
        if url is None or url in seen:
            continue
        seen.add(url)
        yield Image(
            url=url,
            width=item.number("width", positive=True),
            height=item.number("height", positive=True),
            title=item.text("title") or None,
            media_type=_media_type(item, url, site),
            length=_length(item, url, site, files),
        )


def enclosures(
    fields: Fields, images: tuple[Image, ...], site: Site, files: SiteFiles
) -> Iterator[Enclosure]:
    """Yield the enclosures, most important first: audio, video, downloads, images.

    Images of unknown media type are left out, because a wrong type is worse than none.
    """
    for name in ("audio", "video"):
        for item in _players(fields, name):
            if enclosure := _enclosure(item, name, site, files):
                yield enclosure
    for action in fields.mappings("actions"):
        if action.text("type") == "download" and (
            enclosure := _enclosure(action, "document", site, files)
        ):
            yield enclosure
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
    """Return the page shown by the iframe in `featuredContent`, with the duration in `length`."""
    embedded = fields.raw("featuredContent")
    if not isinstance(embedded, str):
        fields.text("featuredContent")  # reports a value of the wrong type
        return None
    source = markup.frame_source(embedded)
    if source is None:
        return None
    url = fields.below("featuredContent", {"src": source}).url("src", site.settings.url)
    return Player(url, dates.iso_duration(fields.raw("length"))) if url else None


def _players(fields: Fields, name: str) -> Iterator[Fields]:
    """Yield the items of `audio` or `video`: a URL, a mapping, or a list of mappings."""
    value = fields.raw(name)
    if isinstance(value, str):
        yield fields.below(name, {"url": value})
    elif isinstance(value, dict):
        yield fields.below(name, value)
    else:
        yield from fields.mappings(name)


def _enclosure(fields: Fields, medium: Medium, site: Site, files: SiteFiles) -> Enclosure | None:
    url = fields.url("url", site.assets_url)
    if url is None:
        return None
    media_type = _media_type(fields, url, site)
    if media_type is None and medium != "document":
        fields.wrong("url", "has no known media type; add mediaType, audio/mpeg for example")
        return None
    return Enclosure(
        url=url,
        media_type=media_type or media_types.OCTETS,
        medium=medium,
        length=_length(fields, url, site, files),
        title=fields.text("title") or None,
        duration=dates.iso_duration(fields.raw("duration")),
        width=fields.number("width", positive=True),
        height=fields.number("height", positive=True),
    )


def _media_type(fields: Fields, url: str, site: Site) -> str | None:
    declared = fields.text("mediaType").lower()
    if declared and not media_types.MEDIA_TYPE.fullmatch(declared):
        fields.wrong(
            "mediaType",
            f"{quote_for_message(declared)} is not a media type; write audio/mpeg, for example",
        )
        declared = ""
    return declared or media_types.media_type(url, site.settings.media_types)


def _length(fields: Fields, url: str, site: Site, files: SiteFiles) -> int | None:
    """Return the size in bytes: the value of `size`, else the size of the site's own file."""
    size = fields.number("size", positive=True)
    if size or not site.settings.assets_folder or not url.startswith(site.assets_url):
        return size
    path = unquote(urlsplit(url).path).removeprefix(urlsplit(site.assets_url).path)
    return files.size(path)
