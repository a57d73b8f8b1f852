"""Rule matchers: which rules and stages the documents of a batch meet.

Matching has no state: an answer depends on the document alone. Conditions that documents cannot meet are left out by an
index; the others are each rule's own predicates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from eqlite import plan
from eqlite.candidates.index import CandidateIndex
from eqlite.engine.faults import Faults, Predicate
from eqlite.events.batches import Batch
from eqlite.events.nesting import nested
from eqlite.execution.hit_batch import HitBatch
from eqlite.execution.hits import Hits
from eqlite.execution.index_routing import IndexRouter, Route, stream_fields
from eqlite.predicates.complexity import is_too_complex
from eqlite.query import Query
from eqlite.rules.compiled import Compiled

Document = Mapping[str, Any]

ENOUGH_CONDITIONS = 4
"""From so many conditions on, an index costs less than the predicates that it saves."""
MAX_MASKS = 20_000
"""Sets of candidates, and of conditions that are met, that are remembered."""


class RuleMatcher(Protocol):
    """Matches documents with rules."""

    def match(self, batch: Batch, faults: Sequence[Faults]) -> HitBatch:
        """Return the documents that meet something, with their hits.

        Args:
            batch: the documents.
            faults: for each rule, where its faults are counted.
        """
        ...


class PredicateMatcher:
    """Evaluates each rule's own predicates, for the conditions that an index leaves."""

    def __init__(self, queries: Sequence[Query], router: IndexRouter | None = None) -> None:
        """Prepare the conditions of queries. `router` finds the rules that see a document."""
        self._queries = list(queries)
        self._router = router
        self._conditions, self._uses = _distinct_conditions(self._queries)
        self._all = (1 << len(self._conditions)) - 1
        is_indexed = len(self._conditions) >= ENOUGH_CONDITIONS and all(query.backend.is_indexed for query in queries)
        self._index = CandidateIndex(self._conditions) if is_indexed else None
        self._reads_nulls = any(map(_reads_nulls, self._conditions))
        self._predicates: dict[int, Predicate] = {}
        self._chosen: dict[int, list[tuple[int, Predicate, int]]] = {}
        self._hits: dict[tuple[Route | None, tuple[int, ...]], Hits] = {}
        self._routed: dict[Route, int] = {}

    def match(self, batch: Batch, faults: Sequence[Faults]) -> HitBatch:
        """Return the documents that meet something: see `RuleMatcher`."""
        found = HitBatch(batch)
        index, router = self._index, self._router
        route: Route | None = None
        for row, document in enumerate(batch.documents):
            mask = self._all
            if index is not None:
                candidates = index.candidates(document)
                if candidates is None:
                    document, candidates = self._unusual(index, document)
                mask = candidates
            if router is not None:
                route = router.route(document, batch.index_of(row))
                mask &= self._mask_of(route)
                if not route.rules:
                    found.leave_unrouted(route)
            if mask:
                met = [number for number, holds, rule in self._choice(mask) if holds(document, faults[rule])]
                if met:
                    hits = self._hits_of(tuple(met), route)
                    if hits.event_rules or hits.stage_hits:
                        found.add(row, hits, document)
        return found

    def _unusual(self, index: CandidateIndex, document: Document) -> tuple[Document, int]:
        """Return a document of unusual shape, in the usual one if possible, and the mask of its candidates."""
        usual = None if self._reads_nulls else nested(document)
        mask = None if usual is None else index.candidates(usual)
        if usual is None or mask is None:
            return document, index.candidates_by_field(document)
        return usual, mask

    def _choice(self, mask: int) -> list[tuple[int, Predicate, int]]:
        """Return the conditions of a mask with their predicates, and the rule that counts the faults of each."""
        chosen = self._chosen.get(mask)
        if chosen is None:
            chosen = []
            rest = mask
            while rest:
                bit = rest & -rest
                rest ^= bit
                number = bit.bit_length() - 1
                chosen.append((number, self._predicate(number), self._uses[number][0][0]))
            if len(self._chosen) >= MAX_MASKS:
                self._chosen.clear()
            self._chosen[mask] = chosen
        return chosen

    def _predicate(self, number: int) -> Predicate:
        predicate = self._predicates.get(number)
        if predicate is None:
            rule, stage = self._uses[number][0]
            predicate = self._predicates[number] = self._queries[rule].stage_predicate(stage)
        return predicate

    def _hits_of(self, met: tuple[int, ...], route: Route | None) -> Hits:
        hits = self._hits.get((route, met))
        if hits is None:
            uses = [use for number in met for use in self._uses[number] if route is None or use[0] in route.rules]
            if len(self._hits) >= MAX_MASKS:
                self._hits.clear()
            hits = self._hits[route, met] = Hits.of_stages(self._queries, uses)
        return hits

    def _mask_of(self, route: Route) -> int:
        """Return the mask of the conditions of the rules on a route."""
        mask = self._routed.get(route)
        if mask is None:
            if len(self._routed) >= MAX_MASKS:
                self._routed.clear()
            mask = 0
            for number, uses in enumerate(self._uses):
                if any(rule in route.rules for rule, _ in uses):
                    mask |= 1 << number
            self._routed[route] = mask
        return mask


def make_matcher(compiled: Compiled, *, by_index: bool) -> PredicateMatcher:
    """Return the matcher of compiled rules. `by_index`: a rule sees only documents that its index patterns cover."""
    queries = [query for _, query in compiled]
    if not by_index:
        return PredicateMatcher(queries)
    schemas = [query.options.schema for query in queries if query.options.schema is not None]
    constants = schemas[0].constants if schemas else {}
    return PredicateMatcher(queries, IndexRouter([rule.index for rule, _ in compiled], stream_fields(constants)))


def _distinct_conditions(queries: Sequence[Query]) -> tuple[list[plan.Condition], list[list[tuple[int, int]]]]:
    """Return all conditions, each once, and the rules and stages that have it.

    One with a script, which may fail, is a condition of its own for each rule: each counts its faults.
    """
    found: dict[Any, tuple[plan.Condition, list[tuple[int, int]]]] = {}
    for rule, query in enumerate(queries):
        for stage, each in enumerate(query.plan.stages):
            key: Any = each.condition
            if is_too_complex(key):
                key = (rule, id(key))  # too deep to be compared
            elif any(isinstance(leaf, plan.Script) for leaf in plan.leaves(key)):
                key = (rule, key)
            _, uses = found.setdefault(key, (each.condition, []))
            uses.append((rule, stage))
    return [condition for condition, _ in found.values()], [uses for _, uses in found.values()]


def _reads_nulls(condition: plan.Condition) -> bool:
    """Return whether a condition reads a field for which nulls stand for a value."""
    return any(
        field.null_value is not None
        for leaf in plan.leaves(condition)
        for field in (plan.condition_fields(leaf) if isinstance(leaf, plan.Script) else (leaf.field,))
    )
