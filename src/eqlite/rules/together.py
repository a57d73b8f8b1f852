"""All rules asked at once: an event goes through the shared decisions, and what holds for it goes to the searches."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from eqlite.backends.shared.decisions import Decisions
from eqlite.backends.shared.nodes import Node
from eqlite.backends.shared.sample import Sample
from eqlite.backends.shared.structs import DoesNotFit, Structs, UnusualShape
from eqlite.events.decoding import BadJson, decode_object
from eqlite.events.envelopes import unwrap
from eqlite.plan import Plan
from eqlite.query import Query
from eqlite.rules.reading import Reading

Document = Mapping[str, Any]
Numbers = dict[int, None]
CannotDecode = (UnusualShape, *DoesNotFit)

_MOST_HITS = 20_000
_LINES_BETWEEN_LOOKS = 1_000
_MOST_LOOKS = 10
_MOST_UNLIKE = 0.1


class Hits:
    """What an event meets: the numbers of event queries, and of the others with the numbers of their stages.

    `prepared` is for whoever works with hits that come again and again.
    """

    __slots__ = ("events", "prepared", "stages")

    def __init__(self, events: tuple[int, ...], stages: tuple[tuple[int, tuple[int, ...]], ...]) -> None:
        self.events = events
        self.stages = stages
        self.prepared: Any = None

    def only(self, numbers: Numbers) -> Hits:
        """Return the hits of some queries."""
        events = tuple(number for number in self.events if number in numbers)
        return Hits(events, tuple(pair for pair in self.stages if pair[0] in numbers))


class Together:
    """The conditions of several queries, and what each of them stands for."""

    def __init__(self, queries: Sequence[Query]) -> None:
        self._queries = queries
        self._places = [
            (number, place) for number, query in enumerate(queries) for place in range(len(query.plan.stages))
        ]
        conditions = [stage.condition for query in queries for stage in query.plan.stages]
        self._decisions = Decisions(conditions, {path for query in queries for path in read_besides(query.plan)})
        self._hits: dict[tuple[int, ...], Hits] = {}
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
    def walk(self) -> Callable[[Any], Node]:
        """Return the function that tells the last node for a struct."""
        return self._decisions.walk

    def ask_document(self, document: Document) -> Node:
        """Return the last node for a document of any shape."""
        return self._decisions.walk_document(document)

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
        if node.undecided:
            return self._undecided(node, reading.document)
        hits: Hits | None = node.answer
        if hits is None:
            hits = node.answer = self._known_hits(node.held)
        return hits

    def _known_hits(self, held: tuple[int, ...]) -> Hits:
        hits = self._hits.get(held)
        if hits is None:
            if len(self._hits) >= _MOST_HITS:
                self._hits.clear()
            numbers = [number for formula in held for number in self._decisions.numbers[formula]]
            hits = self._hits[held] = self._hits_of(numbers)
        return hits

    def _undecided(self, node: Node, document: Document) -> Hits:
        numbers = [number for formula in node.held for number in self._decisions.numbers[formula]]
        for formula, _ in node.undecided:
            numbers += [number for number in self._decisions.numbers[formula] if self._holds(number, document)]
        return self._hits_of(numbers)

    def _holds(self, number: int, document: Document) -> bool:
        query, stage = self._places[number]
        return self._queries[query].stage_predicates[stage](document)

    def _hits_of(self, numbers: Sequence[int]) -> Hits:
        events: list[int] = []
        stages: dict[int, list[int]] = {}
        for number in sorted(numbers):
            query, stage = self._places[number]
            if self._queries[query].kind == "event":
                events.append(query)
            else:
                stages.setdefault(query, []).append(stage)
        return Hits(tuple(events), tuple((query, tuple(met)) for query, met in stages.items()))


def _documents(lines: Sequence[bytes]) -> Iterator[tuple[Document, bool]]:
    """Yield the first document of each line that has one, and whether it came in `_source`."""
    for line in lines:
        with contextlib.suppress(BadJson, IndexError):
            value = decode_object(line)
            document = unwrap(value)[0][0]
            yield document, document is value.get("_source")


def read_besides(query: Plan) -> set[str]:
    """Return the paths of what tells time, order and keys."""
    fields = [query.timestamp, query.tiebreaker, *(key for stage in query.stages for key in stage.keys)]
    return {field.path for field in fields if field is not None}
