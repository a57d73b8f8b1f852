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


_BASE_PASSES = 5


class _Base:
    """What the loop costs without what is measured: so much for each pass, and so much for each event."""

    def __init__(self, events: Sequence[Document]) -> None:
        self._pass = _timed(_nothing, (), _BASE_PASSES)[0]
        self._event = max(0.0, (_timed(_nothing, events, _BASE_PASSES)[0] - self._pass) / len(events))

    def time(self, predicate: Predicate, events: Sequence[Document]) -> tuple[float, list[Document]]:
        """Return the nanoseconds that a predicate takes for some events, and those for which it holds."""
        best, kept = _timed(predicate, events, PASSES)
        return best - self._pass - self._event * len(events), kept


def _nothing(_event: Document, _faults: Faults) -> bool:
    return False


def _timed(predicate: Predicate, events: Sequence[Document], passes: int) -> tuple[float, list[Document]]:
    best = float("inf")
    kept: list[Document] = []
    faults = Faults()
    for _ in range(passes):
        start = perf_counter_ns()
        kept = [event for event in events if predicate(event, faults)]
        best = min(best, perf_counter_ns() - start)
    return best, kept


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Keep the garbage collector away from the clock."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
