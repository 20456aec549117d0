"""Shortcodes that mean the same in many generators, and the plain HTML that feeds show. No I/O."""

import re
from collections.abc import Callable, Mapping
from html import escape, unescape
from urllib.parse import quote

from feeds.articles.bodies.calls import Call, link
from feeds.articles.bodies.page import Page

ADMONITIONS = frozenset({
    "abstract", "admonition", "alert", "attention", "aside", "bug", "callout", "caution", "check",
    "danger", "error", "example", "failure", "hint", "important", "info", "note", "notice",
    "pullquote", "question", "quote", "success", "summary", "tip", "todo", "tldr", "warn",
    "warning",
})  # fmt: skip
_GENERIC = frozenset({"admonition", "alert", "aside", "callout", "notice", "pullquote", "quote"})
_WORD = re.compile(r"[A-Za-z][\w -]{0,60}")
_YOUTUBE = re.compile(r"(?:youtu\.be/|[?&]v=|/embed/|/shorts/)([\w-]{6,20})")


def admonition(call: Call, kind: str, title: str | None) -> str:
    """Return a note as a quotation with a bold title; without one if `title` is empty."""
    if title is None:
        title = "" if kind in _GENERIC else kind.replace("-", " ").capitalize()
    heading = f"**{title}**\n\n" if title else ""
    if title and call.is_html:
        heading = f"<p><strong>{escape(title, quote=False)}</strong></p>\n\n"
    return call._replace(inner=heading + (call.inner or "").strip("\n")).around(
        "<blockquote>", "</blockquote>"
    )


def details(call: Call, title: str) -> str:
    """Return text that readers may unfold."""
    summary = f"<summary>{escape(title or 'Details', quote=False)}</summary>"
    return call.around(f"<details>{summary}", "</details>")


def figure(call: Call, page: Page) -> str:
    """Return an image with its caption."""
    source = call.get("src", "source", "url", "path", "image", "file", "name", "filename", place=0)
    if not source:
        page.note(call.tag.name, "has no path that is known before the build, so it is left out")
        return call.inner or ""
    caption = call.get("caption", "title", "text") or (call.inner or "").strip()
    alt = call.get("alt", "alttext", place=1) or unescape(re.sub(r"<[^>]*+>|[*_`]", "", caption))
    sizes = "".join(
        f' {name}="{call.named[name]}"'
        for name in ("width", "height")
        if call.named.get(name, "").isdigit()
    )
    image = f'<img src="{escape(source)}" alt="{escape(alt)}"{sizes}>'
    if target := call.get("link", "href"):
        image = f'<a href="{escape(target)}">{image}</a>'
    if not call.tag.is_alone or "\n" in caption:
        return image
    note = f"<figcaption>{escape(caption, quote=False)}</figcaption>" if caption else ""
    return call.block(f"<figure>{image}{note}</figure>")


def _address(call: Call, page: Page, pattern: str, *names: str) -> str:
    """Return a link to what a site shows in a frame; `pattern` has `{}` for its id."""
    value = call.get(*names, "id", "url", "src", "link", place=0)
    if not value:
        page.note(call.tag.name, "has no id, so that it is left out")
        return call.inner or ""
    url = value if "://" in value else pattern.format(quote(value, safe="/?=&@"))
    title = call.get("title", "caption")
    html = link(url, title)
    return call.block(f"<p>{html}</p>") if call.tag.is_alone else html


def youtube(call: Call, page: Page) -> str:
    """Return a link to a video."""
    value = call.get("id", "url", "src", "video", "videoid", "v", place=0)
    match = _YOUTUBE.search(value)
    named = {**call.named, "id": match[1] if match else value}
    return _address(call._replace(named=named), page, "https://www.youtube.com/watch?v={}", "id")


def tweet(call: Call, page: Page) -> str:
    """Return a link to a post."""
    user, number = call.get("user"), call.get("id", "url", place=0)
    if len(call.positional) > 1:
        user, number = call.positional[:2]
    named = {**call.named, "id": number}
    return _address(call._replace(named=named), page, f"https://x.com/{user or 'i'}/status/{{}}")


def gist(call: Call, page: Page) -> str:
    """Return a link to a gist."""
    number = "/".join(part for part in call.positional[:2] if "." not in part)
    named = {**call.named, "id": call.get("id") or number}
    return _address(call._replace(named=named), page, "https://gist.github.com/{}")


def _at(pattern: str) -> Callable[[Call, Page], str]:
    return lambda call, page: _address(call, page, pattern)


def highlight(call: Call, _page: Page) -> str:
    """Return code with its language."""
    language = call.get("lang", "language", "type", place=0).removeprefix("lang:")
    text = call.inner if call.inner is not None else call.get("code", place=1)
    return call.code(text, language)


def media(call: Call, page: Page) -> str:
    """Return a link to a page with a video, or a player for a file."""
    source = call.get("src", "url", "mp4", "webm", "mp3", "link", "file", "id", place=0)
    if not source:
        page.note(call.tag.name, "has no source, so that it is left out")
        return ""
    path = source.partition("?")[0].lower()
    if path.endswith((".mp4", ".webm", ".ogv", ".mov", ".m4v")):
        return call.block(f'<video src="{escape(source)}" controls></video>')
    if path.endswith((".mp3", ".ogg", ".m4a", ".wav", ".opus", ".oga")):
        return call.block(f'<audio src="{escape(source)}" controls></audio>')
    return call.block(f"<p>{link(source)}</p>") if call.tag.is_alone else link(source)


def _details(call: Call, _page: Page) -> str:
    if call.inner is None:
        return ""
    return details(call, call.get("summary", "title", "header", "label", place=0))


def _block_quote(call: Call, _page: Page) -> str:
    author = call.get("author", "cite", "source") or " ".join(call.positional)
    inner = (call.inner or "").strip("\n")
    if author:
        inner += f"\n\n— {author}"
    return call._replace(inner=inner).around("<blockquote>", "</blockquote>")


def _button(call: Call, _page: Page) -> str:
    url = call.get("href", "url", "link", "relref", "to", "page", place=0)
    label = (call.inner or "").strip() or call.get("text", "label", "title", "content", place=1)
    if not url:
        return label
    return link(url, label) if "<" not in label else f'<a href="{escape(url)}">{label}</a>'


_FUNCTIONS: Mapping[str, Callable[[Call, Page], str]] = {
    **dict.fromkeys(("figure", "img", "image", "picture", "imgproc", "asset_img"), figure),
    **dict.fromkeys(("youtube", "youtubelite", "ytvideo", "youtube_lite", "yt"), youtube),
    **dict.fromkeys(("tweet", "twitter", "x", "twitter_simple", "x_simple"), tweet),
    **dict.fromkeys(("highlight", "codeblock", "code_block", "code"), highlight),
    **dict.fromkeys(("video", "audio", "mp3", "iframe", "embed", "audioplayer"), media),
    **dict.fromkeys(("details", "expand", "collapse", "accordionitem", "spoiler"), _details),
    **dict.fromkeys(("blockquote", "epigraph"), _block_quote),
    **dict.fromkeys(("button", "btn", "linkbutton", "linkcard"), _button),
    "gist": gist,
    "kbd": lambda call, _page: "+".join(f"<kbd>{escape(key)}</kbd>" for key in call.positional),
    "vimeo": _at("https://vimeo.com/{}"),
    "vimeo_simple": _at("https://vimeo.com/{}"),
    "instagram": _at("https://www.instagram.com/p/{}/"),
    "instagram_simple": _at("https://www.instagram.com/p/{}/"),
    "spotify": _at("https://open.spotify.com/{}"),
    "soundcloud": _at("https://soundcloud.com/{}"),
    "bilibili": _at("https://www.bilibili.com/video/{}"),
    "codepen": _at("https://codepen.io/pen/{}"),
    "jsfiddle": _at("https://jsfiddle.net/{}"),
    "dailymotion": _at("https://www.dailymotion.com/video/{}"),
    "asciinema": _at("https://asciinema.org/a/{}"),
}
# What a tag of these names shows depends on the page's theme, or is nothing to read.
_NOTHING = frozenset({
    "toc", "tableofcontents", "table_of_contents", "clear", "clearfix", "br", "pagebreak", "more",
    "break", "hr",
})  # fmt: skip

# The names of the shortcodes that `render` knows beside admonitions.
NAMES = frozenset(_FUNCTIONS) | _NOTHING


def render(call: Call, page: Page) -> str | None:
    """Return the plain HTML of a shortcode with a known name; None for any other."""
    name = call.tag.name.lower().replace("-", "_")
    if function := _FUNCTIONS.get(name):
        return function(call, page)
    if name in _NOTHING:
        return ""
    if name in ADMONITIONS and call.inner is not None:
        return admonition(call, *_titled(call, name))
    return None


def _titled(call: Call, name: str) -> tuple[str, str | None]:
    """Return the kind and the title of an admonition."""
    kind = call.get("type", "color", "kind", "level")
    title = call.get("title", "heading", "header")
    first = call.positional[0] if call.positional else ""
    if name in _GENERIC and not kind and first.lower() in ADMONITIONS:
        kind, first = first, call.positional[1] if len(call.positional) > 1 else ""
    if not title and first and _WORD.fullmatch(first) and " " in first:
        title = first
    kind = kind.lower() if kind.lower() in ADMONITIONS else name
    return kind, title or None
