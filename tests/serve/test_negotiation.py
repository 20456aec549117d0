"""Encodings and conditions agree with reference models for well-formed fields."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.serve import conditional, negotiation
from feeds.util import compression
from feeds.util.compression import CODINGS, IDENTITY

BASE = "0123456789abcdef" * 2

names = st.sampled_from([*CODINGS, "x-gzip", "GZIP", "Br", IDENTITY, "*", "zstd", "deflate"])
weights = st.none() | st.integers(0, 1000)
members = st.lists(st.tuples(names, weights), max_size=8)
available = st.sets(st.sampled_from(CODINGS))
spaces = st.sampled_from(["", " ", "\t", "  "])


def field(weights: list[tuple[str, int | None]], space: str) -> str:
    """An Accept-Encoding with these members; weights in thousandths."""
    parts = [
        name if weight is None else f"{name}{space};{space}q={weight / 1000:.3f}"
        for name, weight in weights
    ]
    return f"{space},{space}".join(parts)


def model(weights: list[tuple[str, int | None]], have: set[str]) -> str:
    """RFC 9110 §12.5.3: the acceptable encoding of highest weight, then of smallest size."""
    table: dict[str, int] = {}
    for name, weight in weights:
        name = name.lower().replace("x-gzip", "gzip")
        table.setdefault(name, 1000 if weight is None else weight)
    others = table.get("*", 0)
    rated = {name: table.get(name, others) for name in have}
    rated[IDENTITY] = table.get(IDENTITY, table.get("*", 1))
    order = [*CODINGS, IDENTITY]
    ranked = sorted((name for name in rated if rated[name]), key=order.index)
    return max(ranked, key=lambda name: rated[name], default=IDENTITY)


@pytest.mark.rule("H31", "H33")
@given(members, available, spaces)
def test_encoding_agrees_with_the_reference_model(
    weights: list[tuple[str, int | None]], have: set[str], space: str
) -> None:
    assert negotiation.choose(field(weights, space), have) == (
        model(weights, have) if weights else IDENTITY
    )


@pytest.mark.rule("H35")
@given(st.text(max_size=200) | st.text("brgzip,;q=01.* \t", max_size=200), available)
def test_any_accept_encoding_selects_an_available_encoding(text: str, have: set[str]) -> None:
    assert negotiation.choose(text, have) in {*have, IDENTITY}


@pytest.mark.rule("H37")
@given(st.binary(max_size=3000), st.sampled_from(CODINGS))
def test_encoding_is_reproducible_and_never_larger(body: bytes, name: str) -> None:
    encoded = compression.encode(body, name)
    assert encoded == compression.encode(body, name)
    assert encoded is None or len(encoded) < len(body)


@dataclass(frozen=True)
class Tag:
    """An entity tag as somebody sends it back."""

    opaque: str
    suffix: str
    weak: str
    quotes: bool

    def __str__(self) -> str:
        quote = '"' if self.quotes else ""
        return f"{self.weak}{quote}{self.opaque}{self.suffix}{quote}"

    @property
    def is_ours(self) -> bool:
        return self.opaque == BASE


# Tags that a client may send: the right one, one with the same start or end, or another.
opaque = st.sampled_from([BASE, BASE[:-1], f"{BASE}f", f"a{BASE}", BASE.upper(), "x"])
tags = st.builds(
    Tag,
    opaque,
    st.sampled_from(["", "-gzip", "-br", "--gzip", ";br", "-ssl", "-br-gzip", "-ssl-df"]),
    st.sampled_from(["", "W/", "w/"]),
    st.booleans(),
)


@pytest.mark.rule("H4", "H5", "H6")
@given(st.lists(tags, max_size=6), spaces)
def test_list_matches_if_one_of_its_tags_matches(listed: list[Tag], space: str) -> None:
    text = f"{space},{space}".join(map(str, listed))
    assert conditional.matches(text, BASE) == any(tag.is_ours for tag in listed)
    assert len(conditional.tags(text)) == len(listed)


@given(st.text(max_size=200) | st.text('W/", -;*0123456789abcdef', max_size=200))
def test_other_text_matches_only_as_star(text: str) -> None:
    assert conditional.matches(text, BASE) == (text.strip() == "*")


@pytest.mark.rule("H10", "H12", "H13")
@given(
    st.none() | st.just("") | st.builds(str, tags),
    st.none() | st.integers(0, 4_000_000_000) | st.text(max_size=40),
    st.integers(0, 4_000_000_000),
)
def test_etag_overrules_dates_which_compare_by_order(
    tag: str | None, since: int | str | None, updated: int
) -> None:
    header = since
    if isinstance(since, int):
        header = format_datetime(datetime.fromtimestamp(since, UTC), usegmt=True)
    not_modified = conditional.not_modified(
        tag, header if isinstance(header, str) else None, BASE, updated
    )
    if tag is not None:
        assert not_modified == conditional.matches(tag, BASE)
    elif isinstance(since, int):
        assert not_modified == (updated <= since)
    else:
        assert isinstance(not_modified, bool)


def test_the_reference_model_knows_the_vectors() -> None:
    both = set(CODINGS)
    assert model([("br", 0), ("gzip", 100)], both) == "gzip"
    assert model([("identity", 0)], both) == IDENTITY
    assert model([("*", None)], both) == "br"
