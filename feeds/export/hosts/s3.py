"""S3 behind CloudFront: a function for the edge; headers are set with each upload. Pure; no I/O."""

import json
import re
from collections.abc import Collection, Iterator

from feeds.config.site import PRIVATE
from feeds.export.hosts.base import HostFiles, conflict_limitations
from feeds.export.hosts.redirects import RedirectRule, fits, location, url_regex, without_conflicts
from feeds.export.hosts.rules import NOT_FOUND, HostRules
from feeds.render import headers
from feeds.util.compression import SUFFIXES

NAME = f"{PRIVATE}cloudfront.js"
# docs.aws.amazon.com: quotas on CloudFront Functions.
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


def make(plan: HostRules, codings: tuple[str, ...]) -> HostFiles:
    """The function of the site, and what is to be set by hand."""
    told, lost = without_conflicts(plan.redirects, plan.names, plan.names | {NOT_FOUND})
    folded = {name.casefold() for name in plan.names}
    rules = [_rule(plan, old, folded) for old in told]
    kept = list(rules)
    while len(body := _function(plan, kept, codings)) > MOST_BYTES and kept:
        kept.pop()
    said = [*_said(plan, codings, rules[len(kept) :]), *conflict_limitations("The function", lost)]
    return HostFiles({NAME: body}, tuple(said))


def _function(plan: HostRules, rules: list[str], codings: tuple[str, ...]) -> bytes:
    statuses = sorted({old.status for old in plan.redirects} | {301})
    said = {str(each): headers.redirect_caching(each)[0][1] for each in statuses}
    mount = plan.path
    values = {
        "old": "".join(f"  {rule},\n" for rule in rules),
        "said": json.dumps({**said, "404": "no-store"}),
        "private": json.dumps(f"/{PRIVATE}"),
        "variants": _variants(plan, codings),
        "mount": json.dumps(mount),
        "index": json.dumps(f"{mount}index.html"),
    }
    return (_FUNCTION % values).encode()


def _variants(plan: HostRules, codings: tuple[str, ...]) -> str:
    """The choice of a precompressed variant: all feeds have all, for even the smallest shrinks."""
    if not codings:
        return ""
    choices = "\n    else ".join(_CHOICE % (coding, SUFFIXES[coding]) for coding in codings)
    return _VARIANTS % {
        "coded": "|".join(group.extension for group in plan.groups_of("feed")),
        "choices": choices,
    }


def _rule(plan: HostRules, old: RedirectRule, folded: Collection[str]) -> str:
    """An old path as the function has it: expression, status, target.

    Whatever its capitals, unless it is a document's path with others: `folded` are those.
    """
    flags = "" if fits(old.source.casefold(), folded) else "i"
    expression = f"{re.escape(plan.path)}{url_regex(old)}".replace("/", r"\/")
    to = location(old, plan.path, lambda number, _: f"${number}")
    return f"[/^{expression}\\/*$/{flags}, {old.status}, {json.dumps(to)}]"


def _said(plan: HostRules, codings: tuple[str, ...], left_out: list[str]) -> Iterator[str]:
    yield (
        f"S3 has no redirects, no 410 and no choice of codings of its own: {NAME} does it as a "
        f"CloudFront Function at viewer request. With{'out it' if codings else ' no codings'} "
        "CloudFront sends Atom and JSON feeds uncompressed."
    )
    yield (
        "Set CORS, Content-Security-Policy and Vary: Accept-Encoding in a response headers policy: "
        "an object carries only its Content-Type, Cache-Control and Content-Encoding."
    )
    yield f"Show {plan.path}{NOT_FOUND} for 403 and 404, with the status 404."
    yield "CloudFront sends no Link header (hub, self); both are in the feeds."
    if left_out:
        yield (
            f"A CloudFront Function holds {MOST_BYTES:,} bytes: {len(left_out):,} old addresses "
            f"are left out of it, {left_out[0]} among them."
        )
