"""Cloudflare Pages: `_headers` and `_redirects`, within its limits. Pure; no I/O."""

from collections.abc import Collection, Iterator
from urllib.parse import quote

from feeds.config.settings import PLACEHOLDER
from feeds.config.site import PRIVATE
from feeds.export.hosts.base import HostFiles, archive_limitations, conflict_limitations
from feeds.export.hosts.redirects import RedirectRule, location, without_conflicts
from feeds.export.hosts.rules import FRESHNESS, CachingOverride, HeaderGroup, HostRules
from feeds.render.headers import Headers

HEADERS, REDIRECTS = "_headers", "_redirects"
# Limits: developers.cloudflare.com/pages, at configuration/headers, configuration/redirects and
# platform/limits.
MOST_RULES = 100
MOST_STATIC, MOST_DYNAMIC = 2000, 100
MOST_LINE, MOST_REDIRECT = 2000, 1000
MOST_FILES = 20_000
_STATUSES = (301, 302, 303, 307, 308)

# The lines of a rule for headers, the path first.
Rule = list[str]
# What replaces a placeholder.
_COLON = r":\1"


def configure(rules: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """Return the configuration of the site. Cloudflare Pages compresses responses itself."""
    del codings
    general, lists, overrides = _general(rules), _lists(rules), _override_rules(rules)
    room = MOST_RULES - len(general) - len(lists)
    header_rules = [*general, *overrides[-room:], *lists]
    redirects, limitations = _redirects(rules)
    return HostFiles(
        {HEADERS: "".join(map(_text, header_rules)).encode(), REDIRECTS: redirects},
        (
            *_limitations(rules),
            *archive_limitations(rules, "Cloudflare Pages", hub=True),
            *_header_limitations(header_rules, overrides[:-room]),
            *limitations,
        ),
    )


def _redirects(rules: HostRules) -> tuple[bytes, list[str]]:
    """Return the redirects, and the limitations of redirects."""
    safe, conflicting = without_conflicts(rules.redirects, rules.names, _paths(rules))
    lines = [(redirect, line) for redirect in safe if (line := _redirect(rules, redirect))]
    long = [redirect for redirect, line in lines if len(line) > MOST_REDIRECT]
    lines = [(redirect, line) for redirect, line in lines if len(line) <= MOST_REDIRECT]
    static = [line for redirect, line in lines if not redirect.is_pattern]
    # Files that exist, such as those of the export itself, cannot be answered with 404.
    private = f"{rules.path}{PRIVATE}* {rules.path} 302\n"
    dynamic = [private, *(line for redirect, line in lines if redirect.is_pattern)]
    limitations = [
        *conflict_limitations("Cloudflare Pages", conflicting),
        *_redirect_limitations(long, static, dynamic),
    ]
    return "".join((*static[:MOST_STATIC], *dynamic[:MOST_DYNAMIC])).encode(), limitations


def _general(rules: HostRules) -> list[Rule]:
    """Return a rule for everything, with the headers of pages, and one for each feed format.

    Pages have no rule because their paths have no extension: Cloudflare removes `.html`.
    """
    page = next(rules.groups_of("page"))
    feeds = [_rule(rules, f"*.{group.extension}", group, page) for group in rules.groups_of("feed")]
    return [_rule(rules, "*", page, None), *feeds]


def _lists(rules: HostRules) -> list[Rule]:
    """Return the rules of lists and assets. They come last: a family's rule may match them, too."""
    page = next(rules.groups_of("page"))
    overrides = (override.freshness for override in rules.caching_overrides)
    names = {name for fields in (page.headers, *overrides) for name, _ in fields}
    unset = names & {*FRESHNESS}
    return [
        _rule(rules, "" if group.name else f"*.{group.extension}", group, page, unset)
        for group in rules.groups_of("asset", "list")
    ]


def _rule(
    rules: HostRules,
    path: str,
    group: HeaderGroup,
    general: HeaderGroup | None,
    unset: Collection[str] = (),
) -> Rule:
    """Return a rule with the headers that differ from those of the general rule.

    The general rule applies as well, and a header that two rules set is sent twice, so it is
    removed first; `unset` are headers that other rules may set.
    """
    fields: Headers = [field for field in group.headers if general or field[0] != "Content-Type"]
    if group.has_links:
        fields.append(("Link", _links(rules, group)))
    before = dict(general.headers) if general else {}
    before.pop("Content-Type", None)
    changed = [field for field in fields if before.get(field[0]) != field[1] or field[0] in unset]
    # Cloudflare sends this header unless a rule removes it.
    sent = {*before, "X-Content-Type-Options"}
    removed = sent - {name for name, _ in fields} | {name for name, _ in changed if name in before}
    removed |= {*unset}
    lines = [*(f"  ! {name}" for name in sorted(removed)), *(f"  {n}: {v}" for n, v in changed)]
    return [f"{rules.path}{path}", *lines]


def _links(rules: HostRules, group: HeaderGroup) -> str:
    """Return the Link header of all feeds in a format; `:splat` is the match of the rule's `*`."""
    own = f"{rules.origin}{rules.path}:splat.{group.extension}"
    return rules.links(own)


def _override_rules(rules: HostRules) -> list[Rule]:
    """Return the rules of feeds with other caching; the last one that matches wins."""
    return [
        [
            f"{rules.path}{_pattern(override)}.*",
            *(
                line
                for name, value in override.freshness
                for line in (f"  ! {name}", f"  {name}: {value}")
            ),
        ]
        for override in reversed(rules.caching_overrides)
    ]


def _pattern(override: CachingOverride) -> str:
    return PLACEHOLDER.sub(_COLON, quote(override.source, safe="/{}"))


def _paths(rules: HostRules) -> set[str]:
    """Return the paths of documents at the host: pages have no extension there."""
    return {*rules.names, *(name.removesuffix(".html") for name in rules.names)}


def _redirect(rules: HostRules, redirect: RedirectRule) -> str | None:
    if redirect.target is None or redirect.status not in _STATUSES:
        return None
    source = rules.path + quote(redirect.source, safe="/{}")
    target = location(redirect, rules.path, lambda _, name: f":{name}")
    if not redirect.is_external:
        target = target.removesuffix(".html")  # Cloudflare would redirect again
    return f"{PLACEHOLDER.sub(_COLON, source)} {target} {redirect.status}\n"


def _limitations(rules: HostRules) -> Iterator[str]:
    gone = [redirect.source for redirect in rules.redirects if redirect.target is None]
    if gone:
        yield (f"Cloudflare Pages has no 410: paths that are gone, such as {gone[0]}, answer 404.")
    yield "Cloudflare Pages serves pages without .html, and redirects PATH.html to PATH."
    if len(rules.names) > MOST_FILES:
        yield (
            f"The site has {len(rules.names):,} files; Cloudflare Pages accepts {MOST_FILES:,} on "
            "its free plan."
        )
    if rules.site.mount != "/":
        yield (
            f"Put the export into {rules.site.mount} below your site, and {HEADERS} and "
            f"{REDIRECTS} into its top folder: Cloudflare Pages reads them only there."
        )


def _text(rule: Rule) -> str:
    """Return the text of a rule without lines that are too long; empty if its path is one."""
    if len(rule[0]) > MOST_LINE:
        return ""
    return "".join(f"{line}\n" for line in rule if len(line) <= MOST_LINE)


def _header_limitations(header_rules: list[Rule], omitted_rules: list[Rule]) -> Iterator[str]:
    lines = [line for rule in header_rules for line in rule]
    names = [line.split()[0].rstrip(":") for line in lines if len(line) > MOST_LINE]
    if names:
        yield (
            f"Cloudflare Pages accepts {MOST_LINE:,} characters in a line of {HEADERS}: "
            f"{len(names):,} are left out, such as {names[0][:100]}."
        )
    if omitted_rules:
        first = omitted_rules[0][0].removesuffix(".*")
        yield (
            f"Cloudflare Pages accepts {MOST_RULES} rules: {len(omitted_rules):,} feeds or "
            f"families have the caching of most feeds instead of their own, such as {first}."
        )


def _redirect_limitations(
    long: list[RedirectRule], static: list[str], dynamic: list[str]
) -> Iterator[str]:
    if long:
        yield (
            f"Cloudflare Pages accepts {MOST_REDIRECT:,} characters in a redirect: {len(long):,} "
            f"are left out, such as {long[0].source[:100]}."
        )
    for lines, most, noun in (
        (static, MOST_STATIC, "redirects"),
        (dynamic, MOST_DYNAMIC, "redirects with patterns"),
    ):
        if len(lines) > most:
            yield (
                f"Cloudflare Pages accepts {most:,} {noun}: {len(lines) - most:,} are left out, "
                f"such as {lines[most].split()[0]}."
            )
