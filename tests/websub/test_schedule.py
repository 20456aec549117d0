"""What is due, and what follows from an answer: the pure half of WebSub."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.catalogue.records import HubState, TopicState
from feeds.websub.schedule import TRIES, Answer, Ping, hub_after, next_try, plan_pings, topic_after

NOW = 1_700_000_000
OK, AWAY = Answer(204), Answer(None, "refused")
URL = "https://example.org/all.rss"


def due(topics: dict[str, str], told: dict[str, TopicState]) -> list[str]:
    return [ping.topic for ping in plan_pings(HubState(), topics, told, NOW).pings]


def test_w5_due_is_what_changed_or_is_new_or_is_gone_and_none_else() -> None:
    told = {"same": TopicState("1"), "changed": TopicState("1"), "gone": TopicState("1")}
    assert due({"same": "1", "changed": "2", "new": "1"}, told) == ["changed", "gone", "new"]


def test_everything_takes_what_did_not_change_and_waits_for_nothing() -> None:
    told = {"a": TopicState("1"), "b": TopicState("0", 3, NOW + 60)}
    made = plan_pings(HubState(2, NOW + 60), {"a": "1", "b": "1"}, told, NOW, everything=True)
    assert [ping.topic for ping in made.pings] == ["a", "b"]


def test_a_failed_topic_waits_for_its_time_and_comes_last() -> None:
    told = {"a": TopicState("0", 2, NOW), "b": TopicState("0", 1, NOW + 9), "c": TopicState("0")}
    made = plan_pings(HubState(), dict.fromkeys("abc", "1"), told, NOW)
    assert [ping.topic for ping in made.pings] == ["c", "a"]
    assert next_try(HubState(), made.waiting) == NOW + 9


def test_a_hub_that_takes_nothing_is_left_alone() -> None:
    hub = HubState(1, NOW + 30)
    made = plan_pings(hub, {"a": "1"}, {}, NOW)
    assert made.pings == []
    assert next_try(hub, made.waiting) == NOW + 30
    assert [ping.topic for ping in plan_pings(hub, {"a": "1"}, {}, NOW + 30).pings] == ["a"]


def test_w7_what_is_received_is_told_and_a_gone_topic_is_forgotten() -> None:
    assert topic_after(Ping(URL, "2", TopicState("1", 4, NOW)), OK, NOW, 0.5) == TopicState("2")
    assert topic_after(Ping(URL, "", TopicState("1")), OK, NOW, 0.5) is None


@given(st.integers(0, TRIES - 2), st.floats(0, 1), st.integers(0, 10**7))
def test_tries_grow_apart_honour_retry_after_and_end(tries: int, chance: float, asked: int) -> None:
    after = topic_after(
        Ping(URL, "2", TopicState("1", tries, 0)), Answer(500, "", asked), NOW, chance
    )
    assert after is not None
    assert (after.digest, after.tries) == ("1", tries + 1)
    grown = min(3_600, 30 * 2**tries)
    assert max(grown // 2, min(asked, 86_400)) <= after.due - NOW <= max(grown, min(asked, 86_400))


@pytest.mark.parametrize("status", [None, 302, 400, 404, 429, 500, 503])
def test_after_the_last_try_a_change_counts_as_told(status: int | None) -> None:
    ping = Ping(URL, "2", TopicState("1", TRIES - 1, NOW))
    assert topic_after(ping, Answer(status), NOW, 0) == TopicState("2")


def test_all_tries_take_about_a_day() -> None:
    told, now = TopicState("1"), NOW
    for _ in range(TRIES - 1):
        after = topic_after(Ping(URL, "2", told), AWAY, now, 0.5)
        assert after is not None
        told, now = after, after.due
    assert 14 * 3600 <= now - NOW <= 30 * 3600


def test_a_hub_rests_where_it_takes_nothing_and_is_well_after_any_success() -> None:
    assert hub_after(HubState(3, 0), [OK, Answer(400)], NOW, 0) == HubState(0, 0)
    assert hub_after(HubState(3, 0), [Answer(400)], NOW, 0) == HubState(3, 0)
    assert hub_after(HubState(3, 0), [AWAY], NOW, 1) == HubState(4, NOW + 240)
    assert hub_after(HubState(3, 0), [OK, Answer(429, "", 99)], NOW, 0) == HubState(1, NOW + 99)
