"""All rules asked at once: an event goes through the shared decisions, and what holds for it goes to the searches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eqlite.backends.shared.decisions import Decisions, Node
from eqlite.backends.shared.structs import DoesNotFit, UnusualShape
from eqlite.events.decoding import decode_object
from eqlite.events.envelopes import unwrap
from eqlite.plan import Plan
from eqlite.query import Query

Document = Mapping[str, Any]
CannotDecode = (UnusualShape, *DoesNotFit)

ENOUGH_CONDITIONS = 4
"""From so many conditions on, asking them together is worth what it takes to prepare."""
_MOST_HITS = 20_000


@dataclass(frozen=True, slots=True)
class Hits:
    """What an event meets.

    Attributes:
        events: the numbers of the event queries.
        stages: the numbers of the other queries, each with the numbers of the stages.
        read: returns what those queries read besides their conditions from a struct; None where that asks for the
            whole document.
    """

    events: tuple[int, ...] = ()
    stages: tuple[tuple[int, tuple[int, ...]], ...] = ()
    read: Callable[[Any], Document] | None = None


_NOTHING = Hits()


class Together:
    """The conditions of several queries, and what each of them stands for."""

    def __init__(self, queries: Sequence[Query]) -> None:
        self._queries = queries
        self._read = [_read_beside_conditions(query.plan) for query in queries]
        self._places = [
            (number, place) for number, query in enumerate(queries) for place in range(len(query.plan.stages))
        ]
        conditions = [stage.condition for query in queries for stage in query.plan.stages]
        self._decisions = Decisions(conditions, {path for paths in self._read for path in paths or ()})
        self._hits: dict[tuple[int, ...], Hits] = {}

    def of_line(self, line: bytes) -> tuple[Hits, Document]:
        """Return what the document on a line meets, and as much of it as a search reads besides.

        Raises:
            CannotDecode: one of these where the line has to be decoded whole.
        """
        struct = self._decisions.structs.decode(line)
        node = self._decisions.walk(struct)
        if not node.held and not node.undecided:
            return _NOTHING, {}
        if node.undecided:
            document = unwrap(decode_object(line))[0][0]
            return self._undecided(node, document), document
        hits = self._known(node.held)
        return hits, hits.read(struct) if hits.read is not None else unwrap(decode_object(line))[0][0]

    def of_document(self, document: Document) -> Hits:
        """Return what a document meets."""
        node = self._decisions.walk_document(document)
        if node.undecided:
            return self._undecided(node, document)
        return self._known(node.held) if node.held else _NOTHING

    def _known(self, held: tuple[int, ...]) -> Hits:
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
        paths: dict[str, None] = {}
        is_partly_read = True
        for number in sorted(numbers):
            query, stage = self._places[number]
            if self._queries[query].kind == "event":
                events.append(query)
            else:
                stages.setdefault(query, []).append(stage)
            beside = self._read[query]
            is_partly_read &= beside is not None
            paths.update(dict.fromkeys(beside or ()))
        read = self._decisions.structs.reader(tuple(paths)) if is_partly_read else None
        return Hits(tuple(events), tuple((query, tuple(met)) for query, met in stages.items()), read)


def _read_beside_conditions(query: Plan) -> tuple[str, ...] | None:
    """Return the paths of what tells time, order and keys; None where that is not all that such a field asks for."""
    fields = [query.timestamp, query.tiebreaker, *(key for stage in query.stages for key in stage.keys)]
    read = [field for field in fields if field is not None]
    return None if any(field.null_value is not None for field in read) else tuple(field.path for field in read)
