"""The text of an entry: its body as HTML, and its summary. No I/O."""

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import NamedTuple

from feeds.articles import local_files, sanitizer
from feeds.articles.bodies import body, markdown
from feeds.articles.bodies.body import Body
from feeds.articles.bodies.page import Page
from feeds.articles.fields import Fields
from feeds.articles.frontmatter import ParsedFile
from feeds.articles.site_files import SiteFiles
from feeds.config.site import Site
from feeds.errors import Notice, Problem
from feeds.presets.reading import Reading
from feeds.util.text import shorten

_MARKUP = {".html", ".htm"}
_NO_BASE = sanitizer.Base("", "", "")  # of text whose links are left out
_FIRST_BLOCK = re.compile(r"<(p|h[1-6]|ul|ol|blockquote|pre|div|figure|table)\b[\s\S]*?</\1>")

_PARAGRAPH_END = re.compile(r"</p>")


class Place(NamedTuple):
    """An article's title, its entry's link, and the URL of its own page."""

    title: str
    link: str
    url: str


class EntryText(NamedTuple):
    """The body of an entry as sanitised HTML, and its summary as plain text."""

    html: str
    summary: str
    notices: tuple[Notice, ...] = ()


def read(
    fields: Fields, file: ParsedFile, reading: Reading, place: Place, site: Site, files: SiteFiles
) -> EntryText:
    """Return the text of an article. The body is empty if there is none, or with a problem."""
    page = _page(reading, file, place, site, files) if site.preset.is_foreign else None
    if page:
        local_files.complete(file.data, page)
    rendered = Body("", "")
    if file.body:
        try:
            rendered = body.render(file.body, page) if page else _own(file, place, site)
            _check_size(rendered.html, site)
        except sanitizer.BodyError as error:
            message = f"{error}; the summary is published instead"
            fields.problems.append(Problem(file.path, file.body_line, "", message))
            rendered = Body("", "")
    summary = _summary(fields, rendered, site, is_plain=file.format == "rst")
    notices = (*file.notices, *page.notices) if page else file.notices
    return EntryText(rendered.html, summary, notices)


def _own(file: ParsedFile, place: Place, site: Site) -> Body:
    """Return a body of this project's own dialect."""
    base = sanitizer.Base(place.link, site.settings.url, site.assets_url)
    is_html = PurePosixPath(file.path).suffix.lower() in _MARKUP
    return Body((sanitizer.sanitise if is_html else sanitizer.from_markdown)(file.body, base), "")


def _page(reading: Reading, file: ParsedFile, place: Place, site: Site, files: SiteFiles) -> Page:
    preset, settings = site.preset, site.settings
    return Page(
        path=file.path,
        url=place.url,
        base=preset.base_url(file.path, place.url),
        file_url=preset.file_url,
        site=settings.url,
        assets=settings.assets_url or "",
        title=place.title,
        site_title=settings.title,
        dialect=preset.dialect,
        data=reading.matter.data,
        files=files,
        is_html=PurePosixPath(file.path).suffix.lower() in _MARKUP or file.format == "rst",
        notices={},
        variables={},
    )


def _check_size(content: str, site: Site) -> None:
    """Raise `BodyError` if the content exceeds the site's limit."""
    limit = site.settings.articles.max_content
    if len(content) > limit or (len(content) * 4 > limit and len(content.encode()) > limit):
        size = len(content.encode())
        raise sanitizer.BodyError(
            f"body becomes {size:,} bytes of HTML, more than articles.max_content ({limit:,}); "
            "write a shorter one"
        )


def _summary(fields: Fields, rendered: Body, site: Site, *, is_plain: bool) -> str:
    """Return the first summary that there is, in the order of the preset."""
    for source in site.preset.summary_order:
        if source == "field":
            summary = _field(fields, site)
            if summary and site.preset.has_markdown_summary and not is_plain:
                summary = body.plain_text(sanitizer.sanitise(markdown.html(summary), _NO_BASE))
        elif source == "more":
            summary = rendered.summary
        elif source == "paragraph":
            match = _FIRST_BLOCK.match(rendered.html)
            summary = body.plain_text(match[0]) if match else ""
        elif source == "paragraphs":
            summary = _first_paragraphs(rendered.html, site.preset.is_summary)
        else:
            text = body.plain_text(rendered.html)
            summary = site.preset.first_words(text, int(source.partition(" ")[0]))
        if summary:
            return shorten(summary, site.settings.articles.max_content)
    return ""


def _first_paragraphs(html: str, is_summary: Callable[[str], bool]) -> str:
    """Return the text up to the end of the first paragraph with which it is long enough."""
    for match in _PARAGRAPH_END.finditer(html):
        if is_summary(html[: match.start()]):
            return body.plain_text(html[: match.end()])
    return body.plain_text(html)


def _field(fields: Fields, site: Site) -> str:
    """Return the excerpt, or the bio if there is none, shortened to `articles.max_content`."""
    name, limit = "excerpt", site.settings.articles.max_content
    summary = fields.text(name)
    if not summary:
        name = "bio"
        summary = fields.text(name)
    if len(summary) <= limit:
        return summary
    fields.wrong(name, f"has {len(summary):,} characters; the first {limit:,} are read")
    return shorten(summary, limit)
