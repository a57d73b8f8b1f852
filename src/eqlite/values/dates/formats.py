"""Reading dates by the formats of an Elasticsearch mapping.

Takes text and the formats of a date field; gives the first and the last instant that the text covers, in nanoseconds
since the epoch, UTC: `2020-02-02` is a day, `10:15` a minute of 1970-01-01, a fraction of a second one instant.
`dates.py` calls it; date math, numbers and the fast form of timestamps are there, the patterns in `date_patterns.py`.

A format is a built-in name, a Java pattern, or several of them joined by `||`. The built-in formats of week-based years
are not known; a field that has only unknown formats has no readable value.

Example:
    >>> first, last = read_interval("02/03/2026", formats_of(("dd/MM/yyyy||epoch_millis",)))
    >>> last - first == DAY - 1
    True
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, TypeAlias

from eqlite.values.dates.patterns import Fields, compile_pattern, match_items

MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000 * MILLISECOND
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
MAX_YEAR: Final = 999_999_999
DEFAULT_FORMATS: Final = ("strict_date_optional_time", "epoch_millis")

Interval: TypeAlias = tuple[int, int]
Reader: TypeAlias = Callable[[str], Interval | None]

_CYCLE_YEARS = 400
_CYCLE_DAYS = 146_097
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_MAX_EPOCH_DIGITS = 19


def days_of(year: int, month: int, day: int) -> int | None:
    """Return the days from 1970-01-01 to a date of any year, None where there is no such date.

    >>> days_of(1970, 1, 2), days_of(2023, 2, 29), days_of(0, 1, 1)
    (1, None, -719528)
    """
    if not -MAX_YEAR <= year <= MAX_YEAR:
        return None
    # The calendar repeats every 400 years, so that `datetime`, which knows the years 1 to 9999, serves every year.
    cycle, year_of_cycle = divmod(year, _CYCLE_YEARS)
    try:
        ordinal = date(year_of_cycle + _CYCLE_YEARS, month, day).toordinal()
    except ValueError:
        return None
    return ordinal + (cycle - 1) * _CYCLE_DAYS - _EPOCH_ORDINAL


def date_of(days: int) -> tuple[int, int, int]:
    """Return year, month and day of a count of days from 1970-01-01.

    >>> date_of(0), date_of(-719529)
    ((1970, 1, 1), (-1, 12, 31))
    """
    cycle, day_of_cycle = divmod(days + _EPOCH_ORDINAL - 1, _CYCLE_DAYS)
    found = date.fromordinal(day_of_cycle + 1)
    return found.year + cycle * _CYCLE_YEARS, found.month, found.day


def interval_of(fields: Fields) -> Interval | None:
    """Return the first and last nanosecond that the fields cover, or None if they are no date.

    Fields left out start at 1970-01-01T00:00, UTC; the end is that of the smallest unit that was given, down
    from the day. Elasticsearch sets a missing month and a missing day to 1 also when it rounds up ("missing date
    components" in its documentation of range queries), so that `2020` ends with the first of January.
    """
    year, month = fields.get("y", 1970), fields.get("M", 1)
    hour, minute, second = _hour_of(fields), fields.get("m", 0), fields.get("s", 0)
    days = days_of(year, month, fields.get("d", 1))
    if days is None or hour is None or minute > 59 or second > 59:
        return None
    if "D" in fields:
        days += fields["D"] - 1
        if fields["D"] == 0 or date_of(days)[0] != year:
            return None
    clock = hour * HOUR + minute * MINUTE + (second - fields.get("offset", 0)) * SECOND
    first = days * DAY + clock + fields.get("n", 0)
    return first, first + _unit_of(fields) - 1


def _hour_of(fields: Fields) -> int | None:
    """Return the hour of the day from the given hour fields, or None if it is out of range."""
    afternoon = 12 * fields.get("a", 0)
    if "h" in fields:
        return fields["h"] % 12 + afternoon if 1 <= fields["h"] <= 12 else None
    if "K" in fields:
        return fields["K"] + afternoon if fields["K"] < 12 else None
    if "k" in fields:
        return fields["k"] % 24 if 1 <= fields["k"] <= 24 else None
    hour = fields.get("H", 0)
    return hour if hour < 24 else None


def _unit_of(fields: Fields) -> int:
    """Return the length in ns of the smallest unit among the fields.

    A missing month or day is the first.
    """
    for letters, unit in (("n", 1), ("s", SECOND), ("m", MINUTE), ("HhkK", HOUR)):
        if any(letter in fields for letter in letters):
            return unit
    return DAY


def read_epoch(text: str, unit: int) -> Interval | None:
    """Read a number of units of `unit` nanoseconds since the epoch. Without a fraction it covers the whole unit.

    >>> read_epoch("1.5", 1_000_000), read_epoch("2", 1_000_000), read_epoch("1e3", 1_000_000)
    ((1500000, 1500000), (2000000, 2999999), None)
    """
    whole, _, fraction = text.removeprefix("-").partition(".")
    places = len(str(unit)) - 1
    if not 1 <= len(whole) <= _MAX_EPOCH_DIGITS or len(fraction) > places:
        return None
    digits = whole + fraction.ljust(places, "0")
    if not (digits.isascii() and digits.isdigit()):
        return None
    nanos = -int(digits) if text.startswith("-") else int(digits)
    return nanos, nanos if fraction else nanos + unit - 1


_LENIENT = {
    "date_optional_time": "u[-M[-d['T'[H[:m[:s[f]]][o]]]]]",
    "date": "u-M[-d]",
    "date_hour": "u-M-d'T'H",
    "date_hour_minute": "u-M-d'T'H:m",
    "date_hour_minute_second": "u-M-d'T'H:m:s",
    "date_hour_minute_second_fraction": "u-M-d'T'H:m:sf",
    "date_hour_minute_second_millis": "u-M-d'T'H:m:sf",
    "date_time": "u-M-d'T'H:m[:s[f]]o",
    "date_time_no_millis": "u-M-d'T'H:m[:s][o]",
    "hour": "H",
    "hour_minute": "H:m",
    "hour_minute_second": "H:m:s",
    "hour_minute_second_fraction": "H:m:sf",
    "hour_minute_second_millis": "H:m:sf",
    "ordinal_date": "u-D",
    "ordinal_date_time": "u-D'T'H:m[:sf]o",
    "ordinal_date_time_no_millis": "u-D'T'H:m:so",
    "time": "H:m:sfo",
    "time_no_millis": "H:m:so",
    "t_time": "'T'H:m:sfo",
    "t_time_no_millis": "'T'H:m:so",
    "year": "u",
    "year_month": "u-M",
    "year_month_day": "u-M-d",
}
_FULL_WIDTH = str.maketrans({letter: letter * 2 for letter in "MdHms"} | {"u": "uuuu", "D": "DDD"})
_BUILT_IN = {
    **_LENIENT,
    **{f"strict_{name}": pattern.translate(_FULL_WIDTH) for name, pattern in _LENIENT.items()},
    "strict_date": "uuuu-MM-dd",
    "strict_date_time": "uuuu-MM-dd'T'HH:mm:ss[f]o",
    "strict_date_time_no_millis": "uuuu-MM-dd'T'HH:mm:sso",
    "strict_date_optional_time_nanos": "uuuu[-MM[-dd['T'HH:mm:ss[f][o]]]]",
    "iso8601": "uuuu[-MM[-dd['T'[HH[:mm[:ss[f]]]]]]][o]",
    "basic_date": "uuuuMMdd",
    "basic_date_time": "uuuuMMdd'T'HHmmssfo",
    "basic_date_time_no_millis": "uuuuMMdd'T'HHmmsso",
    "basic_ordinal_date": "uuuuDDD",
    "basic_ordinal_date_time": "uuuuDDD'T'HHmmssfo",
    "basic_ordinal_date_time_no_millis": "uuuuDDD'T'HHmmsso",
    "basic_time": "HHmmssfo",
    "basic_time_no_millis": "HHmmsso",
    "basic_t_time": "'T'HHmmssfo",
    "basic_t_time_no_millis": "'T'HHmmsso",
}
_EPOCH_UNITS = {"epoch_millis": MILLISECOND, "epoch_second": SECOND}
_READ_FULL_TIMESTAMPS = ("strict_date_optional_time", "strict_date_optional_time_nanos", "date_optional_time")


@dataclass(frozen=True, slots=True)
class Formats:
    """The compiled formats of a field.

    With `iso`, the first of them reads every full ISO timestamp.
    """

    names: tuple[str, ...]
    readers: tuple[Reader, ...]
    iso: bool


@lru_cache(maxsize=1_024)
def formats_of(formats: tuple[str, ...] | None) -> Formats:
    """Return readers for the formats of a mapping, by default those of Elasticsearch.

    Each text may have several formats joined by `||`.

    Unknown formats are left out, so that a field with none but these has no readable value.
    """
    written = DEFAULT_FORMATS if formats is None else formats
    names = tuple(name.strip() for text in written for name in text.split("||"))
    readers = tuple(reader for name in names if (reader := _reader_of(name)) is not None)
    return Formats(names, readers, iso=names[0] in _READ_FULL_TIMESTAMPS if names else False)


def _reader_of(name: str) -> Reader | None:
    if name in _EPOCH_UNITS:
        unit = _EPOCH_UNITS[name]
        return lambda text: read_epoch(text, unit)
    pattern = _BUILT_IN.get(name)
    # Elasticsearch 6 distinguished Java's patterns from Joda's by a leading 8. Later versions still drop it.
    items = compile_pattern(pattern, extended=True) if pattern else compile_pattern(name.removeprefix("8"))
    if not items:
        return None

    def read(text: str) -> Interval | None:
        fields: Fields = {}
        end = match_items(items, text, 0, fields)
        return interval_of(fields) if fields and end == len(text) else None

    return read


def read_interval(text: str, formats: Formats) -> Interval | None:
    """Return the first and last nanosecond of a text by the first format that reads it, None where none does.

    >>> read_interval("1970-01-01T00:00", formats_of(None))
    (0, 59999999999)
    """
    for reader in formats.readers:
        interval = reader(text)
        if interval is not None:
            return interval
    return None
