"""Hits: the rules and stages whose conditions an event meets."""

from __future__ import annotations

from collections.abc import Iterable

from eqlite.query import Query

StageHits = tuple[tuple[int, tuple[int, ...]], ...]
"""The indices of rules, each with the indices of its stages."""


class Hits:
    """The rules and stages that an event meets. Events with the same hits share one object.

    Attributes:
        event_rules: the indices of event rules.
        stage_hits: sequence and sample rules, each with its stages.
    """

    __slots__ = ("event_rules", "stage_hits")

    def __init__(self, event_rules: tuple[int, ...], stage_hits: StageHits) -> None:
        self.event_rules = event_rules
        self.stage_hits = stage_hits

    @classmethod
    def of_stages(cls, queries: list[Query], met: Iterable[tuple[int, int]]) -> Hits:
        """Return the hits for pairs of a rule and a stage."""
        events: list[int] = []
        stages: dict[int, list[int]] = {}
        for rule, stage in sorted(met):
            if queries[rule].kind == "event":
                events.append(rule)
            else:
                stages.setdefault(rule, []).append(stage)
        return cls(tuple(events), tuple((rule, tuple(indices)) for rule, indices in stages.items()))
