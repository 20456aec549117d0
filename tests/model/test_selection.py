"""Selections: their language, the predicate, and the equivalent SQL."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.catalogue import schema, selection_sql
from feeds.catalogue.catalogue import Catalogue
from feeds.catalogue.records import EntryChange
from feeds.config.definitions import FeedDefinition
from feeds.config.feed_settings import Topic
from feeds.config.settings import SiteSettings
from feeds.config.site import Site
from feeds.model.document import Caching
from feeds.model.entry import Entry, Provider, content_hash
from feeds.model.selection import (
    EVERYTHING,
    NUMBER_FIELDS,
    TERM_FIELDS,
    Age,
    All,
    AnyOf,
    Folder,
    Not,
    Range,
    Selection,
    TermField,
    Terms,
    ages,
    matches,
    parse,
)

NOW = datetime(2024, 6, 15, 12, tzinfo=UTC)
SITE = Site(
    settings=SiteSettings(
        id="tag:example.org,2026:", url="https://example.org/", title="Example", inherit_topics=True
    ),
    root=Path(),
    topics={"ml": Topic("ML", parent="AI"), "ai": Topic("AI", parent="Science")},
    topic_ids={},
    providers={},
    feeds=(),
)

NAMES = ("AI", "ML", "Science", "News", "en", "de-AT")
SLUGS = ("ai", "ml", "science", "news", "en", "de-at", "example")
# Folders whose names are prefixes of each other, or special in patterns of SQL.
folders = st.sampled_from(["", "blog/", "blog/en/", "blogs/", "b_og/", "Blog/"])
numbers = st.integers(-3, 3) | st.sampled_from([2**63 - 1, -(2**63) + 1])
names = st.sampled_from(NAMES)
seconds_ago = st.integers(-5, 5)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    published = NOW - timedelta(seconds=draw(seconds_ago))
    number = draw(st.integers(0, 10**12))
    return Entry(
        id=f"tag:example.org,2026:{number}",
        path=f"{draw(folders)}{number}.md",
        title="A title",
        link="https://example.org/a",
        published=published,
        updated=published,
        category=draw(st.none() | names),
        type=draw(st.none() | names),
        provider=draw(st.none() | st.just(Provider("Example", "example"))),
        language=draw(st.none() | names),
        topics=tuple(draw(st.lists(names, max_size=3, unique=True))),
        quality=draw(numbers),
        heat=draw(numbers),
    )


leaves: st.SearchStrategy[Selection] = st.one_of(
    st.builds(
        Terms,
        st.sampled_from(TERM_FIELDS),
        st.lists(st.sampled_from(SLUGS), min_size=1, max_size=2, unique=True).map(tuple),
    ),
    st.builds(Range, st.sampled_from(NUMBER_FIELDS), st.none() | numbers, st.none() | numbers),
    st.builds(Age, st.integers(0, 5)),
    st.builds(
        Folder,
        st.lists(st.sampled_from(["blog", "blog/en", "b_og"]), min_size=1, max_size=2).map(tuple),
    ),
)
selections = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.builds(All, st.lists(parts, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(parts, max_size=3).map(tuple)),
        st.builds(Not, parts),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    file = tmp_path_factory.mktemp("selection") / "catalogue.sqlite"
    with closing(Catalogue(f"sqlite:///{file}")) as opened:
        yield opened


def store(catalogue: Catalogue, stored: list[Entry]) -> None:
    """Replace the entries of the catalogue, as a build would."""
    with catalogue.connect(write=True) as connection:
        connection.execute(sa.delete(schema.entry))
        connection.execute(sa.delete(schema.membership))
    with catalogue.write() as writer:
        writer.entries.put(
            [EntryChange(entry, None, 0, content_hash(entry), "", "") for entry in stored], SITE
        )


@settings(deadline=None, max_examples=45, derandomize=True)
@given(
    stored=st.lists(entries(), min_size=1, max_size=6, unique_by=lambda entry: entry.id),
    selected=st.lists(selections, min_size=3, max_size=7),
)
def test_sql_selects_the_same_entries_as_the_predicate(
    catalogue: Catalogue, stored: list[Entry], selected: list[Selection]
) -> None:
    store(catalogue, stored)
    for selection in selected:
        with catalogue.connect() as connection:
            query = sa.select(schema.entry.c.id).where(
                selection_sql.condition(selection, int(NOW.timestamp()))
            )
            by_sql = set(connection.scalars(query))
        by_predicate = {entry.id for entry in stored if matches(selection, SITE.facts(entry), NOW)}
        assert by_sql == by_predicate


# Entries of one topic, many with the same date, to test their order.
alike = st.builds(
    lambda entry, seconds: msgspec.structs.replace(
        entry, topics=tuple({*entry.topics, "AI"}), published=NOW - timedelta(seconds=seconds)
    ),
    entries(),
    st.integers(-1, 2),
)
feeds = st.builds(
    FeedDefinition,
    path=st.just("feed"),
    title=st.just("Feed"),
    description=st.just(""),
    selection=selections
    | st.builds(  # as in a family: one topic and the rest
        lambda topic, rest: All((Terms("topic", (topic,)), *rest)),
        st.sampled_from(("ai", "ml", "science")),
        st.just([]) | st.lists(selections, max_size=2),
    ),
    order=st.sampled_from(["date", "heat"]),
    size=st.integers(1, 7),
    caching=st.just(Caching(60)),
)


@settings(deadline=None, max_examples=35, derandomize=True)
@given(
    stored=st.lists(alike, min_size=3, max_size=10, unique_by=lambda entry: entry.id),
    withdrawn=st.sets(st.integers(0, 9), max_size=2),
    defined=st.lists(feeds, min_size=5, max_size=9),
)
def test_feed_shows_the_selected_entries_in_order(
    catalogue: Catalogue, stored: list[Entry], withdrawn: set[int], defined: list[FeedDefinition]
) -> None:
    store(catalogue, stored)
    with catalogue.write() as writer:
        gone = [entry.path for number, entry in enumerate(stored) if number in withdrawn]
        writer.entries.withdraw(
            [entry.seq for entry in writer.entries.remembered(gone).values()], 0
        )
    facts = {entry.id: SITE.facts(entry) for entry in stored}
    with catalogue.read() as reader:
        for feed in defined:
            wanted = [
                entry
                for entry in stored
                if entry.path not in gone
                and entry.published <= NOW
                and matches(feed.selection, facts[entry.id], NOW)
            ]
            wanted.sort(key=lambda entry: entry.id)
            wanted.sort(key=lambda entry: entry.published, reverse=True)
            if feed.order == "heat":
                wanted.sort(key=lambda entry: entry.heat, reverse=True)
            shown = [entry.id for entry in reader.feeds.shown(feed, NOW)]
            assert shown == [entry.id for entry in wanted[: feed.size]]


def make_entry(id_: str, day: int, heat: int = 0) -> Entry:
    published = datetime(2024, 6, day, tzinfo=UTC)
    return Entry(
        id_, f"{id_}.md", "A title", "https://example.org/", published, published, heat=heat
    )


def shown(catalogue: Catalogue, order: str, size: int = 10) -> list[str]:
    feed = FeedDefinition("all", "All", "", EVERYTHING, order, size, 60)  # type: ignore[arg-type]
    with catalogue.read() as reader:
        return [entry.id for entry in reader.feeds.shown(feed, NOW)]


def test_order_is_newest_or_hottest_first_with_ties_by_id(catalogue: Catalogue) -> None:
    stored = [
        make_entry("d", 2, heat=1), make_entry("b", 3), make_entry("a", 3),
        make_entry("c", 1, heat=9), make_entry("e", 4, heat=1), make_entry("f", 2, heat=1),
    ]  # fmt: skip
    store(catalogue, stored)
    assert shown(catalogue, "date") == ["e", "a", "b", "d", "f", "c"]
    assert shown(catalogue, "heat") == ["c", "e", "d", "f", "a", "b"]
    # The order in which entries were stored does not matter.
    store(catalogue, stored[::-1])
    assert shown(catalogue, "date") == ["e", "a", "b", "d", "f", "c"]
    assert shown(catalogue, "heat", size=3) == ["c", "e", "d"]


@pytest.mark.rule("R36")
def test_entry_with_a_future_date_is_not_shown(catalogue: Catalogue) -> None:
    at, after = NOW, NOW + timedelta(seconds=1)
    future = [
        msgspec.structs.replace(make_entry(str(n), 1), published=t)
        for n, t in enumerate((at, after))
    ]
    store(catalogue, future)
    assert shown(catalogue, "date") == ["0"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, EVERYTHING),
        ({"topic": "AI"}, Terms("topic", ("ai",))),
        ({"topic": ["ML", "Artificial Intelligence", "AI"]}, Terms("topic", ("ai", "ml"))),
        ({"provider": "PC Magazine"}, Terms("provider", ("pc-magazine",))),
        ({"folder": "/blog/en/"}, Folder(("blog/en",))),
        ({"folder": ["b", "a"]}, Folder(("a", "b"))),
        ({"quality": 5}, Range("quality", 5)),
        ({"heat": {"max": 3}}, Range("heat", None, 3)),
        ({"age": "2d"}, Age(172_800)),
        ({"age": 90}, Age(90)),
        (
            {"type": "video", "language": "de-AT"},
            All((Terms("type", ("video",)), Terms("language", ("de-at",)))),
        ),
        ({"not": {"type": "video"}}, Not(Terms("type", ("video",)))),
        (
            {"not": [{"type": "video"}, {"quality": 1}]},
            Not(AnyOf((Terms("type", ("video",)), Range("quality", 1)))),
        ),
        (
            {"any": [{"topic": "AI"}, {"all": [{"heat": 1}, {"age": "1h"}]}]},
            AnyOf((Terms("topic", ("ai",)), All((Range("heat", 1), Age(3600))))),
        ),
    ],
)
def test_mapping_is_parsed_as_a_selection(raw: object, expected: Selection) -> None:
    ids = {"artificial-intelligence": "ai", "ai": "ai"}
    assert parse(raw, ids) == expected


@pytest.mark.parametrize(
    ("raw", "key", "value"),
    [
        ("AI", "select", "'AI'"),
        ({"topics": "AI"}, "select.topics", "topic, category"),
        ({"topic": 3}, "select.topic", "3"),
        ({"topic": []}, "select.topic", "[]"),
        ({"topic": ["AI", None]}, "select.topic", "None"),
        ({"quality": "high"}, "select.quality", "'high'"),
        ({"quality": True}, "select.quality", "True"),
        ({"heat": {"least": 1}}, "select.heat", "least"),
        ({"age": "soon"}, "select.age", "'soon'"),
        ({"age": -1}, "select.age", "-1"),
        ({"age": "999999999w"}, "select.age", "999999999w"),
        ({"any": [{"all": {"heat": 1.5}}]}, "select.any.all.heat", "1.5"),
        ({"any": ["AI"]}, "select.any", "'AI'"),
        ({"any": []}, "select.any", "[]"),
        ({"quality": {}}, "select.quality", "{}"),
        ({"quality": {"min": 5, "max": 1}}, "select.quality", "5"),
        ({"quality": 2**64}, "select.quality", str(2**64)),
    ],
)
def test_error_names_key_and_value(raw: Any, key: str, value: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(raw, {})
    message = str(caught.value)
    assert message.startswith(f"{key}: ")
    assert value in message


def test_ages_are_found_at_any_depth() -> None:
    deep = All((Not(AnyOf((Age(5), Terms("topic", ("ai",))))), Age(7)))
    assert ages(deep) == {5, 7}
    assert ages(All((Range("heat", 1),))) == frozenset()


@pytest.mark.parametrize("order", ["date", "heat"])
@pytest.mark.parametrize("field", ["topic", "provider", "category"])
def test_feeds_of_one_family_share_one_statement(field: TermField, order: str) -> None:
    queries = []
    for name in ("a", "b"):
        selection = All((Terms(field, (name,)), Not(Terms("type", ("video",)))))
        feed = FeedDefinition("f", "F", "", selection, order, 10, Caching(60))  # type: ignore[arg-type]
        queries.append((selection_sql.shown(feed, NOW), selection_sql.oldest(selection, 0)))
    for first, second in zip(*queries, strict=True):
        assert first.statement is second.statement
        assert first.values != second.values
