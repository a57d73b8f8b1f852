"""Choosing the matcher of a sequence query, and sorting its results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from eqlite.engine.keys import sortable_value
from eqlite.engine.pairs import PairMatcher
from eqlite.engine.sequences import EventHits, Found, Kept, SequenceMatcher
from eqlite.plan import SequenceQuery


def sequence_matcher(query: SequenceQuery, max_open: int | None = None) -> SequenceMatcher[Kept]:
    """Return what matches a sequence query; see `SequenceMatcher`."""
    is_pair = len(query.stages) == 2 and not any(stage.missing for stage in query.stages)
    return PairMatcher(query, max_open) if is_pair else SequenceMatcher(query, max_open)


def result_order(found: Found[Any]) -> tuple[Any, ...]:
    """Return what sequences are ordered by: their last event, then their first, then their key (eql-semantics 8.6)."""
    links = [link for link in found.links if link is not None]
    return (links[-1].ordinal, links[0].ordinal, tuple(map(sortable_value, found.key)))


def match_sequences(query: SequenceQuery, events: Iterable[EventHits[Kept]]) -> Sequence[Found[Kept]]:
    """Return the sequences among events that come in any order, in Elasticsearch's order."""
    matcher: SequenceMatcher[Kept] = sequence_matcher(query)
    found = [found for hits in sorted(events, key=lambda hits: hits.ordinal) for found in matcher.take(hits)]
    return sorted([*found, *matcher.finish()], key=result_order)
