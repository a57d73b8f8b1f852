"""One search: documents go in, in any order, results come out in Elasticsearch's.

Only what meets a condition is kept, as whatever the caller gives to find it again by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from eqlite.engine.keys import Key, join_keys
from eqlite.engine.order import NO_TIME, Ordinal, ordinal
from eqlite.engine.pipes import Position, cut
from eqlite.engine.samples import match_samples
from eqlite.engine.sequences import UNTIL, Found, StageHit, match_sequences
from eqlite.plan import EventQuery, Plan, SampleQuery, SequenceQuery, Stage

Kept = TypeVar("Kept")
Document = Mapping[str, Any]
Predicate = Callable[[Document], bool]


class Result(NamedTuple, Generic[Kept]):
    """One result: what was kept of its events (None for a missing one), their ordinals, and the values of the keys."""

    events: tuple[Kept | None, ...]
    ordinals: tuple[Ordinal | None, ...]
    join_keys: tuple[Any, ...]


@dataclass(slots=True)
class Search(Generic[Kept]):
    """The state of one search.

    Attributes:
        plan: the query's plan.
        predicates: one for each of `plan.stages`.
        report: gets a message about each event of which not everything could be taken.
        untimed: events of a sequence that are left out because they have no readable time.
    """

    plan: Plan
    predicates: Sequence[Predicate]
    max_samples_per_key: int = 1
    report: Callable[[str], None] | None = None
    untimed: int = 0
    kept: dict[int, Kept] = field(default_factory=dict)
    ordinals: dict[int, Ordinal] = field(default_factory=dict)
    reported: dict[Key, Key] = field(default_factory=dict)
    hits: list[StageHit] = field(default_factory=list)
    items: list[dict[Key, list[int]]] = field(default_factory=list)
    tests: dict[Predicate, list[int]] = field(init=False)  # each predicate once, with the numbers of its stages

    def __post_init__(self) -> None:
        self.tests = {}
        for number, predicate in enumerate(self.predicates):
            self.tests.setdefault(predicate, []).append(number)

    def take(self, document: Document, place: int, kept: Kept) -> bool:
        """Test a document with every stage; tell whether anything is kept of it. `place` is its number in the input."""
        met = [number for predicate, numbers in self.tests.items() if predicate(document) for number in numbers]
        if not met:
            return False
        query = self.plan.query
        if isinstance(query, EventQuery):
            self.take_match(document, place, kept)
            return True
        stages = self.plan.stages
        if isinstance(query, SampleQuery):
            self.items = self.items or [{} for _ in stages]
            self.ordinals[place] = ordinal(document, place, self.plan)
            for number in met:
                for key in self._keys(document, stages[number]):
                    self.items[number].setdefault(key, []).append(place)
        elif not self._take_stages(document, place, met, query):
            return False
        self.kept[place] = kept
        return True

    def take_match(self, document: Document, place: int, kept: Kept) -> None:
        """Keep a document that is known to meet an event query's condition: as `take`, after the test."""
        self.ordinals[place] = ordinal(document, place, self.plan)
        self.kept[place] = kept

    def _take_stages(self, document: Document, place: int, met: list[int], query: SequenceQuery) -> bool:
        where = ordinal(document, place, self.plan)
        if where[0] == NO_TIME:
            self.untimed += 1
            return False
        for number in sorted(met):
            keys = self._keys(document, self.plan.stages[number])
            if keys:
                self.hits.append(StageHit(where, number if number < len(query.stages) else UNTIL, keys))
        return True

    def _keys(self, document: Document, stage: Stage) -> tuple[Key, ...]:
        if not stage.keys:
            return ((),)
        dates_as_text = isinstance(self.plan.query, SequenceQuery)
        found = join_keys(document, stage.keys, dates_as_text=dates_as_text, report=self.report)
        for key, values in found.items():
            self.reported.setdefault(key, values)
        return tuple(found)

    def results(self, *, size: int | None = None, result_position: Position = "tail") -> list[Result[Kept]]:
        """Return the results, in order, after the query's pipes and within `size`."""
        query = self.plan.query
        if isinstance(query, SampleQuery):
            samples = match_samples(self.items, max_samples_per_key=self.max_samples_per_key, size=size)
            return [self._result(tuple(self.ordinals[place] for place in places), key) for places, key in samples]
        if isinstance(query, EventQuery):
            found = [Found((where,), ()) for where in sorted(self.ordinals.values())]
        else:
            found = match_sequences(query, self.hits)
        return [self._result(*sequence) for sequence in cut(found, self.plan.limits, size, result_position)]

    def _result(self, ordinals: tuple[Ordinal | None, ...], key: Key) -> Result[Kept]:
        events = tuple(None if where is None else self.kept[where[-1]] for where in ordinals)
        return Result(events, ordinals, self.reported.get(key, key))
