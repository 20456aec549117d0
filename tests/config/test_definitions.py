"""feeds.yaml -> every feed there is: families, their names, their paths, their parents."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from feeds.build import check
from feeds.config import definitions
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
def test_a_family_is_a_feed_for_each_combination_in_use(
    tmp_path: Path, each: object, path: str, expected: Mapping[str, str]
) -> None:
    made = Publication(tmp_path, ARTICLES, feeds({"path": path, "each": each}))
    made.build()
    assert made.feeds() == list(expected)
    shown = {path: "".join(sorted(made.titles(path))) for path in expected}
    assert shown == expected


def test_a_family_is_within_its_selection(tmp_path: Path) -> None:
    family = {"path": "{topic}", "each": "topic", "select": {"category": "news"}}
    made = Publication(tmp_path, ARTICLES, feeds(family))
    made.build()
    assert sorted(made.titles("robots")) == ["a"]


def write_topics(root: Path, *topics: Mapping[str, object]) -> None:
    (root / "topics.yaml").write_text(yaml.safe_dump(list(topics)), encoding="utf-8")


def test_a_topic_in_no_file_and_a_topic_without_articles_have_their_feeds(tmp_path: Path) -> None:
    made = Publication(tmp_path, ARTICLES)
    write_topics(made.root, {"name": "Space", "description": "Above us."})
    made.build()
    assert made.feeds() == ["all", "topics/ai", "topics/robots", "topics/space"]
    assert made.titles("topics/space") == []
    assert b"Above us." in made.fetch("topics/space")["rss"].body


def test_a_topic_whose_only_article_is_dated_in_the_future_has_no_feed_yet(tmp_path: Path) -> None:
    late = front_matter(topics=["Later"], publishedDateTime="2024-07-01T00:00:00Z")
    made = Publication(tmp_path, {**ARTICLES, "late.md": late})
    made.build()
    assert "topics/later" not in made.feeds()


def test_the_feed_of_a_topic_that_a_file_names_outlives_its_last_article(tmp_path: Path) -> None:
    made = Publication(tmp_path, ARTICLES)
    write_topics(made.root, {"name": "Robots"})
    made.build()
    made.write("_guides/c.md", front_matter(published=False))
    made.write("_news/a.md", front_matter(published=False))
    made.build()
    assert "topics/robots" in made.feeds()
    assert made.titles("topics/robots") == []


def test_names_are_those_of_the_files_else_those_of_the_articles(tmp_path: Path) -> None:
    definitions = feeds(
        {"path": "topics/{topic}", "each": "topic", "title": "{topic} at {site}"},
        {"path": "in/{category}", "each": "category"},
        {"path": "from/{provider}", "each": "provider", "title": "{provider}"},
    )
    made = Publication(tmp_path, ARTICLES, definitions)
    write_topics(made.root, {"name": "Artificial Intelligence", "_id": "AI"})
    made.build()
    titles = {
        path: made.fetch(path)["json"].body.partition(b'"title":"')[2].partition(b'"')[0]
        for path in made.feeds()
    }
    assert titles == {
        "topics/ai": b"Artificial Intelligence at Example",
        "topics/robots": b"Robots at Example",
        "in/guides": "Example – Guides".encode(),
        "in/news": "Example – News".encode(),
        "from/geek-com": b"Geek.com",
        "from/pc-magazine": b"PC Magazine",
    }


def test_names_of_one_topic_make_one_feed(tmp_path: Path) -> None:
    articles = {
        "a.md": front_matter(title="a", topics=["AI"]),
        "b.md": front_matter(title="b", topics=["artificial  intelligence"]),
    }
    made = Publication(tmp_path, articles)
    write_topics(made.root, {"name": "Artificial Intelligence", "_id": "AI"})
    made.build()
    assert made.feeds() == ["all", "topics/ai"]
    assert sorted(made.titles("topics/ai")) == ["a", "b"]


CLASHING = feeds(
    {"path": "topics/{topic}", "each": "topic"}, {"path": "topics/ai", "select": {"heat": 1}}
)


def test_a_path_that_is_written_out_is_not_taken_by_a_term_of_an_article(tmp_path: Path) -> None:
    made = Publication(tmp_path, ARTICLES, CLASHING)
    (problem,) = (each for each in made.build().problems if each.field.endswith(".path"))
    assert (problem.field, problem.fatal) == ("feeds[0].path", True)
    assert "'topics/ai' is the path of" in problem.message
    assert "feeds[1]" in problem.message
    assert "_news/a.md" in problem.message
    assert made.titles("topics/ai") == []


def test_a_term_that_leads_to_a_path_of_the_sites_own_is_a_report_row(tmp_path: Path) -> None:
    articles = {"a.md": front_matter(title="a", topics=["Index", "Feeds", "AI"])}
    made = Publication(tmp_path / "site", articles, feeds({"path": "{topic}", "each": "topic"}))
    problems = [each for each in made.build().problems if each.field == "feeds[0].path"]
    assert [each.fatal for each in problems] == [True, True]
    assert "'feeds' is a path of the site's own; change it" in problems[0].message
    assert "'index' is a path of the site's own" in problems[1].message
    made.export(tmp_path / "out")
    assert made.feeds() == ["ai"]
    assert "Feeds of" in (tmp_path / "out" / "index.html").read_text()
    assert not (tmp_path / "out" / "index.rss").exists()


def test_clashing_paths_are_an_error_that_names_both_definitions(tmp_path: Path) -> None:
    made = Publication(tmp_path, ARTICLES, CLASHING)
    write_topics(made.root, {"name": "AI"})
    with pytest.raises(ConfigError) as caught:
        made.build()
    assert caught.value.key == "feeds[0].path"
    assert "'topics/ai'" in str(caught.value)
    assert "feeds[1]" in str(caught.value)


@pytest.mark.parametrize("inherit", [True, False])
def test_a_parents_feed_has_what_its_topics_have_if_the_site_says_so(
    tmp_path: Path, inherit: bool
) -> None:
    articles = {
        "a.md": front_matter(title="a", topics=["Deep Learning"]),
        "b.md": front_matter(title="b", topics=["AI"]),
    }
    made = Publication(tmp_path, articles, inherit_topics=inherit)
    write_topics(
        made.root,
        {"name": "Deep Learning", "parent": "Machine Learning"},
        {"name": "Machine Learning", "parent": "AI"},
        {"name": "AI"},
    )
    made.build()
    assert sorted(made.titles("topics/ai")) == (["a", "b"] if inherit else ["b"])
    assert made.titles("topics/machine-learning") == (["a"] if inherit else [])
    assert made.titles("topics/deep-learning") == ["a"]


def test_topics_that_are_each_others_parents_end(tmp_path: Path) -> None:
    made = Publication(
        tmp_path, {"a.md": front_matter(title="a", topics=["X"])}, inherit_topics=True
    )
    write_topics(made.root, {"name": "X", "parent": "Y"}, {"name": "Y", "parent": "X"})
    made.build()
    assert made.titles("topics/y") == ["a"]


def test_a_topic_with_a_name_too_long_for_a_file_costs_nothing(tmp_path: Path) -> None:
    long = ["я" * 200, "я" * 201]
    made = Publication(tmp_path, {"a.md": front_matter(title="a", topics=long)})
    made.build()
    made.export(tmp_path / "out")
    paths = [path for path in made.feeds() if path != "all"]
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


def test_one_article_does_not_take_over_the_feed_of_others(tmp_path: Path) -> None:
    made = Publication(tmp_path, {"_podcast/fog.md": OF_A_PROVIDER}, EXAMPLE)
    made.build()
    assert made.titles("providers/harbour-radio") == ["fog"]
    before = made.fetch("providers/harbour-radio")["rss"].body
    made.write("_news/mine.md", TAKES_OVER)
    (problem,) = made.build().problems
    assert problem.field == "feeds[1].path"
    assert "'providers/harbour-radio' is the path of" in problem.message
    assert "feeds[2]" in problem.message
    assert "what _news/mine.md names" in problem.message
    assert made.fetch("providers/harbour-radio")["rss"].body == before


def test_check_names_families_that_can_collide_and_the_way_out(tmp_path: Path) -> None:
    articles = {"_podcast/fog.md": OF_A_PROVIDER, "_news/mine.md": TAKES_OVER}
    made = Publication(tmp_path, articles, EXAMPLE)
    _, (first, second) = check.check_articles(made.site, NOW, silent)
    assert (first.field, second.field) == ("feeds[1].path", "feeds[1].path")
    assert "is the path of" in first.message
    assert "what _news/mine.md names" in first.message
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
def test_which_families_can_collide(tmp_path: Path, one: str, other: str, *, collide: bool) -> None:
    fields = {path: PLACEHOLDER.findall(path) for path in (one, other)}
    families = feeds(*({"path": path, "each": each} for path, each in fields.items()))
    made = Publication(tmp_path, ARTICLES, families)
    assert bool(definitions.risks(made.site)) == collide
    turned = Publication(tmp_path, {}, feeds(*reversed(families["feeds"])))
    assert bool(definitions.risks(turned.site)) == collide


def test_of_families_that_are_alike_the_first_keeps_the_path(tmp_path: Path) -> None:
    families = feeds(
        {"path": "{category}", "each": "category"}, {"path": "{topic}", "each": "topic"}
    )
    made = Publication(tmp_path, {"_news/a.md": front_matter(title="a")}, families)
    made.write(
        "_guides/b.md", front_matter(title="b", topics=["News"], webUrl="https://b.example/")
    )
    (problem,) = made.build().problems
    assert problem.field == "feeds[1].path"
    assert "what _guides/b.md names" in problem.message
    assert made.titles("news") == ["a"]


def named(made: Publication) -> dict[str, str]:
    """The titles of the feeds of topics, by path."""
    return {path: str(json.loads(made.fetch(path)["json"].body)["title"]) for path in made.feeds()}


TOPICS = feeds({"path": "topics/{topic}", "each": "topic", "title": "{topic}"})


@pytest.mark.parametrize("gone", ["deleted", "withdrawn"])
def test_what_was_taken_back_names_renames_and_keeps_no_feed(tmp_path: Path, gone: str) -> None:
    made = Publication(tmp_path, {"a.md": front_matter(topics=["sea charts"])}, TOPICS)
    made.build()
    bad = front_matter(topics=["SEA CHARTS", "Scandal"], webUrl="https://example.org/b")
    made.write("b.md", bad)
    made.build()
    assert named(made) == {"topics/sea-charts": "SEA CHARTS", "topics/scandal": "Scandal"}
    if gone == "deleted":
        made.file("b.md").unlink()
    else:
        made.write("b.md", front_matter(published=False))
    made.build()
    assert named(made) == {"topics/sea-charts": "sea charts"}
    made.write("c.md", front_matter(topics=["Scandal"], webUrl="https://example.org/c"))
    made.build()
    assert named(made) == {"topics/sea-charts": "sea charts", "topics/scandal": "Scandal"}
    made.write("b.md", bad)  # and again, as it was
    made.build()
    assert named(made)["topics/sea-charts"] == "SEA CHARTS"


def test_an_article_yet_to_come_renames_no_feed_before(tmp_path: Path) -> None:
    late = front_matter(topics=["SEA CHARTS"], publishedDateTime="2024-07-01T00:00:00Z")
    articles = {"a.md": front_matter(topics=["sea charts"]), "b.md": late}
    made = Publication(tmp_path, articles, TOPICS)
    made.build()
    assert named(made) == {"topics/sea-charts": "sea charts"}


def test_an_article_that_took_a_path_and_is_deleted_leaves_no_problem(tmp_path: Path) -> None:
    articles = {"_podcast/fog.md": OF_A_PROVIDER, "_news/mine.md": TAKES_OVER}
    made = Publication(tmp_path, articles, EXAMPLE)
    assert len(made.build().problems) == 1
    made.file("_news/mine.md").unlink()
    assert made.build().problems == ()
