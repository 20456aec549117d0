"""S3 with CloudFront: a CloudFront Function; the upload sets headers. Pure; no I/O."""

import json
import re
from collections.abc import Collection, Iterator

from feeds.config.site import PRIVATE
from feeds.export.hosts.base import HostFiles, conflict_limitations
from feeds.export.hosts.redirects import (
    RedirectRule,
    location,
    matches,
    url_regex,
    without_conflicts,
)
from feeds.export.hosts.rules import HostRules
from feeds.render import headers
from feeds.render.site.pages import NOT_FOUND
from feeds.util.compression import SUFFIXES

NAME = f"{PRIVATE}cloudfront.js"
# Bytes of a function (docs.aws.amazon.com, quotas on CloudFront Functions).
MOST_BYTES = 10_240

_FUNCTION = """\
// Written by `feeds export`, for a CloudFront Function at "viewer request" (runtime 2.0).
const OLD = [
%(old)s];
const SAID = %(said)s;
function lead(status, to) {
  const found = {'cache-control': {value: SAID[status]},
    'access-control-allow-origin': {value: '*'}};
  if (to) found.location = {value: to};
  return {statusCode: status, headers: found};
}
function handler(event) {
  const request = event.request;
  const plain = request.uri.replace(/%%([0-9a-f]{2})/gi,
    (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  if (plain.includes(%(private)s)) return lead(404);
  if (request.uri === %(index)s) return lead(301, %(mount)s);
  for (let i = 0; i < OLD.length; i++) {
    const fits = OLD[i][0].exec(request.uri);
    const to = OLD[i][2];
    if (fits) return lead(OLD[i][1], to && to.replace(/\\$(\\d)/g, (_, n) => fits[n]));
  }
  if (request.uri === %(mount)s) request.uri = %(index)s;
%(variants)s  return request;
}
"""
_VARIANTS = """\
  const sent = request.headers['accept-encoding'];
  const said = sent ? sent.value : '';
  if (/^[^?]*\\.(?:%(coded)s)$/.test(request.uri)) {
    %(choices)s
  }
"""
_CHOICE = r"if (/(?:^|[ ,])%s(?! *; *q=0(?:\.0*)?(?: *,|$))/.test(said)) request.uri += '%s';"


def configure(rules: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """Return the function of the site, and the steps left to do by hand."""
    safe, conflicting = without_conflicts(rules.redirects, rules.names, rules.names | {NOT_FOUND})
    folded = {name.casefold() for name in rules.names}
    lines = [_line(rules, redirect, folded) for redirect in safe]
    fitting = list(lines)
    while len(body := _function(rules, fitting, codings)) > MOST_BYTES and fitting:
        fitting.pop()
    limitations = (
        *_limitations(rules, codings, lines[len(fitting) :]),
        *conflict_limitations("The function", conflicting),
    )
    return HostFiles({NAME: body}, limitations)


def _function(rules: HostRules, lines: list[str], codings: tuple[str, ...]) -> bytes:
    statuses = sorted({redirect.status for redirect in rules.redirects} | {301})
    caching = {str(status): headers.redirect_caching(status)[0][1] for status in statuses}
    mount = rules.path
    values = {
        "old": "".join(f"  {line},\n" for line in lines),
        "said": json.dumps({**caching, "404": "no-store"}),
        "private": json.dumps(f"/{PRIVATE}"),
        "variants": _variants(rules, codings),
        "mount": json.dumps(mount),
        "index": json.dumps(f"{mount}index.html"),
    }
    return (_FUNCTION % values).encode()


def _variants(rules: HostRules, codings: tuple[str, ...]) -> str:
    """Return the choice of a precompressed variant: every feed has all of them, however small."""
    if not codings:
        return ""
    choices = "\n    else ".join(_CHOICE % (coding, SUFFIXES[coding]) for coding in codings)
    return _VARIANTS % {
        "coded": "|".join(group.extension for group in rules.groups_of("feed")),
        "choices": choices,
    }


def _line(rules: HostRules, redirect: RedirectRule, folded: Collection[str]) -> str:
    """Return a redirect in JavaScript: regular expression, status, target.

    It ignores case, unless a path of a document differs only in case; `folded` are those paths.
    """
    flags = "" if matches(redirect.source.casefold(), folded) else "i"
    expression = f"{re.escape(rules.path)}{url_regex(redirect)}".replace("/", r"\/")
    target = location(redirect, rules.path, lambda number, _: f"${number}")
    return f"[/^{expression}\\/*$/{flags}, {redirect.status}, {json.dumps(target)}]"


def _limitations(rules: HostRules, codings: tuple[str, ...], omitted: list[str]) -> Iterator[str]:
    yield (
        f"S3 has no redirects, no 410 and no content negotiation: install {NAME} as a "
        f"CloudFront Function at viewer request. With{'out it' if codings else ' no codings'} "
        "CloudFront sends Atom and JSON feeds uncompressed."
    )
    yield (
        "Set CORS, Content-Security-Policy and Vary: Accept-Encoding in a response headers policy: "
        "an object carries only its Content-Type, Cache-Control and Content-Encoding."
    )
    yield f"Set {rules.path}{NOT_FOUND} as the error page for 403 and 404, with status 404."
    yield "CloudFront sends no Link header (hub, self); both are in the feeds."
    if omitted:
        yield (
            f"A CloudFront Function has at most {MOST_BYTES:,} bytes: {len(omitted):,} redirects "
            f"are left out, such as {omitted[0]}."
        )
