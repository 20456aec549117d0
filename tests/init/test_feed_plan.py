"""The feeds of a new feeds.yaml: the old ones, and families where they make sense."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from feeds.init import feed_plan
from feeds.init.findings import Findings, OldFeed
from feeds.init.trial import Trial
from feeds.model.document import Format
from feeds.model.entry import Entry

FORMATS: tuple[tuple[str, Format], ...] = (("xml", "atom"), ("json", "json"))


def planned(*old: OldFeed, trial: Trial | None = None, preset: Any = None) -> dict[str, Any]:
    findings = Findings(
        preset=preset, generator="", evidence=(), root=Path(), title="X", old_feeds=old
    )
    text = feed_plan.plan(findings, trial or Trial()).text()
    data: dict[str, Any] = yaml.safe_load(text)
    return data


def with_topics(**topics: int) -> Trial:
    return Trial(topics=Counter(topics))


def test_without_old_feeds_there_is_one_of_everything() -> None:
    assert planned() == {"feeds": [{"path": "all", "title": "{site}", "size": 20}]}


def test_the_main_feed_has_the_old_size_and_title_and_the_old_address_moves() -> None:
    plan = planned(OldFeed("blog/feed.xml", "atom", 10, "News of X"))
    assert plan["feeds"] == [{"path": "all", "title": "News of X", "size": 10}]
    assert plan["moved"] == {"blog/feed.xml": "all.atom"}


def test_a_feed_of_all_entries_has_the_largest_size() -> None:
    assert planned(OldFeed("feed.xml", "rss"))["feeds"][0]["size"] == 1000


@pytest.mark.parametrize(
    ("old", "path"),
    [
        ("feed.json", "feed"),
        ("blog/index.rss", "blog/index"),
        ("feed.xml", "all"),
        ("index.atom", "all"),
    ],
)
def test_an_address_that_can_stay_stays(old: str, path: str) -> None:
    format_: Any = old.rpartition(".")[2].replace("xml", "rss")
    plan = planned(OldFeed(old, format_, 5))
    assert plan["feeds"][0]["path"] == path
    assert ("moved" in plan) == (path == "all")


def test_a_term_that_had_a_feed_has_one() -> None:
    old = OldFeed("tags/maps/index.xml", "rss", 10, term=("topic", "Maps"))
    trial = Trial(topics=Counter({"maps": 1, "tides": 1}), entries=entries(2))
    plan = planned(OldFeed("feed.xml", "rss", 10), old, trial=trial)
    assert plan["feeds"][1] == {
        "path": "topics/maps", "title": "{site}: Maps", "size": 10, "select": {"topic": "maps"},
    }  # fmt: skip
    assert plan["moved"]["tags/maps/index.xml"] == "topics/maps.rss"


def test_the_feeds_of_one_term_in_several_formats_become_one() -> None:
    old = [
        OldFeed(f"en/feed.{extension}", format_, 9, term=("language", "en"))
        for extension, format_ in FORMATS
    ]
    trial = Trial(languages=Counter({"en": 1, "it": 1}), entries=entries(2))
    plan = planned(*old, trial=trial)
    assert [feed["path"] for feed in plan["feeds"]] == ["all", "en/feed"]
    assert plan["moved"] == {"en/feed.xml": "en/feed.atom"}


def test_a_term_without_an_entry_has_no_feed() -> None:
    plan = planned(OldFeed("ca/feed.xml", "rss", 10, term=("language", "ca")))
    assert len(plan["feeds"]) == 1


def test_a_feed_of_a_term_that_all_entries_have_is_the_main_feed() -> None:
    old = OldFeed("en/feed.xml", "rss", 7, term=("language", "en-US"))
    plan = planned(old, trial=Trial(languages=Counter({"en-US": 3}), entries=entries(3)))
    assert plan["feeds"] == [{"path": "all", "title": "{site}", "size": 7}]
    assert plan["moved"] == {"en/feed.xml": "all.rss"}


def test_topics_on_many_articles_have_a_family_with_a_least_number() -> None:
    plan = planned(trial=with_topics(a=9, b=5, c=1))
    family = {"path": "topics/{topic}", "title": "{site}: {topic}", "each": "topic", "min": 5}
    assert plan["feeds"][1] == family


@pytest.mark.parametrize("topics", [{"a": 9, "b": 1, "c": 1}, {"a": 4, "b": 4}])
def test_topics_on_single_or_few_articles_have_no_family(topics: dict[str, int]) -> None:
    assert len(planned(trial=with_topics(**topics))["feeds"]) == 1


def test_the_addresses_of_an_old_family_move_to_the_new_one() -> None:
    old = OldFeed("tags/{topic}/index.xml", "rss", field="topic")
    plan = planned(old, trial=with_topics(a=9, b=7))
    assert plan["moved"] == {"tags/{topic}/index.xml": "topics/{topic}.rss"}


def test_further_addresses_of_a_known_generator_redirect() -> None:
    assert planned(preset="jekyll")["replaces"] == ["jekyll"]
    assert "replaces" not in planned(preset="plain")


def entries(number: int) -> list[Entry]:
    entry: Any = None
    return [entry] * number
