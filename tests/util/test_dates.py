"""Dates are parsed as authors write them, and formatted as RFC 822 and RFC 3339 require."""

import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.util import dates

BERLIN = ZoneInfo("Europe/Berlin")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
RFC822 = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r" \d{4} \d{2}:\d{2}:\d{2} GMT"
)
RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))


@pytest.mark.rule("R30", "A16")
@given(MOMENTS)
def test_rfc_822_and_rfc_3339_forms_parse_back(moment: datetime) -> None:
    assert RFC822.fullmatch(dates.rfc822(moment))
    assert RFC3339.fullmatch(dates.rfc3339(moment))
    assert datetime.fromisoformat(dates.rfc3339(moment)) == moment
    if moment.year >= 1000:  # below, the parser of `email` takes the year for a short form
        assert parsedate_to_datetime(dates.rfc822(moment)) == moment


@given(MOMENTS)
def test_formatted_dates_can_be_parsed(moment: datetime) -> None:
    assert dates.parse(dates.rfc3339(moment), BERLIN) == moment
    assert dates.parse(moment, BERLIN) == moment


@given(st.text(max_size=30) | st.from_regex(r"[0-9 :.,/TZ+A-Za-z-]{1,20}", fullmatch=True))
def test_any_text_is_a_utc_time_or_an_error(value: str) -> None:
    try:
        moment = dates.parse(value, BERLIN)
    except dates.BadDateError as error:
        assert re.search("write|use a", str(error))  # noqa: PT017 - any text may be fine
        return
    assert moment.tzinfo is UTC
    assert moment.microsecond == 0


@pytest.mark.rule("R33")
@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2024-05-31", BERLIN, "2024-05-30T22:00:00Z"),
        ("2024-05-31", KATHMANDU, "2024-05-30T18:15:00Z"),
        (date(2024, 5, 31), BERLIN, "2024-05-30T22:00:00Z"),
        ("2024-03-31T02:30:00", BERLIN, "2024-03-31T01:30:00Z"),  # skipped when summer time begins
        ("2024-10-27T02:30:00", BERLIN, "2024-10-27T00:30:00Z"),  # ambiguous: the first of two
        ("20240531T090000Z", BERLIN, "2024-05-31T09:00:00Z"),
        ("2024-05-31 09:00:00 +0545", BERLIN, "2024-05-31T03:15:00Z"),
        ("Fri, 31 May 2024 09:00:00 GMT", BERLIN, "2024-05-31T09:00:00Z"),
        ("Fri, 31 May 2024 09:00:00 PDT", BERLIN, "2024-05-31T16:00:00Z"),
        ("Fri, 31 May 24 09:00:00 GMT", BERLIN, "2024-05-31T09:00:00Z"),
        ("31 May 1999 00:00 UTC", BERLIN, "1999-05-31T00:00:00Z"),
        ("May 31, 2024 9:00 PM", UTC, "2024-05-31T21:00:00Z"),
        ("29 Feb 2024", UTC, "2024-02-29T00:00:00Z"),
        ("1969-12-31T23:59:59Z", UTC, "1969-12-31T23:59:59Z"),
    ],
)
def test_every_date_is_converted_to_utc(value: object, zone: ZoneInfo, expected: str) -> None:
    assert dates.rfc3339(dates.parse(value, zone)) == expected


@pytest.mark.parametrize(
    "value",
    ["2024", "2024-05", "May 2024", "31 May", "Friday", "10:00", "2024-02-30", "2023-02-29",
     "31 June 2024", "2024-05-31T24:30", "2024-05-31 XYZ", "2024-05-31 09:00 CET", "tomorrow", "x",
     "0000-01-01", "10000-01-01", 20240531, 1.5, True, None, [], {}, b"2024-05-31"],
)  # fmt: skip
def test_incomplete_or_invalid_dates_are_rejected(value: object) -> None:
    with pytest.raises(dates.BadDateError):
        dates.parse(value, BERLIN)


def test_time_zone_and_locale_of_the_machine_do_not_matter() -> None:
    """Dates are the same bytes everywhere."""
    code = (
        "import locale; locale.setlocale(locale.LC_ALL, '')\n"
        "from zoneinfo import ZoneInfo\n"
        "from feeds.util import dates\n"
        "for value in '1 May 2024 10:00 EST', '1 May 2024', '1 May 24 10:00 CET':\n"
        "    try: print(dates.rfc822(dates.parse(value, ZoneInfo('UTC'))))\n"
        "    except dates.BadDateError as error: print(error)\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "TZ": zone, "LC_ALL": locale},
            capture_output=True,
            check=True,
        ).stdout
        for zone, locale in (("UTC", "C"), ("America/New_York", "C.UTF-8"), ("Europe/Paris", "C"))
    }
    assert len(outputs) == 1
    assert b"Wed, 01 May 2024 15:00:00 GMT" in outputs.pop()


@pytest.mark.parametrize(
    ("name", "expected", "rest"),
    [
        ("2024-05-31-a-title.md", "2024-05-30T22:00:00Z", "a-title.md"),
        ("2024-05-31.md", "2024-05-30T22:00:00Z", ".md"),
        ("report-2024-05-31.md", "2024-05-30T22:00:00Z", "report-2024-05-31.md"),
        ("2024-13-31-a.md", None, "a.md"),
        ("12024-05-31.md", None, "12024-05-31.md"),
        ("2024-05-311.md", None, "2024-05-311.md"),
        ("a.md", None, "a.md"),
        ("2024-05-31", "2024-05-30T22:00:00Z", "2024-05-31"),
    ],
)
def test_date_in_a_file_name(name: str, expected: str | None, rest: str) -> None:
    moment = dates.in_name(name, BERLIN)
    assert (dates.rfc3339(moment) if moment else None) == expected
    assert dates.without_date(name) == rest


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("PT1H30M", 5400),
        ("PT90S", 90),
        ("P1DT1S", 86401),
        ("PT3.7S", 3),
        (90, 90),
        (0, None),
        (-5, None),
        (True, None),
        (10**30, None),
        ("PT0S", None),
        ("P", None),
        ("PT", None),
        ("90", None),
        ("1:30", None),
        ("P999999999DT999999999H", None),
        ("PT" + "9" * 5000 + "S", None),
        ("PT٣S", None),
        (None, None),
        (1.5, None),
    ],
)
def test_durations_are_whole_positive_seconds(value: object, seconds: int | None) -> None:
    assert dates.iso_duration(value) == seconds
