"""Reads the configuration of an Eleventy site (11ty.dev/docs/config). No code is run."""

import posixpath
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from feeds.init import eleventy_data, eleventy_feeds, literals
from feeds.init.eleventy_config import NAMES, Config
from feeds.init.eleventy_data import listed
from feeds.init.eleventy_feeds import Feed
from feeds.init.eleventy_members import Members, below
from feeds.init.findings import Findings, OldFeed
from feeds.presets import eleventy_permalinks
from feeds.presets.eleventy import Eleventy, is_of_file
from feeds.presets.eleventy_permalinks import UnknownFilterError, UnknownValueError
from feeds.presets.matter import Matter, Value
from feeds.util import git_dates
from feeds.util.dates import rfc3339

_PROPOSED = "{date:%Y/%m}"
_MAX_DATES = 500
_MOST = 0.5
_LANGUAGE = re.compile(r"[_-]([a-z]{2}(?:-\w+)?)$")
_LOCAL = ("localhost", "127.0.0.1")


def detect(root: Path) -> tuple[str, ...]:
    """Return the files that show that a folder is an Eleventy site; none if it is not."""
    found = tuple(name for name in NAMES if (root / name).is_file())
    if found:
        return found[:1]
    package = literals.read_mapping(root / "package.json", []) if root.is_dir() else {}
    needs = [package.get("dependencies"), package.get("devDependencies")]
    is_site = any(isinstance(names, Mapping) and "@11ty/eleventy" in names for names in needs)
    return ("package.json",) if is_site else ()


def inspect(root: Path) -> Findings:
    """Return the settings of an Eleventy site."""
    return _Inspection(root).findings()


class _Inspection:
    def __init__(self, root: Path) -> None:
        self.root, self.unclear = root, list[str]()
        self.config = Config(root)
        self.input = self.config.folder("input") or "."
        self.output = self.config.folder("output") or "_site"
        self.folder = root / self.input
        data = posixpath.join(self.input, self.config.folder("data") or "_data")
        self.data_folder = root / posixpath.normpath(data)
        self.sources = eleventy_data.read(self.folder, self._skipped(), self.unclear, root)
        self.feeds = eleventy_feeds.feeds(self.config, self.sources)
        self.collections = self.config.collections()
        shown = [feed.collection for feed in self.feeds]
        self.members = Members(self.sources, self.collections, shown, self.input)
        if shown and not self.members.paths:
            self.unclear.append(
                f"the collection {shown[0]} is made by code; name its files in articles.include"
            )

    def findings(self) -> Findings:
        """Return what the site's configuration and data say."""
        feed = next(
            (feed for feed in self.feeds if feed.collection == self.members.collection), None
        )
        permalinks = self._permalinks()
        findings = Findings(
            preset="eleventy",
            generator="Eleventy",
            evidence=detect(self.root),
            root=self.root,
            timezone="UTC",
            folder=self.input,
            include=self.members.include,
            ignore=self._ignore(),
            assets=self.config.static(),
            permalink=permalinks,
            fields=self._fields(feed),
            rules=self._rules(),
            defaults=self._defaults(permalinks),
            ids="eleventy",
            old_feeds=tuple(self._old_feeds()),
            built=(self.output,),
            unclear=self.unclear,
        )
        self._add_site(findings, feed)
        if people := eleventy_data.people_file(self.data_folder):
            findings.authors_file = people.relative_to(self.root).as_posix()
        self._add_dates(findings)
        self._add_unread()
        return findings

    # The articles.

    def _skipped(self) -> frozenset[str]:
        """Return the folders below the input folder that have no articles."""
        names = [self.config.folder(name) for name in ("includes", "layouts", "data")]
        folders = [posixpath.normpath(name) for name in (*names, "_includes", "_data") if name]
        output = posixpath.relpath(self.output, self.input)
        ignored = (below(line, self.input) for line in self._ignored_lines())
        return frozenset((*folders, output, *(name.rstrip("/") for name in ignored)))

    def _ignored_lines(self) -> list[str]:
        text = literals.read_text(self.root / ".eleventyignore")
        lines = (line.strip() for line in text.splitlines())
        return [line for line in lines if line and line[0] not in "#!"]

    def _ignore(self) -> tuple[str, ...]:
        """Return what Eleventy ignores where all of the input folder is read."""
        lines = [below(line, self.input) for line in self._ignored_lines()]
        if self.members.include or not self.members.paths:
            return tuple(line for line in lines if not line.startswith(".."))
        folders = [name for name in self._skipped() if not name.startswith("..")]
        return tuple(sorted({*folders, *lines, "node_modules"}))

    # Settings.

    def _permalinks(self) -> dict[str, str]:
        """Return the URL patterns by folder, of the data that folders hand down."""
        found: dict[str, str] = {}
        filters = self.config.date_filters()
        values = {"*": self.config.global_data(), **self.sources.data}
        for folder, data in values.items():
            template = data.get("permalink")
            is_folder = folder == "*" or (self.folder / folder).is_dir()
            if not (isinstance(template, str) and is_folder and self.members.has_articles(folder)):
                continue
            try:
                found[folder] = _rooted(eleventy_permalinks.translate(template, data, filters))
            except UnknownValueError:
                continue  # An article's own data may have it.
            except UnknownFilterError as error:
                self._ask_filter(found, folder, template, error)
        return found

    def _ask_filter(
        self, found: dict[str, str], folder: str, template: str, error: UnknownFilterError
    ) -> None:
        where = f"the permalink of {folder}, {template}, has the filter {error.name}"
        if "date" in error.source:
            text = eleventy_permalinks.translate(template, {}, {error.name: _PROPOSED[6:-1]})
            found[folder] = _rooted(text)
            advice = f"{_PROPOSED} is written for it; correct site.permalink if it is another"
        else:
            advice = f"write a pattern for {folder} into site.permalink"
        self.unclear.append(f"{where}, which code defines, for {error.source}; {advice}")

    def _defaults(self, permalinks: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """Return the front matter that folders and data files hand down to articles."""
        found: dict[str, dict[str, Any]] = {}
        tag = self.members.tag
        values = {"*": self.config.global_data(), **self.sources.data}
        for folder, data in values.items():
            if not self.members.has_articles(folder):
                continue
            kept = eleventy_data.kept(data)
            if not tag and "tags" in kept:
                kept["tags"] = listed(kept["tags"])
            if folder not in permalinks and "permalink" in data:
                kept["permalink"] = data["permalink"]
            found[folder] = kept
        return {folder: kept for folder, kept in found.items() if kept}

    def _rules(self) -> dict[str, Any]:
        engine = self.config.setting("markdownTemplateEngine", "setMarkdownTemplateEngine")
        templates = [str(data.get("permalink")) for data in self.sources.data.values()]
        old_filter = any("| slug " in f"{each} " or "|slug" in each for each in templates)
        rules: dict[str, Any] = {
            "collection": self.members.tag if self.members.paths else "",
            "markdownTemplateEngine": engine if isinstance(engine, str) else "liquid",
            "slugFilter": "slug" if old_filter else "slugify",
            "linkify": self.config.has("linkify"),
            "typographer": self.config.has("typographer"),
        }
        if engine is False:
            rules["markdownTemplateEngine"] = ""
        return {name: value for name, value in rules.items() if value != Eleventy.rules[name]}

    def _fields(self, feed: Feed | None) -> dict[str, tuple[str, ...]]:
        """Return the keys that feeds or most articles have instead of `title`, and of summaries."""
        fields: dict[str, tuple[str, ...]] = {}
        keys = Counter(key for path in self.members.paths for key in self.sources.merged(path))
        likely = [key for key in keys if key.lower().endswith("title") and key != "title"]
        if keys["title"] < _MOST * len(self.members.paths):
            likely = [key for key in likely if keys[key] > keys["title"]]
            if likely:
                fields["title"] = (max(likely, key=lambda key: keys[key]), "title")
        if feed and feed.title_key and feed.title_key not in ("title", *fields.get("title", ())):
            fields["title"] = (feed.title_key, "title")
        if feed and feed.summary_key not in ("", "summary"):
            rest = [name for name in ("summary", "description", "excerpt")
                    if name != feed.summary_key]  # fmt: skip
            fields["summary"] = (feed.summary_key, *rest)
        return fields

    def _old_feeds(self) -> list[OldFeed]:
        old: list[OldFeed] = []
        for feed in self.feeds:
            if term := self._language(feed):
                old.append(OldFeed(feed.path, feed.format, feed.size, term=("language", term)))
                continue
            if feed.collection != self.members.collection:
                self.unclear.append(
                    f"{feed.path} is the feed of another collection, {feed.collection}; "
                    "it is not taken over"
                )
                continue
            title = feed.metadata.get("title")
            old.append(
                OldFeed(feed.path, feed.format, feed.size, str(title.value if title else ""))
            )
        return old

    def _language(self, feed: Feed) -> str:
        """Return the language of the feed of a collection such as `posts_it`; empty without one."""
        collection = self.collections.get(feed.collection)
        suffix = _LANGUAGE.search(feed.collection)
        return suffix[1] if collection and collection.is_by_language and suffix else ""

    def _add_site(self, findings: Findings, feed: Feed | None) -> None:
        data = eleventy_data.site_data(self.data_folder, self.unclear, self.root)
        every = [data, *([feed.metadata] if feed else []), *(each.metadata for each in self.feeds)]
        findings.title = _text(every, *eleventy_data.SITE_TITLES)
        findings.description = _text(every, "description", "subtitle", "siteDescription")
        findings.language = _text(every, "language", "lang", "locale").replace("_", "-")
        findings.url = _text(every[1:] + every[:1], "base", "url", "siteUrl", "baseUrl", "domain")
        if any(name in findings.url for name in _LOCAL):
            findings.url = ""
        if findings.url and "://" not in findings.url:
            findings.url = f"https://{findings.url}/"
        prefix = self.config.setting("pathPrefix", "setPathPrefix")
        if isinstance(prefix, str) and prefix.strip("/") and findings.url:
            path = f"/{prefix.strip('/')}/"
            findings.url = (
                findings.url if path in f"{findings.url}/" else urljoin(findings.url, path)
            )
        findings.author = _text(every, "author.name", "author", "authorName")
        findings.author_email = _text(every, "author.email", "email")
        findings.author_url = _text(every, "author.url")

    # What is not read.

    def _add_unread(self) -> None:
        for key, path in self.sources.code.items():
            if self.members.has_articles(key):
                name = path.relative_to(self.root).as_posix()
                self.unclear.append(
                    f"{name} is code, which is not run; if it sets permalink, date, tags or draft, "
                    f"write them into articles.defaults for {key}"
                )
        others = self._other_templates()
        if others:
            name = others[0].relative_to(self.root).as_posix()
            self.unclear.append(
                f"templates beside articles are not read ({len(others):,} in all, such as {name})"
            )

    def _other_templates(self) -> list[Path]:
        """Return the members of the collection that are no Markdown."""
        found: list[Path] = []
        for path in self.sources.templates:
            name = path.relative_to(self.folder).as_posix()
            if name.endswith(eleventy_data.OTHER_TEMPLATES):
                head = eleventy_data.front_matter(path, name) or {}
                if self.members.tag in self.sources.merged(name, head)["tags"]:
                    found.append(path)
        return found

    def _add_dates(self, findings: Findings) -> None:
        """Add the dates of articles that have those of their files, from git if it knows them."""
        dates = {path: self.sources.merged(path).get("date") for path in self.members.paths}
        paths = [path for path, date in dates.items() if is_of_file(date)]
        commits = git_dates.commits(self.folder) if paths else {}
        known = [path for path in paths if path in commits][:_MAX_DATES]
        for path in known:
            dated = commits[path]
            is_created = "created" in str(dates[path]).lower()
            moment = dated.created if is_created else dated.modified
            findings.defaults.setdefault(path, {})["date"] = rfc3339(moment)
        for described, which in (
            ("their dates of now are written into articles.defaults", known),
            ("write their dates", [path for path in paths if path not in known]),
        ):
            if which:
                count = f"{len(which):,} in all, such as {which[0]}"
                self.unclear.append(
                    f"articles are dated by their files or by git ({count}); {described}"
                )


def _rooted(pattern: str) -> str:
    return pattern if pattern.startswith(("/", "{path}")) else f"/{pattern}"


def _text(sources: list[Matter], *names: str) -> str:
    """Return the first text at one of the names."""
    values: list[Value] = [value for source in sources for value in source.all(names)]
    return next((value.value.strip() for value in values if isinstance(value.value, str)), "")
