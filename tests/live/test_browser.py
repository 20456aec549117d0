"""Pages and feeds in Chromium, checked with axe-core and the Nu HTML checker.

TEST_NODE_MODULES names the folder in which npm installed axe-core and vnu-jar (.ci/run does).
"""

import functools
import http.server
import json
import os
import shutil
import struct
import subprocess
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.support.site import Publication, front_matter

pytestmark = pytest.mark.xdist_group("browser")

_CHROMIUM = shutil.which("chromium")
_TOOLS = Path(os.environ.get("TEST_NODE_MODULES", "/nowhere"))
_VNU, _AXE = _TOOLS / "vnu-jar/build/dist/vnu.jar", _TOOLS / "axe-core/axe.min.js"
needs_chromium = pytest.mark.skipif(not _CHROMIUM, reason="Debian's chromium is not installed")
needs_axe = pytest.mark.skipif(not _AXE.exists(), reason="TEST_NODE_MODULES holds no axe-core")
needs_vnu = pytest.mark.skipif(
    not _VNU.exists() or not shutil.which("java"),
    reason="TEST_NODE_MODULES holds no vnu-jar, or there is no java",
)
# Feeds have to be readable where XSLT is no more (Chromium from 158 on).
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-blink-features=XSLT",
)  # fmt: skip
_LEVEL_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_PATHS = ("", "404.html", "all.html", "best.html", "topics/cats.html", "topics/nobody.html")
# What is behind the text, by what the reader prefers.
_COLOURS: dict[Literal["light", "dark"], tuple[int, int, int]] = {
    "light": (252, 252, 250),
    "dark": (21, 23, 26),
}
_SHOWN = """() => [...document.querySelectorAll("*")].filter(each => each.checkVisibility())
    .map(each => [each.localName, each.children.length ? "" : each.textContent])"""


class Website(NamedTuple):
    """An export below a path of a web server: its URL, and its folder."""

    url: str
    folder: Path


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Files as a host serves them that knows no feeds, under the policy that our server has."""

    extensions_map = {  # noqa: RUF012 - as the base class has it
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".rss": "application/xml",
        ".atom": "application/xml",
        ".png": "image/png",
        ".ico": "image/png",
    }

    def end_headers(self) -> None:
        policy = "default-src 'none'; style-src 'self'; img-src https: http: data:"
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def png() -> bytes:
    """A picture of one grey pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")
    )


def articles() -> dict[str, str]:
    """Articles that are hard to show: long words, markup in names, other scripts, no image."""
    own, other = {"url": "/a.png"}, {"url": "https://elsewhere.example/a.png"}
    names = ["Cats", "C++ & <C#>", "Роботы", "Donaudampfschifffahrtsgesellschaftskapitänsmützen"]
    names += [f"{letter}{letter.lower()}{number}" for letter in "ABDEFGHIJK" for number in range(6)]
    plain = {
        f"{number}.md": front_matter(
            f"Body {number}",
            title=f"Story {number}",
            webUrl=f"https://example.org/{number}",
            topics=["Cats", topic],
            quality=number,
            images=[own] if number % 2 else [other],
            provider={"name": "PC Magazine", "domain": "pcmag.example"} if number % 3 else None,
        )
        for number, topic in enumerate(names)
    }
    long = front_matter(
        title="x" * 300, excerpt="y" * 400, topics=["Cats"], publishedDateTime="2024-06-01"
    )
    arabic = front_matter(
        title="خرائط قديمة للمحيط", language="ar", topics=["Cats"], publishedDateTime="2024-06-02"
    )
    return {**plain, "long.md": long, "arabic.md": arabic}


@pytest.fixture(scope="module")
def website(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    root = tmp_path_factory.mktemp("website")
    handler = functools.partial(_Handler, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        home = f"http://127.0.0.1:{server.server_port}/"
        feeds = [
            {"path": "all", "title": "{site}"},
            {"path": "best", "select": {"quality": 40, "not": {"topic": "Cats"}}},
            {"path": "topics/{topic}", "each": "topic", "title": "{site}: {topic}"},
        ]
        publication = Publication(
            root / "site", articles(), {"feeds": feeds}, url=home, feeds_url=f"{home}in/feeds/",
            rights="© Example", icon=f"{home}a.png",
        )  # fmt: skip
        (publication.root / "topics.yaml").write_text(
            "- name: Nobody\n  description: Nothing yet.\n"
        )
        publication.build()
        publication.export(root / "in" / "feeds", host="netlify")
        for name in ("a.png", "favicon.ico"):
            (root / name).write_bytes(png())
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Website(f"{home}in/feeds/", root / "in" / "feeds")
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, website: Website) -> Iterator[Page]:
    """A new page that may log nothing to the console and request nothing from other hosts."""
    messages: list[str] = []
    urls: list[str] = []

    def record_message(message: ConsoleMessage) -> None:
        messages.append(message.text)

    def record_url(request: Request) -> None:
        urls.append(request.url)

    context = browser.new_context()
    page = context.new_page()
    page.on("console", record_message)
    page.on("request", record_url)
    yield page
    context.close()
    home = website.url.removesuffix("in/feeds/")
    assert messages == []
    assert [url for url in urls if not url.startswith((home, "data:"))] == []
    assert urls


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")


@needs_vnu
def test_the_html_checker_finds_nothing(website: Website) -> None:
    vnu = ["java", "-jar", str(_VNU), "--format", "json", "--exit-zero-always"]
    pages = sorted(website.folder.rglob("*.html"))
    sheets = [website.folder / "pages.css", website.folder / "feed.css"]
    for kind, files in ((("--html",), pages), (("--css",), sheets)):
        done = subprocess.run([*vnu, *kind, *map(str, files)], capture_output=True, check=True)
        assert json.loads(done.stderr)["messages"] == []


@needs_chromium
@pytest.mark.parametrize("path", _PATHS)
def test_a_page_fits_any_screen(page: Page, website: Website, path: str) -> None:
    for width in (320, 360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(website.url + path)
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        boxes = [page.locator(name).bounding_box() for name in ("header", "main", "footer")]
        tops = [box["y"] for box in boxes if box]
        assert len(tops) == 3
        assert tops == sorted(tops)


@needs_chromium
@needs_axe
@pytest.mark.parametrize("path", _PATHS)
def test_axe_finds_nothing_at_level_aa(page: Page, website: Website, path: str) -> None:
    page.goto(website.url + path)
    unfold(page)
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    for scheme, colour in _COLOURS.items():
        page.emulate_media(color_scheme=scheme)
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == f"rgb{colour}"
        found = page.evaluate("tags => axe.run({ runOnly: tags })", _LEVEL_AA)
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
        assert len(found["passes"]) > 10


@needs_chromium
@pytest.mark.parametrize("path", ["", "topics/cats.html"])
def test_the_keyboard_reaches_every_link_in_order(page: Page, website: Website, path: str) -> None:
    page.goto(website.url + path)
    wanted = page.evaluate(
        """() => [...document.querySelectorAll("a, summary")]
            .filter(each => each.checkVisibility()).map(each => each.outerHTML)"""
    )
    for expected in wanted:
        page.keyboard.press("Tab")
        seen, outline = page.evaluate(
            """() => [document.activeElement.outerHTML,
                      getComputedStyle(document.activeElement).outlineStyle]"""
        )
        assert seen == expected
        assert outline == "solid", "who has no mouse sees where they are"


@needs_chromium
def test_one_click_selects_an_address(page: Page, website: Website) -> None:
    page.goto(website.url + "topics/cats.html")
    for place, extension in enumerate(("rss", "atom", "json")):
        page.locator("code").nth(place).click()
        url = f"{website.url}topics/cats.{extension}"
        assert page.evaluate("getSelection().toString()") == url


@needs_chromium
def test_images_of_the_site_itself_are_shown_and_no_others(page: Page, website: Website) -> None:
    page.goto(website.url + "all.html")
    images = page.locator("article img")
    for image in images.all():
        image.scroll_into_view_if_needed()
        assert image.get_attribute("src") == website.url.removesuffix("in/feeds/") + "a.png"
    assert 0 < images.count() < page.locator("article").count()
    page.evaluate("Promise.all([...document.images].map(each => each.decode()))")  # or it raises


@needs_chromium
def test_a_long_group_is_folded_and_a_letter_of_it_is_one_step_away(
    page: Page, website: Website
) -> None:
    page.goto(website.url)
    cats = page.get_by_role("link", name="Cats")
    assert not cats.is_visible()
    page.locator("summary").first.click()
    assert cats.is_visible()
    page.locator(".letters").get_by_role("link", name="K", exact=True).click()
    box = page.get_by_role("heading", name="K", exact=True).bounding_box()
    assert box
    assert box["y"] < page.evaluate("innerHeight")
    page.get_by_role("link", name="Kk0").click()
    assert page.title() == "Example: Kk0 – feed"
    page.get_by_role("link", name="Topics", exact=True).click()
    assert page.locator("h1").text_content() == "Feeds of Example"


@needs_chromium
def test_a_link_to_a_folded_group_opens_it(page: Page, website: Website) -> None:
    page.goto(website.url + "topics/kk0.html")
    page.get_by_role("link", name="Topics", exact=True).click()
    assert page.url.endswith("#in-topics")
    page.get_by_role("link", name="Cats").wait_for(state="visible", timeout=5_000)
    box = page.get_by_role("heading", name="Topics").bounding_box()
    assert box
    assert 0 <= box["y"] < page.evaluate("innerHeight")


@pytest.mark.rule("B1", "B4")
@needs_chromium
@pytest.mark.parametrize("path", ["all.rss", "topics/cats.atom"])
def test_a_feed_shown_as_xml_is_readable_without_xslt(
    page: Page, website: Website, path: str
) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(website.url + path)
    assert page.evaluate("typeof XSLTProcessor") == "undefined"
    shown = page.evaluate(_SHOWN)
    names = {name for name, _ in shown}
    assert names == {"rss", "channel", "item", "title", "link", "pubDate", "description"} or (
        names == {"feed", "entry", "title", "subtitle", "published", "summary"}
    )
    texts = [text for name, text in shown if name == "title"]
    assert texts[0].startswith("Example")
    assert texts[1] == "خرائط قديمة للمحيط"
    before = "getComputedStyle(document.documentElement, '::before').content"
    assert page.evaluate(before).startswith('"This is a feed.')
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    tops = page.evaluate(
        """() => ["title", "pubDate, published", "description, summary"].map(name => document
            .querySelector("item, entry").querySelector(name).getBoundingClientRect().top)"""
    )
    assert tops == sorted(tops)


def first_pixel(picture: bytes) -> tuple[int, int, int]:
    """The colour of the upper left corner of a PNG: its first pixel is the same in every filter."""
    data, at = b"", 8
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        if picture[at + 4 : at + 8] == b"IDAT":
            data += picture[at + 8 : at + 8 + length]
        at += length + 12
    red, green, blue = zlib.decompress(data)[1:4]
    return red, green, blue


@needs_chromium
@pytest.mark.parametrize("path", ["", "all.html", "all.rss", "all.atom"])
def test_light_and_dark_fill_the_screen(
    page: Page, website: Website, path: str, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(website.url + path)
    for scheme, colour in _COLOURS.items():
        page.emulate_media(color_scheme=scheme)
        shot = page.screenshot(path=tmp_path / f"{scheme}.png")
        assert first_pixel(shot) == colour


def test_no_page_holds_a_script_or_a_style(website: Website) -> None:
    pages = sorted(website.folder.rglob("*.html"))
    assert len(pages) > 50
    for file in pages:
        text = file.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "<style" not in text
        assert " style=" not in text
