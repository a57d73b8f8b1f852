"""Dates as scripts write them."""

from __future__ import annotations

from eqlite.values.dates.instants import minute_text
from eqlite.values.java_types import InstantText

__all__ = ["instant_text"]

_SECOND = 1_000_000_000


def instant_text(ns: int) -> InstantText:
    """Return an instant as scripts write it, Java's `ZonedDateTime.toString` in UTC.

    The seconds are there if they or the fraction are not zero, the fraction in groups of three digits.

    >>> instant_text(0), instant_text(1_500_000_000), instant_text(1_100)
    ('1970-01-01T00:00Z', '1970-01-01T00:00:01.500Z', '1970-01-01T00:00:00.000001100Z')
    """
    seconds, fraction = divmod(ns, _SECOND)
    minutes, second = divmod(seconds, 60)
    digits = f"{fraction:09}"
    while digits.endswith("000"):
        digits = digits[:-3]
    shown = f":{second:02}.{digits}" if digits else f":{second:02}" if second else ""
    return InstantText(f"{minute_text(minutes)}{shown}Z")
