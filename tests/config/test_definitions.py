"""Feed definitions: families with their titles and paths, and topics with parents."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from feeds.build import check
from feeds.config import collisions
from feeds.config.settings import PLACEHOLDER
from feeds.errors import ConfigError
from feeds.util.progress import silent
from tests.support.site import NOW, Publication, front_matter


def feeds(*definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"feeds": list(definitions)}


ARTICLES = {
    "_news/a.md": front_matter(
        title="a", topics=["AI", "Robots"], provider={"name": "PC Magazine"}
    ),
    "_news/b.md": front_matter(title="b", topics=["ai"], type="video"),
    "_guides/c.md": front_matter(title="c", topics=["Robots"], provider={"name": "Geek.com"}),
}


@pytest.mark.parametrize(
    ("each", "path", "expected"),
    [
        ("topic", "topics/{topic}", {"topics/ai": "ab", "topics/robots": "ac"}),
        ("category", "{category}", {"guides": "c", "news": "ab"}),
        ("type", "types/{type}", {"types/article": "ac", "types/video": "b"}),
        ("provider", "from/{provider}", {"from/geek-com": "c", "from/pc-magazine": "a"}),
        ("language", "in/{language}", {"in/en": "abc"}),
        (
            ["category", "topic"],
            "{category}/{topic}",
            {"guides/robots": "c", "news/ai": "ab", "news/robots": "a"},
        ),
    ],
)
def test_family_has_a_feed_for_each_combination_in_use(
    tmp_path: Path, each: object, path: str, expected: Mapping[str, str]
) -> None:
    site = Publication(tmp_path, ARTICLES, feeds({"path": path, "each": each}))
    site.build()
    assert site.feeds() == list(expected)
    shown = {path: "".join(sorted(site.titles(path))) for path in expected}
    assert shown == expected


def test_family_respects_its_selection(tmp_path: Path) -> None:
    family = {"path": "{topic}", "each": "topic", "select": {"category": "news"}}
    site = Publication(tmp_path, ARTICLES, feeds(family))
    site.build()
    assert sorted(site.titles("robots")) == ["a"]


def write_topics(root: Path, *topics: Mapping[str, object]) -> None:
    (root / "topics.yaml").write_text(yaml.safe_dump(list(topics)), encoding="utf-8")


def test_topics_without_a_file_or_without_articles_have_feeds(tmp_path: Path) -> None:
    site = Publication(tmp_path, ARTICLES)
    write_topics(site.root, {"name": "Space", "description": "Above us."})
    site.build()
    assert site.feeds() == ["all", "topics/ai", "topics/robots", "topics/space"]
    assert site.titles("topics/space") == []
    assert b"Above us." in site.fetch("topics/space")["rss"].body


def test_topic_with_only_future_articles_has_no_feed_yet(tmp_path: Path) -> None:
    late = front_matter(topics=["Later"], publishedDateTime="2024-07-01T00:00:00Z")
    site = Publication(tmp_path, {**ARTICLES, "late.md": late})
    site.build()
    assert "topics/later" not in site.feeds()


def test_feed_of_a_topic_file_outlives_its_last_article(tmp_path: Path) -> None:
    site = Publication(tmp_path, ARTICLES)
    write_topics(site.root, {"name": "Robots"})
    site.build()
    site.write("_guides/c.md", front_matter(published=False))
    site.write("_news/a.md", front_matter(published=False))
    site.build()
    assert "topics/robots" in site.feeds()
    assert site.titles("topics/robots") == []


def test_names_come_from_topic_files_or_else_from_articles(tmp_path: Path) -> None:
    definitions = feeds(
        {"path": "topics/{topic}", "each": "topic", "title": "{topic} at {site}"},
        {"path": "in/{category}", "each": "category"},
        {"path": "from/{provider}", "each": "provider", "title": "{provider}"},
    )
    site = Publication(tmp_path, ARTICLES, definitions)
    write_topics(site.root, {"name": "Artificial Intelligence", "_id": "AI"})
    site.build()
    titles = {
        path: site.fetch(path)["json"].body.partition(b'"title":"')[2].partition(b'"')[0]
        for path in site.feeds()
    }
    assert titles == {
        "topics/ai": b"Artificial Intelligence at Example",
        "topics/robots": b"Robots at Example",
        "in/guides": "Example – Guides".encode(),
        "in/news": "Example – News".encode(),
        "from/geek-com": b"Geek.com",
        "from/pc-magazine": b"PC Magazine",
    }


def test_all_names_of_a_topic_share_one_feed(tmp_path: Path) -> None:
    articles = {
        "a.md": front_matter(title="a", topics=["AI"]),
        "b.md": front_matter(title="b", topics=["artificial  intelligence"]),
    }
    site = Publication(tmp_path, articles)
    write_topics(site.root, {"name": "Artificial Intelligence", "_id": "AI"})
    site.build()
    assert site.feeds() == ["all", "topics/ai"]
    assert sorted(site.titles("topics/ai")) == ["a", "b"]


CLASHING = feeds(
    {"path": "topics/{topic}", "each": "topic"}, {"path": "topics/ai", "select": {"heat": 1}}
)


def test_literal_path_wins_over_a_term_of_an_article(tmp_path: Path) -> None:
    site = Publication(tmp_path, ARTICLES, CLASHING)
    (problem,) = (row for row in site.build().problems if row.field.endswith(".path"))
    assert (problem.field, problem.fatal) == ("feeds[0].path", True)
    assert "'topics/ai' is also the path of" in problem.message
    assert "feeds[1]" in problem.message
    assert "_news/a.md" in problem.message
    assert site.titles("topics/ai") == []


def test_term_that_gives_a_reserved_path_is_a_problem(tmp_path: Path) -> None:
    articles = {"a.md": front_matter(title="a", topics=["Index", "Feeds", "AI"])}
    site = Publication(tmp_path / "site", articles, feeds({"path": "{topic}", "each": "topic"}))
    problems = [row for row in site.build().problems if row.field == "feeds[0].path"]
    assert [problem.fatal for problem in problems] == [True, True]
    assert "'feeds' is a path of the site itself; change it" in problems[0].message
    assert "'index' is a path of the site itself" in problems[1].message
    site.export(tmp_path / "out")
    assert site.feeds() == ["ai"]
    assert "Feeds of" in (tmp_path / "out" / "index.html").read_text()
    assert not (tmp_path / "out" / "index.rss").exists()


def test_error_of_clashing_paths_names_both_definitions(tmp_path: Path) -> None:
    site = Publication(tmp_path, ARTICLES, CLASHING)
    write_topics(site.root, {"name": "AI"})
    with pytest.raises(ConfigError) as caught:
        site.build()
    assert caught.value.key == "feeds[0].path"
    assert "'topics/ai'" in str(caught.value)
    assert "feeds[1]" in str(caught.value)


@pytest.mark.parametrize("inherit", [True, False])
def test_inherit_topics_adds_entries_to_feeds_of_parents(tmp_path: Path, inherit: bool) -> None:
    articles = {
        "a.md": front_matter(title="a", topics=["Deep Learning"]),
        "b.md": front_matter(title="b", topics=["AI"]),
    }
    site = Publication(tmp_path, articles, inherit_topics=inherit)
    write_topics(
        site.root,
        {"name": "Deep Learning", "parent": "Machine Learning"},
        {"name": "Machine Learning", "parent": "AI"},
        {"name": "AI"},
    )
    site.build()
    assert sorted(site.titles("topics/ai")) == (["a", "b"] if inherit else ["b"])
    assert site.titles("topics/machine-learning") == (["a"] if inherit else [])
    assert site.titles("topics/deep-learning") == ["a"]


def test_cycle_of_parent_topics_terminates(tmp_path: Path) -> None:
    site = Publication(
        tmp_path, {"a.md": front_matter(title="a", topics=["X"])}, inherit_topics=True
    )
    write_topics(site.root, {"name": "X", "parent": "Y"}, {"name": "Y", "parent": "X"})
    site.build()
    assert site.titles("topics/y") == ["a"]


def test_long_topic_names_give_distinct_valid_file_names(tmp_path: Path) -> None:
    long = ["я" * 200, "я" * 201]
    site = Publication(tmp_path, {"a.md": front_matter(title="a", topics=long)})
    site.build()
    site.export(tmp_path / "out")
    paths = [path for path in site.feeds() if path != "all"]
    assert len(set(paths)) == 2
    assert all((tmp_path / "out" / f"{path}.rss").exists() for path in paths)


EXAMPLE = feeds(
    {"path": "all"},
    {"path": "{category}/{topic}", "each": ["category", "topic"]},
    {"path": "providers/{provider}", "each": "provider"},
)
OF_A_PROVIDER = front_matter(title="fog", provider={"name": "Harbour Radio"})
TAKES_OVER = front_matter(
    title="mine", category="providers", topics=["Harbour Radio"], webUrl="https://example.org/b"
)


def test_article_cannot_take_over_an_existing_feed(tmp_path: Path) -> None:
    site = Publication(tmp_path, {"_podcast/fog.md": OF_A_PROVIDER}, EXAMPLE)
    site.build()
    assert site.titles("providers/harbour-radio") == ["fog"]
    before = site.fetch("providers/harbour-radio")["rss"].body
    site.write("_news/mine.md", TAKES_OVER)
    (problem,) = site.build().problems
    assert problem.field == "feeds[1].path"
    assert "'providers/harbour-radio' is also the path of" in problem.message
    assert "feeds[2]" in problem.message
    assert "the terms in _news/mine.md" in problem.message
    assert site.fetch("providers/harbour-radio")["rss"].body == before


def test_check_reports_families_that_can_collide_and_a_remedy(tmp_path: Path) -> None:
    articles = {"_podcast/fog.md": OF_A_PROVIDER, "_news/mine.md": TAKES_OVER}
    site = Publication(tmp_path, articles, EXAMPLE)
    first, second = check.check_articles(site.site, NOW, silent).problems
    assert (first.field, second.field) == ("feeds[1].path", "feeds[1].path")
    assert "is also the path of" in first.message
    assert "the terms in _news/mine.md" in first.message
    assert "'{category}/{topic}' can give a path of 'providers/{provider}'" in second.message
    assert "such as category-topic/{category}/{topic}" in second.message


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        ("{category}/{topic}", "providers/{provider}", True),
        ("{category}/{topic}", "Providers/{provider}", True),
        ("{category}/{topic}", "my_providers/{provider}", False),
        ("{category}/{topic}", "in/x/{provider}", False),
        ("{category}/{topic}", "{provider}", False),
        ("topics/{topic}", "providers/{provider}", False),
        ("a-{topic}", "{provider}", True),
        ("a-{topic}", "a-b-{provider}", True),
        ("a-{topic}", "b-{provider}", False),
        ("{topic}-a", "{provider}-b", False),
        ("v.{topic}", "{provider}", False),
        ("{category}-{topic}", "x-{provider}", True),
    ],
)
def test_possible_collisions_of_families(
    tmp_path: Path, one: str, other: str, *, collide: bool
) -> None:
    fields = {path: PLACEHOLDER.findall(path) for path in (one, other)}
    families = feeds(*({"path": path, "each": each} for path, each in fields.items()))
    site = Publication(tmp_path, ARTICLES, families)
    assert bool(collisions.possible_collisions(site.site)) == collide
    turned = Publication(tmp_path, {}, feeds(*reversed(families["feeds"])))
    assert bool(collisions.possible_collisions(turned.site)) == collide


def test_first_of_two_equal_families_keeps_the_path(tmp_path: Path) -> None:
    families = feeds(
        {"path": "{category}", "each": "category"}, {"path": "{topic}", "each": "topic"}
    )
    site = Publication(tmp_path, {"_news/a.md": front_matter(title="a")}, families)
    site.write(
        "_guides/b.md", front_matter(title="b", topics=["News"], webUrl="https://b.example/")
    )
    (problem,) = site.build().problems
    assert problem.field == "feeds[1].path"
    assert "the terms in _guides/b.md" in problem.message
    assert site.titles("news") == ["a"]


def titles(site: Publication) -> dict[str, str]:
    """The titles of all feeds, by path."""
    return {path: str(json.loads(site.fetch(path)["json"].body)["title"]) for path in site.feeds()}


TOPICS = feeds({"path": "topics/{topic}", "each": "topic", "title": "{topic}"})


@pytest.mark.parametrize("gone", ["deleted", "withdrawn"])
def test_withdrawn_article_does_not_name_rename_or_keep_a_feed(tmp_path: Path, gone: str) -> None:
    site = Publication(tmp_path, {"a.md": front_matter(topics=["sea charts"])}, TOPICS)
    site.build()
    bad = front_matter(topics=["SEA CHARTS", "Scandal"], webUrl="https://example.org/b")
    site.write("b.md", bad)
    site.build()
    assert titles(site) == {"topics/sea-charts": "SEA CHARTS", "topics/scandal": "Scandal"}
    if gone == "deleted":
        site.file("b.md").unlink()
    else:
        site.write("b.md", front_matter(published=False))
    site.build()
    assert titles(site) == {"topics/sea-charts": "sea charts"}
    site.write("c.md", front_matter(topics=["Scandal"], webUrl="https://example.org/c"))
    site.build()
    assert titles(site) == {"topics/sea-charts": "sea charts", "topics/scandal": "Scandal"}
    site.write("b.md", bad)  # restored unchanged
    site.build()
    assert titles(site)["topics/sea-charts"] == "SEA CHARTS"


def test_future_article_does_not_rename_a_feed(tmp_path: Path) -> None:
    late = front_matter(topics=["SEA CHARTS"], publishedDateTime="2024-07-01T00:00:00Z")
    articles = {"a.md": front_matter(topics=["sea charts"]), "b.md": late}
    site = Publication(tmp_path, articles, TOPICS)
    site.build()
    assert titles(site) == {"topics/sea-charts": "sea charts"}


def test_deleting_the_colliding_article_removes_the_problem(tmp_path: Path) -> None:
    articles = {"_podcast/fog.md": OF_A_PROVIDER, "_news/mine.md": TAKES_OVER}
    site = Publication(tmp_path, articles, EXAMPLE)
    assert len(site.build().problems) == 1
    site.file("_news/mine.md").unlink()
    assert site.build().problems == ()
