"""Which topics a WebSub hub must be notified of, and when. Pure; no I/O, no clock.

There is no queue. The catalogue stores, for each hub and feed URL (its topic, WebSub section 4.1),
the digest that the feed had when the hub was last notified; if the feed has another digest now, a
ping is due. Times are whole seconds since 1970.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from feeds.catalogue.records import HubState, TopicState

# Tries before a ping is given up: after 30 s, 1 min, 2 min, ..., then hourly, about a day.
TRIES = 30
_FIRST, _LONGEST = 30, 3_600
# The longest pause in seconds that a hub can ask for.
_MOST = 86_400


class Ping(msgspec.Struct, frozen=True):
    """A topic to notify a hub of. `digest` is that of the feed, empty if the feed is gone."""

    topic: str
    digest: str
    state: TopicState


class Answer(msgspec.Struct, frozen=True):
    """The answer of a hub: status (None without one), message, and Retry-After in seconds."""

    status: int | None
    message: str = ""
    retry_after: int = 0

    @property
    def accepted(self) -> bool:
        """True if the hub accepted the ping, which is all that its answer means."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def unavailable(self) -> bool:
        """True if the hub accepts no pings at the moment."""
        return self.status in (None, 429, 503)


class PingPlan(msgspec.Struct, frozen=True):
    """The pings that are due, those that failed before last; and those that must wait."""

    pings: Sequence[Ping]
    waiting: Sequence[Ping]


class Failure(msgspec.Struct, frozen=True):
    """A feed URL that a hub did not accept, and the reason."""

    topic: str
    why: str


class HubReport(msgspec.Struct, frozen=True):
    """The outcome of the pings of one hub.

    `waiting` counts the feed URLs still to be sent, including those that failed; `next_try` is
    when, in seconds since 1970. `given_up` counts those that will not be sent any more. `first`
    is True for a new hub, for which all current feeds count as sent.
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
    """Return the pings for a hub at the time `now`; `topics` maps URLs to digests.

    A topic that is gone is sent once more, so that the hub sees where it moved (WebSub section
    6.1). `everything` includes unchanged topics, and ignores pauses.
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
    """Return when the first of the waiting pings is due; None if none waits."""
    return min((max(hub.due, ping.state.due) for ping in waiting), default=None)


def topic_after(ping: Ping, answer: Answer, now: int, chance: float) -> TopicState | None:
    """Return the state to store for a topic after an answer; None to forget one that is gone.

    `chance` (0 to 1) spreads tries over time.
    """
    tries = ping.state.tries + 1
    if answer.accepted or tries >= TRIES:
        return TopicState(ping.digest) if ping.digest else None
    return TopicState(ping.state.digest, tries, now + _pause(tries, answer.retry_after, chance))


def hub_after(hub: HubState, answers: Sequence[Answer], now: int, chance: float) -> HubState:
    """Return the state of a hub after it gave these answers, some of them concurrently."""
    tries = 0 if any(answer.accepted for answer in answers) else hub.tries
    closed = [answer.retry_after for answer in answers if answer.unavailable]
    if not closed:
        return HubState(tries, 0)
    return HubState(tries + 1, now + _pause(tries + 1, max(closed), chance))


def _pause(tries: int, asked: int, chance: float) -> int:
    """Return the seconds until the next try: doubled each time, but at least as the hub asked."""
    grown = min(_LONGEST, _FIRST << (tries - 1))
    return min(_MOST, max(asked, round(grown * (1 + chance) / 2)))
