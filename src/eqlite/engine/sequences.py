"""Matching sequences: one pass over the stage hits in order, with at most one pending sequence per key and stage.

Elasticsearch keeps lists of pending sequences; since a pending that is extended takes all older ones of its stage away
with it, keeping the newest gives the same matches (eql-semantics 8.3, and the property tests that compare the two).
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eqlite.engine.keys import Key
from eqlite.engine.order import Ordinal
from eqlite.plan import SequenceQuery

UNTIL = -1
NANOS_PER_MILLI = 1_000_000


class StageHit(NamedTuple):
    """An event meets the condition of a stage (`UNTIL` for that one) under some keys."""

    ordinal: Ordinal
    stage: int
    keys: tuple[Key, ...]


class Found(NamedTuple):
    """A completed sequence: the ordinals of its events in the order of the stages, None for a missing one."""

    events: tuple[Ordinal | None, ...]
    key: Key


class Pending(NamedTuple):
    """A sequence on its way: the events so far."""

    events: tuple[Ordinal, ...]

    @property
    def start_ns(self) -> int:
        """Return the time of the first event."""
        return self.events[0][0]


@dataclass(slots=True)
class SequenceMatcher:
    """The state of one sequence query; takes events in order."""

    query: SequenceQuery
    pendings: dict[Key, list[Pending | None]] = field(default_factory=dict)
    absences: dict[int, dict[Key, list[int]]] = field(default_factory=dict)
    positive: list[int] = field(init=False)
    completed: list[tuple[Pending, Key]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.positive = [number for number, stage in enumerate(self.query.stages) if not stage.missing]

    def take(self, hits: Sequence[StageHit]) -> None:
        """Take the hits of one event: the later stages first, `until` last."""
        for hit in sorted(hits, key=lambda hit: hit.stage, reverse=True):
            for key in hit.keys:
                if hit.stage == UNTIL:
                    self.pendings.pop(key, None)
                elif self.query.stages[hit.stage].missing:
                    times = self.absences.setdefault(hit.stage, {}).setdefault(key, [])
                    times.append(hit.ordinal[0] // NANOS_PER_MILLI)
                else:
                    self._extend(self.positive.index(hit.stage), hit.ordinal, key)

    def _extend(self, step: int, ordinal: Ordinal, key: Key) -> None:
        last = len(self.positive) - 1
        if step == 0:
            extended = Pending((ordinal,))
        else:
            waiting = self.pendings.get(key)
            pending = waiting[step - 1] if waiting is not None else None
            if waiting is None or pending is None:
                return
            waiting[step - 1] = None
            maxspan_ms = self.query.maxspan_ms
            if maxspan_ms is not None and ordinal[0] - pending.start_ns > maxspan_ms * NANOS_PER_MILLI:
                return
            extended = Pending((*pending.events, ordinal))
        if step == last:
            self.completed.append((extended, key))
        else:
            self.pendings.setdefault(key, [None] * last)[step] = extended

    def found(self) -> list[Found]:
        """Return the sequences that no missing event rules out, by their last event, then start, then key."""
        kept = [(pending, key) for pending, key in self.completed if self._is_undisturbed(pending, key)]
        kept.sort(key=lambda item: (item[0].events[-1], item[0].events[0], tuple(map(sortable_value, item[1]))))
        return [Found(self._with_gaps(pending.events), key) for pending, key in kept]

    def _with_gaps(self, events: tuple[Ordinal, ...]) -> tuple[Ordinal | None, ...]:
        rest = iter(events)
        return tuple(None if stage.missing else next(rest) for stage in self.query.stages)

    def _is_undisturbed(self, pending: Pending, key: Key) -> bool:
        """Tell whether the events that should be missing are (eql-semantics 8.5); in milliseconds, ends excluded."""
        if not self.absences:
            return True
        times = [ordinal[0] // NANOS_PER_MILLI for ordinal in pending.events]
        first, last = self.positive[0], self.positive[-1]
        for number in self.absences:
            if first < number < last:
                before = bisect.bisect_left(self.positive, number) - 1
                if self._any_between(number, key, times[before], times[before + 1]):
                    return False
        return self._has_quiet_window(key, times[0], times[-1])

    def _any_between(self, stage: int, key: Key, start_ms: int, end_ms: int) -> bool:
        found = self.absences[stage].get(key, [])
        place = bisect.bisect_right(found, start_ms)
        return place < len(found) and found[place] < end_ms

    def _has_quiet_window(self, key: Key, start_ms: int, end_ms: int) -> bool:
        """Tell whether a window of `maxspan` fits around the events between the nearest unwanted ones outside."""
        maxspan_ms = self.query.maxspan_ms or 0
        leads = self.query.stages[0].missing
        trails = self.query.stages[-1].missing
        before: int | None = None
        behind: int | None = None
        for number, by_key in self.absences.items():
            found = by_key.get(key, [])
            if number < self.positive[0] and (place := bisect.bisect_left(found, start_ms)):
                before = max(found[place - 1], before if before is not None else found[place - 1])
            if number > self.positive[-1] and (place := bisect.bisect_right(found, end_ms)) < len(found):
                behind = min(found[place], behind if behind is not None else found[place])
        if leads and trails:
            return before is None or behind is None or behind - before > maxspan_ms
        if leads:
            return before is None or end_ms - before > maxspan_ms
        return not trails or behind is None or behind - start_ms > maxspan_ms


def sortable_value(value: object) -> tuple[int, Any]:
    """Return what a key's value is ordered by: null first, then numbers, then texts."""
    if value is None:
        return (0, 0)
    return (1, value) if isinstance(value, (int, float)) else (2, str(value))


def match_sequences(query: SequenceQuery, hits: Iterable[StageHit]) -> list[Found]:
    """Return the sequences among the stage hits of all events, in Elasticsearch's order."""
    matcher = SequenceMatcher(query)
    of_event: list[StageHit] = []
    for hit in sorted(hits, key=lambda hit: hit.ordinal):
        if of_event and of_event[0].ordinal != hit.ordinal:
            matcher.take(of_event)
            of_event = []
        of_event.append(hit)
    if of_event:
        matcher.take(of_event)
    return matcher.found()
