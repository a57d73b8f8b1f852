"""The clock of a stream: how far its events are, and which of them are too far ahead.

Its time is that of the events. One event of the year 9999 must not move it, or all that follows would be late: an event
more than `max_ahead` after the newest one is set aside, in the order of time. It is taken when the clock reaches it, or
when the stream ends. A gap in the input looks alike at first. So both kinds vote: once `AHEAD_VOTES` more events have
been set aside than taken since, the earliest of them moves the clock, and those that follow it closely go along.

The first event may be that of the year 9999. So the clock starts with two events that are at most `max_ahead` apart.
Until then all are set aside, and go first, in order, if they are earlier. A match comes one event later at most.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Generic

from eqlite.engine.order import Ordinal
from eqlite.engine.sequences import EventHits, Reference, StageKeys
from eqlite.engine.snapshot_form import SavedClock
from eqlite.engine.snapshots import EventTable, dump_hits, load_hits
from eqlite.limits import AHEAD_VOTES, MAX_EVENTS_AHEAD

Watermark = tuple[int, int, Any]
"""Time, kind and value of a tiebreaker: an event before it is late. Kind -1 comes before all tiebreakers of a time."""

_ordinal = attrgetter("ordinal")


def _time_ns(hits: EventHits[Any]) -> int:
    return hits.ordinal[0]


def count_keys(stages: StageKeys) -> int:
    """Return the number of join keys under which an event meets stages."""
    return sum(len(keys) for _, keys in stages)


class EventClock(Generic[Reference]):
    """The clock of a stream, of one query or shared by several with the same timestamp and tiebreaker.

    Attributes:
        lateness_ns: how far an event may be behind the newest one.
        max_ahead_ns: how far an event may be ahead of the newest one; None for any distance.
        newest_ns: the time of the newest event taken.
        ahead: the events set aside, the earliest first.
        keys: the number of join keys of these.
        votes: events set aside, less those taken since: see the head of the module.
        left_out: events too far ahead of which there were more than can be set aside.
    """

    def __init__(
        self,
        lateness_ns: int = 0,
        max_ahead_ns: int | None = None,
        *,
        ahead_votes: int = AHEAD_VOTES,
        max_events_ahead: int = MAX_EVENTS_AHEAD,
    ) -> None:
        self.lateness_ns = lateness_ns
        self.max_ahead_ns = max_ahead_ns
        self._ahead_votes = ahead_votes
        self._max_events_ahead = max_events_ahead
        self.newest_ns: int | None = None
        self.ahead: list[EventHits[Reference]] = []
        self.keys = 0
        self.left_out = 0
        self.votes = 0

    def is_ahead(self, time_ns: int) -> bool:
        """Return whether an event of this time is to be set aside. The first event of a stream is."""
        if self.max_ahead_ns is None:
            return False
        return self.newest_ns is None or time_ns - self.newest_ns > self.max_ahead_ns

    def move(self, ordinal: Ordinal) -> Watermark:
        """Return the watermark at an event that is taken. It may be behind an earlier one."""
        time_ns = ordinal[0]
        if self.newest_ns is None or time_ns > self.newest_ns:
            self.newest_ns = time_ns
        return (time_ns - self.lateness_ns, -1, 0) if self.lateness_ns else ordinal[:3]

    def set_aside(self, hits: EventHits[Reference]) -> list[EventHits[Reference]]:
        """Set aside an event that is too far ahead. Return the events to take now, in order: see `take_due`.

        The same event may come in parts, one after the other. It votes once.
        """
        place = bisect_right(self.ahead, hits.ordinal, key=_ordinal)
        is_part = place > 0 and self.ahead[place - 1].ordinal == hits.ordinal
        self.ahead.insert(place, hits)
        self.keys += count_keys(hits.stages)
        if is_part:
            return self._bounded()
        self.votes += 1
        if self.newest_ns is None and (count := self._start(place)):
            self.votes = 0
            return self._cut(count)
        if self.votes >= self._ahead_votes:
            return self._after_gap()
        return self._bounded()

    def restore(self, hits: EventHits[Reference]) -> None:
        """Set aside an event that was set aside before, without a vote."""
        insort(self.ahead, hits, key=_ordinal)
        self.keys += count_keys(hits.stages)

    def take_due(self, ordinal: Ordinal) -> list[EventHits[Reference]]:
        """Return the events set aside that come before one that is to be taken now: they go first."""
        self.votes = max(0, self.votes - 1)
        return self._cut(bisect_left(self.ahead, ordinal, key=_ordinal))

    def advance(self, time_ns: int) -> tuple[list[EventHits[Reference]], Watermark]:
        """Move the clock without an event. Return the events to take before, and the watermark afterwards."""
        due: list[EventHits[Reference]] = []
        if self.newest_ns is None or time_ns > self.newest_ns:
            due = self._cut(bisect_left(self.ahead, time_ns + 1, key=_time_ns))
            self.newest_ns, self.votes = time_ns, 0
        return due, (time_ns - self.lateness_ns, -1, 0)

    def finish(self) -> list[EventHits[Reference]]:
        """Return the events still set aside, to be taken at the end of the stream. The clock starts anew."""
        self.newest_ns, self.votes = None, 0
        return self._cut(len(self.ahead))

    def _start(self, place: int) -> int:
        """Return the number of events with which the clock starts: those up to the later one of a close pair."""
        pairs = [(place, place + 1), (place - 1, place)]
        return next((later + 1 for earlier, later in pairs if self._are_close(earlier, later)), 0)

    def _are_close(self, earlier: int, later: int) -> bool:
        if earlier < 0 or later >= len(self.ahead):
            return False
        assert self.max_ahead_ns is not None
        return _time_ns(self.ahead[later]) - _time_ns(self.ahead[earlier]) <= self.max_ahead_ns

    def _bounded(self) -> list[EventHits[Reference]]:
        """Drop the latest event if there are too many."""
        if len(self.ahead) > self._max_events_ahead:
            self.keys -= count_keys(self.ahead.pop().stages)
            self.left_out += 1
        return []

    def _after_gap(self) -> list[EventHits[Reference]]:
        newest_ns, count = self.ahead[0].ordinal[0], 0
        for hits in self.ahead:
            if self.max_ahead_ns is not None and hits.ordinal[0] - newest_ns > self.max_ahead_ns:
                break
            newest_ns, count = hits.ordinal[0], count + 1
        self.votes = 0
        return self._cut(count)

    def _cut(self, count: int) -> list[EventHits[Reference]]:
        if not count:
            return []
        first, self.ahead = self.ahead[:count], self.ahead[count:]
        self.keys -= sum(count_keys(hits.stages) for hits in first)
        return first

    def dump(self, table: EventTable) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "newest_ns": self.newest_ns,
            "ahead": [dump_hits(hits, table) for hits in self.ahead],
            "left_out": self.left_out,
            "votes": self.votes,
        }

    def load(self, saved: SavedClock, events: Sequence[Reference]) -> None:
        """Restore the state from plain data. `events` are those of the table."""
        self.newest_ns = saved["newest_ns"]
        self.ahead = sorted((load_hits(parts, events) for parts in saved["ahead"]), key=_ordinal)
        self.keys = sum(count_keys(hits.stages) for hits in self.ahead)
        self.left_out, self.votes = saved["left_out"], saved["votes"]
