"""Choosing the matcher of a sequence query, and the order of its results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from eqlite.datatypes import DataType
from eqlite.engine.pairs import PairMatcher
from eqlite.engine.pipes import Window
from eqlite.engine.sequences import EventHits, Found, Reference, SequenceMatcher
from eqlite.fields import Field
from eqlite.plan import Plan, SequenceQuery
from eqlite.values.network import format_address

Order = Callable[[Found[Any]], tuple[Any, ...]]


def sequence_matcher(query: SequenceQuery, max_open: int | None = None) -> SequenceMatcher[Reference]:
    """Return the matcher of a sequence query: see `SequenceMatcher`."""
    is_pair = len(query.stages) == 2 and not any(stage.missing for stage in query.stages)
    return PairMatcher(query, max_open) if is_pair else SequenceMatcher(query, max_open)


def match_sequences(query: SequenceQuery, events: Iterable[EventHits[Reference]]) -> list[Found[Reference]]:
    """Return the sequences among events that come in any order, as they become certain."""
    matcher: SequenceMatcher[Reference] = sequence_matcher(query)
    found: list[Found[Reference]] = []
    for hits in sorted(events, key=lambda hits: hits.ordinal):
        found += matcher.take(hits)
    return found + matcher.finish()


def result_order(plan: Plan) -> Order:
    """Return the sort key of sequences: their last event, then their key.

    Keys are compared part by part as Java compares them, texts by their UTF-16 units. Null comes first.
    Source: eql-settled A3.
    """
    stages = plan.stages

    def order(found: Found[Any]) -> tuple[Any, ...]:
        stage, last = next((n, found.links[n]) for n in range(len(found.links) - 1, -1, -1) if found.links[n])
        assert last is not None
        return (last.ordinal, tuple(map(_java_value, found.key, stages[stage].keys)))

    return order


def _java_value(part: Any, field: Field | None) -> tuple[int, Any]:
    if part is None:
        return (0, 0)
    if field is not None and field.type is DataType.IP:
        part = format_address(part)
    if isinstance(part, (int, float)):
        return (1, part)
    return (2, str(part).encode("utf-16-be", "surrogatepass"))


def in_result_order(plan: Plan, found: Sequence[Found[Reference]], window: Window | None) -> list[Found[Reference]]:
    """Return the sequences that a window asks for, in Elasticsearch's order.

    `head` takes the first ones to become complete, in the order of the key's values in the event, and sorts these. With
    missing events, all are sorted first.
    """
    assert isinstance(plan.query, SequenceQuery)
    if window is None:
        return sorted(found, key=result_order(plan))
    if window.end == "head" and not any(stage.missing for stage in plan.query.stages):
        found = found[: window.total]
    return window.of_sequences(sorted(found, key=result_order(plan)))
