"""Extractors of join keys and ordinals. Rules with the same fields share one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eqlite.engine.keys import Key, KeyBudget, Report, join_keys
from eqlite.engine.order import (
    NO_TIEBREAKER,
    NO_TIME,
    Ordinal,
    ambiguity,
    ordinal_of_values,
    precision_ns,
    time_of_values,
)
from eqlite.fields import Field, converted, plain_value
from eqlite.limits import FREE_KEYS_PER_EVENT
from eqlite.plan import Plan
from eqlite.values.dates.instants import parse_timestamp

Document = Mapping[str, Any]


class KeyExtractor:
    """Reads the join keys of some fields."""

    def __init__(self, fields: Sequence[Field | None]) -> None:
        self._fields = fields
        plain = [field.path for field in fields if field is not None and field.is_plain]
        self._paths = plain if len(plain) == len(fields) else []

    def keys(self, document: Document, budget: KeyBudget, report: Report) -> tuple[Key, ...]:
        """Return the keys of a document, as many as the budget grants."""
        values = [plain_value(document, path) for path in self._paths]
        if {*map(type, values)} == {str}:
            return (tuple(values),)
        return join_keys(document, self._fields, budget=budget, report=report)

    def may_share(self, keys: tuple[Key, ...]) -> bool:
        """Return whether rules may share these keys. Very many are counted for each rule."""
        return len(keys) <= FREE_KEYS_PER_EVENT


class OrderExtractor:
    """Reads time and tiebreaker.

    Attributes:
        tiebreaker: the field that orders events of the same time; None for the order of the input.
    """

    def __init__(self, timestamp: Field | None, tiebreaker: Field | None) -> None:
        self.tiebreaker = tiebreaker
        self._timestamp = timestamp
        self._precision_ns = precision_ns(timestamp)
        is_plain = timestamp is not None and not timestamp.formats and timestamp.null_value is None
        self._path = timestamp.path if is_plain and timestamp is not None and timestamp.is_direct else None

    def order(self, document: Document, position: int) -> tuple[Ordinal, str | None]:
        """Return the ordinal of a document, and the problem with it, if any: see `order.ambiguity`."""
        time_ns: int | None
        value = None if self._path is None else plain_value(document, self._path)
        times: list[Any] = []
        if value.__class__ is str:
            time_ns = parse_timestamp(value)
            time_ns = time_ns if time_ns is None else time_ns - time_ns % self._precision_ns
        else:
            times = [] if self._timestamp is None else self._timestamp.raw_values(document)
            time_ns = None if self._timestamp is None else time_of_values(times, self._timestamp)
        if self.tiebreaker is None and len(times) < 2:
            return (NO_TIME if time_ns is None else time_ns, *NO_TIEBREAKER, position), None
        tiebreakers = (
            [] if self.tiebreaker is None else converted(self.tiebreaker.raw_values(document), self.tiebreaker)
        )
        problem = ambiguity(times, self._timestamp, tiebreakers, self.tiebreaker)
        return ordinal_of_values(time_ns, tiebreakers, position), problem


class Extractors:
    """The extractors of several queries, each made once."""

    def __init__(self) -> None:
        self._orders: dict[tuple[Field | None, Field | None], OrderExtractor] = {}
        self._keys: dict[tuple[Field | None, ...], KeyExtractor] = {}

    def order(self, plan: Plan) -> OrderExtractor:
        """Return the extractor for the order of a query's events."""
        fields = (plan.timestamp, plan.tiebreaker)
        if fields not in self._orders:
            self._orders[fields] = OrderExtractor(*fields)
        return self._orders[fields]

    def keys(self, fields: tuple[Field | None, ...]) -> KeyExtractor:
        """Return the extractor for the keys of a stage."""
        if fields not in self._keys:
            self._keys[fields] = KeyExtractor(fields)
        return self._keys[fields]
