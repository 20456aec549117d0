"""Families of feeds whose paths can collide, depending on the terms of articles. No I/O."""

import re
from itertools import combinations

from feeds.config.definitions import problem_at, vagueness
from feeds.config.settings import PLACEHOLDER
from feeds.config.site import FeedSpec, Site
from feeds.errors import Problem

_TERM = r"(?:[^\W_]|-)+"
_IN_TERM = re.compile(rf"(?:{_TERM})?")


def _colliding_pairs(site: Site) -> list[tuple[FeedSpec, FeedSpec]]:
    """The pairs of families, in order, that can have a path in common."""
    families = [spec for spec in site.feeds if spec.each]
    return [pair for pair in combinations(families, 2) if _may_collide(*(s.path for s in pair))]


def _may_collide(left: str, right: str) -> bool:
    """Return whether two path patterns can give the same path; a term never contains `/`."""
    segments = [path.casefold().split("/") for path in (left, right)]
    return len(segments[0]) == len(segments[1]) and all(map(_segments_may_collide, *segments))


def _segments_may_collide(left: str, right: str) -> bool:
    if left == right:
        return True
    parts = [PLACEHOLDER.split(segment) for segment in (left, right)]
    for literal, pattern in (parts, parts[::-1]):
        if len(literal) == 1:
            regex = _TERM.join(map(re.escape, pattern[::2]))
            return re.fullmatch(regex, literal[0]) is not None
    # Both have placeholders: the terms can make the middle equal, so compare starts and ends.
    starts, ends = ([part[index] for part in parts] for index in (0, -1))
    short_start, long_start = sorted(starts, key=len)
    short_end, long_end = sorted(ends, key=len)
    return (
        long_start.startswith(short_start)
        and long_end.endswith(short_end)
        and _IN_TERM.fullmatch(long_start.removeprefix(short_start)) is not None
        and _IN_TERM.fullmatch(long_end.removesuffix(short_end)) is not None
    )


def possible_collisions(site: Site) -> list[Problem]:
    """A problem for each family whose feeds can lose their paths to another family."""
    problems = []
    for pair in _colliding_pairs(site):
        winner, loser = sorted(pair, key=lambda spec: vagueness(spec.path))
        message = (
            f"{loser.path!r} can give a path of {winner.path!r} ({winner.where}), depending on the "
            "terms of articles; start one of them with another segment, such as "
            f"{'-'.join(loser.each)}/{loser.path}"
        )
        problems.append(problem_at(loser.where, message))
    return problems
