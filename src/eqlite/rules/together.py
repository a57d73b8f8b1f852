"""All rules asked at once: an event goes through the shared decisions, and what holds for it goes to the searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eqlite.backends.shared.decisions import Decisions, Node
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
_LINES_TO_LEARN = 50


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
        self._decisions = Decisions(conditions, {path for query in queries for path in _read_besides(query.plan)})
        self._decode = self._decisions.structs.decode
        self._walk = self._decisions.walk
        self._hits: dict[tuple[int, ...], Hits] = {}
        self._key_places: dict[str, int] = {}
        self._lines_to_learn = _LINES_TO_LEARN

    @property
    def structs(self) -> Structs:
        """Return the types that lines are decoded into."""
        return self._decisions.structs

    def ask_line(self, line: bytes) -> tuple[Node, Any] | None:
        """Return the last node for the document on a line, and the struct of the line; None where nothing is met.

        Raises:
            CannotDecode: one of these where the line has to be decoded whole.
        """
        if self._lines_to_learn:
            self._learn_order(line)
        struct = self._decode(line)
        node = self._walk(struct)
        return (node, struct) if node.held or node.undecided else None

    def ask_document(self, document: Document) -> Node | None:
        """Return the last node for a document of any shape; None where nothing is met."""
        node = self._decisions.walk_document(document)
        return node if node.held or node.undecided else None

    def _learn_order(self, line: bytes) -> None:
        """Note in which order documents have their keys; after enough of them, let all be expected so."""
        try:
            pending = [("", unwrap(decode_object(line))[0][0])]
        except (BadJson, IndexError):
            return
        while pending:
            prefix, part = pending.pop()
            for key, value in part.items():
                self._key_places.setdefault(prefix + key, len(self._key_places))
                if isinstance(value, dict):
                    pending.append((f"{prefix}{key}.", value))
        self._lines_to_learn -= 1
        if not self._lines_to_learn:
            self._decisions.expect_order(self._key_places)

    def hits(self, node: Node, reading: Reading) -> Hits:
        """Return what is met at a last node; `reading` is the event that led there."""
        if node.undecided:
            return self._undecided(node, reading.document)
        hits = self._hits.get(node.held)
        if hits is None:
            if len(self._hits) >= _MOST_HITS:
                self._hits.clear()
            numbers = [number for formula in node.held for number in self._decisions.numbers[formula]]
            hits = self._hits[node.held] = self._hits_of(numbers)
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


def _read_besides(query: Plan) -> set[str]:
    """Return the paths of what tells time, order and keys."""
    fields = [query.timestamp, query.tiebreaker, *(key for stage in query.stages for key in stage.keys)]
    return {field.path for field in fields if field is not None}
