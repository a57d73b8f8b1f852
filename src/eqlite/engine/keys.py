"""Join keys: the values that join an event to others.

An array gives a key for each of its values, several arrays all combinations. A required key that is missing leaves the
event out; an optional one is null, and null joins null. Source: eql-semantics 5.3 and 8.4.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eqlite.datatypes import DATES, DataType
from eqlite.fields import NANOS_PER_MILLI, Field, field_values, shown_value
from eqlite.limits import FREE_KEYS_PER_EVENT, MAX_KEYS_PER_EVENT, MAX_KEYS_PER_RUN
from eqlite.values.distinct import small_or_text
from eqlite.values.text import to_text

Key = tuple[Any, ...]
"""The values of a join key, position by position: texts, numbers, booleans and None."""

Report = Callable[[str], None]


class KeyBudget:
    """Bounds the join keys that a run holds for events with many of them.

    Arrays multiply: 316 values in each of two fields are 6 kB of an event and 99,856 keys. An event has at most
    `MAX_KEYS_PER_EVENT` of them. Those beyond its first `FREE_KEYS_PER_EVENT` count towards `MAX_KEYS_PER_RUN`, so that
    only events with many keys lose any.

    Attributes:
        spent: the keys counted so far.
    """

    __slots__ = ("spent",)

    def __init__(self) -> None:
        self.spent = 0

    def grant(self, count: int, report: Report | None = None) -> int:
        """Return the number of keys that an event may have, and count them. `report` gets a message on the others."""
        if count <= FREE_KEYS_PER_EVENT:
            return count
        left = FREE_KEYS_PER_EVENT + max(0, MAX_KEYS_PER_RUN - self.spent)
        granted = min(count, MAX_KEYS_PER_EVENT, left)
        self.spent += granted - FREE_KEYS_PER_EVENT
        if granted < count and report is not None:
            limit = f"{MAX_KEYS_PER_RUN:,} in all" if granted == left else f"{MAX_KEYS_PER_EVENT:,}"
            report(f"join keys: the arrays of an event make more than {limit}; the rest is left out")
        return granted


def join_keys(
    event: Mapping[str, Any],
    fields: Sequence[Field | None],
    *,
    budget: KeyBudget | None = None,
    report: Report | None = None,
) -> tuple[Key, ...]:
    """Return the keys of an event, each once. There are none where a required key is missing.

    Without a type, values are equal if their texts are: a keyword field would hold `1000` and `"1000"` alike. Of more
    keys than the budget grants the first ones count, and `report` gets a message.

    >>> join_keys({"host": ["a", "b"]}, [Field("host", "host")])
    (('a',), ('b',))
    """
    values = [[] if field is None else field_values(event, field) for field in fields]
    return keys_of_values(values, fields, budget or KeyBudget(), report)


def keys_of_values(
    values: Sequence[list[Any]], fields: Sequence[Field | None], budget: KeyBudget, report: Report | None = None
) -> tuple[Key, ...]:
    """Return the join keys for the values of each field, as `join_keys` does."""
    if not fields:
        return ((),)
    pairs = zip(values, fields, strict=True)
    choices = [(None,) if field is None else tuple(_choices(of_field, field)) for of_field, field in pairs]
    granted = budget.grant(math.prod(map(len, choices)), report)
    return tuple(itertools.islice(itertools.product(*choices), granted))


class KeyValues:
    """The original values behind join keys, for results: a key holds only their common form.

    Dates are reported as text for a sequence, as milliseconds for a sample, as Elasticsearch does.
    """

    def __init__(self, *, dates_as_text: bool) -> None:
        self._dates_as_text = dates_as_text
        self._last: tuple[Mapping[str, Any] | None, Sequence[Field | None]] = (None, ())
        self._choices: list[dict[Any, Any]] = []

    def of(self, event: Mapping[str, Any], fields: Sequence[Field | None], key: Key) -> Key:
        """Return the values of an event from which one of its keys was made."""
        if self._last[0] is not event or self._last[1] is not fields:  # an event may give many results, one a key
            self._choices = [{} if field is None else _choices(field_values(event, field), field) for field in fields]
            self._last = (event, fields)
        parts = zip(fields, self._choices, key, strict=True)
        return tuple(self._value(choices.get(part), field) for field, choices, part in parts)

    def _value(self, value: Any, field: Field | None) -> Any:
        if value is None or field is None or field.type is DataType.UNKNOWN:
            return value
        return value if field.type in DATES and not self._dates_as_text else shown_value(value, field)


def _choices(values: list[Any], field: Field) -> dict[Any, Any]:
    """Return the key parts for the values of one field, each with the first value that has it."""
    if not values:
        return {None: None} if field.optional else {}
    if field.type is DataType.DATETIME:  # in nanoseconds, so that it joins with `date_nanos`
        return {value * NANOS_PER_MILLI: value for value in values}
    if field.type is not DataType.UNKNOWN:
        return {small_or_text(value) if value.__class__ is int else value: value for value in values}
    if len(values) == 1:
        return {untyped_key(values[0]): values[0]}
    choices: dict[Any, Any] = {}
    for value in values:
        choices.setdefault(untyped_key(value), value)
    return choices


def untyped_key(value: Any) -> str:
    """Return the key of a value of a field without a type."""
    if value.__class__ is str:
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        value = int(value)
    return to_text(value)


def sortable_value(value: object) -> tuple[int, Any]:
    """Return a sort key for a key's value: null first, then numbers, then texts."""
    if value is None:
        return (0, 0)
    return (1, value) if isinstance(value, (int, float)) else (2, str(value))
