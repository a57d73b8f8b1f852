"""Dates as scripts write them: Java's `ZonedDateTime.toString` in UTC."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite.values.dates.instants import parse_date_value
from eqlite.values.dates.script_text import instant_text

SECOND = 10**9


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00Z"),
        (60 * SECOND, "1970-01-01T00:01Z"),
        (SECOND, "1970-01-01T00:00:01Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (1_500, "1970-01-01T00:00:00.000001500Z"),
        (10 * 10**6, "1970-01-01T00:00:00.010Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (253_402_300_800 * SECOND, "+10000-01-01T00:00Z"),
        (-62_198_755_200 * SECOND, "-0001-01-01T00:00Z"),
    ],
)
def test_seconds_and_fraction_are_there_if_not_zero(ns: int, text: str) -> None:
    assert instant_text(ns) == text


@given(st.integers(0, 2**62), st.sampled_from([0, 3, 6, 9, 10]))
def test_the_text_is_read_as_the_same_instant(ns: int, zeros: int) -> None:
    ns -= ns % 10**zeros
    assert parse_date_value(instant_text(ns), None, nanos=True) == ns
