"""The reference engine: sequences matched by lists, as Elasticsearch's own matcher keeps them, slow and obvious.

Property tests compare it with `sequences.py`. Source: eql-semantics 8.3 and 8.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from eqlite.engine.keys import Key, sortable_value
from eqlite.engine.order import Ordinal
from eqlite.engine.sequences import UNTIL, EventHits
from eqlite.fields import NANOS_PER_MILLI
from eqlite.plan import SequenceQuery

Chain = tuple[Ordinal, ...]


class Listed(NamedTuple):
    """A sequence: the ordinals of its events in the order of the stages, None for a missing one."""

    events: tuple[Ordinal | None, ...]
    key: Key


def match_sequences_by_lists(query: SequenceQuery, events: Sequence[EventHits[Any]]) -> list[Listed]:
    """Return the sequences among the stage hits of all events, in Elasticsearch's order."""
    keys = {key for hits in events for _, found in hits.stages for key in found}
    found = [sequence for key in keys for sequence in _match_key(query, events, key)]
    positive = [number for number, stage in enumerate(query.stages) if not stage.missing]

    def order(sequence: Listed) -> tuple[object, ...]:
        last, first = sequence.events[positive[-1]], sequence.events[positive[0]]
        return (last, first, tuple(map(sortable_value, sequence.key)))

    return sorted(found, key=order)


def _match_key(query: SequenceQuery, events: Sequence[EventHits[Any]], key: Key) -> list[Listed]:
    """Match the hits of one key: it never meets those of another."""
    of_stage: dict[int, list[Ordinal]] = {number: [] for number in (*range(len(query.stages)), UNTIL)}
    for ordinal, _, stages in events:
        for number, found in stages:
            if key in found:
                of_stage[number].append(ordinal)
    positive = [number for number, stage in enumerate(query.stages) if not stage.missing]
    pendings: list[list[Chain]] = [[] for _ in positive]
    completed: list[Chain] = []
    # Later stages first: what an event begins it cannot continue.
    steps = [(ordinal, -step) for step, number in enumerate(positive) for ordinal in of_stage[number]]
    for ordinal, negative_step in sorted(steps):
        chain = _extend(-negative_step, ordinal, pendings, of_stage[UNTIL], query.maxspan_ms)
        if chain is None:
            continue
        if len(chain) == len(positive):
            completed.append(chain)
        else:
            pendings[len(chain) - 1].append(chain)
    gaps = [
        (number, [ordinal[0] // NANOS_PER_MILLI for ordinal in of_stage[number]])
        for number, stage in enumerate(query.stages)
        if stage.missing
    ]
    kept = [chain for chain in completed if _gaps_hold(query, positive, chain, gaps)]
    return [Listed(_with_gaps(query, chain), key) for chain in kept]


def _extend(
    step: int, ordinal: Ordinal, pendings: list[list[Chain]], untils: list[Ordinal], maxspan_ms: int | None
) -> Chain | None:
    """Return the chain that an event makes longer, or begins; None where there is none."""
    if step == 0:
        return (ordinal,)
    before = [chain for chain in pendings[step - 1] if chain[-1] < ordinal]
    if not before:
        return None
    latest = max(before, key=lambda chain: chain[-1])
    pendings[step - 1] = [chain for chain in pendings[step - 1] if chain[-1] > latest[-1]]
    if maxspan_ms is not None and ordinal[0] - latest[0][0] > maxspan_ms * NANOS_PER_MILLI:
        return None
    earlier = [until for until in untils if until < ordinal]
    if earlier and max(earlier) >= latest[-1]:
        return None
    return (*latest, ordinal)


def _with_gaps(query: SequenceQuery, chain: Chain) -> tuple[Ordinal | None, ...]:
    rest = iter(chain)
    return tuple(None if stage.missing else next(rest) for stage in query.stages)


def _gaps_hold(query: SequenceQuery, positive: list[int], chain: Chain, gaps: list[tuple[int, list[int]]]) -> bool:
    """Tell whether nothing happened that should not have."""
    times = [ordinal[0] // NANOS_PER_MILLI for ordinal in chain]
    maxspan_ms = query.maxspan_ms or 0
    leading: list[int] = []
    trailing: list[int] = []
    for number, unwanted in gaps:
        if number < positive[0]:
            leading += [time for time in unwanted if time < times[0]]
        elif number > positive[-1]:
            trailing += [time for time in unwanted if time > times[-1]]
        else:
            behind = next(index for index, place in enumerate(positive) if place > number)
            if any(times[behind - 1] < time < times[behind] for time in unwanted):
                return False
    leads, trails = query.stages[0].missing, query.stages[-1].missing
    if leads and trails:
        return not leading or not trailing or min(trailing) - max(leading) > maxspan_ms
    if leads:
        return not leading or times[-1] - max(leading) > maxspan_ms
    return not trailing or min(trailing) - times[0] > maxspan_ms
