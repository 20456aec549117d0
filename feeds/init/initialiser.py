"""`feeds init`: looks at a site, tries the settings that fit it, and writes them."""

import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec

from feeds.config import load
from feeds.config.site import Site
from feeds.errors import ConfigError, FeedsError
from feeds.init import (
    comparison,
    detect,
    feed_plan,
    old_feeds,
    site_settings,
    trial,
    unknowns,
    url_pattern,
)
from feeds.init.commented_yaml import commented
from feeds.init.comparison import Comparison
from feeds.init.detect import Match
from feeds.init.feed_plan import FeedPlan
from feeds.init.findings import Findings
from feeds.init.old_feeds import OldFile
from feeds.init.trial import Trial
from feeds.init.unknowns import Ask
from feeds.model import selection
from feeds.model.entry import Entry
from feeds.model.selection import TERM_FIELDS, TermField, Terms
from feeds.old_feeds import matching
from feeds.util import dates
from feeds.util.progress import Progress
from feeds.util.text import slug

_MINE = frozenset({"site.yaml", "feeds.yaml", "topics", "providers", ".gitignore"})
_MAX_MISTAKES = 10
_HEAD = """\
# The settings of the site, from `feeds init`. docs/reference/settings.md explains all of them.

"""
_IGNORED = "# The store of built feeds, and its locks.\n/catalogue.sqlite*\n"


class Request(msgspec.Struct, frozen=True):
    """The wishes of the user: the site in `folder`, and values that overrule its configuration."""

    folder: Path
    generator: str = ""
    old_feed: Path | None = None
    url: str = ""


class Outcome(msgspec.Struct):
    """The result; `others` are generators that fit, too. `config` is the folder with `files`."""

    findings: Findings
    others: list[Match]
    trial: Trial
    plan: FeedPlan
    comparisons: list[tuple[str, Comparison]]
    config: Path
    files: list[str]


class ConfigExistsError(FeedsError):
    """There are settings already, which are never overwritten."""


def initialise(request: Request, ask: Ask, now: datetime, progress: Progress) -> Outcome:
    """Write the settings of a site. Raises `FeedsError` for mistakes of the user."""
    _check_new(request.folder)
    match, others = _match(request)
    findings = match.generator.inspect(match.root) if match else _nothing(request.folder)
    unknowns.complete(findings, request.folder, request.url, ask)
    if not (findings.root / findings.folder).is_dir():
        findings.unclear.append(f"the article folder {findings.folder} does not exist")
        findings.folder = ""
    target = _target(request.folder, findings)
    _exclude(findings, target)
    with tempfile.TemporaryDirectory(prefix="feeds-init-") as name:
        draft = Path(name)
        dropped, site = _try_settings(findings, draft, now.year)
        result = trial.run(site, now, progress)
        old = _old_feeds(findings, request)
        if old and _infer_permalink(findings, old[0], result):
            dropped, site = _try_settings(findings, draft, now.year)
            result = trial.run(site, now, progress)
        compared = _compare(findings, old, result, site)
        plan = feed_plan.plan(findings, result)
        _try_feeds(plan, draft, findings.unclear)
    text = _site_yaml(findings, _relative(findings.root, target), now.year, dropped)
    files = _write(target, {"site.yaml": text, "feeds.yaml": plan.text(), ".gitignore": _IGNORED})
    files += _link(target, findings)
    return Outcome(findings, others, result, plan, compared, target, files)


def _check_new(folder: Path) -> None:
    if not folder.is_dir():
        raise ConfigExistsError(f"{folder} is not a folder; give the folder of a site")
    names = [(place, name) for place in load.FOLDERS for name in ("site.yaml", "feeds.yaml")]
    for place, name in names:
        file = folder / place / name
        if file.exists():
            raise ConfigExistsError(
                f"{file} exists already and is not overwritten; edit it, or delete it and run "
                "feeds init again"
            )


def _match(request: Request) -> tuple[Match | None, list[Match]]:
    if request.generator:
        return detect.forced(request.folder, request.generator), []
    matches = detect.matches(request.folder)
    return (matches[0], matches[1:]) if matches else (None, [])


def _nothing(folder: Path) -> Findings:
    """Return the findings of a folder in which no generator was found, and no article."""
    name = next((name for name in ("content", "posts", "blog") if (folder / name).is_dir()), "")
    return Findings(
        preset="plain",
        generator="",
        evidence=(),
        root=folder,
        folder=name,
        permalink="/{path}/",
        ids="own",
    )


def _target(folder: Path, findings: Findings) -> Path:
    """Return the config folder: the first name that is not in use by the site.

    Jekyll publishes every folder below its root whose name does not begin with `_`.
    """
    is_public = findings.preset == "jekyll" and findings.root.resolve() == folder.resolve()
    names = ("_feeds", "feeds-config") if is_public else load.FOLDERS
    for name in names:
        path = folder / name
        if not path.exists() or (path.is_dir() and _is_free(path)):
            return path
    taken = ", ".join(names)
    raise ConfigExistsError(f"{taken} all exist below {folder}; rename one of them")


def _is_free(folder: Path) -> bool:
    return _MINE.issuperset(file.name for file in folder.iterdir())


def _exclude(findings: Findings, target: Path) -> None:
    """Keep the config folder from being read as articles."""
    articles = (findings.root / findings.folder).resolve()
    if not findings.include and target.resolve().is_relative_to(articles):
        below = target.resolve().relative_to(articles).as_posix()
        findings.ignore = (*findings.ignore, below)


def _relative(root: Path, target: Path) -> str:
    return Path(os.path.relpath(root.resolve(), target.resolve())).as_posix()


def _try_settings(findings: Findings, draft: Path, year: int) -> tuple[list[str], Site]:
    """Return the keys of settings that cannot be used, which are left out, and the site."""
    dropped: list[str] = []
    (draft / "feeds.yaml").write_text("feeds: [{path: all}]\n", encoding="utf-8")
    _link(draft, findings)
    for _ in range(_MAX_MISTAKES):
        text = _site_yaml(findings, str(findings.root.resolve()), year, dropped)
        (draft / "site.yaml").write_text(text, encoding="utf-8")
        try:
            return dropped, load.load(draft, {})
        except ConfigError as error:
            settings = _settings(findings, str(findings.root), year, dropped)
            if not site_settings.without(settings, error.key):
                raise ConfigError("site.yaml", error.key, error.message) from error
            dropped.append(error.key)
            findings.unclear.append(f"{error.key} {error.message}; it is left out")
    raise ConfigError("site.yaml", dropped[-1], "and others are wrong; write site.yaml by hand")


def _try_feeds(plan: FeedPlan, draft: Path, unclear: list[str]) -> None:
    """Leave out feeds and old addresses that cannot be used."""
    while True:
        (draft / "feeds.yaml").write_text(plan.text(), encoding="utf-8")
        try:
            load.load(draft, {}, away=True)
        except ConfigError as error:
            if not plan.remove(error.key):
                raise ConfigError("feeds.yaml", error.key, error.message) from error
            unclear.append(f"feeds.yaml: {error.key} {error.message}; it is left out")
        else:
            return


def _settings(findings: Findings, base: str, year: int, dropped: list[str]) -> dict[str, Any]:
    settings = site_settings.settings(findings, base, year)
    for key in dropped:
        site_settings.without(settings, key)
    return settings


def _site_yaml(findings: Findings, base: str, year: int, dropped: list[str]) -> str:
    settings = _settings(findings, base, year, dropped)
    text = "".join(
        f"{_blank(key)}{commented({key: value}, site_settings.COMMENTS)}"
        for key, value in settings.items()
    )
    return _HEAD + text


def _blank(key: str) -> str:
    return "\n" if key in ("url", "permalink", "articles") else ""


def _old_feeds(findings: Findings, request: Request) -> list[OldFile]:
    if request.old_feed:
        return old_feeds.named(findings, request.old_feed)
    return old_feeds.built(findings)


def _infer_permalink(findings: Findings, file: OldFile, result: Trial) -> bool:
    """Take the pattern of URLs from the old feed of a plain folder; False if it is as guessed."""
    if findings.preset != "plain":
        return False
    pairs = matching.pairs_of(file.document, result.entries)
    links = [(item.link, entry) for item, entry in pairs if entry is not None]
    pattern = url_pattern.infer(links, findings.url)
    if pattern is None or pattern == findings.permalink:
        return False
    findings.permalink = pattern
    return True


def _compare(
    findings: Findings, files: list[OldFile], result: Trial, site: Site
) -> list[tuple[str, Comparison]]:
    """Compare the articles with the old feeds; their ids become those that fit the first feed."""
    compared: list[tuple[str, Comparison]] = []
    for file in files:
        rule = compared[0][1].ids if compared else None
        entries = _entries_of(file.path, findings, result, site)
        compared.append((file.shown, comparison.compare(file.document, entries, site, rule)))
    if compared:
        findings.ids = compared[0][1].ids
    return compared


def _entries_of(path: str, findings: Findings, result: Trial, site: Site) -> list[Entry]:
    """Return the entries of the old feed at a path: all, or those that have its term."""
    feed = next((feed for feed in findings.old_feeds if feed.path == path), None)
    if feed is None or feed.term is None or feed.term[0] not in TERM_FIELDS:
        return result.entries
    field, term = feed.term
    select = Terms(cast("TermField", field), (slug(term),))
    now = dates.from_timestamp(0)
    return [entry for entry in result.entries if selection.matches(select, site.facts(entry), now)]


def _write(target: Path, files: dict[str, str]) -> list[str]:
    """Write new files; none that exists is overwritten."""
    written: list[str] = []
    try:
        target.mkdir(exist_ok=True)
        for name, text in files.items():
            if name.startswith(".") and (target / name).exists():
                continue
            with (target / name).open("x", encoding="utf-8") as file:
                file.write(text)
            written.append(name)
    except OSError as error:
        message = f"{error.filename} cannot be written: {error.strerror}"
        raise ConfigExistsError(message) from error
    return written


def _link(target: Path, findings: Findings) -> list[str]:
    """Link folders of the site into the config folder."""
    for name, folder in findings.links.items():
        if not (target / name).exists():
            source = findings.root / folder
            (target / name).symlink_to(os.path.relpath(source.resolve(), target.resolve()))
    return sorted(findings.links)
