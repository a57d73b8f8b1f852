"""Sequences as a whole: which matcher a query has, and in which order its results come."""

from __future__ import annotations

from eqlite.plan import Plan, SequenceQuery


def starting_stages(plan: Plan) -> frozenset[int]:
    """Return the stages of a sequence with which something begins: those up to the first event that must come.

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
    """Return the stages that count where nothing is open: `until`, too, since it ends what the same event begins."""
    until = range(len(plan.query.stages), len(plan.stages)) if isinstance(plan.query, SequenceQuery) else ()
    return starting_stages(plan).union(until)
