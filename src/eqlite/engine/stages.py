"""Sequences as a whole: which matcher a query has, and in which order its results come."""

from __future__ import annotations

from eqlite.plan import Plan, SequenceQuery


def starting_stages(plan: Plan) -> frozenset[int]:
    """Return the stages that can start a sequence: those up to the first event that must come.

    All stages of other queries.
    """
    if not isinstance(plan.query, SequenceQuery):
        return frozenset(range(len(plan.stages)))
    begins: set[int] = set()
    for number, stage in enumerate(plan.query.stages):
        begins.add(number)
        if not stage.missing:
            break
    return frozenset(begins)


def always_relevant_stages(plan: Plan) -> frozenset[int]:
    """Return the stages that matter while nothing is open. `until` does: it ends a sequence that its event starts."""
    until = range(len(plan.query.stages), len(plan.stages)) if isinstance(plan.query, SequenceQuery) else ()
    return starting_stages(plan).union(until)
