"""Join keys: by which values an event belongs to others.

An array gives a key for each of its values, several arrays all combinations. A required key that is missing leaves the
event out; an optional one is null, and null joins null. Source: eql-semantics 5.3 and 8.4.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eqlite.datatypes import DATES, DataType
from eqlite.fields import Field, field_values, script_value
from eqlite.limits import MAX_COMBINATIONS
from eqlite.values.text import to_text

Key = tuple[Any, ...]
"""What joins: texts, numbers, booleans and None, position by position."""


def join_keys(
    event: Mapping[str, Any],
    fields: Sequence[Field | None],
    *,
    dates_as_text: bool = True,
    report: Callable[[str], None] | None = None,
) -> dict[Key, Key]:
    """Return the keys of an event, each with the values to report for it; empty where a required key is missing.

    Of more than `MAX_COMBINATIONS` keys the first ones count, and `report` gets a message.

    Dates are reported as text for a sequence, as milliseconds for a sample, as Elasticsearch does. Without a type,
    values are equal if their texts are: a keyword field would hold `1000` and `"1000"` alike.

    >>> list(join_keys({"host": ["a", "b"]}, [Field("host", "host")]))
    [('a',), ('b',)]
    """
    if len(fields) == 1 and fields[0] is not None:
        return {(key,): (value,) for key, value in _choices(event, fields[0], dates_as_text)}
    choices = [[(None, None)] if field is None else _choices(event, field, dates_as_text) for field in fields]
    if report is not None and math.prod(map(len, choices)) > MAX_COMBINATIONS:
        report(
            f"join keys: the arrays of an event make more than {MAX_COMBINATIONS:,} combinations; the rest is left out"
        )
    combinations = itertools.islice(itertools.product(*choices), MAX_COMBINATIONS)
    return {
        tuple(key for key, _ in combination): tuple(value for _, value in combination) for combination in combinations
    }


def _choices(event: Mapping[str, Any], field: Field, dates_as_text: bool) -> list[tuple[Any, Any]]:  # noqa: FBT001
    values = field_values(event, field)
    if not values:
        return [(None, None)] if field.optional else []
    if field.type is DataType.UNKNOWN:
        return list({_untyped_key(value): value for value in reversed(values)}.items())[::-1]
    if field.type in DATES and not dates_as_text:
        return [(value, value) for value in dict.fromkeys(values)]
    return [(value, script_value(value, field)) for value in dict.fromkeys(values)]


def _untyped_key(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        value = int(value)
    return to_text(value)
