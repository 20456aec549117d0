"""Hugo: sections, page bundles, languages and URLs (gohugo.io/content-management)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar
from urllib.parse import quote, urljoin

import msgspec

from feeds.presets import hugo_dates, hugo_urls, slugs, vocabulary
from feeds.presets.hugo_dates import Dated
from feeds.presets.hugo_urls import Place
from feeds.presets.matter import Matter, Value, fold
from feeds.presets.permalink import DateZone, PageFacts
from feeds.presets.preset import Preset
from feeds.presets.reading import Dialect, Format, Location, Options, Reading, SummarySource
from feeds.util import urls

_SECTION = "_index"
_PEOPLE = frozenset({"author", "authors", "contributor", "contributors"})
# Kana, Chinese characters and Hangul.
_CJK = re.compile(r"[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")
# resources/page/page_markup.go: isProbablyHTMLToken.
_HTML_TOKEN = re.compile(r">$|</?[A-Za-z]+>?$|[A-Za-z]+=[\"']")
_TAG = re.compile(r"<[^>]*>")
_MARKUP = (".html", ".htm")
_IMAGE_NAMES = ("featured", "cover", "feature", "thumbnail")
_IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".svg")


class Hugo(Preset):
    """Hugo, with its own RSS template. The rules have the names of Hugo's settings."""

    name: ClassVar[str] = "hugo"
    title: ClassVar[str] = "Hugo"
    formats: ClassVar[tuple[Format, ...]] = ("yaml", "toml", "json", "none")
    extensions: ClassVar[tuple[str, ...]] = (".md", ".markdown", ".mdown", ".html", ".htm")
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "title": ("title",),
        "summary": ("summary",),
        "url": ("url",),
        "aliases": ("aliases",),
        "image": (
            "images", "image", "cover", "featured_image", "featuredImage", "feature_image",
            "thumbnail", "banner", "header_image", "og_image", "hero",
        ),
    }  # fmt: skip
    zone_of_permalink: ClassVar[DateZone] = "own"
    dialect: ClassVar[Dialect] = Dialect(templates=("hugo",), linkify=True, smart=True)
    summary_order: ClassVar[tuple[SummarySource, ...]] = (
        "more",
        "field",
        "paragraphs",
    )
    has_leaf_bundles: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Any]] = {
        "languages": (),
        "defaultContentLanguage": "en",
        "defaultContentLanguageInSubdir": False,
        "uglyURLs": (),
        "disablePathToLower": False,
        "removePathAccents": False,
        "taxonomies": ("tags", "categories"),
        "date": hugo_dates.DATE,
        "publishDate": hugo_dates.PUBLISH_DATE,
        "lastmod": hugo_dates.LASTMOD,
        "expiryDate": hugo_dates.EXPIRY_DATE,
        "feedDate": "publishDate",
        "summaryLength": 70,
        "hasCJKLanguage": False,
        "enableEmoji": False,
        "linkify": True,
        "typographer": True,
    }

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        taxonomies = tuple(name for name in self.rule["taxonomies"] if fold(name) not in _PEOPLE)
        topics = options.fields.get("topics", taxonomies)
        self._names = {**self._names, "topics": topics}
        self._params = frozenset(
            fold(name.partition(".")[0]) for names in self._names.values() for name in names
        )
        self._urls = hugo_urls.Urls(self.rule)
        self.dialect = msgspec.structs.replace(  # type: ignore[misc]
            self.dialect,
            emoji=self.rule["enableEmoji"],
            linkify=self.rule["linkify"],
            smart=self.rule["typographer"],
        )

    def shown_names(self) -> Iterator[str]:
        """Yield the names of front matter from which an entry is made, in `params` as well."""
        names = [*super().shown_names(), "resources"]
        yield from names
        yield from (f"params.{name}" for name in names)

    def skip(self, path: str, matter: Matter) -> str:
        """Return why Hugo makes no page of the file, or none that its feeds show."""
        file = PurePosixPath(path)
        if file.name.partition(".")[0] == _SECTION:
            return "is the page of a section"
        if not matter.data and file.suffix.lower() in _MARKUP:
            return "has no front matter, so that it is no page"
        listing = matter.get("build.list")
        if listing is not None and str(listing.value).lower() == "local":
            return "is listed in its section only"
        return ""

    def read(self, path: str, data: Mapping[str, Any], body: str) -> Reading:
        """Return the article; what its `params` hold counts as if it stood outside them."""
        params = next((data[name] for name in data if fold(str(name)) == "params"), None)
        if isinstance(params, Mapping):
            names = {fold(str(name)) for name in data}
            inner = {
                name: value
                for name, value in params.items()
                if isinstance(name, str) and fold(name) in self._params - names
            }
            data = {**data, **inner}
        return super().read(path, data, body)

    def read_title(self, reading: Reading, path: str) -> None:
        """Read the title; without one, Hugo's is empty, and that of the file name is better."""
        if reading.matter.get("title") is None:
            reading.data["title"] = self.title_from_name(path)
        else:
            super().read_title(reading, path)

    def read_published(self, reading: Reading, path: str) -> None:
        """Read the date, by which URLs are made, and the one of publication, which feeds show."""
        own = self.options.fields.get("published")
        date = self._dated(reading, path, own or self.rule["date"])
        published = self._dated(reading, path, own or self.rule["publishDate"])
        chosen = date or published if self.rule["feedDate"] == "date" else published or date
        if chosen is None:
            if wrong := self._wrong_date(reading):
                self._put(reading, "publishedDateTime", wrong.value, wrong)
            else:
                reading.skipped = "has no date"
            return
        reading.moment = (date or chosen).moment
        reading.dated = "front matter" if chosen.value else "file name"
        for value in reading.matter.all((*self.rule["date"], *self.rule["publishDate"])):
            if hugo_dates.is_date(value, self.options.zone):
                reading.data.pop(value.keys[0], None)
        if published and published is not chosen:
            reading.data["publishdate"] = published.moment  # it withholds until then
        if chosen.value:
            self._put(reading, "publishedDateTime", chosen.moment, chosen.value)
        reading.data["publishedDateTime"] = chosen.moment

    def read_updated(self, reading: Reading, path: str) -> None:
        """Read the date of the last change; move that of expiry to a name that withholds."""
        names = self.options.fields.get("updated", self.rule["lastmod"])
        if updated := self._dated(reading, path, names):
            reading.data["updatedDateTime"] = updated.moment
            if updated.value:
                reading.names["updatedDateTime"] = updated.value.keys
        for value in reading.matter.all(("lastmod", "modified")):
            reading.data.pop(value.keys[0], None)
        for value in reading.matter.all(self.rule["expiryDate"]):
            reading.data["expirydate"] = value.value
            reading.names["expirydate"] = value.keys
            break

    def read_language(self, reading: Reading, path: str) -> None:
        """Read the language of the front matter, the file name or the folder."""
        super().read_language(reading, path)
        if not reading.data.get("language") and (language := self._urls.place(path).language):
            reading.data["language"] = language

    def read_image(self, reading: Reading, path: str) -> None:
        """Read the first image: of the front matter, else a file of the bundle."""
        super().read_image(reading, path)
        if not reading.data.get("images") and (name := self._bundled_image(reading.matter, path)):
            reading.data["images"] = [{"url": name}]

    def locate(
        self, path: str, reading: Reading, title: str, published: datetime, category: str | None
    ) -> Location:
        """Return where the page is; its image is a file of the bundle, or of the site."""
        location = super().locate(path, reading, title, published, category)
        for image in reading.data.get("images", ()) if location.url else ():
            address = image.get("url") if isinstance(image, dict) else None
            if isinstance(address, str) and address and "://" not in address and address[0] != "/":
                image["url"] = self._image_url(address, path, str(location.url))
        return msgspec.structs.replace(location, aliases=self._aliases(reading, location))

    def base_url(self, path: str, url: str) -> str:
        """Return the URL of a bundle's folder, also where that of its page is a file."""
        return f"{url.removesuffix('.html')}/" if _is_bundle(path) and url[-1:] != "/" else url

    def is_summary(self, html: str) -> bool:
        """Return whether paragraphs have enough words, as Hugo counts them in their HTML.

        In Chinese, Japanese and Korean, characters count instead.
        """
        words = [word for word in html.split() if not _HTML_TOKEN.match(word)]
        count = len(words)
        if self.rule["hasCJKLanguage"] and _CJK.search(html):
            texts = (_TAG.sub("", word) for word in words)
            count = sum(1 if text.isascii() else len(text) for text in texts)
        return count >= int(self.rule["summaryLength"])

    def _aliases(self, reading: Reading, location: Location) -> tuple[str, ...]:
        """Return the former URLs: paths below the site, or below the folder of the page."""
        aliases = vocabulary.terms(reading.matter.all(self._names["aliases"]))
        above = urljoin(location.url or "", ".." if (location.url or "").endswith("/") else ".")
        return tuple(
            url
            for alias in aliases
            if isinstance(alias, str) and location.url
            if (url := self.absolute(alias) if alias[:1] == "/" else urls.join(above, alias))
        )

    def slug(self, path: str, matter: Matter, title: str) -> str:  # noqa: ARG002
        """Return the slug, or the file name without date if Hugo dates the page by it."""
        return self._given_slug(path, matter) or self.bare_name(path)

    def bare_name(self, path: str) -> str:
        """Return the file name without extension and language; the folder's for a bundle."""
        return self._urls.place(path).path.rpartition("/")[2]

    def clean(self, name: str, text: str) -> str:
        """Return the text of a placeholder, as Hugo's `urlize` leaves it."""
        return slugs.hugo(text.replace("/", "-") if name == "title" else text)

    def page_facts(
        self, path: str, reading: Reading, title: str, moment: datetime, category: str | None
    ) -> PageFacts:
        """Return the facts about the page, below the content folder of its language."""
        place = self._urls.place(path)
        facts = super().page_facts(path, reading, title, moment, category)
        return msgspec.structs.replace(
            facts,
            path=place.path,
            language=place.language,
            given_slug=self._given_slug(path, reading.matter),
            sections=self._sections(place),
        )

    def page_url(self, matter: Matter, path: str, facts: PageFacts) -> str | None:
        """Return the URL of the page: by its `url`, a pattern, or its place."""
        place = self._urls.place(path)
        address = next(iter(matter.all(self._names["url"])), None)
        if address is not None and isinstance(address.value, str):
            if urls.is_absolute(address.value):
                return address.value
            return self.absolute(self._urls.of_front_matter(address.value, place, facts))
        pattern = self._urls.pattern(self.options.permalink, place)
        expanded = self._urls.expand(pattern, facts, self.clean) if pattern else ""
        url = expanded or self._urls.of_place(facts)
        return url if urls.is_absolute(url) else self.absolute(self._urls.finished(url, place))

    def _dated(self, reading: Reading, path: str, names: Iterable[str]) -> Dated | None:
        name = self._name_for_dates(path)
        return hugo_dates.first(names, reading.matter, name, self.options.zone)

    def _wrong_date(self, reading: Reading) -> Value | None:
        names = (*self.rule["publishDate"], *self.rule["date"])
        return next(
            (value for value in reading.matter.all(names) if hugo_dates.is_set(value)), None
        )

    def _name_for_dates(self, path: str) -> str:
        return self._urls.place(path).path.rpartition("/")[2]

    def _given_slug(self, path: str, matter: Matter) -> str:
        slug = matter.get("slug")
        if slug is not None:
            return str(slug.value)
        chains = (self.rule[name] for name in ("date", "lastmod", "publishDate", "expiryDate"))
        name = self._name_for_dates(path)
        for names in chains:
            dated = hugo_dates.first(names, matter, name, self.options.zone)
            if dated and dated.slug:
                return dated.slug
        return ""

    def _sections(self, place: Place) -> str:
        """Return the path of the section: the first folder, and those with a page of their own."""
        parts = place.path.split("/")[:-1]
        while len(parts) > 1:
            names = self.options.names("/".join([*place.root, *parts]))
            if any(name.partition(".")[0] == _SECTION for name in names):
                break
            parts.pop()
        return "/".join(parts)

    def _bundled_image(self, matter: Matter, path: str) -> str:
        """Return the name of the bundle's file that is its image, empty if there is none."""
        if not _is_bundle(path):
            return ""
        resources = matter.get("resources")
        for item in resources.value if resources and isinstance(resources.value, list) else ():
            if isinstance(item, Mapping) and _is_image_name(str(item.get("name", ""))):
                source = str(item.get("src", ""))
                if source and "*" not in source:
                    return source
        names = sorted(self.options.names(path.rpartition("/")[0]))
        images = [name for name in names if name.lower().endswith(_IMAGES)]
        return next(filter(_is_image_name, images), "")

    def _image_url(self, address: str, path: str, url: str) -> str:
        """Return the absolute URL of an image: of the bundle if that has it, else of the site."""
        first = address.removeprefix("./").partition("/")[0]
        if _is_bundle(path) and first in self.options.names(path.rpartition("/")[0]):
            return urljoin(self.base_url(path, url), quote(address, safe="/%"))
        return self.absolute(address)


def _is_bundle(path: str) -> bool:
    return PurePosixPath(path).name.partition(".")[0].lower() == "index"


def _is_image_name(name: str) -> bool:
    return any(part in name.lower() for part in _IMAGE_NAMES)
