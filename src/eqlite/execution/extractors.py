"""Extractors: read join keys and times of events, each once for all rules that ask alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from eqlite.engine.keys import Key, KeyBudget, Report, keys_of_values, untyped_key
from eqlite.events.projection import Structs
from eqlite.execution.event_cursor import Clock, Reading
from eqlite.fields import Field, converted
from eqlite.plan import Plan


class KeyReader:
    """Reads the keys of some fields."""

    def __init__(self, fields: Sequence[Field | None], structs: Structs | None) -> None:
        self._fields = fields
        names = [field.path for field in fields if field is not None and field.is_plain]
        self._get: Callable[[Any], Any] | None = None
        self._is_one = len(fields) == 1
        self._are_required = not any(field is None or field.optional for field in fields)
        if structs is None or not names or len(names) < len(fields):
            return
        if all(name in structs.attributes for name in names):
            self._get = structs.getter(*names)

    def read(self, reading: Reading, budget: KeyBudget, report: Report) -> tuple[Key, ...]:
        """Return the keys of an event, as many as the budget grants."""
        keys = None if reading.struct is None else self.read_at_once(reading.struct)
        if keys is not None:
            return keys
        values = [[] if field is None else converted(reading.raw(field), field) for field in self._fields]
        return keys_of_values(values, self._fields, budget, report)

    def read_at_once(self, struct: Any) -> tuple[Key, ...] | None:
        """Return the key of an event, mostly of texts that need no look, or none; None where there may be several."""
        get = self._get
        if get is None:
            return None
        value = get(struct)
        if self._is_one:
            value = (value,)
        are_texts = True
        for part in value:
            if part.__class__ is not str:
                are_texts = False
                if part.__class__ is not int:
                    return () if part is None and self._are_required else None
        return (value if are_texts else tuple([untyped_key(part) for part in value]),)


class Readers:
    """The clocks and key readers of several queries, each but once."""

    def __init__(self, structs: Structs | None) -> None:
        self._structs = structs
        self._clocks: dict[tuple[Field | None, Field | None], Clock] = {}
        self._key_readers: dict[tuple[Field | None, ...], KeyReader] = {}

    def clock(self, plan: Plan) -> Clock:
        """Return the clock of a query."""
        fields = (plan.timestamp, plan.tiebreaker)
        if fields not in self._clocks:
            self._clocks[fields] = Clock(*fields, self._structs)
        return self._clocks[fields]

    def keys(self, fields: tuple[Field | None, ...]) -> KeyReader:
        """Return what reads the keys of a stage."""
        if fields not in self._key_readers:
            self._key_readers[fields] = KeyReader(fields, self._structs)
        return self._key_readers[fields]
