"""Date patterns of CLDR become those of placeholders."""

import pytest

from feeds.init import cldr


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("yyyy/MM/dd", "%Y/%m/%d"),
        ("yy-M-d", "%y-%-m-%-d"),
        ("MMMM yyyy", "%B %Y"),
        ("EEE, d. MMM", "%a, %-d. %b"),
        ("yyyy'year'MM", "%Yyear%m"),
        ("d ''yy", "%-d '%y"),
        ("100%", "100%%"),
        ("QQQ yyyy", None),
        ("long", None),
    ],
)
def test_pattern_is_translated(layout: str, expected: str | None) -> None:
    assert cldr.translate(layout) == expected


def test_names_of_months_and_days_are_words() -> None:
    assert cldr.has_words("d. MMM")
    assert cldr.has_words("EEEE")
    assert not cldr.has_words("yyyy-MM'MMM'")
