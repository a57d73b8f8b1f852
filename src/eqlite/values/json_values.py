"""Values of Python as JSON has them: dates, decimals, numbers of numpy.

A program's documents hold what JSON has no form for. Each such value is read as one JSON value, or refused by name.
Nothing is guessed from its `str`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from eqlite.errors import EventError
from eqlite.limits import MAX_JSON_DEPTH

ARRAYS = (list, tuple, set, frozenset)
"""The types that count as arrays."""

PLAIN_TYPES = frozenset({str, int, bool, type(None)})
"""The types of leaves that are taken as they are; floats are, too, but for NaN."""

_LONG_DIGITS = 18


def json_scalar(value: Any) -> Any:
    """Return a leaf of a document as a JSON value, or a list for a numpy array.

    | Python | JSON |
    |---|---|
    | `datetime`, `date` | text, ISO 8601; in UTC, which is also meant where no zone is given |
    | `Decimal`, numbers of numpy | number |
    | NaN, `NaT` | null |
    | a subclass of `str`, `int` or `float` (an `IntEnum`, say) | its text or number |

    Raises:
        EventError: it is of another type, such as `bytes`.

    >>> from datetime import timedelta, timezone
    >>> json_scalar(datetime(2026, 5, 4, 10, tzinfo=timezone(timedelta(hours=2))))
    '2026-05-04T08:00:00Z'
    >>> json_scalar(Decimal("7")), json_scalar(Decimal("0.5")), json_scalar(float("nan"))
    (7, 0.5, None)
    """
    kind = value.__class__
    if kind in PLAIN_TYPES:
        return value
    if isinstance(value, float):
        return None if value != value else float(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, datetime):
        return _instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _decimal_number(value)
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return _numpy_value(value)
    raise EventError(f"an event holds a value of type {kind.__name__}, for which JSON has no form; convert it before")


def _instant_text(value: datetime) -> str | None:
    if value != value:  # pandas has a datetime that is none, `NaT`
        return None
    try:
        zoned = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:  # in UTC it is before the year 1, or after 9999
        return value.isoformat()
    return zoned.isoformat().replace("+00:00", "Z")


def _decimal_number(value: Decimal) -> int | float | None:
    if value.is_nan():
        return None
    is_long = value.is_finite() and value.adjusted() < _LONG_DIGITS and value == value.to_integral_value()
    return int(value) if is_long else float(value)


def _numpy_value(value: Any) -> Any:
    """Return a numpy scalar or array as Python values. Times of any unit become `datetime`s."""
    if value.dtype.kind == "M":
        value = value.astype("datetime64[us]")
    plain = value.tolist()
    return plain if isinstance(plain, list) else json_scalar(plain)


def is_plain(document: Mapping[str, Any], *, max_parts: int = 100_000) -> bool:
    """Return whether a document holds only what JSON has, and NaN, in dicts and lists, at most `max_parts` of them.

    A document that holds itself has no end of parts. Nor is one plain that is nested over `MAX_JSON_DEPTH`.
    """
    if document.__class__ is not dict:
        return False
    parts: list[Any] = [document]
    for part in parts:
        for value in part.values() if part.__class__ is dict else part:
            kind = value.__class__
            if kind is str:  # which most are
                continue
            if kind is dict or kind is list:
                parts.append(value)
            elif kind not in PLAIN_TYPES and (kind is not float or abs(value) == math.inf):
                return False
        if len(parts) > max_parts:
            return False
    return len(parts) <= MAX_JSON_DEPTH or not _is_too_deep(document)


def _is_too_deep(document: Mapping[str, Any]) -> bool:
    level: list[Any] = [document]
    for _ in range(MAX_JSON_DEPTH):
        inside = [value for part in level for value in (part.values() if part.__class__ is dict else part)]
        level = [value for value in inside if value.__class__ is dict or value.__class__ is list]
        if not level:
            return False
    return True


def json_value(value: Any, *, depth: int) -> Any:
    """Return a value with all that is in it as JSON has it: mappings as dicts, arrays as lists.

    A key that is no text names no field, and is left out with its value.

    Raises:
        EventError: something in it has no form in JSON, or it is nested over `depth`, or holds itself.
    """
    is_mapping = isinstance(value, Mapping)
    if is_mapping or isinstance(value, ARRAYS):
        if depth == 0:
            raise EventError("an event is nested too deeply, or holds itself")
        if is_mapping:
            return {key: json_value(item, depth=depth - 1) for key, item in value.items() if isinstance(key, str)}
        return [json_value(item, depth=depth - 1) for item in value]
    scalar = json_scalar(value)
    return json_value(scalar, depth=depth) if isinstance(scalar, list) else scalar
