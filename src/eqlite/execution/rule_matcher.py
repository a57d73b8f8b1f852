"""All rules asked at once: an event goes through the shared decisions, and what holds for it goes to the searches."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from eqlite.decision_graph.graph import Decisions
from eqlite.decision_graph.nodes import Node, State
from eqlite.decision_graph.statistics import Sample
from eqlite.engine.faults import Faults
from eqlite.engine.stages import beginnings, idle_stages
from eqlite.events.envelopes import unwrap
from eqlite.events.json_decoding import BadJson, decode_object
from eqlite.events.nesting import nested
from eqlite.events.projection import Structs
from eqlite.execution.event_cursor import Reading
from eqlite.execution.hits import Hits, joining_bits
from eqlite.plan import Plan
from eqlite.query import Query

Document = Mapping[str, Any]

_MOST_HITS = 20_000
_LINES_BETWEEN_LOOKS = 1_000
_MOST_LOOKS = 10
_MOST_UNLIKE = 0.1


class Together:
    """The conditions of several queries, and what each of them stands for."""

    def __init__(self, queries: Sequence[Query], faults: Sequence[Faults]) -> None:
        self._queries = queries
        self._faults = faults
        self._places = [
            (number, place) for number, query in enumerate(queries) for place in range(len(query.plan.stages))
        ]
        conditions = [stage.condition for query in queries for stage in query.plan.stages]
        read = {path for query in queries for path in read_besides(query.plan)}
        self._bits = joining_bits(queries)
        self._beginnings = [beginnings(query.plan) for query in queries]
        always = [idle_stages(query.plan) for query in queries]
        awaiting = [0 if place in always[number] else self._bits[number] for number, place in self._places]
        self._decisions = Decisions(conditions, read, awaiting)
        self._hits: dict[tuple[tuple[int, ...], bool], Hits] = {}
        self._sample: Sample | None = self._decisions.new_sample()
        self._keys = self._sample.keys
        self._since_look = 0
        self._looks_left = _MOST_LOOKS

    @property
    def structs(self) -> Structs:
        """Return the types that lines are decoded into."""
        return self._decisions.structs

    @property
    def decode(self) -> Callable[[bytes], Any]:
        """Return the function that decodes a line into a struct.

        It raises one of `CannotDecode` where the line has to be decoded whole.
        """
        return self._decisions.structs.decode

    @property
    def walk(self) -> Callable[[Any, int], Node]:
        """Return the function that tells the last node for a struct, and the bits of the rules that wait.

        What is left undecided there would be of interest to others.
        """
        return self._decisions.walk

    def ask_document(self, document: Document, struct: Any = None) -> Node:
        """Return the last node for a document of any shape; by the struct that was made of it, if there is one."""
        if struct is None:
            return self._decisions.walk_document(document)
        return self._decisions.walk(struct, -1)

    def look_at(self, lines: Sequence[bytes]) -> None:
        """Look at lines before they are asked about, to expect others to be alike, until there were enough of them.

        And again where documents turn out to be unlike those, though not forever.
        """
        if self._sample is not None:
            for document, is_wrapped in _documents(lines):
                if self._sample.is_full:
                    break
                self._sample.take(document, is_wrapped=is_wrapped)
            if self._sample.is_enough:
                self._decisions.expect(self._sample)
                self._sample = None
        elif self._since_look >= _LINES_BETWEEN_LOOKS:
            if self.structs.unlike > self._since_look * _MOST_UNLIKE and self._looks_left:
                self._looks_left -= 1
                for document, is_wrapped in _documents(lines[:_LINES_BETWEEN_LOOKS]):
                    self._keys.take(document, is_wrapped=is_wrapped)
                self._decisions.meet(self._keys, are_alike=self._looks_left > 0)
            self._since_look = self.structs.unlike = 0
        self._since_look += len(lines)

    def hits(self, node: Node, reading: Reading) -> Hits:
        """Return what is met at a last node; `reading` is the event that led there."""
        hits: Hits | None = node.answer
        if hits is not None:
            return hits
        if node.state.undecided and not node.rest:
            return self._undecided(node.state, reading.document)
        hits = node.answer = self._known_hits(node.state.held, may_meet_more=bool(node.rest))
        return hits

    def _known_hits(self, held: tuple[int, ...], *, may_meet_more: bool) -> Hits:
        hits = self._hits.get((held, may_meet_more))
        if hits is None:
            if len(self._hits) >= _MOST_HITS:
                self._hits.clear()
            numbers = [number for formula in held for number in self._decisions.numbers[formula]]
            hits = self._hits[held, may_meet_more] = self._hits_of(numbers, may_meet_more=may_meet_more)
        return hits

    def _undecided(self, state: State, document: Document) -> Hits:
        numbers = [number for formula in state.held for number in self._decisions.numbers[formula]]
        for formula, _ in state.undecided:
            numbers += [number for number in self._decisions.numbers[formula] if self._holds(number, document)]
        return self._hits_of(numbers)

    def _holds(self, number: int, document: Document) -> bool:
        query, stage = self._places[number]
        return self._queries[query].stage_predicates[stage](document, self._faults[query])

    def _hits_of(self, numbers: Sequence[int], *, may_meet_more: bool = False) -> Hits:
        events: list[int] = []
        stages: dict[int, list[int]] = {}
        for number in sorted(numbers):
            query, stage = self._places[number]
            if self._queries[query].kind == "event":
                events.append(query)
            else:
                stages.setdefault(query, []).append(stage)
        begun = [query for query, met in stages.items() if self._beginnings[query].intersection(met)]
        return Hits(
            tuple(events),
            tuple((query, tuple(met)) for query, met in stages.items()),
            counts=bool(events or begun),
            continues=sum(self._bits[query] for query in stages if query not in begun),
            may_meet_more=may_meet_more,
        )


def _documents(lines: Sequence[bytes]) -> Iterator[tuple[Document, bool]]:
    """Yield the first document of each line that has one, and whether it came in `_source`; dotted keys as objects."""
    for line in lines:
        with contextlib.suppress(BadJson, IndexError):
            value = decode_object(line)
            document = unwrap(value)[0][0]
            yield nested(document) or document, document is value.get("_source")


def read_besides(query: Plan) -> set[str]:
    """Return the paths of what tells time, order and keys."""
    fields = [query.timestamp, query.tiebreaker, *(key for stage in query.stages for key in stage.keys)]
    return {field.path for field in fields if field is not None}
