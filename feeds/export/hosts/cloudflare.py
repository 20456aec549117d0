"""Cloudflare Pages: `_headers` and `_redirects`, inside its limits. Pure; no I/O."""

from collections.abc import Collection, Iterator
from urllib.parse import quote

from feeds.config.settings import PLACEHOLDER
from feeds.config.site import PRIVATE
from feeds.export.hosts.base import HostFiles, archive_limitations, conflict_limitations
from feeds.export.hosts.redirects import RedirectRule, location, without_conflicts
from feeds.export.hosts.rules import FRESHNESS, NOT_FOUND, CachingOverride, HeaderGroup, HostRules
from feeds.render.headers import Headers

HEADERS, REDIRECTS = "_headers", "_redirects"
# developers.cloudflare.com/pages: configuration/headers, configuration/redirects, platform/limits.
MOST_RULES = 100
MOST_STATIC, MOST_DYNAMIC = 2000, 100
MOST_LINE, MOST_REDIRECT = 2000, 1000
MOST_FILES = 20_000
_STATUSES = (301, 302, 303, 307, 308)

Rule = list[str]
_COLON = r":\1"


def make(plan: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """The files of the site, and what Cloudflare Pages cannot do. It compresses by itself."""
    del codings
    general, lists, deviations = _general(plan), _lists(plan), _deviations(plan)
    room = MOST_RULES - len(general) - len(lists)
    rules = [*general, *deviations[-room:], *lists]
    files = {HEADERS: "".join(map(_written, rules)).encode()}
    told, lost = without_conflicts(plan.redirects, plan.names, _paths(plan))
    led = [(old, line) for old in told if (line := _redirect(plan, old))]
    long = [old for old, line in led if len(line) > MOST_REDIRECT]
    led = [(old, line) for old, line in led if len(line) <= MOST_REDIRECT]
    fixed = [line for old, line in led if not old.is_pattern]
    # Our own files, which are there too, cannot be 404.
    hidden = f"{plan.path}{PRIVATE}* {plan.path} 302\n"
    filled = [hidden, *(line for old, line in led if old.is_pattern)]
    kept = (*fixed[:MOST_STATIC], *filled[:MOST_DYNAMIC])
    files[REDIRECTS] = "".join(kept).encode()
    said = [
        *_said(plan),
        *archive_limitations(plan, "Cloudflare Pages", hub=True),
        *_too_long(rules, long),
        *conflict_limitations("Cloudflare Pages", lost),
        *_left_out(deviations, room, fixed, filled),
    ]
    return HostFiles(files, tuple(said))


def _general(plan: HostRules) -> list[Rule]:
    """A rule for everything, with the headers of pages, and one for each format of feeds.

    Pages have it for their path has no extension: Cloudflare takes `.html` off.
    """
    page = next(plan.groups_of("page"))
    feeds = [_rule(plan, f"*.{group.extension}", group, page) for group in plan.groups_of("feed")]
    return [_rule(plan, "*", page, None), *feeds]


def _lists(plan: HostRules) -> list[Rule]:
    """The rules of what is neither feed nor page: last, for a family's rule may fit it too."""
    page = next(plan.groups_of("page"))
    aged = {
        name
        for each in (page.headers, *(d.freshness for d in plan.caching_overrides))
        for name, _ in each
    }
    return [
        _rule(plan, "" if group.name else f"*.{group.extension}", group, page, aged & {*FRESHNESS})
        for group in plan.groups_of("asset", "list")
    ]


def _rule(
    plan: HostRules,
    path: str,
    group: HeaderGroup,
    general: HeaderGroup | None,
    unset: Collection[str] = (),
) -> Rule:
    """The headers that differ from those of the general rule, which holds too.

    What two rules set is sent twice, so it is taken off first; `unset` are those of other rules.
    """
    said: Headers = [each for each in group.headers if general or each[0] != "Content-Type"]
    if group.linked:
        said.append(("Link", _links(plan, group)))
    before = dict(general.headers) if general else {}
    before.pop("Content-Type", None)
    changed = [each for each in said if before.get(each[0]) != each[1] or each[0] in unset]
    # Cloudflare sends it by itself where nobody says otherwise.
    known = {*before, "X-Content-Type-Options"}
    off = known - {name for name, _ in said} | {name for name, _ in changed if name in before}
    off |= {*unset}
    lines = [*(f"  ! {name}" for name in sorted(off)), *(f"  {n}: {v}" for n, v in changed)]
    return [f"{plan.path}{path}", *lines]


def _links(plan: HostRules, group: HeaderGroup) -> str:
    """The Link header of all feeds in a format: what the `*` of the rule stands for is said."""
    own = f"{plan.origin}{plan.path}:splat.{group.extension}"
    return plan.links(own)


def _deviations(plan: HostRules) -> list[Rule]:
    """Rules of feeds kept for another time, those that must win last."""
    return [
        [
            f"{plan.path}{_pattern(deviation)}.*",
            *(
                line
                for name, value in deviation.freshness
                for line in (f"  ! {name}", f"  {name}: {value}")
            ),
        ]
        for deviation in reversed(plan.caching_overrides)
    ]


def _pattern(deviation: CachingOverride) -> str:
    return PLACEHOLDER.sub(_COLON, quote(deviation.source, safe="/{}"))


def _paths(plan: HostRules) -> set[str]:
    """Where documents are: pages without their extension."""
    return {*plan.names, NOT_FOUND, *(name.removesuffix(".html") for name in plan.names)}


def _redirect(plan: HostRules, old: RedirectRule) -> str | None:
    if old.target is None or old.status not in _STATUSES:
        return None
    source = plan.path + quote(old.source, safe="/{}")
    to = location(old, plan.path, lambda _, name: f":{name}")
    if not old.is_external:
        to = to.removesuffix(".html")  # Cloudflare would lead on to it
    return f"{PLACEHOLDER.sub(_COLON, source)} {to} {old.status}\n"


def _said(plan: HostRules) -> Iterator[str]:
    gone = [old.source for old in plan.redirects if old.target is None]
    if gone:
        yield f"Cloudflare Pages has no 410: {gone[0]} and whatever else is gone answers 404."
    yield "Cloudflare Pages serves pages without .html, and leads from PATH.html to PATH."
    if len(plan.names) > MOST_FILES:
        yield (
            f"The site has {len(plan.names):,} files; Cloudflare Pages takes {MOST_FILES:,} on "
            "its free plan."
        )
    if plan.site.mount != "/":
        yield (
            f"Put the export into {plan.site.mount} below your site, and {HEADERS} and "
            f"{REDIRECTS} into its top folder: Cloudflare Pages reads them only there."
        )


def _written(rule: Rule) -> str:
    """A rule without what is too long: all of it where that is its path."""
    if len(rule[0]) > MOST_LINE:
        return ""
    return "".join(f"{line}\n" for line in rule if len(line) <= MOST_LINE)


def _too_long(rules: list[Rule], lost: list[RedirectRule]) -> Iterator[str]:
    lines = [line for rule in rules for line in rule]
    long = [line.split()[0].rstrip(":") for line in lines if len(line) > MOST_LINE]
    if long:
        yield (
            f"Cloudflare Pages takes {MOST_LINE:,} characters in a line of {HEADERS}: "
            f"{len(long):,} are left out, {long[0][:100]} among them."
        )
    if lost:
        yield (
            f"Cloudflare Pages takes {MOST_REDIRECT:,} characters in a redirect: {len(lost):,} are "
            f"left out, {lost[0].source[:100]} among them."
        )


def _left_out(
    deviations: list[Rule], room: int, fixed: list[str], filled: list[str]
) -> Iterator[str]:
    if (over := len(deviations) - room) > 0:
        first = deviations[0][0].removesuffix(".*")
        yield (
            f"Cloudflare Pages takes {MOST_RULES} rules: {over:,} feeds or families are kept as "
            f"long as most feeds are, not as they say themselves, {first} among them."
        )
    for lines, most, what in (
        (fixed, MOST_STATIC, "redirects"),
        (filled, MOST_DYNAMIC, "patterns of redirects"),
    ):
        if len(lines) > most:
            yield (
                f"Cloudflare Pages takes {most:,} {what}: {len(lines) - most:,} are left out, "
                f"{lines[most].split()[0]} among them."
            )
