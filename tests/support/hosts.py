"""Files for static hosts, and how the hosts apply them, as their documentation describes."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from feeds.config.definitions import FeedDefinition
from feeds.config.settings import HostName
from feeds.export.hosts.base import HostFiles
from feeds.export.hosts.redirects import RedirectRule
from feeds.export.hosts.registry import HOSTS
from feeds.export.hosts.rules import HostRules, build_rules
from feeds.model.document import Caching
from feeds.model.selection import EVERYTHING
from feeds.render import feed_documents, headers
from feeds.render.site import documents, pages
from tests.support.site import NOW, Publication, make_site


def host_files_for(host: HostName, site: Publication) -> HostFiles:
    return HOSTS[host].configure(host_rules(site), HOSTS[host].default_codings)


def host_rules(site: Publication) -> HostRules:
    with site.read() as reader:
        feeds = list(feed_documents.all_feeds(site.site, reader, NOW).values())
        makers = documents.site_documents(feeds, reader.feeds.states(), site.site)
    names = [f"{feed.path}.{name}" for feed in feeds for name in ("rss", "atom", "json", "html")]
    return build_rules(feeds, [*names, *makers], site.site)


def server_headers(site: Publication) -> Iterator[tuple[str, dict[str, str]]]:
    """Each path below the mount, with the headers that the server sends for it."""
    with site.read() as reader:
        feeds = feed_documents.all_feeds(site.site, reader, NOW)
        for path, feed in feeds.items():
            for format_, rendered in feed_documents.render_feed(
                feed, site.site, reader, NOW
            ).items():
                yield f"{path}.{format_}", dict(headers.document_headers(rendered, site.site))
            page = feed_documents.render_page(feed, site.site, reader, NOW)
            yield f"{path}.html", dict(headers.document_headers(page, site.site))
        states = reader.feeds.states()
        newest = feed_documents.newest_entries(feeds.values(), states, reader, NOW)
        makers = documents.site_documents(list(feeds.values()), states, site.site, newest)
        for name, make in makers.items():
            yield (
                "" if name == pages.INDEX else name,
                dict(headers.document_headers(make(), site.site)),
            )


Rules = list[tuple[str, list[tuple[str, str]], list[str]]]


def header_rules(text: str) -> Rules:
    """The rules of a `_headers` file: path, headers set, and headers removed."""
    parsed: Rules = []
    for line in text.splitlines():
        if not line.startswith(" "):
            parsed.append((line, [], []))
        elif line.startswith("  ! "):
            parsed[-1][2].append(line[4:].lower())
        else:
            name, _, value = line.strip().partition(": ")
            parsed[-1][1].append((name.lower(), value))
    return parsed


def match_rule(rule: str, path: str) -> re.Match[str] | None:
    """Match a path against a rule with `*` and `:name`."""
    parts = re.split(r"(\*|:\w+)", rule)
    regex = "".join(
        "(?P<splat>.*)" if part == "*" else f"(?P<{part[1:]}>[^/]+)" if part[:1] == ":"
        else re.escape(part)
        for part in parts
    )  # fmt: skip
    return re.fullmatch(regex, path)


def cloudflare_headers(text: str, path: str) -> dict[str, str]:
    """Headers sent by Cloudflare Pages, which applies all rules and joins repeated values."""
    sent = {"x-content-type-options": "nosniff", "cache-control": "public, max-age=0"}
    from_rules: set[str] = set()
    for rule, values, removed in header_rules(text):
        if match := match_rule(rule, path):
            for name in removed:
                sent.pop(name, None)
            for name, value in values:
                for key, group in match.groupdict().items():
                    value = value.replace(f":{key}", group)
                twice = name in from_rules and name in sent
                sent[name] = f"{sent[name]}, {value}" if twice else value
                from_rules.add(name)
    return sent


def netlify_headers(text: str, path: str) -> dict[str, str]:
    """Headers sent by Netlify, where the last rule that sets a header wins."""
    return {
        name: value
        for rule, values, removed in header_rules(text)
        if match_rule(rule, path) and not removed
        for name, value in values
    }


def redirect_lines(text: str) -> list[tuple[str, str, int]]:
    lines = [line.split(" ") for line in text.splitlines()]
    return [(source, target, int(status)) for source, target, status in lines]


def first_redirect(text: str, path: str) -> tuple[str, int] | None:
    """Target and status of the first line of a `_redirects` file that matches."""
    for source, target, status in redirect_lines(text):
        if match := match_rule(source, path):
            for key, group in match.groupdict().items():
                target = target.replace(f":{key}", group)
            return target, status
    return None


def make_feed(path: str, max_age: int) -> FeedDefinition:
    return FeedDefinition(path, path, path, EVERYTHING, "date", 50, Caching(max_age))


def rules_for(feeds: Sequence[FeedDefinition], old: Sequence[RedirectRule] = ()) -> HostRules:
    names = [f"{feed.path}.{ext}" for feed in feeds for ext in ("rss", "atom", "json", "html")]
    rules = build_rules(feeds, names, make_site())
    return HostRules(rules.site, rules.names, rules.groups, rules.caching_overrides, tuple(old))


def run_cloudfront_function(
    function: str, requests: Mapping[str, tuple[str, str]]
) -> dict[str, Any]:
    """Results of the function by name, for pairs of URI and Accept-Encoding (may be empty)."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    events = {
        name: {
            "request": {
                "uri": uri,
                "headers": {"accept-encoding": {"value": accepted}} if accepted else {},
            }
        }
        for name, (uri, accepted) in requests.items()
    }
    script = (
        f"{function}\nconst events = {json.dumps(events)};\n"
        "for (const name in events) events[name] = handler(events[name]);\n"
        "console.log(JSON.stringify(events));"
    )
    run = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)
    return dict(json.loads(run.stdout))
