"""Matcher of sequences: takes events in order, and holds at most one pending sequence for each key and stage.

Elasticsearch holds lists of pending sequences. Extending one removes all older ones of its stage, so the newest alone
gives the same matches (eql-semantics 8.3, and the property tests that compare the two).
The work for an event does not depend on how many sequences are open.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from eqlite.engine.keys import Key
from eqlite.engine.order import Ordinal
from eqlite.fields import NANOS_PER_MILLI
from eqlite.plan import SequenceQuery

Reference = TypeVar("Reference")

UNTIL = -1
make_tuple = tuple.__new__  # half the time of a named tuple's own constructor
_SWEEPS_PER_MAXSPAN = {True: 8, False: 2}  # with `max_open`, as a stream has it, and without

StageKeys = tuple[tuple[int, tuple[Key, ...]], ...]
"""Indices of stages (`UNTIL` for `until`), each with the keys of the event for it."""


class EventHits(NamedTuple, Generic[Reference]):
    """An event that meets conditions of stages."""

    ordinal: Ordinal
    reference: Reference
    stages: StageKeys


class Link(NamedTuple, Generic[Reference]):
    """One event of a sequence."""

    ordinal: Ordinal
    reference: Reference


class Found(NamedTuple, Generic[Reference]):
    """A completed sequence: its events in the order of the stages, None for a missing one."""

    links: tuple[Link[Reference] | None, ...]
    key: Key

    @property
    def events(self) -> tuple[Reference | None, ...]:
        """Return the references to the events."""
        return tuple(None if link is None else link.reference for link in self.links)

    @property
    def ordinals(self) -> tuple[Ordinal | None, ...]:
        """Return the ordinals of the events."""
        return tuple(None if link is None else link.ordinal for link in self.links)


class Pending(NamedTuple, Generic[Reference]):
    """A partial sequence: its last event, and the sequence before that. All keys of an event share one object.

    Attributes:
        ordinal, reference: the ordinal of the last event, and the reference to it.
        before: the sequence up to the event before; None for the first.
        start_ns: the time of the first event.
        lead_ms: the time of the last unwanted event before the first.
        is_disturbed: there was an unwanted event in between, so the sequence is dropped once it is complete.
    """

    ordinal: Ordinal
    reference: Reference
    before: Pending[Reference] | None
    start_ns: int
    lead_ms: int | None = None
    is_disturbed: bool = False

    @property
    def links(self) -> list[Link[Reference]]:
        """Return the events."""
        links: list[Link[Reference]] = []
        part: Pending[Reference] | None = self
        while part is not None:
            links.append(Link(part.ordinal, part.reference))
            part = part.before
        links.reverse()
        return links


@dataclass(slots=True, eq=False)
class Waiting(Generic[Reference]):
    """A complete sequence that an unwanted event may undo up to `deadline_ms`. `pending` is None once it is decided."""

    pending: Pending[Reference] | None
    key: Key
    last_ms: int
    deadline_ms: int


class OpenKey(NamedTuple, Generic[Reference]):
    """The open sequences of a key, without the complete ones, as snapshots have them: see `KeyState`."""

    key: Key
    touched_ns: int
    pendings: Sequence[Pending[Reference] | None]
    unwanted: Mapping[int, tuple[int, int | None]]


class KeyState(list["Pending[Reference] | None"]):
    """The open sequences of one key: the newest pending for each positive stage but the last.

    A subclass of list, so that an open key is one object fewer for the garbage collector to traverse.

    Attributes:
        touched_ns: time of the last event that began a sequence, or that may rule one out.
        unwanted: for each gap (before the first positive stage, before the second, …) the times of the last unwanted
            event and of the last one in an earlier millisecond.
        waiting: complete sequences that are not certain yet.
    """

    __slots__ = ("touched_ns", "unwanted", "waiting")

    touched_ns: int
    unwanted: dict[int, tuple[int, int | None]] | None
    waiting: deque[Waiting[Reference]] | None

    @classmethod
    def begin(cls, pendings: Sequence[None], touched_ns: int) -> KeyState[Reference]:
        """Return the state of a new key."""
        # Not in `__init__`: a constructor in Python would take longer than all the rest.
        state: KeyState[Reference] = cls(pendings)
        state.touched_ns = touched_ns
        state.unwanted = state.waiting = None
        return state

    def is_idle(self) -> bool:
        """Return whether nothing is left to wait for."""
        return not self.unwanted and not self.waiting and not any(self)


@dataclass(slots=True)
class SequenceMatcher(Generic[Reference]):
    """The state of one sequence query. It takes events in order.

    Attributes:
        query: the query.
        max_open: the most keys and undecided sequences held, None for any number. Beyond it, the oldest are dropped.
        dropped: the number of those.
    """

    query: SequenceQuery
    max_open: int | None = None
    dropped: int = 0
    states: OrderedDict[Key, KeyState[Reference]] = field(default_factory=OrderedDict)  # in the order of touched_ns
    deadlines: list[tuple[int, int, Waiting[Reference]]] = field(default_factory=list)
    steps: list[int | None] = field(init=False)  # of each stage: its index among the positive ones, None if missing
    gaps: list[int] = field(init=False)  # of each stage: the number of positive ones before it
    last: int = field(init=False)  # the number of the last positive step
    nothing: tuple[None, ...] = field(init=False)  # the pendings of a new key
    maxspan_ns: int | None = field(init=False)
    _decided: int = 0
    _count: int = 0
    next_sweep_ns: int | None = None

    def __post_init__(self) -> None:
        self.steps, self.gaps = [], []
        count = 0
        for stage in self.query.stages:
            self.gaps.append(count)
            self.steps.append(None if stage.missing else count)
            count += not stage.missing
        self.last = count - 1
        self.nothing = (None,) * self.last
        self.maxspan_ns = None if self.query.maxspan_ms is None else self.query.maxspan_ms * NANOS_PER_MILLI

    @property
    def open(self) -> int:
        """Return the number of keys and undecided sequences held."""
        return len(self.states) + len(self.deadlines) - self._decided

    def begin(self, link: Link[Reference], keys: tuple[Key, ...]) -> list[Found[Reference]]:
        """Take an event that meets the first stage alone, as `take` does."""
        return self.take((link.ordinal, link.reference, ((0, keys),)))

    def take(self, hits: tuple[Ordinal, Reference, StageKeys]) -> list[Found[Reference]]:
        """Take an event with its hits, the later stages first and `until` last. Return the sequences certain by now."""
        ordinal, reference, stages = hits
        found: list[Found[Reference]] = []
        if self.deadlines or self.next_sweep_ns is None or ordinal[0] >= self.next_sweep_ns:
            self.advance(ordinal[0], found)
        for stage, keys in stages:
            if stage == UNTIL:
                for key in keys:
                    self._stop(key)
                continue
            step = self.steps[stage]
            if step is None:
                for key in keys:
                    self._forbid(self.gaps[stage], ordinal[0], key)
            elif step == 0:
                for key in keys:
                    self._begin(ordinal, reference, key, found)
            else:
                for key in keys:
                    self._extend(ordinal, reference, step, key, found)
        return found

    def advance(self, now_ns: int, found: list[Found[Reference]]) -> None:
        """Move the time forward: no earlier event will come. Add the sequences that this makes certain to `found`."""
        maxspan_ns = self.maxspan_ns
        if maxspan_ns is None:
            return
        while self.deadlines and self.deadlines[0][0] < now_ns // NANOS_PER_MILLI:
            self._accept(heapq.heappop(self.deadlines)[-1], found)
        if self.next_sweep_ns is not None and now_ns < self.next_sweep_ns:
            return
        self.next_sweep_ns = now_ns + maxspan_ns // _SWEEPS_PER_MAXSPAN[self.max_open is not None]
        # A millisecond more, since unwanted events are compared by whole milliseconds.
        self._drop_older(now_ns - maxspan_ns - NANOS_PER_MILLI)

    def _drop_older(self, than_ns: int) -> None:
        states = self.states
        while states and next(iter(states.values())).touched_ns < than_ns:
            states.popitem(last=False)

    def open_keys(self, keys: Iterable[Key] | None = None) -> Iterator[OpenKey[Reference]]:
        """Yield the open sequences of some keys that are open, by default all: the one touched longest ago first."""
        for key in self.states if keys is None else keys:
            state = self.states[key]
            yield OpenKey(key, state.touched_ns, state, state.unwanted or {})

    def open_key(self, saved: OpenKey[Reference]) -> None:
        """Restore the open sequences of a key."""
        state: KeyState[Reference] = KeyState.begin(self.nothing, saved.touched_ns)
        state[:] = saved.pendings
        state.unwanted = dict(saved.unwanted) or None
        self.states[saved.key] = state

    def finish(self) -> list[Found[Reference]]:
        """Return the sequences that the end of the events makes certain, and drop the rest."""
        found: list[Found[Reference]] = []
        while self.deadlines:
            self._accept(heapq.heappop(self.deadlines)[-1], found)
        self.states.clear()
        self.next_sweep_ns = None
        return found

    def _begin(self, ordinal: Ordinal, reference: Reference, key: Key, found: list[Found[Reference]]) -> None:
        now_ns = ordinal[0]
        if self.last:
            state = self._touched(key, now_ns)
            lead_ms = self._lead_ms(state, now_ns) if state.unwanted else None
            state[0] = make_tuple(Pending, (ordinal, reference, None, now_ns, lead_ms, False))
        else:
            lone = self.states.get(key)
            lead_ms = self._lead_ms(lone, now_ns) if lone is not None and lone.unwanted else None
            self._complete(Pending(ordinal, reference, None, now_ns, lead_ms), key, found)

    def _lead_ms(self, state: KeyState[Reference], now_ns: int) -> int | None:
        """Return the time of the last unwanted event before one that begins a sequence."""
        return _last_before((state.unwanted or {}).get(0), now_ns // NANOS_PER_MILLI)

    def _extend(self, at: Ordinal, reference: Reference, step: int, key: Key, found: list[Found[Reference]]) -> None:
        state = self.states.get(key)
        pending = state[step - 1] if state is not None else None
        if state is None or pending is None:
            return
        state[step - 1] = None
        if self.maxspan_ns is None or at[0] - pending.start_ns <= self.maxspan_ns:
            is_disturbed = pending.is_disturbed
            if state.unwanted and step in state.unwanted:
                since_ms = pending.ordinal[0] // NANOS_PER_MILLI
                latest_ms = _last_before(state.unwanted[step], at[0] // NANOS_PER_MILLI)
                is_disturbed = is_disturbed or (latest_ms is not None and latest_ms > since_ms)
            longer = Pending(at, reference, pending, pending.start_ns, pending.lead_ms, is_disturbed)
            if step < self.last:
                state[step] = longer
                return
            self._complete(longer, key, found)
        if state.is_idle():
            self.states.pop(key, None)

    def _complete(self, pending: Pending[Reference], key: Key, found: list[Found[Reference]]) -> None:
        """Report a complete sequence, or wait until no unwanted event can undo it any more (eql-semantics 8.5)."""
        if pending.is_disturbed:
            return
        start_ms = pending.start_ns // NANOS_PER_MILLI
        end_ms = pending.ordinal[0] // NANOS_PER_MILLI
        maxspan_ms = self.query.maxspan_ms or 0
        leads, trails = self.query.stages[0].missing, self.query.stages[-1].missing
        if not trails:
            if not leads or pending.lead_ms is None or end_ms - pending.lead_ms > maxspan_ms:
                found.append(self._found(pending, key))
            return
        since_ms = pending.lead_ms if leads else start_ms
        if since_ms is None or since_ms + maxspan_ms < end_ms:
            found.append(self._found(pending, key))
            return
        self._touched(key, pending.ordinal[0])
        self.wait(Waiting(pending, key, end_ms, since_ms + maxspan_ms))
        self.make_room(key)

    def wait(self, waiting: Waiting[Reference]) -> None:
        """Hold a complete sequence until it is certain. Its key has a state."""
        state = self.states[waiting.key]
        if state.waiting is None:
            state.waiting = deque()
        state.waiting.append(waiting)
        self._count += 1
        heapq.heappush(self.deadlines, (waiting.deadline_ms, self._count, waiting))

    def _forbid(self, gap: int, now_ns: int, key: Key) -> None:
        """Take an unwanted event: it undoes waiting sequences, or is recorded for sequences to come."""
        now_ms = now_ns // NANOS_PER_MILLI
        state = self.states.get(key)
        if gap == self.last + 1:
            if state is not None and state.waiting:
                self._undo(state, now_ms)
            return
        if gap == 0:
            state = self._touched(key, now_ns)
        elif state is None or state[gap - 1] is None:
            return
        if state.unwanted is None:
            state.unwanted = {}
        latest = state.unwanted.get(gap)
        if latest is None or latest[0] < now_ms:
            state.unwanted[gap] = (now_ms, None if latest is None else latest[0])

    def _undo(self, state: KeyState[Reference], now_ms: int) -> None:
        """Discard the waiting sequences, except those completed in this millisecond or later."""
        waiting = state.waiting or deque()
        while waiting and waiting[0].last_ms < now_ms:
            self._give_up(waiting.popleft())
        if self._decided > 1_000 and self._decided > len(self.deadlines) // 2:
            self.deadlines = [entry for entry in self.deadlines if entry[-1].pending is not None]
            heapq.heapify(self.deadlines)
            self._decided = 0

    def _accept(self, waiting: Waiting[Reference], found: list[Found[Reference]]) -> None:
        if waiting.pending is None:
            self._decided -= 1
            return
        found.append(self._found(waiting.pending, waiting.key))
        waiting.pending = None
        state = self.states.get(waiting.key)
        while state is not None and state.waiting and state.waiting[0].pending is None:
            state.waiting.popleft()

    def _give_up(self, waiting: Waiting[Reference]) -> None:
        if waiting.pending is not None:  # it may have become certain before those in front of it
            waiting.pending = None
            self._decided += 1

    def _stop(self, key: Key) -> None:
        state = self.states.get(key)
        if state is not None:
            state[:] = self.nothing
            if state.is_idle():
                del self.states[key]

    def _touched(self, key: Key, now_ns: int) -> KeyState[Reference]:
        """Return the state of a key, new or not, and move it behind all others."""
        state = self.states.get(key)
        if state is None:
            state = self.states[key] = KeyState.begin(self.nothing, now_ns)
            if self.max_open is not None:
                self.make_room(key)
        else:
            state.touched_ns = now_ns
            self.states.move_to_end(key)
        return state

    def make_room(self, but: Key | None) -> None:
        """Drop the key touched longest ago if more than `max_open` are open. `but` only loses a waiting sequence."""
        if self.max_open is None or self.open <= self.max_open:
            return
        key, state = next(iter(self.states.items()))
        waiting = state.waiting or deque()
        if key != but:
            del self.states[key]
        while waiting:
            self._give_up(waiting.popleft())
            if key == but:
                break
        self.dropped += 1

    def _found(self, pending: Pending[Reference], key: Key) -> Found[Reference]:
        rest = iter(pending.links)
        return Found(tuple(None if stage.missing else next(rest) for stage in self.query.stages), key)


def _last_before(latest: tuple[int, int | None] | None, now_ms: int) -> int | None:
    """Return the time of the last unwanted event in a millisecond before this one."""
    if latest is None or latest[0] < now_ms:
        return latest and latest[0]
    return latest[1]
