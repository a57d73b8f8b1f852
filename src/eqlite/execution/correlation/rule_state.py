"""The state of one correlation rule during a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from eqlite.engine.search import Search
from eqlite.engine.sequences import Found, SequenceMatcher
from eqlite.events.references import EventReference
from eqlite.execution.correlation.order_tracker import OrderTracker
from eqlite.execution.extractors import KeyExtractor

StageExtractors = tuple[tuple[int, KeyExtractor], ...]
"""Indices of stages, later ones first and `UNTIL` last, each with the extractor of its keys."""


@dataclass(slots=True, eq=False)
class CorrelationState:
    """The state of a sequence or sample.

    Attributes:
        search: the hits collected, and the results.
        order: the order of its events.
        starting_stages: the stages that can start a result.
        report: gets a message about an event with more join keys than allowed.
        matcher: takes events in order; None if they are collected and sorted at the end.
        found: the sequences found by the matcher.
    """

    search: Search[EventReference]
    order: OrderTracker
    starting_stages: frozenset[int]
    report: Callable[[str], None]
    matcher: SequenceMatcher[EventReference] | None = None
    found: list[Found[EventReference]] = field(default_factory=list)

    def drop_expired(self) -> None:
        """Drop sequences that the latest event is too late to continue."""
        if self.matcher is not None and self.matcher.states:
            self.matcher.advance(self.order.latest_ns, self.found)


class RuleHit(NamedTuple):
    """The stages of one correlation rule that an event meets.

    Attributes:
        state: the state of the rule.
        stages: the stages.
        starts: one of them can start a result.
    """

    state: CorrelationState
    stages: StageExtractors
    starts: bool
