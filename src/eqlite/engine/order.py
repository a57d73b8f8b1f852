"""The order of events: by time, then tiebreaker, then the order in which they came.

Times are cut to milliseconds, the precision of a field of type `date`. Only `date_nanos` is finer.
Source: eql-semantics 8.2 and 11, eql-settled A2 and A11. An event without a time comes last. One without a
tiebreaker comes after those that have one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any

from eqlite import plan
from eqlite.datatypes import DataType
from eqlite.fields import NANOS_PER_MILLI, Field, converted, field_values
from eqlite.values.dates.instants import parse_timestamp

Ordinal = tuple[int, int, Any, int]
"""Time in nanoseconds, kind and value (a number or a text) of the tiebreaker, position in the input."""

NO_TIME = 1 << 63
NO_TIEBREAKER = (2, "")
"""Sorts after every tiebreaker. Their kinds are 0 for numbers and 1 for texts."""


def precision_ns(timestamp: Field | None) -> int:
    """Return the precision of a timestamp field in nanoseconds: a millisecond, except for `date_nanos`."""
    return 1 if timestamp is not None and timestamp.type is DataType.DATE_NANOS else NANOS_PER_MILLI


def event_time_ns(event: Mapping[str, Any], field: Field | None) -> int | None:
    """Return the time of an event in nanoseconds since the epoch, None if it has no readable one."""
    return None if field is None else time_of_values(field.raw_values(event), field)


def time_of_values(values: list[Any], field: Field) -> int | None:
    """Return the time from the raw values of its field, as precise as the field is."""
    if not field.formats:
        time_ns = parse_timestamp(values)
        return None if time_ns is None else time_ns - time_ns % precision_ns(field)
    dates = converted(values, field)
    return dates[0] * precision_ns(field) if dates else None


def ordinal(event: Mapping[str, Any], position: int, query: plan.Plan) -> Ordinal:
    """Return the ordinal of an event. `position` is its number in the input."""
    time_ns = event_time_ns(event, query.timestamp)
    tiebreakers = [] if query.tiebreaker is None else field_values(event, query.tiebreaker)
    return ordinal_of_values(time_ns, tiebreakers, position)


def order_problem(event: Mapping[str, Any], query: plan.Plan) -> str | None:
    """Return the reason to leave an event with a time out of sequences, None if there is none: see `ambiguity`."""
    times = [] if query.timestamp is None else query.timestamp.raw_values(event)
    tiebreakers = [] if query.tiebreaker is None else field_values(event, query.tiebreaker)
    return ambiguity(times, query.timestamp, tiebreakers, query.tiebreaker)


def ambiguity(times: Sized, timestamp: Field | None, tiebreakers: Sized, tiebreaker: Field | None) -> str | None:
    """Return the message about an event with several times or tiebreakers. None if it has a single ordinal."""
    field = timestamp if len(times) > 1 else tiebreaker if len(tiebreakers) > 1 else None
    if field is None:
        return None
    return f"`{field.name}` holds several values, and a sequence needs a single value: the event is left out"


def no_time_message(query: plan.Plan) -> str:
    """Return the message about an event of a sequence that has no readable time."""
    name = "the timestamp" if query.timestamp is None else f"`{query.timestamp.name}`"
    return f"Elasticsearch would fail the search on this event: {name} holds no readable time, and a sequence needs one"


def ordinal_of_values(time_ns: int | None, tiebreakers: list[Any], position: int) -> Ordinal:
    """Return the ordinal of an event with this time. `tiebreakers` are the values of the tiebreaker field."""
    kind, value = _tiebreaker(tiebreakers)
    return (NO_TIME if time_ns is None else time_ns, kind, value, position)


def _tiebreaker(values: list[Any]) -> tuple[int, float | str]:
    """Return the kind and value of the tiebreaker. Numbers come before texts, a missing one comes last."""
    if not values:
        return NO_TIEBREAKER
    value = values[0]
    return (0, value) if isinstance(value, (int, float)) else (1, str(value))
