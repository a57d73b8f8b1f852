"""Hits: the rules and stages that an event meets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eqlite.query import Query

Numbers = dict[int, None]


Stages = tuple[tuple[int, tuple[int, ...]], ...]
"""The numbers of rules, each with the numbers of its stages."""


class Hits:
    """What an event meets.

    Attributes:
        events: the numbers of event queries.
        stages: those of the other queries, each with the numbers of its stages.
        counts: whether it meets anything that counts where no rule waits for anything.
        continues: the bits of the rules that it would continue.
        may_meet_more: whether conditions that nothing waits for were not asked.
        has_order: whether its place in the order of events matters: it meets stages, or might meet more.
        prepared: for whoever works with hits that come again and again.
    """

    __slots__ = ("continues", "counts", "events", "has_order", "may_meet_more", "prepared", "stages")

    def __init__(
        self,
        events: tuple[int, ...],
        stages: Stages,
        *,
        counts: bool = True,
        continues: int = 0,
        may_meet_more: bool = False,
    ) -> None:
        self.events = events
        self.stages = stages
        self.counts = counts
        self.continues = continues
        self.may_meet_more = may_meet_more
        self.has_order = bool(stages) or may_meet_more
        self.prepared: Any = None

    def only(self, numbers: Numbers) -> Hits:
        """Return the hits of some queries."""
        events = tuple(number for number in self.events if number in numbers)
        return Hits(events, tuple(pair for pair in self.stages if pair[0] in numbers))


def joining_bits(queries: Sequence[Query]) -> dict[int, int]:
    """Return a bit for each query that joins events, by its number."""
    numbers = [number for number, query in enumerate(queries) if query.kind != "event"]
    return {number: 1 << place for place, number in enumerate(numbers)}
