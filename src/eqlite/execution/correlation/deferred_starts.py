"""Beginnings of sequences that are noted first, and reach the machines once an event may go on from there.

Most events that begin a sequence begin several, and hardly any of those is ever continued: by the time somebody asks,
it is too old. So of such an event no time and no key is read, and nothing is kept but its number. Few are read again,
and for a rule of which many are, no more is noted.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from eqlite.execution.event_cursor import Again, Reading

_INDEX_BITS = 28
_MOST_NOTES = 50_000
_MOST_READ_AGAIN = 1 / 3
_ENOUGH_TO_TELL = 100


class Notebook:
    """Notes about the events that begin sequences of one rule, which its machine was not told of; the first one first.

    Attributes:
        notes: the numbers of the events, as `Noted` makes them.
        is_closed: too much of it had to be read again, nothing should be noted any more.
    """

    __slots__ = ("_forgotten", "_read_again", "is_closed", "notes")

    def __init__(self) -> None:
        self.notes = array("q")
        self.is_closed = False
        self._forgotten = self._read_again = 0

    def forget(self, before: int) -> None:
        """Drop what comes before a note."""
        count = bisect_left(self.notes, before)
        if count:
            self._forgotten += count
            del self.notes[:count]

    def take_all(self) -> array[int]:
        """Return all that is noted, and begin anew."""
        notes, self.notes[:] = self.notes[:], array("q")
        self._read_again += len(notes)
        total = self._read_again + self._forgotten
        self.is_closed = total > _ENOUGH_TO_TELL and self._read_again > total * _MOST_READ_AGAIN
        return notes

    @property
    def is_full(self) -> bool:
        """Return whether there are so many notes that a machine, which holds but one for a key, might hold less."""
        return len(self.notes) > _MOST_NOTES


class Noted:
    """Where the events are that notes are about."""

    def __init__(self) -> None:
        self._last: Reading | None = None
        # Portions of the input, each with its first note, and a time that nothing before it goes beyond.
        self._portions: list[Again] = []
        self._first: list[int] = []
        self._since_ns: list[int] = []

    def note(self, reading: Reading, now_ns: int) -> int | None:
        """Return the number by which an event is found again, None if it cannot be; it follows those before."""
        note = reading.place << _INDEX_BITS | (reading.index or 0)
        if reading is not self._last:
            portion = reading.again()
            if portion is None:
                return None
            self._last = reading
            self._portions.append(portion)
            self._first.append(note)
            self._since_ns.append(now_ns)
        return note

    def reading(self, note: int) -> Reading:
        """Return an event that was noted.

        Raises:
            EventError: it is not there any more.
        """
        portion = self._portions[bisect_right(self._first, note) - 1]
        return portion.reading(note >> _INDEX_BITS, note & (1 << _INDEX_BITS) - 1)

    def first_since(self, time_ns: int) -> int:
        """Return a note before which none is about an event of this time or later."""
        place = bisect_left(self._since_ns, time_ns) - 1
        return self._first[place] if place >= 0 else 0

    def forget(self, before: int | None) -> None:
        """Drop portions that no note is about any more: `before` is the first one of all, None if there is none."""
        count = len(self._first) - 1 if before is None else bisect_right(self._first, before) - 1
        if count > 0:
            del self._portions[:count], self._first[:count], self._since_ns[:count]
