"""Times that a field of type `date` reads differently from what was probably meant, or not at all.

Its default format is `strict_date_optional_time||epoch_millis`: a number is milliseconds since 1970, whatever its size.
Nothing is converted here. Odd times are counted, with an example and advice.

Source: Elasticsearch reference, field types, `date`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from eqlite.fields import raw_values
from eqlite.values.dates.instants import parse_timestamp
from eqlite.values.text import to_text

_MILLIS = "Elasticsearch reads it as milliseconds, and so does eqlite"
_UNREADABLE = "Elasticsearch refuses it, and eqlite leaves such events out of sequences"
_SCALES = (
    (1e8, 1e10, "epoch seconds", f"{_MILLIS}: multiply it by 1,000, or map the field with the format `epoch_second`"),
    (1e14, 1e17, "epoch microseconds", f"{_MILLIS}: divide it by 1,000"),
    (1e17, 2e17, "a Windows FILETIME", f"{_MILLIS}: subtract 116444736000000000, and divide by 10,000"),
    (1e18, 1e19, "epoch nanoseconds", f"{_MILLIS}: divide it by 1,000,000"),
)
"""Ranges of the numbers that a present time has in scales other than milliseconds."""
_KIBANA = re.compile(r"[A-Z][a-z]{2} \d{1,2}, \d{4} @ \d\d:\d\d:\d\d(?:\.\d+)?")


class OddTimes(NamedTuple):
    """Events whose time looks wrong in one way.

    Attributes:
        events: their number among the sampled events.
        looks_like: the name of the scale or format that the time seems to have.
        example: the first of the times.
        advice: the effect, and a remedy.
    """

    events: int
    looks_like: str
    example: str
    advice: str


def odd_times(documents: Iterable[Mapping[str, object]], path: str) -> list[OddTimes]:
    """Return the oddities in the times of some documents, the most frequent first.

    >>> odd_times([{"@timestamp": 1777888800}], "@timestamp")[0].looks_like
    'epoch seconds'
    """
    found: dict[str, OddTimes] = {}
    for document in documents:
        values = raw_values(document, path)
        odd = _oddity(values[0]) if values else None
        if odd is not None:
            looks_like, advice = odd
            before = found.get(looks_like, OddTimes(0, looks_like, to_text(values[0])[:80], advice))
            found[looks_like] = before._replace(events=before.events + 1)
    return sorted(found.values(), key=lambda odd: -odd.events)


def _oddity(value: object) -> tuple[str, str] | None:
    """Return a description of an odd time with advice, or None for a normal one."""
    number = _number(value)
    if number is not None:
        scales = [(name, advice) for low, high, name, advice in _SCALES if low <= abs(number) < high]
        return scales[0] if scales else None
    if parse_timestamp(value) is not None:
        return None
    if isinstance(value, str) and _KIBANA.fullmatch(value):
        zone = "it is in the time zone of the browser that wrote it: export the documents as JSON"
        return "Kibana's display of a date", f"{_UNREADABLE}; {zone}"
    return "no date of ISO 8601", _UNREADABLE


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if abs(value) < 1e300 else None
    if isinstance(value, str) and re.fullmatch(r"-?\d{8,20}(?:\.\d{1,9})?", value):
        return float(value)
    return None
