"""The line-by-line reader gives the data of PyYAML, including the type of every value."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.lib.corpus import Corpus
from feeds.util import yaml_loader, yaml_subset
from tests.support.site import CORPUS


def agrees_with_pyyaml(text: str) -> bool:
    """Compare with PyYAML if the text is in the subset; return whether it is."""
    data = yaml_subset.read(text)
    if data is yaml_subset.NOT_IN_SUBSET:
        return False
    try:
        assert repr(data) == repr(yaml_loader.parse_with_pyyaml(text))  # repr: 1 and True are equal
    except yaml_loader.YAMLTextError as error:
        pytest.fail(f"PyYAML rejects {text!r}: {error}")
    return True


SAMPLES = r"""
a b1 title null ~ Null yes Yes Off true TRUE on y 0 7 -3 +4 012 0o7 0x1F 1_000 1:30 1.5 -0.5 00 08 -
.5e3 6.8e+5 .inf -.INF .nan 123456789012345678901234567890 1e3 0.0 -0 - ? : | > # % @ ! & * {} [] =
2024-05-31 2024-02-30 2024-05-31T09:00:00Z 2024-05-31T25:00:00Z 2024-05-31T09:00:00 2024-05-31t9:0:0
C# C: http://example.org/#x a:b a: << " ' \ \n \" \x [a] [a,b] {a} 'q' "q" "q\n" it's `x ٣ é 🎈
"""
WORDS = SAMPLES.split()
ODD = ["\t", "\xa0", "\x85", "\u2028", "\ufeff", "\x00", "\x7f", "\r", "\ud800", "\ufffe", "\u200b"]
VALUE = st.lists(st.sampled_from(WORDS) | st.sampled_from(ODD), max_size=3).map(" ".join) | st.text(
    st.sampled_from("ab1 -:#'\"[],{}\\&*!|>~.\n"), max_size=8
)
QUOTED = st.builds("{0}{1}{0}".format, st.sampled_from("\"'"), VALUE)
LISTED = st.lists(st.sampled_from(WORDS), max_size=3).map(", ".join).map("[{}]".format)
LINE = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", "", "  ", "    ", " ", "      "]),
    st.sampled_from(["", "", "", "- ", "-   ", "- - ", "-", "? ", "# "]),
    st.sampled_from(["", "a: ", "b: ", "c:", "d:  ", "yes: ", "1: ", "<<: ", "a b: ", "'a': "]),
    VALUE | QUOTED | LISTED | st.just(""),
    st.sampled_from(["", "", "", " ", " # x", "\n"]),
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINE, max_size=8).map("\n".join))
def test_fuzzed_text_gives_the_data_of_pyyaml(text: str) -> None:
    agrees_with_pyyaml(text)
    agrees_with_pyyaml("a:\n" + text)
    agrees_with_pyyaml("title: A\nrelated:\n  - b: 1\n" + text)


ARTICLE = """\
title: "A \\"title\\""
excerpt: 'It''s here'
publishedDateTime: 2024-05-31T09:00:00Z
quality: -3
published: true

provider:
  name: PC Magazine
  images:
    - url: "https://example.org/a.jpg"
      width: 50
topics:
- AI
- Night sky
levels: [Beginner, "no"]
ratings:
    average: 4.5
# a comment
related:
  - title: One
    provider:
      name: X
  - title: Two
    images:
    - url: https://example.org/#b
empty:
"""
EDIT = st.tuples(
    st.integers(0, ARTICLE.count("\n")),
    st.sampled_from(["drop", "twice", "in", "out", "cut", "join", "dash"]),
)


def edited(text: str, at: int, edit: str) -> str:
    """The text with one line changed, as people do by mistake."""
    found = text.split("\n")
    line = found[at % len(found)]
    changed = {
        "drop": [],
        "twice": [line, line],
        "in": [" " + line],
        "out": [line[1:]],
        "cut": [line[: len(line) // 2]],
        "dash": ["- " + line],
        "join": [line + " " + line.strip()],
    }
    found[at % len(found) : at % len(found) + 1] = changed[edit]
    return "\n".join(found)


@settings(max_examples=300)
@given(st.lists(EDIT, max_size=4))
def test_damaged_article_gives_the_data_of_pyyaml(edits: list[tuple[int, str]]) -> None:
    text = ARTICLE.replace(', "no"', "")
    for at, edit in edits:
        text = edited(text, at, edit)
    agrees_with_pyyaml(text)


def test_ordinary_article_is_in_the_subset() -> None:
    """Else the other tests of this module would hold nothing."""
    assert agrees_with_pyyaml(ARTICLE.replace(', "no"', ""))


@pytest.mark.parametrize(
    "text",
    [
        "", "# only a comment", "- a", "a", "a: [b", "a: &x b", "a: *x", "a: !!str b", "a: {b: c}",
        "a: |\n  b", "a: >\n  b", "a: b\n  c", "a: b\n c: d", "a:\n  b: c\n d: e", "a: b: c",
        "a: 'b", 'a: "b', 'a: "b" c', "a: b # c", "yes: a", "1: a", "? a", "<<: a", "a:\tb",
        "a: b\x85", "a: b\u2028c: d", "\ufeffa: b", "a: 012", "a: 0x1F", "a: 1.5e+3",
        "a: 2024-05-31 9:00:00", "a: 1:30", "a: - b",
        "a: b\n- c", "a:\n  - b\n  c: d", "- a: b\nc: d", " a: b", "a: b\n...\n", "a: b\n---\n",
        "a:\n" + "\n".join(" " * n + "a:" for n in range(1, 60)),
        "a: b\n" * 60_000,
    ],
)  # fmt: skip
def test_ambiguous_text_is_left_to_pyyaml(text: str) -> None:
    assert yaml_subset.read(text) is yaml_subset.NOT_IN_SUBSET


def test_cached_lines_do_not_share_values() -> None:
    first, second = yaml_subset.read("a: [b]\nc: []"), yaml_subset.read("a: [b]\nc: []")
    first["a"].append("x")
    first["c"].append("x")
    assert second == {"a": ["b"], "c": []}


def test_line_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_subset, "_line_cache", {})
    monkeypatch.setattr(yaml_subset, "_MAX_CACHED_LINES", 50)
    for number in range(500):
        assert yaml_subset.read(f"a: x{number}\nb: {'y' * 101}{number}\nc: 1")["c"] == 1
    assert len(yaml_subset._line_cache) <= 50


def test_generated_site_is_in_the_subset(tmp_path: Path) -> None:
    Corpus(200, 20).write(tmp_path)
    for file in (tmp_path / "articles").rglob("*.md"):
        assert agrees_with_pyyaml(
            file.read_text(encoding="utf-8").split("\n---\n")[0].removeprefix("---\n")
        )


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"needs {CORPUS}")
def test_real_site_gives_the_data_of_pyyaml() -> None:
    files = sorted(CORPUS.rglob("_*/**/*.*"))
    matters = (
        file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").split("\n---\n")[0][4:]
        for file in files
        if file.suffix in (".md", ".html")
    )
    in_subset = [agrees_with_pyyaml(matter) for matter in matters]
    assert len(in_subset) > 1000
    assert sum(in_subset) > 0.95 * len(in_subset)
