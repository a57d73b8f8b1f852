"""The reference matcher of sequences: lists of pending sequences, as in Elasticsearch's own matcher. Slow and plain.

The reference backend searches with it. Source: eql-semantics 8.3 and 8.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from eqlite.engine.keys import Key
from eqlite.engine.order import Ordinal
from eqlite.engine.sequences import UNTIL, EventHits, Found, Link, Reference
from eqlite.fields import NANOS_PER_MILLI
from eqlite.plan import SequenceQuery

Chain = tuple[Ordinal, ...]
OfStage = Mapping[int, list[Ordinal]]
"""The ordinals of the events that meet each stage under one key, `UNTIL` for that one."""


def match_sequences_by_lists(query: SequenceQuery, events: Iterable[EventHits[Reference]]) -> list[Found[Reference]]:
    """Return the sequences among events in any order, by their last event, then in the order of its keys."""
    references = {}
    of_key: dict[Key, dict[int, list[Ordinal]]] = {}
    rank: dict[tuple[Ordinal, Key], int] = {}
    for ordinal, reference, stages in events:
        references[ordinal] = reference
        for stage, keys in stages:
            for index, key in enumerate(keys):
                of_stage = of_key.setdefault(key, {stage: [] for stage in (*range(len(query.stages)), UNTIL)})
                of_stage[stage].append(ordinal)
                rank[ordinal, key] = index
    chains = [(chain, key) for key, of_stage in of_key.items() for chain in _match_key(query, of_stage)]
    chains.sort(key=lambda pair: (pair[0][-1], rank[pair[0][-1], pair[1]]))
    return [
        Found(_with_gaps(query, [Link(ordinal, references[ordinal]) for ordinal in chain]), key)
        for chain, key in chains
    ]


def _match_key(query: SequenceQuery, of_stage: OfStage) -> list[Chain]:
    """Match the hits of one key. They are independent of those of other keys."""
    positive = [number for number, stage in enumerate(query.stages) if not stage.missing]
    pendings: list[list[Chain]] = [[] for _ in positive]
    completed: list[Chain] = []
    # Later stages first: an event cannot continue a sequence that it starts.
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
    return [chain for chain in completed if _gaps_hold(query, positive, chain, gaps)]


def _extend(
    step: int, ordinal: Ordinal, pendings: list[list[Chain]], untils: list[Ordinal], maxspan_ms: int | None
) -> Chain | None:
    """Return the chain that an event extends or starts, None if there is none."""
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


def _with_gaps(query: SequenceQuery, links: list[Link[Reference]]) -> tuple[Link[Reference] | None, ...]:
    rest = iter(links)
    return tuple(None if stage.missing else next(rest) for stage in query.stages)


def _gaps_hold(query: SequenceQuery, positive: list[int], chain: Chain, gaps: list[tuple[int, list[int]]]) -> bool:
    """Return whether no unwanted event falls into a gap of the chain."""
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
            behind = next(index for index, stage in enumerate(positive) if stage > number)
            if any(times[behind - 1] < time < times[behind] for time in unwanted):
                return False
    leads, trails = query.stages[0].missing, query.stages[-1].missing
    if leads and trails:
        return not leading or not trailing or min(trailing) - max(leading) > maxspan_ms
    if leads:
        return not leading or times[-1] - max(leading) > maxspan_ms
    return not trailing or min(trailing) - times[0] > maxspan_ms
