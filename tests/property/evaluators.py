"""All the ways in which eqlite answers whether an event meets a query, side by side."""

from __future__ import annotations

from typing import Any

from tests.harness import UNMET

import eqlite
from eqlite.engine.faults import Faults
from eqlite.events.batches import given_batch
from eqlite.events.intake import Intake
from eqlite.execution.rule_matcher import PredicateMatcher
from eqlite.plan import EventQuery


class Evaluators:
    """One event query on both backends, and as one of several rules."""

    def __init__(self, text: str, **options: Any) -> None:
        self.text = text
        self.python = eqlite.compile(text, **options)
        self.reference = eqlite.compile(text, backend="reference", **options)
        assert isinstance(self.python.plan.query, EventQuery)
        self.queries = [self.python, *map(eqlite.compile, UNMET)]
        self.matcher = PredicateMatcher(self.queries)

    def answers(self, event: dict[str, Any]) -> dict[str, bool]:
        """Return what each of them says."""
        batch = given_batch([event], Intake(), 0)
        hits = [hits for _, hits in self.matcher.match(batch, [Faults() for _ in self.queries]).events()]
        return {
            "python": self.python.predicate(event, Faults()),
            "reference": self.reference.predicate(event, Faults()),
            "together": any(0 in each.event_rules for each in hits),
        }

    def check(self, event: dict[str, Any]) -> bool:
        """Return the one answer; fail where they differ."""
        found = self.answers(event)
        assert len(set(found.values())) == 1, f"{found} for {self.text} over {event!a}"
        return found["reference"]
