"""What is read of an event besides the conditions: its place in the order of events, and its join keys.

Rules ask for the same again and again, so each is read once an event; and from a struct, where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

from eqlite.engine.order import (
    NO_TIEBREAKER,
    NO_TIME,
    Ordinal,
    ambiguity,
    ordinal_of_values,
    precision_ns,
    time_of_values,
)
from eqlite.events.document import document_of
from eqlite.events.line_documents import documents_on
from eqlite.events.projection import Structs
from eqlite.events.references import Keeper, Kept, Places, Unreadable
from eqlite.fields import Field, converted
from eqlite.values.dates.instants import are_in_order, parse_timestamp

Document = Mapping[str, Any]


class Again(Protocol):
    """What reads events of a portion of the input again."""

    def reading(self, place: int, index: int) -> Reading:
        """Return an event by its number in the input, and that in the portion.

        Raises:
            EventError: it is not there any more.
        """


class Reading:
    """An event on its way through the rules: a line and its struct, or a document. Nobody keeps it.

    Attributes:
        place: the number of the event in the input.
        line: the undecoded line.
        index: its number in the block in hand; None where something else is to be kept.
        struct, structs: what it was decoded into, and the types of that.
        clock, time_ns: the clock by which its time was read last, and that time.
        ordinal: where it stands by that clock; None if nobody asked, and the clock has no tiebreaker.
        problem: why it has no single place there (`order.ambiguity`), None if it has.
        is_noted: its time was noted, so that its order is looked at with that of others.
    """

    __slots__ = (
        "_document",
        "_keeper",
        "_kept",
        "clock",
        "index",
        "is_noted",
        "line",
        "ordinal",
        "place",
        "problem",
        "struct",
        "structs",
        "time_ns",
    )  # fmt: skip

    def __init__(
        self,
        place: int,
        index: int | None = None,
        keeper: Keeper | None = None,
        structs: Structs | None = None,
        document: Document | None = None,
        kept: Kept | None = None,
    ) -> None:
        """Begin with a document and what to keep of it; or with what is needed for lines, which come one by one."""
        self.place = place
        self.line = b""
        self.index = index
        self.struct: Any = None
        self.structs = structs
        self._keeper = keeper
        self._document = document
        self._kept = kept
        self.clock: Clock | None = None
        self.time_ns = NO_TIME
        self.ordinal: Ordinal | None = None
        self.problem: str | None = None
        self.is_noted = False

    def turn_to(self, place: int, line: bytes, index: int, struct: Any) -> None:
        """Be about another line from here on: one object for all lines takes less than one for each."""
        self.place = place
        self.line = line
        self.index = index
        self.struct = struct
        self._document = self._kept = self.clock = None

    @property
    def document(self) -> Document:
        """Return the whole document.

        Raises:
            Unreadable: there is none, although the parts of it that are read could be.
        """
        if self._document is None:
            given = None if self._keeper is None or self.index is None else self._keeper.given(self.index)
            if given is not None:
                self._document = document_of(given)
                return self._document
            documents, problem = documents_on(self.line)
            if problem is not None:
                try:
                    self.keep()()  # which knows where the line stands
                except Unreadable as unreadable:
                    unreadable.place = self.place
                    raise
                raise problem
            self._document = documents[0][0]
        return self._document

    def keep(self) -> Kept:
        """Return what to keep, to have the event again."""
        if self._kept is None:
            assert self._keeper is not None
            assert self.index is not None
            self._kept = self._keeper.keep(self.index)
        return self._kept

    def again(self) -> Again | None:
        """Return what reads this event again, and others of its portion; None if it stands on no line of a file."""
        if self.index is None or self.struct is None or self.structs is None or self._keeper is None:
            return None
        places = self._keeper.places()
        return None if places is None else LinesAgain(places, self.structs)

    def raw(self, field: Field) -> list[Any]:
        """Return the raw values of a field."""
        struct, structs = self.struct, self.structs
        is_in_struct = struct is not None and structs is not None and field.path in structs.attributes
        if not is_in_struct or field.null_value is not None or not field.is_direct:
            return field.raw_values(self.document)
        assert structs is not None
        value = structs.getter(field.path)(struct)
        if value is None:
            return []
        return list(value) if value.__class__ is tuple else [value]

    def where(self, clock: Clock) -> Ordinal:
        """Return where the event stands by a clock; rules mostly have the same one."""
        if self.clock is not clock:
            clock.look_at(self)
        if self.ordinal is None:
            self.ordinal = (self.time_ns, *NO_TIEBREAKER, self.place)
        return self.ordinal


class LinesAgain:
    """Reads lines of a block again."""

    def __init__(self, places: Places, structs: Structs) -> None:
        self._places = places
        self._structs = structs

    def reading(self, place: int, index: int) -> Reading:
        """Return an event; see `Again`."""
        reading = Reading(place, index, structs=self._structs, kept=partial(self._places.event, index))
        reading.line = self._places.line(index)
        reading.struct = self._structs.decode_or_none(reading.line)
        return reading


class Clock:
    """What tells the order of events to some queries, and how far the events have come.

    Attributes:
        tiebreaker: what tells the order of events of the same time; None leaves it at that in which they come.
        now_ns: the time of the latest event.
        is_plain: the raw value tells the time, and `time_of` returns it from a struct.
        noted: times of events that came since the order was looked at last: of many at once it is cheaper to see.
        is_orderly: no event came too late so far; `see_order` looks at what was noted, too.
    """

    def __init__(self, timestamp: Field | None, tiebreaker: Field | None, structs: Structs | None) -> None:
        self._timestamp = timestamp
        self._precision_ns = precision_ns(timestamp)
        self.tiebreaker = tiebreaker
        self.now_ns = -NO_TIME
        self.noted: list[str] = []
        self.is_orderly = True
        self._latest: Ordinal | None = None
        self.is_plain = False
        is_simple = timestamp is not None and not timestamp.formats and timestamp.null_value is None
        is_simple = is_simple and timestamp is not None and timestamp.is_direct
        if timestamp is None or structs is None or not is_simple:
            return
        if timestamp.path in structs.attributes:
            self.is_plain = True
            self.time_of = structs.getter(timestamp.path)

    def look_at(self, reading: Reading) -> None:
        """Read the time of an event, and by the tiebreaker, if there is one, where it stands."""
        struct = reading.struct
        value = self.time_of(struct) if self.is_plain and struct is not None else None
        timestamp = self._timestamp
        times: list[Any] = []
        time_ns: int | None
        if value.__class__ is str:
            time_ns = self._time_of_text(value)
        elif timestamp is None:
            time_ns = None
        else:
            times = reading.raw(timestamp)
            time_ns = time_of_values(times, timestamp)
        if time_ns is None:
            time_ns = NO_TIME
        reading.clock, reading.time_ns, reading.ordinal, reading.problem = self, time_ns, None, None
        tiebreakers: list[Any] = []
        if self.tiebreaker is not None:
            tiebreakers = converted(reading.raw(self.tiebreaker), self.tiebreaker)
            reading.ordinal = ordinal_of_values(time_ns, tiebreakers, reading.place)
        if len(times) > 1 or len(tiebreakers) > 1:
            reading.problem = ambiguity(times, timestamp, tiebreakers, self.tiebreaker)

    def _time_of_text(self, text: str) -> int | None:
        time_ns = parse_timestamp(text)
        return None if time_ns is None else time_ns - time_ns % self._precision_ns

    def see_order(self) -> bool:
        """Look at the order of the times that were noted; tell whether no event came too late so far."""
        noted = self.noted
        if noted:
            first_ns, last_ns = self._time_of_text(noted[0]), self._time_of_text(noted[-1])
            are_sorted = are_in_order(noted, precision_ns=self._precision_ns)
            if first_ns is None or last_ns is None or first_ns < self.now_ns or not are_sorted:
                self.is_orderly = False
            else:
                self.now_ns = last_ns
            noted.clear()
        return self.is_orderly

    def follows(self, reading: Reading) -> bool | None:
        """Return whether an event stands behind all that came before, and remember that it came.

        None for one without a single time and tiebreaker.
        """
        if self.noted:
            self.see_order()
        if reading.clock is not self:
            self.look_at(reading)
        time_ns = reading.time_ns
        if time_ns == NO_TIME or reading.problem is not None:
            return None
        if self.tiebreaker is None:  # and places only grow: the time says all
            if time_ns < self.now_ns:
                self.is_orderly = False
                return False
        else:
            where = reading.where(self)
            if self._latest is not None and where < self._latest:
                self.is_orderly = False
                return False
            self._latest = where
        self.now_ns = time_ns
        return True
