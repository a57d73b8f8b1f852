"""One search: documents go in, in any order. Results come out in Elasticsearch's order.

Of an event that meets a condition, only the caller's reference is held.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from eqlite.engine.faults import Faults, Predicate
from eqlite.engine.keys import Key, KeyBudget, join_keys
from eqlite.engine.order import NO_TIME, Ordinal, no_time_message, order_problem, ordinal
from eqlite.engine.pipes import Position, folded
from eqlite.engine.samples import events_per_key, match_samples
from eqlite.engine.sequence_search import in_result_order, match_sequences, sequence_matcher
from eqlite.engine.sequences import UNTIL, EventHits, Found, SequenceMatcher, StageKeys, make_tuple
from eqlite.engine.stats import SearchStats
from eqlite.errors import SearchFailure
from eqlite.fields import Field
from eqlite.plan import EventQuery, Plan, SampleQuery, SequenceQuery

Reference = TypeVar("Reference")
Document = Mapping[str, Any]
MatchSequences = Callable[[SequenceQuery, Sequence[EventHits[Any]]], list[Found[Any]]]


class Result(NamedTuple, Generic[Reference]):
    """One result: references to its events, their ordinals (None for a missing one), and its key."""

    events: tuple[Reference | None, ...]
    ordinals: tuple[Ordinal | None, ...]
    key: Key


class StageMatcher:
    """Tests documents with the stages of a query, each condition once."""

    def __init__(self, plan: Plan, predicates: Sequence[Predicate], faults: Faults) -> None:
        self._plan = plan
        self._faults = faults
        self.budget = KeyBudget()
        self._stages = plan.stages
        self._until = len(plan.query.stages) if isinstance(plan.query, SequenceQuery) else None
        self.tests: dict[Predicate, list[int]] = {}
        for stage, predicate in enumerate(predicates):
            self.tests.setdefault(predicate, []).append(stage)

    def restricted(self, stages: Collection[int]) -> StageMatcher:
        """Return a matcher of some stages, which shares the budget of keys."""
        restricted = StageMatcher(self._plan, (), self._faults)
        restricted.budget = self.budget
        for predicate, tested in self.tests.items():
            if remaining := [stage for stage in tested if stage in stages]:
                restricted.tests[predicate] = remaining
        return restricted

    def matching(self, document: Document) -> list[int]:
        """Return the indices of the stages that a document meets. `until` has the last one."""
        faults = self._faults
        return [stage for predicate, stages in self.tests.items() if predicate(document, faults) for stage in stages]

    def with_keys(self, document: Document, met: Sequence[int]) -> tuple[tuple[int, tuple[Key, ...]], ...]:
        """Return the stages met, with the document's keys: later ones first, `until` last. Those without a key go."""
        with_keys: list[tuple[int, tuple[Key, ...]]] = []
        fields: Sequence[Field | None] | None = None
        keys: tuple[Key, ...] = ()
        for stage in sorted(met, reverse=True):
            if self._stages[stage].keys != fields:  # most stages have the same
                fields = self._stages[stage].keys
                keys = join_keys(document, fields, budget=self.budget, report=self._faults.record)
            if keys:
                with_keys.append((UNTIL if stage == self._until else stage, keys))
        if with_keys and with_keys[0][0] == UNTIL:
            with_keys.append(with_keys.pop(0))
        return tuple(with_keys)


@dataclass(slots=True)
class Search(Generic[Reference]):
    """The state of one search.

    Attributes:
        plan: the query's plan.
        make_predicates: returns a predicate for each of `plan.stages`; called at the first document.
        faults: counts the operations for which Elasticsearch would fail the search, events with too many keys, and
            events of a sequence without a single ordinal. Raises for all of them when strict.
        match: matches a sequence among the hits of all events; see `Backend.match_sequences`.
        untimed: events of a sequence that are left out because they have no readable time.
    """

    plan: Plan
    make_predicates: Callable[[], Sequence[Predicate]]
    max_samples_per_key: int = 1
    faults: Faults = field(default_factory=Faults)
    match: MatchSequences = match_sequences
    untimed: int = 0
    matches: list[Result[Reference]] = field(default_factory=list)  # of an event query
    references: dict[int, Reference] = field(default_factory=dict)  # of a sample, by position
    ordinals: dict[int, Ordinal] = field(default_factory=dict)
    hits: list[EventHits[Reference]] = field(default_factory=list)
    items: list[dict[Key, list[int]]] = field(default_factory=list)
    _stage_matcher: StageMatcher | None = None
    _matcher: SequenceMatcher[Reference] | None = None
    _found: list[Found[Reference]] = field(default_factory=list)

    def take(self, document: Document, position: int, reference: Reference) -> bool:
        """Test a document with every stage. Return whether it meets one. `position` is its number in the input."""
        if self._stage_matcher is None:
            self._stage_matcher = StageMatcher(self.plan, self.make_predicates(), self.faults)
        met = self._stage_matcher.matching(document)
        if not met:
            return False
        if isinstance(self.plan.query, EventQuery):
            self.add_match(ordinal(document, position, self.plan), reference)
            return True
        event_ordinal = ordinal(document, position, self.plan)
        if isinstance(self.plan.query, SequenceQuery):
            problem = order_problem(document, self.plan)
            if event_ordinal[0] == NO_TIME or problem is not None:
                self.leave_out(event_ordinal[0], problem)
                return False
        stages = self._stage_matcher.with_keys(document, met)
        if stages and self.needs(stages):
            self.add_stage_hits(EventHits(event_ordinal, reference, stages))
        return bool(stages)

    def add_stage_hits(self, hits: EventHits[Reference]) -> None:
        """Store a hit for a sequence or a sample."""
        if isinstance(self.plan.query, SequenceQuery):
            self.hits.append(hits)
            return
        self.items = self.items or [{} for _ in self.plan.stages]
        position = hits.ordinal[-1]
        for item, keys in hits.stages:
            for key in keys:
                self.items[item].setdefault(key, []).append(position)
        self.references[position], self.ordinals[position] = hits.reference, hits.ordinal

    def needs(self, stages: StageKeys) -> bool:
        """Return whether another event with these keys can matter. In a sample, only the first ones of a key do."""
        if isinstance(self.plan.query, SequenceQuery) or not self.items:
            return True
        enough = events_per_key(len(self.items), self.max_samples_per_key)
        return any(len(self.items[item].get(key, ())) < enough for item, keys in stages for key in keys)

    def leave_out(self, time_ns: int, problem: str | None) -> None:
        """Count an event that a sequence leaves out: it has no readable time, or the problem given.

        Raises:
            SearchFailure: when strict.
        """
        if time_ns != NO_TIME:
            assert problem is not None
            self.faults.record(problem)
            return
        self.untimed += 1
        if self.faults.strict:
            raise SearchFailure(no_time_message(self.plan))

    def add_match(self, event_ordinal: Ordinal, reference: Reference) -> None:
        """Add a match of an event query, whose condition is known to hold."""
        self.matches.append(make_tuple(Result, ((reference,), (event_ordinal,), ())))

    def match_in_order(self) -> tuple[SequenceMatcher[Reference], list[Found[Reference]]]:
        """Return the matcher of a sequence and the list of its results, for a caller with events in order.

        The hits collected so far are fed to it.
        """
        assert isinstance(self.plan.query, SequenceQuery)
        self._matcher = sequence_matcher(self.plan.query)
        for hits in sorted(self.hits, key=lambda hits: hits.ordinal):
            self._found += self._matcher.take(hits)
        self.hits.clear()
        return self._matcher, self._found

    def count(self, stats: SearchStats, *, events: int, matches: int) -> None:
        """Add the counts of this search to `stats`. The caller counts events and matches."""
        total = Faults(count=stats.faults, examples=stats.fault_examples)
        total.add(self.faults.count, self.faults.examples)
        stats.faults = total.count
        stats.events += events
        stats.matches += matches
        stats.untimed += self.untimed

    def results(self, *, size: int | None = None, result_position: Position = "tail") -> list[Result[Reference]]:
        """Return the results, in order, after the query's pipes and within `size`."""
        query = self.plan.query
        if isinstance(query, SampleQuery):
            samples = match_samples(self.items, max_samples_per_key=self.max_samples_per_key, size=size)
            return [
                Result(
                    tuple(map(self.references.__getitem__, positions)),
                    tuple(map(self.ordinals.__getitem__, positions)),
                    key,
                )
                for positions, key in samples
            ]
        window = folded(self.plan.limits, size, result_position)
        if isinstance(query, EventQuery):
            matches = sorted(self.matches, key=itemgetter(1))
            return matches if window is None else window.of_events(matches)
        matcher = self._matcher
        found = self.match(query, self.hits) if matcher is None else [*self._found, *matcher.finish()]
        ordered = in_result_order(self.plan, found, window)
        return [Result(sequence.events, sequence.ordinals, sequence.key) for sequence in ordered]
