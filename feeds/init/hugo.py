"""Reads the configuration of a Hugo site (gohugo.io/configuration)."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from feeds.init import hugo_config, hugo_content, hugo_feeds, hugo_rules, literals
from feeds.init.findings import Findings
from feeds.init.hugo_config import Language, get, mapping, text, texts
from feeds.init.hugo_feeds import Template
from feeds.presets import hugo_permalinks, permalink

# Folders that only Hugo has, beside a `config.toml` that may be another tool's.
_FOLDERS = ("archetypes", "layouts", "themes", "content", "i18n")
_AUTHORS = "data/authors.*"
_NOT_IN_FILES = {":git", ":filemodtime"}
_MANY, _FEW = 20, 3
_PATH = re.compile(r"/?\{?/?([^*?\[\]{},]+?)(?:/\*\*)?(?:,/?\1/\*\*)?\}?")


def detect(root: Path) -> tuple[str, ...]:
    """Return the files that show that a folder is a Hugo site; none if it is not."""
    files = hugo_config.files(root)
    names = tuple(path.relative_to(root).as_posix() for path in files)
    if any(path.name.startswith("hugo.") for path in files) or (root / "config/_default").is_dir():
        return names[:1]
    if not files or not any((root / folder).is_dir() for folder in _FOLDERS):
        return ()
    settings = hugo_config.read(root, [])
    return names[:1] if "baseurl" in settings or "theme" in settings else ()


def inspect(root: Path) -> Findings:
    """Return the settings of a Hugo site."""
    unclear: list[str] = []
    settings = hugo_config.read(root, unclear)
    known = _single_host(hugo_config.languages(settings), settings, unclear)
    default = known[0]
    folder, roots = _content(known)
    content = root / folder
    shown = _with_sections(hugo_feeds.template(root, default.settings), content, roots, default)
    used = [language for language in known[1:] if _is_used(language, roots, content, shown)]
    languages = [default, *used]
    roots = {
        key: root for key, root in roots.items() if key in {language.key for language in languages}
    }
    sections = _sections(content, roots)
    findings = Findings(
        preset="hugo",
        generator="Hugo",
        evidence=detect(root),
        root=root,
        folder=folder,
        include=_include(roots, shown),
        ignore=_ignore(settings, content, known),
        permalink=_permalinks(languages, roots, unclear),
        rules=hugo_rules.rules(settings, languages, roots, shown)
        | hugo_rules.subfolder(settings, known),
        defaults=_defaults(content, settings, languages, roots, unclear),
        fields=hugo_rules.fields(shown),
        old_feeds=tuple(hugo_feeds.old_feeds(settings, languages, sections, shown)),
        built=(text(settings, "publishDir") or "public",),
        ids="hugo",
        unclear=unclear,
    )
    _add_site(findings, default)
    _add_files(findings, settings)
    _add_unclear(findings, settings)
    return findings


def _add_unclear(findings: Findings, settings: Mapping[str, Any]) -> None:
    """Name what is not read: other formats, dates of git, and content from elsewhere."""
    findings.unclear += hugo_content.unread(findings.root / findings.folder)
    rules = findings.rules
    if _NOT_IN_FILES & {*rules.get("date", ()), *rules.get("publishDate", ())}:
        findings.unclear.append(
            "frontmatter takes dates from git or from files; articles without another date are in "
            "no feed: write date into them"
        )
    if mounts := hugo_config.strange_mounts(settings):
        first = ", ".join(mounts[:_FEW]) + (", …" if len(mounts) > _FEW else "")
        findings.unclear.append(f"module.mounts brings content to {first}; it is not read")


def _single_host(
    languages: list[Language], settings: Mapping[str, Any], unclear: list[str]
) -> list[Language]:
    """Return the languages of this host: only the default one where each has a host of its own."""
    table = mapping(settings, "languages")
    hosts = [text(mapping(table, language.key), "baseURL") for language in languages]
    if len(languages) > 1 and all(hosts):
        unclear.append(
            f"each language has a baseURL of its own; only {languages[0].key} is taken over: "
            "make a config folder for each of the others"
        )
        return languages[:1]
    return languages


def _add_site(findings: Findings, language: Language) -> None:
    settings = language.settings
    author = get(settings, "params.author", "author")
    if isinstance(author, str):
        findings.author = author
    elif isinstance(author, Mapping):
        findings.author = text(author, "name")
        findings.author_email = text(author, "email")
    url = text(settings, "baseURL")
    findings.url = url if "://" in url else ""
    findings.title = text(settings, "title", "params.title")
    findings.description = " ".join(
        text(settings, "params.description", "description", "params.subtitle").split()
    )
    findings.rights = text(settings, "copyright", "params.copyright")
    findings.language = language.tag
    findings.timezone = text(settings, "timeZone")


def _add_files(findings: Findings, settings: Mapping[str, Any]) -> None:
    root = findings.root
    static = texts(settings, "staticDir") or ("static",)
    findings.assets = next((name for name in static if (root / name).is_dir()), "")
    if authors := literals.first_file(root, _AUTHORS):
        findings.authors_file = authors.relative_to(root).as_posix()
    for folder in ("data/authors", f"{findings.folder}/authors"):
        if not authors and any(
            (root / folder).glob("*/_index.md" if "data" not in folder else "*")
        ):
            findings.unclear.append(
                f"{folder} has a file for each author; "
                "write one file of all of them and name it in articles.authors_file"
            )


def _content(languages: list[Language]) -> tuple[str, dict[str, str]]:
    """Return the article folder, and the folders below it that languages have of their own."""
    folders = {language.key: language.folder for language in languages}
    shared = posixpath.commonpath(list(folders.values()))
    roots = {key: posixpath.relpath(folder, shared or ".") for key, folder in folders.items()}
    return shared or ".", {key: root for key, root in roots.items() if root != "."}


def _sections(content: Path, roots: Mapping[str, str]) -> list[str]:
    folders = [content / root for root in roots.values()] or [content]
    names = (name for folder in folders for name in hugo_content.dated_sections(folder))
    return [name for name in dict.fromkeys(names) if name not in roots.values()]


def _with_sections(
    shown: Template | None, content: Path, roots: Mapping[str, str], language: Language
) -> Template | None:
    """Return what the RSS template shows, with the sections that it means by their names.

    Where the home page has no feed, that of the section with most articles counts.
    """
    folders = [content / root for root in roots.values()] or [content]
    has_feed = hugo_feeds.has_home_feed(language.settings)
    if shown is None and has_feed:
        return None
    shown = shown or Template()
    sections = tuple(
        name for name in shown.sections if any((folder / name).is_dir() for folder in folders)
    )
    if not sections and (shown.uses_main or not has_feed):
        main = texts(language.settings, "mainSections", "params.mainSections")
        sections = main or tuple(hugo_content.dated_sections(folders[0])[:1])
    return msgspec.structs.replace(shown, sections=sections)


def _is_used(
    language: Language, roots: Mapping[str, str], content: Path, shown: Template | None
) -> bool:
    """Return whether a language has pages of its own that feeds show."""
    root = roots.get(language.key)
    folder = content / (root or "")
    sections = shown.sections if shown else ()
    return folder.is_dir() and (
        root is None or not sections or any((folder / name).is_dir() for name in sections)
    )


def _include(roots: Mapping[str, str], shown: Template | None) -> tuple[str, ...]:
    """Return patterns of the sections in the feed of the home page; none if it shows all pages."""
    above = [f"{root}/" for root in roots.values()] or [""]
    sections = shown.sections if shown else ()
    return tuple(f"{root}{section}/*" for root in above for section in sections)


def _ignore(
    settings: Mapping[str, Any], content: Path, languages: list[Language]
) -> tuple[str, ...]:
    """Return the files that the site leaves out: of `ignoreFiles`, and of other languages."""
    known = {language.key for language in languages}
    patterns = [f"*.{key}.*" for key in mapping(settings, "languages") if key not in known]
    ignored = [re.compile(item) for item in texts(settings, "ignoreFiles") if _is_regex(item)]
    files = [
        str(path)
        for path in (hugo_content.paths(content) if ignored else ())
        if any(pattern.search(str(content / str(path))) for pattern in ignored)
    ]
    return (*patterns, *hugo_content.ignored(get(settings, "cascade")), *files[:_MANY])


def _is_regex(text_: str) -> bool:
    try:
        re.compile(text_)
    except re.error:
        return False
    return True


def _permalinks(
    languages: list[Language], roots: Mapping[str, str], unclear: list[str]
) -> str | dict[str, str]:
    """Return the URL patterns by folder; empty if URLs are made of paths."""
    found: dict[str, str] = {}
    for number, language in enumerate(languages):
        for folder, pattern in _patterns(get(language.settings, "permalinks")):
            try:
                ours = hugo_permalinks.translate(f"/{pattern.lstrip('/')}")
            except hugo_permalinks.UnknownTokenError as error:
                unclear.append(
                    f"permalinks: {pattern} has the token {error}, which is not known; "
                    f"write a pattern for {folder} into site.permalink"
                )
                continue
            if mistake := permalink.mistake(ours):
                unclear.append(f"permalinks: {pattern}: {mistake}")
            elif found.get(folder, ours) == ours or not number:
                found[folder] = ours
            elif root := roots.get(language.key):
                found[f"{root}/{folder}"] = ours
            else:
                unclear.append(
                    f"permalinks: {folder} has another pattern in {language.key}; "
                    f"{found[folder]} is used for it, too"
                )
    return found


def _patterns(permalinks: Any) -> Iterator[tuple[str, str]]:
    """Yield the folders of pages and their patterns, in Hugo's words; `*` is any folder."""
    if isinstance(permalinks, Mapping):
        for section, pattern in {**permalinks, **mapping(permalinks, "page")}.items():
            if isinstance(pattern, str):
                yield section.strip("/ ") or "/", pattern
        return
    for item in reversed(permalinks) if isinstance(permalinks, list) else ():
        target = mapping(item, "target") if isinstance(item, Mapping) else {}
        pattern = text(item, "pattern") if isinstance(item, Mapping) else ""
        if not pattern or "page" not in (text(target, "kind") or "page"):
            continue
        path = text(target, "path")
        match = _PATH.fullmatch(path)
        yield (match[1] if match else path.strip("/") if path.strip("/*") else "*"), pattern


def _defaults(
    content: Path,
    settings: Mapping[str, Any],
    languages: list[Language],
    roots: Mapping[str, str],
    unclear: list[str],
) -> dict[str, dict[str, Any]]:
    """Return what cascades hand down, and the language of each language's folder, by folder."""
    found: dict[str, dict[str, Any]] = {}
    for folder, values in hugo_content.handed_down(get(settings, "cascade"), "", unclear):
        for root in roots.values() or ("",):
            _add_values(found, root, folder, values)
    for language in languages:
        root = roots.get(language.key, "")
        if root or language is languages[0]:
            cascades = hugo_content.cascades(content / root, language.key, unclear)
            for folder, values in cascades.items():
                _add_values(found, root, folder, values)
        if root and language.tag != language.key:
            _add_values(found, root, "*", {"language": language.tag})
    return found


def _add_values(
    found: dict[str, dict[str, Any]], root: str, folder: str, values: Mapping[str, Any]
) -> None:
    below = "" if folder == "*" else folder
    found.setdefault(posixpath.join(root, below).strip("/") or "*", {}).update(values)
