"""Matcher of sequences of two stages without missing events, the most common form.

The state of a key is the event of its first stage. The results are those of `SequenceMatcher`, with less work and
memory: one object an open key, which also leaves less for Python's garbage collector to traverse.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from eqlite.engine.keys import Key
from eqlite.engine.order import Ordinal
from eqlite.engine.sequences import (
    UNTIL,
    Found,
    Link,
    OpenKey,
    Pending,
    Reference,
    SequenceMatcher,
    StageKeys,
    make_tuple,
)

_MOST_BYTES_PER_KEY = 400
_FEW_KEYS = 100


@dataclass(slots=True)
class PairMatcher(SequenceMatcher[Reference]):
    """The state of a sequence query of two stages. It takes events in order."""

    states: dict[Key, Link[Reference]] = field(default_factory=dict)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Choose the dict for the state: with `max_open` one that finds its first key in constant time."""
        SequenceMatcher.__post_init__(self)
        if self.max_open is not None:
            self.states = OrderedDict()

    def begin(self, link: Link[Reference], keys: tuple[Key, ...]) -> list[Found[Reference]]:
        """Take an event that meets the first stage alone."""
        if self.maxspan_ns is not None and (self.next_sweep_ns is None or link.ordinal[0] >= self.next_sweep_ns):
            self.advance(link.ordinal[0], [])
        states = self.states  # `advance` may have replaced it
        for key in keys:
            if key in states:  # re-insert, so that the dict stays ordered by time
                del states[key]
            states[key] = link
        if self.max_open is not None:
            self._keep_at_most(self.max_open)
        return []

    def take(self, hits: tuple[Ordinal, Reference, StageKeys]) -> list[Found[Reference]]:
        """Take an event with its hits, the later stage first and `until` last. Return the sequences it completes."""
        ordinal, reference, stages = hits
        now_ns = ordinal[0]
        maxspan_ns = self.maxspan_ns
        found: list[Found[Reference]] = []
        if maxspan_ns is not None and (self.next_sweep_ns is None or now_ns >= self.next_sweep_ns):
            self.advance(now_ns, found)
        states = self.states
        for stage, keys in stages:
            if stage == 0:
                self.begin(make_tuple(Link, (ordinal, reference)), keys)
                continue
            for key in keys:
                first = states.pop(key, None)
                if stage == UNTIL or first is None:
                    continue
                if maxspan_ns is None or now_ns - first.ordinal[0] <= maxspan_ns:
                    found.append(Found((first, Link(ordinal, reference)), key))
        return found

    def make_room(self, but: Key | None) -> None:  # noqa: ARG002
        """Drop the keys started longest ago if more is open than `max_open`."""
        if self.max_open is not None:
            self._keep_at_most(self.max_open)

    def _keep_at_most(self, count: int) -> None:
        while len(self.states) > count:
            del self.states[next(iter(self.states))]
            self.dropped += 1

    def _drop_older(self, than_ns: int) -> None:
        states = self.states
        old = []
        for key, link in states.items():
            if link.ordinal[0] >= than_ns:
                break
            old.append(key)
        for key in old:
            del states[key]
        # A dict keeps the slots of deleted keys, and scans all of them to find its first key.
        if self.max_open is None and sys.getsizeof(states) > _MOST_BYTES_PER_KEY * (len(states) + _FEW_KEYS):
            self.states = dict(states)

    def open_keys(self, keys: Iterable[Key] | None = None) -> Iterator[OpenKey[Reference]]:
        """Yield the open sequence of some keys that are open, by default of all."""
        for key in self.states if keys is None else keys:
            link = self.states[key]
            yield OpenKey(key, link.ordinal[0], [Pending(*link, None, link.ordinal[0])], {})

    def open_key(self, saved: OpenKey[Reference]) -> None:
        """Restore the open sequence of a key."""
        (pending,) = saved.pendings
        assert pending is not None
        self.states[saved.key] = Link(pending.ordinal, pending.reference)
