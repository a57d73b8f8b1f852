"""The stages of a query that can start a sequence, and those that are always relevant."""

from __future__ import annotations

from eqlite.plan import Plan, SequenceQuery


def starting_stages(plan: Plan) -> frozenset[int]:
    """Return the stages that can start a sequence: those up to the first event that must come.

    Of other queries, all stages.
    """
    if not isinstance(plan.query, SequenceQuery):
        return frozenset(range(len(plan.stages)))
    starting: set[int] = set()
    for index, stage in enumerate(plan.query.stages):
        starting.add(index)
        if not stage.missing:
            break
    return frozenset(starting)


def always_relevant_stages(plan: Plan) -> frozenset[int]:
    """Return the stages that matter while nothing is open. `until` is one: it ends a sequence its own event starts."""
    until = range(len(plan.query.stages), len(plan.stages)) if isinstance(plan.query, SequenceQuery) else ()
    return starting_stages(plan).union(until)
