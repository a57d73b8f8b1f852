"""What is read of an event besides the conditions: its place in the order of events, and its join keys.

Rules ask for the same again and again, so each is read once an event; and from a struct, where there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from eqlite.backends.shared.structs import Structs
from eqlite.engine.keys import Key, keys_of_values
from eqlite.engine.order import NO_TIME, Ordinal, ordinal_of_values, time_of_values
from eqlite.events.decoding import decode_object
from eqlite.events.envelopes import unwrap
from eqlite.fields import Field, converted, raw_values
from eqlite.limits import MAX_COMBINATIONS
from eqlite.plan import Plan

Document = Mapping[str, Any]
Report = Callable[[str], None]


class Reading:
    """An event on its way through the rules: a line with its struct, or a document."""

    __slots__ = ("_document", "_keys", "_line", "_structs", "_wheres", "place", "struct")

    def __init__(
        self,
        place: int,
        *,
        document: Document | None = None,
        line: bytes = b"",
        struct: Any = None,
        structs: Structs | None = None,
    ) -> None:
        self.place = place
        self.struct = struct
        self._document = document
        self._line = line
        self._structs = structs
        self._wheres: dict[Clock, Ordinal] = {}
        self._keys: dict[KeyReader, tuple[Key, ...]] = {}

    @property
    def document(self) -> Document:
        """Return the whole document."""
        if self._document is None:
            self._document = unwrap(decode_object(self._line))[0][0]
        return self._document

    def raw(self, field: Field) -> list[Any]:
        """Return the raw values of a field."""
        attributes = self._structs.attributes if self._structs is not None and self._document is None else {}
        if field.path not in attributes or field.null_value is not None:
            return raw_values(self.document, field.path, field.null_value)
        value = attrgetter(attributes[field.path])(self.struct)
        if value is None:
            return []
        return list(value) if value.__class__ is tuple else [value]

    def where(self, clock: Clock) -> Ordinal:
        """Return where the event stands by a clock."""
        where = self._wheres.get(clock)
        if where is None:
            where = self._wheres[clock] = clock.read(self)
        return where

    def keys(self, reader: KeyReader, report: Report) -> tuple[Key, ...]:
        """Return the join keys of the event that a reader reads."""
        keys = self._keys.get(reader)
        if keys is None:
            keys = reader.read(self, report)
            if len(keys) < MAX_COMBINATIONS:  # where there are more, each query has to hear of it
                self._keys[reader] = keys
        return keys


class Clock:
    """What tells the order of events to some queries, and how far the events have come."""

    def __init__(self, timestamp: Field | None, tiebreaker: Field | None, structs: Structs) -> None:
        self._timestamp = timestamp
        self._tiebreaker = tiebreaker
        self._latest: tuple[Any, ...] | None = None
        self._text = ""
        path = timestamp.path if timestamp is not None and tiebreaker is None else None
        self._get = structs.getter(path) if path is not None and path in structs.attributes else None

    def read(self, reading: Reading) -> Ordinal:
        """Return where an event stands."""
        time_ns = None
        if self._timestamp is not None:
            time_ns = time_of_values(reading.raw(self._timestamp), self._timestamp)
        tiebreaker = self._tiebreaker
        values = [] if tiebreaker is None else converted(reading.raw(tiebreaker), tiebreaker)
        return ordinal_of_values(time_ns, values, reading.place)

    def follows(self, reading: Reading) -> bool | None:
        """Tell whether an event stands behind all that were asked about before, and remember that it came.

        None for one without a time. Of two times of one day that are written alike, the texts tell the order.
        """
        text = None
        if self._get is not None and reading.struct is not None:
            text = self._get(reading.struct)
            last = self._text
            if (
                text.__class__ is str
                and len(text) == len(last)
                and text[:11] == last[:11]
                and text[13] == ":"
                and text[-1] == "Z"
                and text >= last
            ):
                self._text = text
                self._latest = None
                return True
        return self._follows_by_time(reading, text)

    def _follows_by_time(self, reading: Reading, text: Any) -> bool | None:
        where = reading.where(self)
        if where[0] == NO_TIME:
            return None
        if self._latest is None and self._text:
            self._latest = (time_of_values([self._text], self._timestamp) or 0, 2, "")  # type: ignore[arg-type]
        if self._latest is not None and where[:3] < self._latest:
            return False
        self._latest = where[:3]
        is_usual = text.__class__ is str and len(text) > len("2026-01-01T00:00:00") and text[13] == ":"
        self._text = text if is_usual and text[-1] == "Z" and text[10] == "T" else ""
        return True

    @property
    def now_ns(self) -> int:
        """Return the time of the latest event, 0 before there was one."""
        if self._latest is None and self._text and self._timestamp is not None:
            return time_of_values([self._text], self._timestamp) or 0
        return self._latest[0] if self._latest is not None else 0


class KeyReader:
    """Reads the keys of some fields."""

    def __init__(self, fields: Sequence[Field | None], structs: Structs) -> None:
        self._fields = fields
        names = [field.path for field in fields if field is not None and field.is_plain]
        self._get: Callable[[Any], Any] | None = None
        if names and len(names) == len(fields) and all(name in structs.attributes for name in names):
            self._get = attrgetter(*(structs.attributes[name] for name in names))
        self._is_one = len(fields) == 1

    def read(self, reading: Reading, report: Report) -> tuple[Key, ...]:
        """Return the keys of an event; mostly one, of texts that need no look."""
        if self._get is not None and reading.struct is not None:
            value = self._get(reading.struct)
            if self._is_one:
                if value.__class__ is str:
                    return ((value,),)
            elif all(part.__class__ is str for part in value):
                return (value,)
        values = [[] if field is None else converted(reading.raw(field), field) for field in self._fields]
        return keys_of_values(values, self._fields, report)


class Readers:
    """The clocks and key readers of several queries, each but once."""

    def __init__(self, structs: Structs) -> None:
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
