"""WebSub: what has to be told to a hub, and what follows from its answer. Pure; no I/O, no clock.

Nothing is queued. A hub has been told of a feed URL (its topic, WebSub §4.1) with the digest that
the feed had then; where the feed has another one now, a ping is due. Times are whole seconds.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from feeds.catalogue.records import HubState, TopicState

# A ping is given up after so many tries: 30 s, 1 min, 2 min, ..., then each hour, about a day.
TRIES = 30
_FIRST, _LONGEST = 30, 3_600
# However long a hub asks to be left alone.
_MOST = 86_400


class Ping(msgspec.Struct, frozen=True):
    """A topic to tell a hub of. `digest` is that of the feed, empty for one that is gone."""

    topic: str
    digest: str
    state: TopicState


class Answer(msgspec.Struct, frozen=True):
    """What a hub answered: a status, or None if nothing came; what it said; its Retry-After."""

    status: int | None
    message: str = ""
    retry_after: int = 0

    @property
    def accepted(self) -> bool:
        """Whether the hub has taken the ping. It says no more than that."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def unavailable(self) -> bool:
        """Whether the hub takes nothing at all just now."""
        return self.status in (None, 429, 503)


class PingPlan(msgspec.Struct, frozen=True):
    """The pings that are due, those that failed first come last; and those that wait."""

    pings: Sequence[Ping]
    waiting: Sequence[Ping]


class Failure(msgspec.Struct, frozen=True):
    """A feed URL that a hub did not take, and why."""

    topic: str
    why: str


class HubReport(msgspec.Struct, frozen=True):
    """What became of the pings of one hub.

    `waiting` counts feed URLs of which it must still be told, the failed ones included, `next_try`
    (seconds since 1970) is when. `given_up` counts those of which it will not be told any more.
    `first` means that it is new, so that all there is counts as told.
    """

    hub: str
    sent: int
    failed: int
    given_up: int
    waiting: int
    next_try: int | None
    first: bool
    failures: tuple[Failure, ...]


def plan_pings(
    hub: HubState,
    topics: Mapping[str, str],
    states: Mapping[str, TopicState],
    now: int,
    *,
    everything: bool = False,
) -> PingPlan:
    """What a hub has to be told at the time `now`, with `topics` as digests by URL.

    A topic that is gone is told once more, for the hub to see where it moved (WebSub §6.1).
    `everything` takes unchanged topics too, and waits for nothing.
    """
    fresh = TopicState("")
    pings = [Ping(url, digest, states.get(url, fresh)) for url, digest in topics.items()]
    pings += [Ping(url, "", states[url]) for url in states.keys() - topics.keys()]
    pings.sort(key=lambda ping: (ping.state.tries, ping.topic))
    if everything:
        return PingPlan(pings, ())
    changed = [ping for ping in pings if ping.digest != ping.state.digest or not ping.digest]
    due = [ping for ping in changed if max(hub.due, ping.state.due) <= now]
    return PingPlan(due, [ping for ping in changed if max(hub.due, ping.state.due) > now])


def next_try(hub: HubState, waiting: Iterable[Ping]) -> int | None:
    """When the first of the waiting pings is due; None if none waits."""
    return min((max(hub.due, ping.state.due) for ping in waiting), default=None)


def topic_after(ping: Ping, answer: Answer, now: int, chance: float) -> TopicState | None:
    """What to remember of a topic after an answer; None to forget one that is gone.

    `chance` (0 to 1) spreads tries over time.
    """
    tries = ping.state.tries + 1
    if answer.accepted or tries >= TRIES:
        return TopicState(ping.digest) if ping.digest else None
    return TopicState(ping.state.digest, tries, now + _pause(tries, answer.retry_after, chance))


def hub_after(hub: HubState, answers: Sequence[Answer], now: int, chance: float) -> HubState:
    """The state of a hub after it gave these answers, some of them at the same time."""
    tries = 0 if any(answer.accepted for answer in answers) else hub.tries
    closed = [answer.retry_after for answer in answers if answer.unavailable]
    if not closed:
        return HubState(tries, 0)
    return HubState(tries + 1, now + _pause(tries + 1, max(closed), chance))


def _pause(tries: int, asked: int, chance: float) -> int:
    """Seconds until the next try: twice as many each time, at least what the hub asked for."""
    grown = min(_LONGEST, _FIRST << (tries - 1))
    return min(_MOST, max(asked, round(grown * (1 + chance) / 2)))
