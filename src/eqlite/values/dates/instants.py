"""Dates as Elasticsearch reads them: time of an event, value of a date field, span of a literal.

Instants are integers: nanoseconds since the epoch, UTC, for timestamps and `date_nanos` fields, milliseconds for `date`
fields. Nothing here goes through a float or a local time. Text comes from events and rules: whatever it is, these
functions return None for what they cannot read, in time bounded by its length.

The engine asks `parse_timestamp` for every event, so that its common form is read by four table look-ups; every other
form goes to `date_formats.py`.

Example:
    >>> parse_timestamp("2026-03-02T10:15:21.118Z")
    1772446521118000000
    >>> date_interval("1970-01-02", None, nanos=False)
    (86400000, 172799999)
"""

from __future__ import annotations

import datetime
import time
from functools import lru_cache
from typing import Final

from eqlite.values.dates.formats import (
    DAY,
    DEFAULT_FORMATS,
    HOUR,
    MAX_YEAR,
    MILLISECOND,
    MINUTE,
    SECOND,
    Formats,
    Interval,
    date_of,
    days_of,
    formats_of,
    read_interval,
)
from eqlite.values.dates.patterns import FRACTION_DIGITS, Fields, compile_pattern, match_items

__all__ = ["date_interval", "format_instant", "minute_text", "parse_date_value", "parse_timestamp"]

_LONG_LIMIT: Final = 1 << 63
_MAX_DAYS: Final = _LONG_LIMIT // DAY * MILLISECOND  # as many days as a long has milliseconds
_MAX_KNOWN: Final = 4_096
_MAX_COUNT_DIGITS: Final = 10
_MAX_COUNT: Final = (1 << 31) - 1
_UNITS = {"w": 7 * DAY, "d": DAY, "h": HOUR, "H": HOUR, "m": MINUTE, "s": SECOND}
_MONTHS_OF = {"y": 12, "M": 1}

# The parts of "2026-03-02T10:15:21.118Z" by their text, in nanoseconds. Days and seconds are learned as they come.
_DAYS: dict[str, int] = {}
_KNOWN_SECONDS: dict[str, int] = {}
_MINUTES = {f"T{hour:02}:{minute:02}": hour * HOUR + minute * MINUTE for hour in range(24) for minute in range(60)}
_SECOND_TEXTS = [f":{second:02}" for second in range(60)]
_SECONDS = {text: second * SECOND for second, text in enumerate(_SECOND_TEXTS)}
_MILLI_TEXTS = [f".{number:03}" for number in range(1_000)]
_TAILS = {f"{text}Z": number * MILLISECOND for number, text in enumerate(_MILLI_TEXTS)} | {"Z": 0, "": 0}
_ANY_TAIL = compile_pattern("[f][o]", extended=True) or ()


def parse_timestamp(value: object) -> int | None:
    """Return the time of an event in nanoseconds since the epoch, None where it is no readable time.

    Args:
        value: the document's value. Text is ISO 8601 from the year alone (`2026`) to nine digits of a fraction, with
            `T` or a blank before the time and without an offset UTC, or else a number in digits. Numbers are epoch
            milliseconds, with up to six digits of a fraction. Of a list, the first readable value counts.

    Elasticsearch's default mapping does the same, but refuses the blank, and reads a number of four digits as a year.

    >>> parse_timestamp("2026-03-02 10:15:21.118000001+01:00"), parse_timestamp(1772446521118), parse_timestamp("soon")
    (1772442921118000001, 1772446521118000000, None)
    """
    if isinstance(value, str):
        quick = _quick(value)
        return quick if quick is not None else _timestamp_of_text(value)
    if isinstance(value, (list, tuple)):
        return _first_timestamp(value)
    return _nanos_of_number(value)


def parse_date_value(value: object, formats: tuple[str, ...] | None, *, nanos: bool) -> int | None:
    """Return one value of a date field as its index holds it, None where the field would refuse it.

    Args:
        value: one value of the document, not a list. A number is read by the formats as its text, as Elasticsearch
            does; by the default formats it is epoch milliseconds.
        formats: the mapping's `format`, None for the default `strict_date_optional_time||epoch_millis`.
        nanos: True for a `date_nanos` field: nanoseconds, from 1970 to 2262. False for `date`: milliseconds, what is
            below them is cut off.

    >>> (
    ...     parse_date_value("02-03-2026", ("dd-MM-yyyy",), nanos=False),
    ...     parse_date_value("2026-03-02", ("year",), nanos=False),
    ... )
    (1772409600000, None)
    """
    known = formats_of(None if formats is None else tuple(formats))
    if isinstance(value, datetime.date):
        value = value.isoformat()
    if isinstance(value, str):
        instant = _quick(value) if known.iso else None
        if instant is None:
            interval = read_interval(value, known)
            instant = None if interval is None else interval[0]
    elif known.names == DEFAULT_FORMATS:
        instant = _nanos_of_number(value)
    else:
        text = _text_of_number(value)
        interval = None if text is None else read_interval(text, known)
        instant = None if interval is None else interval[0]
    if instant is None:
        return None
    if nanos:
        return instant if 0 <= instant < _LONG_LIMIT else None
    millis = instant // MILLISECOND
    return millis if -_LONG_LIMIT <= millis < _LONG_LIMIT else None


def date_interval(
    literal: str | int | float, formats: tuple[str, ...] | None, *, nanos: bool, now_ns: int | None = None
) -> tuple[int, int] | None:
    """Return the first and the last instant that a literal of a query covers, None where it is no date.

    Args:
        literal: text in one of the formats; date math (`now-1d/d`, `2020-01-01||+1M`), whose anchor counts from its
            first instant; or a number, which is epoch milliseconds whatever the formats are.
        formats: the mapping's `format`, None for the default.
        nanos: True for a `date_nanos` field, which is compared in nanoseconds; False for `date`, in milliseconds.
        now_ns: the present for `now`, in nanoseconds, of which the milliseconds count; None reads the clock.

    `== p` means first to last, `>= p` from the first, `> p` after the last, `< p` before the first, `<= p` up to the
    last. Rounding in date math ends a millisecond before the next unit, on both kinds of field, as in Elasticsearch.

    >>> date_interval("1970", None, nanos=False), date_interval("now/d", None, nanos=False, now_ns=1)
    ((0, 86399999), (0, 86399999))
    """
    known = formats_of(None if formats is None else tuple(formats))
    if isinstance(literal, str):
        interval = _interval_of_text(literal, known, now_ns)
    else:
        text = _text_of_number(literal)
        interval = None if text is None else read_interval(text, formats_of(("epoch_millis",)))
    if interval is None or nanos:
        return interval
    return interval[0] // MILLISECOND, interval[1] // MILLISECOND


def format_instant(ns: int) -> str:
    """Return an instant as join keys show it: ISO 8601, UTC, milliseconds or more digits where needed.

    Years beyond 9999 carry a sign, as in Java. What no date field can hold shows as the nearest that one can.

    >>> format_instant(0), format_instant(1_500_100)
    ('1970-01-01T00:00:00.000Z', '1970-01-01T00:00:00.0015001Z')
    """
    seconds, fraction = divmod(ns, SECOND)
    minutes, second = divmod(seconds, 60)
    millis, below = divmod(fraction, MILLISECOND)
    digits = "" if not below else f"{below:06}".rstrip("0")
    return f"{minute_text(minutes)}{_SECOND_TEXTS[second]}{_MILLI_TEXTS[millis]}{digits}Z"


@lru_cache(maxsize=_MAX_KNOWN)
def minute_text(minutes: int) -> str:
    """Return the minute, counted from the epoch, as ISO 8601 writes it: `1970-01-01T00:00`."""
    days, rest = divmod(minutes, DAY // MINUTE)
    year, month, day = date_of(max(-_MAX_DAYS, min(days, _MAX_DAYS)))
    return f"{year:{'04' if 0 <= year <= 9_999 else '+05'}}-{month:02}-{day:02}T{rest // 60:02}:{rest % 60:02}"


def _quick(text: str) -> int | None:
    """Read a full timestamp of the common form, None for every other one.

    The look-ups are the validation: only what a calendar and a clock can show is in the tables.
    """
    start = _KNOWN_SECONDS.get(text[:19])
    if start is None:
        start = _learn_second(text[:19])
        if start is None:
            return None
    tail = text[19:]
    fraction = _TAILS.get(tail)
    if fraction is not None:
        return start + fraction
    digits = tail[1:-1]
    if len(digits) <= FRACTION_DIGITS and tail[0] == "." and tail[-1] == "Z" and digits.isascii() and digits.isdigit():
        return start + int(digits.ljust(FRACTION_DIGITS, "0"))
    fields: Fields = {}
    if match_items(_ANY_TAIL, tail, 0, fields) != len(tail):
        return None
    return start + fields.get("n", 0) - fields.get("offset", 0) * SECOND


def _learn_second(text: str) -> int | None:
    """Return the start of a second such as `2026-03-02T10:15:21` and cache it, or None."""
    minutes, seconds = _MINUTES.get(text[10:16]), _SECONDS.get(text[16:])
    if minutes is None or seconds is None:
        return None
    start = _day_start(text[:10])
    if start is None:
        return None
    return _remember(_KNOWN_SECONDS, text, start + minutes + seconds)


def _day_start(text: str) -> int | None:
    """Return the start of a day such as `2026-03-02` in nanoseconds, or None."""
    start = _DAYS.get(text)
    return start if start is not None else _learn_day(text)


def _learn_day(text: str) -> int | None:
    """Return the start of a day such as `2026-03-02` in nanoseconds and cache it, or None."""
    interval = read_interval(text, formats_of(("strict_year_month_day",)))
    if interval is None or len(text) != len("2026-03-02"):
        return None
    return _remember(_DAYS, text, interval[0])


def _remember(known: dict[str, int], text: str, instant: int) -> int:
    """Cache an instant by its text and return it. The size of the cache is bounded."""
    if len(known) >= _MAX_KNOWN:
        known.clear()
    known[text] = instant
    return instant


def _timestamp_of_text(text: str) -> int | None:
    if text[10:11] == " ":
        text = f"{text[:10]}T{text[11:]}"
    quick = _quick(text)
    if quick is not None:
        return quick
    interval = read_interval(text, formats_of(None))
    return None if interval is None else interval[0]


def _first_timestamp(values: list[object] | tuple[object, ...]) -> int | None:
    """Return the first readable time in a list, looking into lists inside it without recursion."""
    waiting = [iter(values)]
    while waiting:
        for value in waiting[-1]:
            if isinstance(value, (list, tuple)):
                waiting.append(iter(value))
                break
            instant = parse_timestamp(value)
            if instant is not None:
                return instant
        else:
            waiting.pop()
    return None


def _text_of_number(value: object) -> str | None:
    """Return a number as decimal text without an exponent and with at most six places, None for anything else.

    The places are those that a JSON document shows, not those of the nearest binary number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not -_LONG_LIMIT <= value < _LONG_LIMIT:  # infinite and NaN too
        return None
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    text = repr(value)
    if "e" in text:  # below 0.0001
        text = f"{value:.6f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction[:6]}"


def _nanos_of_number(value: object) -> int | None:
    if type(value) is int:
        return value * MILLISECOND if -_LONG_LIMIT <= value < _LONG_LIMIT else None
    text = _text_of_number(value)
    interval = None if text is None else read_interval(text, formats_of(("epoch_millis",)))
    return None if interval is None else interval[0]


def _interval_of_text(text: str, formats: Formats, now_ns: int | None) -> Interval | None:
    if text.startswith("now"):
        present = time.time_ns() if now_ns is None else now_ns
        anchor, math = present // MILLISECOND * MILLISECOND, text.removeprefix("now")
    else:
        date_text, separator, math = text.partition("||")
        interval = read_interval(date_text, formats)
        if interval is None or not separator:
            return interval
        anchor = interval[0]
    first = _apply_math(anchor, math, round_up=False)
    last = _apply_math(anchor, math, round_up=True)
    return None if first is None or last is None else (first, last)


def _apply_math(instant: int, math: str, *, round_up: bool) -> int | None:
    """Apply `+1M`, `-2d` or `/h` in order, or return None for anything else.

    A count may be left out; a rounding takes none but 1. Rounding up gives the last millisecond of the unit.
    """
    at = 0
    found: int | None = instant
    while at < len(math) and found is not None:
        operator = math[at]
        end = at + 1
        while end < len(math) and "0" <= math[end] <= "9":
            end += 1
        digits, unit = math[at + 1 : end], math[end : end + 1]
        count = int(digits) if 0 < len(digits) <= _MAX_COUNT_DIGITS else 1
        if len(digits) > _MAX_COUNT_DIGITS or count > _MAX_COUNT or (unit not in _UNITS and unit not in _MONTHS_OF):
            return None
        if operator == "/" and count == 1:
            found = _round_down(found, unit)
            if round_up and found is not None:
                found = _add(found, 1, unit)
                found = None if found is None else found - MILLISECOND
        elif operator in "+-":
            found = _add(found, count if operator == "+" else -count, unit)
        else:
            return None
        at = end + 1
    return found


def _add(instant: int, count: int, unit: str) -> int | None:
    """Add units to an instant, or return None beyond the calendar.

    A day that the resulting month lacks becomes its last day.
    """
    if unit in _UNITS:
        moved = instant + count * _UNITS[unit]
        return moved if abs(moved) <= MAX_YEAR * 366 * DAY else None
    days, clock = divmod(instant, DAY)
    year, month, day = date_of(days)
    months = year * 12 + month - 1 + count * _MONTHS_OF[unit]
    for last in range(day, min(day, 28) - 1, -1):
        found = days_of(months // 12, months % 12 + 1, last)
        if found is not None:
            return found * DAY + clock
    return None


def _round_down(instant: int, unit: str) -> int | None:
    """Return the start of the unit around an instant, in UTC. Weeks start on Monday."""
    if unit == "w":
        # 1970-01-01 was a Thursday.
        return ((instant // DAY + 3) // 7 * 7 - 3) * DAY
    if unit in _UNITS:
        return instant // _UNITS[unit] * _UNITS[unit]
    year, month, _ = date_of(instant // DAY)
    start = days_of(year, month if unit == "M" else 1, 1)
    return None if start is None else start * DAY
