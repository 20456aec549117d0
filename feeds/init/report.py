"""The report of `feeds init`: few lines, each of which helps. No I/O."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from feeds.init.comparison import Comparison, Part
from feeds.init.detect import Match
from feeds.init.initialiser import Outcome
from feeds.init.registry import NAMES
from feeds.init.trial import LEAST, Trial, in_order, rare
from feeds.util.text import counted

_MOST = 5
_UNDATED = "first seen"
_PARTS: tuple[tuple[Part, str], ...] = (
    ("link", "links"), ("date", "dates"), ("title", "titles"), ("id", "ids"),
)  # fmt: skip


def lines(outcome: Outcome) -> Iterator[str]:
    """Yield the lines of the report."""
    yield _generator(outcome)
    yield from _others(outcome.others)
    yield from _articles(outcome.trial)
    if outcome.trial.entries:
        yield from _dates(outcome.trial)
        yield from _links(outcome)
        yield from _collisions(outcome.trial)
        yield _terms(outcome)
    for sentence in outcome.findings.unclear:
        yield f"Not clear: {sentence.rstrip('.')}."
    yield from _old_feeds(outcome)
    for name, compared in outcome.comparisons:
        yield from _comparison(name, compared)
    written = ", ".join(str(outcome.config / name) for name in outcome.files)
    yield f"Written: {written}"


def _generator(outcome: Outcome) -> str:
    findings = outcome.findings
    if not findings.generator:
        return (
            f"No site generator was found in {findings.root}, and no article with front matter. "
            f"Known are {', '.join(NAMES[1:-1])}. The settings are those of a plain folder: write "
            "your article folder into them."
        )
    evidence = f" ({', '.join(findings.evidence[:3])})" if findings.evidence else ""
    folder = (findings.root / findings.folder).as_posix()
    files = _counted(outcome.trial.files, "file")
    return (
        f"{findings.generator}{evidence}. {files} in {'this folder' if folder == '.' else folder}."
    )


def _others(others: list[Match]) -> Iterator[str]:
    if others:
        names = ", ".join(f"{one.generator.name} ({', '.join(one.evidence[:2])})" for one in others)
        yield f"{names} would fit, too: choose with --generator NAME."


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _articles(trial: Trial) -> Iterator[str]:
    counts = trial.counts
    verb = "is" if counts.published == 1 else "are"
    later = f", {counts.coming:,} later" if counts.coming else ""
    yield f"{_counted(counts.published, 'article')} {verb} published{later}."
    for reason, example in [*in_order(trial.withheld)][:_MOST]:
        paths = f": {', '.join(example.paths)}" if example.count <= len(example.paths) else ""
        yield f"  {example.count:,} not published: {reason}{paths}"
    for reason, example in [*in_order(trial.failed)][:_MOST]:
        yield f"  {example.count:,} cannot be published: {example.paths[0]}: {reason}"
    for kind, count in counts.unread.most_common():
        yield f"  {count:,} not read: {kind}"
    for reason, example in [*in_order(trial.notices)][:_MOST]:
        yield f"  {example.count:,} with a notice, {example.paths[0]} first: {reason}"
    if len(trial.notices) > _MOST:
        yield f"  {_counted(len(trial.notices) - _MOST, 'more notice')}: feeds check lists all"
    if trial.warnings:
        first = trial.warnings[0]
        number = _counted(len(trial.warnings), "warning")
        yield f"  {number}, the first: {first}; feeds check lists all"


def _dates(trial: Trial) -> Iterator[str]:
    parts = [f"{number:,} from the {source}" for source, number in trial.counts.dated.most_common()]
    text = ", ".join(parts).replace(f"from the {_UNDATED}", "from the day of the first build")
    yield f"Dates: {text}."
    if number := trial.counts.dated[_UNDATED]:
        articles = _counted(number, "article")
        yield f"  {articles} without a date: write one into them, or list them in articles.ignore"


def _links(outcome: Outcome) -> Iterator[str]:
    findings, entry = outcome.findings, outcome.trial.entries[0]
    patterns = findings.permalink
    if isinstance(patterns, dict):
        patterns = ", ".join(f"{folder}: {pattern}" for folder, pattern in patterns.items())
    yield f"Links: {patterns or 'as the generator makes them'}. Ids: {findings.ids}."
    yield f"  For example, {entry.path} is {entry.link}"


def _collisions(trial: Trial) -> Iterator[str]:
    for link, paths in list(trial.collisions.items())[:_MOST]:
        yield f"  {link} is the link of {len(paths)} articles: {', '.join(paths[:2])}"


def _terms(outcome: Outcome) -> str:
    trial = outcome.trial
    parts = [f"Authors: {len(trial.authors):,}."]
    if len(trial.languages) > 1:
        languages = ", ".join(
            f"{name} {number:,}" for name, number in trial.languages.most_common(5)
        )
        parts.append(f"Languages: {languages}.")
    for name, terms in (("Topics", trial.topics), ("Categories", trial.categories)):
        if terms:
            parts.append(f"{name}: {_rare(terms)}.")
    missing = trial.counts.without
    absent = [f"{missing[name]:,} no {name}" for name in ("author", "summary") if missing[name]]
    if absent:
        parts.append(f"{' and '.join(absent)}.".capitalize())
    return " ".join(parts)


def _rare(terms: Counter[str]) -> str:
    number = rare(terms)
    more = f" ({number:,} on fewer than {LEAST} articles: no feeds for these)" if number else ""
    return f"{len(terms):,}{more}"


def _old_feeds(outcome: Outcome) -> Iterator[str]:
    moved = outcome.plan.moved
    paths = {feed.settings["path"] for feed in outcome.plan.feeds if feed.is_active}
    feeds = [
        f"/{feed.path} ({'all items' if feed.size is None else counted(feed.size, 'item')}) → "
        f"{moved.get(feed.path, 'the same address')}"
        for feed in outcome.findings.old_feeds
        if feed.path in moved or feed.path.rpartition(".")[0] in paths
    ]
    if feeds:
        more = f", and {len(feeds) - _MOST:,} more" if len(feeds) > _MOST else ""
        yield f"Old feeds: {', '.join(feeds[:_MOST])}{more}"


def _comparison(name: str, compared: Comparison) -> Iterator[str]:
    verb = "has" if compared.total == 1 else "have"
    items = f"{compared.same:,} of {counted(compared.total, 'item')}"
    start = f"Compared with {name}: {items} {verb} the same"
    if compared.same == compared.total:
        end = ": subscribers will see nothing new" if not compared.added else ""
        yield f"{start} link, date and id{end}."
    else:
        yield f"{start} link, date and id."
        same = ", ".join(f"{compared.parts[part]:,} {noun}" for part, noun in _PARTS)
        yield f"  Articles among the items: {compared.parts['item']:,}; of these the same: {same}."
    for difference in compared.differences:
        yield f"  {difference}"
    if compared.added:
        noun = "entry" if compared.added == 1 else "entries"
        yield f"  Subscribers will see {compared.added:,} {noun} as new."


def as_data(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome for `--json`."""
    findings, trial = outcome.findings, outcome.trial
    return {
        "generator": findings.preset,
        "evidence": findings.evidence,
        "root": str(findings.root),
        "others": [match.generator.name for match in outcome.others],
        "url": findings.url,
        "title": findings.title,
        "files": trial.files,
        "counts": trial.counts,
        "withheld": trial.withheld,
        "failed": trial.failed,
        "notices": trial.notices,
        "collisions": trial.collisions,
        "topics": len(trial.topics),
        "rare_topics": rare(trial.topics),
        "languages": trial.languages,
        "authors": len(trial.authors),
        "ids": findings.ids,
        "unclear": findings.unclear,
        "old_feeds": findings.old_feeds,
        "moved": outcome.plan.moved,
        "comparisons": [compared for _, compared in outcome.comparisons],
        "written": [str(outcome.config / name) for name in outcome.files],
    }
