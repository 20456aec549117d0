"""Content codings: which one a client gets, and the bytes of a body in it. Pure; no I/O."""

import re
from collections.abc import Collection

from feeds.util.compression import CODINGS, IDENTITY

_WEIGHT = re.compile(r"[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# An Accept-Encoding of more members is no honest one; what stands behind them is not read.
_MEMBERS = 32


def choose(accepted: str | None, available: Collection[str]) -> str:
    """Which of the `available` codings answers an Accept-Encoding (RFC 9110 §12.5.3), or identity.

    The one of the highest weight, by our preference where several have it. Without the field, or
    with an empty one, it is identity: simple clients can decode nothing. Where nothing available
    is acceptable it is identity too, and never 406: a reader that asks strangely is served.
    """
    if not accepted:
        return IDENTITY
    weights = _weights(accepted)
    others = weights.get("*", 0.0)
    # Identity is acceptable unless it is refused, but a coding that is listed is preferred to it.
    plain = weights.get(IDENTITY, others if "*" in weights else 0.001)
    best, most = IDENTITY, plain
    for coding in reversed(CODINGS):
        weight = weights.get(coding, others)
        if weight and weight >= most and coding in available:
            best, most = coding, weight
    return best


def _weights(accepted: str) -> dict[str, float]:
    """The weight that each coding is given, by its small name; members that are none left out."""
    weights: dict[str, float] = {}
    for member in accepted.split(",", _MEMBERS)[:_MEMBERS]:
        name, *parameters = (part.strip() for part in member.split(";"))
        if not _TOKEN.fullmatch(name):
            continue
        found = [_WEIGHT.fullmatch(each) for each in parameters]
        weight = float(found[0][1]) if found and found[0] else 1.0 if not found else None
        if weight is not None:
            name = name.lower()
            weights.setdefault(name.removeprefix("x-") if name == "x-gzip" else name, weight)
    return weights
