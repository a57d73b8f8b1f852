"""The rules of a live correlator, and the clocks that they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from eqlite.engine.event_clock import EventClock, Watermark
from eqlite.engine.faults import Faults
from eqlite.engine.live_search import LiveSearch
from eqlite.execution.extractors import KeyExtractor, OrderExtractor
from eqlite.query import Query


@dataclass(slots=True, eq=False)
class LiveRule:
    """One rule.

    Attributes:
        index: which rule.
        query: its query.
        search: its state.
        clock: the clock that it shares with others.
        faults: the operations on which Elasticsearch would have failed.
        always_relevant_stages: the stages that count while nothing is open.
        due_ns: the time for which the search is scheduled.
    """

    index: int
    query: Query
    search: LiveSearch[Any]
    clock: SharedClock
    faults: Faults
    always_relevant_stages: frozenset[int]
    extractors: dict[tuple[int, ...], list[tuple[int, KeyExtractor]]] = field(default_factory=dict)
    due_ns: int | None = None


@dataclass(slots=True, eq=False)
class SharedClock:
    """The clock of the rules with one timestamp and tiebreaker.

    Attributes:
        extractor: reads time and tiebreaker.
        clock: the clock.
        watermark: the latest one.
        due: times at which searches have something to decide, with the index of the rule; the earliest first.
    """

    extractor: OrderExtractor
    clock: EventClock[Any]
    precision_ns: int
    watermark: Watermark | None = None
    due: list[tuple[int, int]] = field(default_factory=list)
    rules: list[LiveRule] = field(default_factory=list)
