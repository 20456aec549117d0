"""What a site's configuration leaves open: its URL and title, which are guessed or asked for."""

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

from feeds.config.settings import LANGUAGE
from feeds.errors import FeedsError
from feeds.init import literals
from feeds.init.findings import Findings
from feeds.util import urls
from feeds.util.text import one_line

# Called with a question and the default of its answer.
Ask = Callable[[str, str], str]

NO_URL = "https://example.org/"
_HEADING = re.compile(r"^#[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_REMOTE = re.compile(
    r"url\s*=\s*\S*(github|gitlab)\.com[:/]([\w.-]+)/([\w.-]+?)(?:\.git)?\s*$", re.M
)
_TAG = re.compile(r"<[^<>]*>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_MAX_RIGHTS = 300  # characters; a longer one is the whole footer of the site
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+")


class BadAddressError(FeedsError):
    """A URL that the user gave is none."""


def complete(findings: Findings, folder: Path, url: str, ask: Ask) -> None:
    """Fill in the URL and title of a site, and mend values that settings cannot have.

    Raises `BadAddressError`.
    """
    if url:
        findings.url = _address(url)
    elif not findings.url or not findings.url.startswith(("http://", "https://")):
        guess = _with_scheme(findings.url) or _guess_url(findings.root, folder)
        findings.url = _address(ask("URL of the site", guess or NO_URL))
        if findings.url == NO_URL:
            findings.unclear.append(f"The URL of the site is not known; {NO_URL} stands for it")
    if not findings.title:
        findings.title = ask("Title of the site", _guess_title(findings.root, folder))
    findings.description = one_line(_TAG.sub("", findings.description))
    findings.language = _language(findings)
    findings.title = _plain(findings.title)
    findings.description = _plain(findings.description)
    rights = _plain(findings.rights)
    findings.rights = rights if len(rights) <= _MAX_RIGHTS else ""


def _plain(html: str) -> str:
    """Return a text of a site's footer or head without its tags."""
    return " ".join(unescape(_TAG.sub("", html)).split())


def _address(url: str) -> str:
    try:
        return urls.absolute(_with_scheme(url)).rstrip("/") + "/"
    except urls.BadURLError as error:
        raise BadAddressError(f"{url!r} is not the URL of a site: {error}") from error


def _with_scheme(url: str) -> str:
    if url.startswith(("http://", "https://")):
        return url
    return f"https:{url}" if url.startswith("//") else f"https://{url}" if _HOST.match(url) else ""


def _guess_url(root: Path, folder: Path) -> str:
    for place in dict.fromkeys((root, folder)):
        for guess in _guesses(place):
            if guess:
                return guess
    return ""


def _guesses(place: Path) -> Iterator[str]:
    for name in ("CNAME", "static/CNAME", "public/CNAME", "source/CNAME", "docs/CNAME"):
        yield _with_scheme(literals.read_text(place / name).strip())
    try:
        package = json.loads(literals.read_text(place / "package.json") or "{}")
        homepage = str(package.get("homepage", "")) if isinstance(package, dict) else ""
        yield "" if "github.com" in homepage else _with_scheme(homepage)
    except ValueError:
        pass
    if remote := _REMOTE.search(literals.read_text(place / ".git" / "config")):
        service, owner, name = remote.groups()
        host = f"{owner}.{service}.io".lower()
        yield f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def _guess_title(root: Path, folder: Path) -> str:
    for place in dict.fromkeys((root, folder)):
        if heading := _HEADING.search(literals.read_text(place / "README.md")):
            return re.sub(r"[*`]|!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).strip() or place.name
    words = re.sub(r"[-_]+", " ", folder.resolve().name).strip()
    return words[:1].upper() + words[1:] or "My site"


def _language(findings: Findings) -> str:
    tag = findings.language.replace("_", "-").partition(".")[0]
    if not tag or LANGUAGE.fullmatch(tag):
        return tag
    findings.unclear.append(f"{findings.language!r} is not a language tag; write language: en-GB")
    return ""
