"""Tracker of the order in which events come."""

from __future__ import annotations

from eqlite.engine.order import NO_TIME, Ordinal
from eqlite.execution.extractors import OrderExtractor
from eqlite.execution.hit_batch import HitEvent


class OrderTracker:
    """The order of events by one timestamp and tiebreaker.

    Attributes:
        extractor: reads time and tiebreaker.
        latest_ns: the time of the latest event.
        is_sorted: no event came after one that is later.
    """

    def __init__(self, extractor: OrderExtractor) -> None:
        self.extractor = extractor
        self.latest_ns = -NO_TIME
        self.is_sorted = True
        self._latest: Ordinal | None = None

    def observe(self, event: HitEvent) -> bool:
        """Observe the next event. Return whether it has a single ordinal."""
        ordinal, problem = event.order(self.extractor)
        if problem is not None or ordinal[0] == NO_TIME:
            return False
        if self._latest is not None and ordinal < self._latest:
            self.is_sorted = False
        else:
            self._latest = ordinal
            self.latest_ns = ordinal[0]
        return True
