"""The measuring loop of the profiler."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter_ns
from typing import Any

from eqlite.engine.faults import Faults, Predicate

Document = Mapping[str, Any]

PASSES = 3
_OVERHEAD_PASSES = 5


class LoopOverhead:
    """The overhead of the measuring loop, for each pass and for each event."""

    def __init__(self, events: Sequence[Document]) -> None:
        self._pass = _timed(_nothing, (), _OVERHEAD_PASSES)[0]
        self._event = max(0.0, (_timed(_nothing, events, _OVERHEAD_PASSES)[0] - self._pass) / len(events))

    def time(self, predicate: Predicate, events: Sequence[Document]) -> tuple[float, list[Document]]:
        """Return the time of a predicate over some events in ns, and the events for which it holds."""
        best, matched = _timed(predicate, events, PASSES)
        return best - self._pass - self._event * len(events), matched


def _nothing(_event: Document, _faults: Faults) -> bool:
    return False


def _timed(predicate: Predicate, events: Sequence[Document], passes: int) -> tuple[float, list[Document]]:
    best = float("inf")
    matched: list[Document] = []
    faults = Faults()
    for _ in range(passes):
        start = perf_counter_ns()
        matched = [event for event in events if predicate(event, faults)]
        best = min(best, perf_counter_ns() - start)
    return best, matched


@contextlib.contextmanager
def no_collections() -> Iterator[None]:
    """Disable garbage collection during a measurement."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
