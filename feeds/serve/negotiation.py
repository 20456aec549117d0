"""Content negotiation: the encoding that an Accept-Encoding asks for. No I/O."""

import re
from collections.abc import Collection

from feeds.util.compression import CODINGS, IDENTITY

_WEIGHT = re.compile(r"[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Ignore everything after this many members; no legitimate client sends more.
_MAX_MEMBERS = 32


def choose(accepted: str | None, available: Collection[str]) -> str:
    """Return the encoding for an Accept-Encoding (RFC 9110 §12.5.3): one `available`, or identity.

    The one with the highest weight, in the order of preference of `CODINGS`. Identity if the field
    is missing or empty, because simple clients decode nothing; also if nothing available is
    acceptable: better than 406, which would leave a reader without its feed.
    """
    if not accepted:
        return IDENTITY
    weights = _weights(accepted)
    wildcard = weights.get("*", 0.0)
    # Identity is acceptable unless it is refused, but listed encodings are preferred to it.
    identity_weight = weights.get(IDENTITY, wildcard if "*" in weights else 0.001)
    best, best_weight = IDENTITY, identity_weight
    for coding in reversed(CODINGS):
        weight = weights.get(coding, wildcard)
        if weight and weight >= best_weight and coding in available:
            best, best_weight = coding, weight
    return best


def _weights(accepted: str) -> dict[str, float]:
    """Return the weight of each encoding, by its lowercase name; skip invalid members."""
    weights: dict[str, float] = {}
    for member in accepted.split(",", _MAX_MEMBERS)[:_MAX_MEMBERS]:
        name, *parameters = (part.strip() for part in member.split(";"))
        if not _TOKEN.fullmatch(name):
            continue
        matches = [_WEIGHT.fullmatch(parameter) for parameter in parameters]
        weight = float(matches[0][1]) if matches and matches[0] else 1.0 if not matches else None
        if weight is not None:
            name = name.lower()
            weights.setdefault(name.removeprefix("x-") if name == "x-gzip" else name, weight)
    return weights
