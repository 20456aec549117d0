"""Which topics are due, and how an answer changes the state of a topic and its hub."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.catalogue.records import HubState, TopicState
from feeds.websub.schedule import TRIES, Answer, Ping, hub_after, next_try, plan_pings, topic_after

NOW = 1_700_000_000
OK, UNREACHABLE = Answer(204), Answer(None, "refused")
URL = "https://example.org/all.rss"


def due(topics: dict[str, str], known: dict[str, TopicState]) -> list[str]:
    return [ping.topic for ping in plan_pings(HubState(), topics, known, NOW).pings]


@pytest.mark.rule("W5")
def test_changed_new_and_removed_topics_are_due() -> None:
    known = {"same": TopicState("1"), "changed": TopicState("1"), "gone": TopicState("1")}
    assert due({"same": "1", "changed": "2", "new": "1"}, known) == ["changed", "gone", "new"]


def test_everything_includes_unchanged_and_waiting_topics() -> None:
    known = {"a": TopicState("1"), "b": TopicState("0", 3, NOW + 60)}
    plan = plan_pings(HubState(2, NOW + 60), {"a": "1", "b": "1"}, known, NOW, everything=True)
    assert [ping.topic for ping in plan.pings] == ["a", "b"]


def test_failed_topic_is_due_later_and_comes_last() -> None:
    known = {"a": TopicState("0", 2, NOW), "b": TopicState("0", 1, NOW + 9), "c": TopicState("0")}
    plan = plan_pings(HubState(), dict.fromkeys("abc", "1"), known, NOW)
    assert [ping.topic for ping in plan.pings] == ["c", "a"]
    assert next_try(HubState(), plan.waiting) == NOW + 9


def test_failing_hub_gets_nothing_until_its_time() -> None:
    hub = HubState(1, NOW + 30)
    plan = plan_pings(hub, {"a": "1"}, {}, NOW)
    assert plan.pings == []
    assert next_try(hub, plan.waiting) == NOW + 30
    assert [ping.topic for ping in plan_pings(hub, {"a": "1"}, {}, NOW + 30).pings] == ["a"]


@pytest.mark.rule("W7")
def test_accepted_topics_are_recorded_and_removed_topics_forgotten() -> None:
    assert topic_after(Ping(URL, "2", TopicState("1", 4, NOW)), OK, NOW, 0.5) == TopicState("2")
    assert topic_after(Ping(URL, "", TopicState("1")), OK, NOW, 0.5) is None


@given(st.integers(0, TRIES - 2), st.floats(0, 1), st.integers(0, 10**7))
def test_intervals_grow_and_respect_retry_after(
    tries: int, chance: float, retry_after: int
) -> None:
    after = topic_after(
        Ping(URL, "2", TopicState("1", tries, 0)), Answer(500, "", retry_after), NOW, chance
    )
    assert after is not None
    assert (after.digest, after.tries) == ("1", tries + 1)
    interval = min(3_600, 30 * 2**tries)
    assert (
        max(interval // 2, min(retry_after, 86_400))
        <= after.due - NOW
        <= max(interval, min(retry_after, 86_400))
    )


@pytest.mark.rule("W7")
@pytest.mark.parametrize("status", [None, 302, 400, 404, 429, 500, 503])
def test_change_is_given_up_after_the_last_attempt(status: int | None) -> None:
    ping = Ping(URL, "2", TopicState("1", TRIES - 1, NOW))
    assert topic_after(ping, Answer(status), NOW, 0) == TopicState("2")


def test_all_attempts_take_about_a_day() -> None:
    known, now = TopicState("1"), NOW
    for _ in range(TRIES - 1):
        after = topic_after(Ping(URL, "2", known), UNREACHABLE, now, 0.5)
        assert after is not None
        known, now = after, after.due
    assert 14 * 3600 <= now - NOW <= 30 * 3600


def test_hub_pauses_after_failures_and_recovers_after_a_success() -> None:
    assert hub_after(HubState(3, 0), [OK, Answer(400)], NOW, 0) == HubState(0, 0)
    assert hub_after(HubState(3, 0), [Answer(400)], NOW, 0) == HubState(3, 0)
    assert hub_after(HubState(3, 0), [UNREACHABLE], NOW, 1) == HubState(4, NOW + 240)
    assert hub_after(HubState(3, 0), [OK, Answer(429, "", 99)], NOW, 0) == HubState(1, NOW + 99)
