"""Sequences as a whole: which matcher a query has, and in which order its results come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from eqlite.engine.keys import sortable_value
from eqlite.engine.pairs import PairMatcher
from eqlite.engine.sequences import EventHits, Found, Kept, SequenceMatcher
from eqlite.plan import Plan, SequenceQuery


def sequence_matcher(query: SequenceQuery, max_open: int | None = None) -> SequenceMatcher[Kept]:
    """Return what matches a sequence query; see `SequenceMatcher`."""
    is_pair = len(query.stages) == 2 and not any(stage.missing for stage in query.stages)
    return PairMatcher(query, max_open) if is_pair else SequenceMatcher(query, max_open)


def beginnings(plan: Plan) -> frozenset[int]:
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


def only_begins(query: SequenceQuery) -> bool:
    """Tell whether an event that meets the first stage alone does no more than to begin a sequence."""
    return len(query.stages) > 1 and not any(stage.missing for stage in query.stages)


def idle_stages(plan: Plan) -> frozenset[int]:
    """Return the stages that count where nothing is open: `until`, too, since it ends what the same event begins."""
    until = range(len(plan.query.stages), len(plan.stages)) if isinstance(plan.query, SequenceQuery) else ()
    return beginnings(plan).union(until)


def result_order(found: Found[Any]) -> tuple[Any, ...]:
    """Return what sequences are ordered by: their last event, then their first, then their key (eql-semantics 8.6)."""
    links = [link for link in found.links if link is not None]
    return (links[-1].ordinal, links[0].ordinal, tuple(map(sortable_value, found.key)))


def match_sequences(query: SequenceQuery, events: Iterable[EventHits[Kept]]) -> Sequence[Found[Kept]]:
    """Return the sequences among events that come in any order, in Elasticsearch's order."""
    matcher: SequenceMatcher[Kept] = sequence_matcher(query)
    found = [found for hits in sorted(events, key=lambda hits: hits.ordinal) for found in matcher.take(hits)]
    return sorted([*found, *matcher.finish()], key=result_order)
