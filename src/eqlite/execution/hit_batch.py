"""Hit batches: the rules and stages that documents meet. Times, keys and references are read on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from eqlite.engine.keys import Key, KeyBudget, Report
from eqlite.engine.order import Ordinal
from eqlite.events.batches import Batch
from eqlite.events.references import EventReference
from eqlite.execution.extractors import KeyExtractor, OrderExtractor
from eqlite.execution.hits import Hits
from eqlite.execution.index_routing import Route

Document = Mapping[str, Any]


class HitEvent(Protocol):
    """An event with hits, as a correlator reads it.

    Attributes:
        position: its number in the input.
    """

    position: int

    def order(self, extractor: OrderExtractor) -> tuple[Ordinal, str | None]:
        """Return the ordinal, and the problem with it, if any: see `order.ambiguity`."""
        ...

    def keys(self, extractor: KeyExtractor, budget: KeyBudget, report: Report) -> tuple[Key, ...]:
        """Return the join keys, as many as the budget grants."""
        ...

    def reference(self) -> EventReference:
        """Return the reference to the event."""
        ...


class DocumentHit:
    """An event of a batch. Rules that share an extractor share what it reads.

    Attributes:
        position: its number in the input.
        row: its number in the batch.
    """

    __slots__ = (
        "_batch",
        "_document",
        "_key_extractor",
        "_keys",
        "_order",
        "_order_extractor",
        "_reference",
        "position",
        "row",
    )

    def __init__(self, batch: Batch, row: int, document: Document) -> None:
        self.position = batch.positions[row]
        self._batch = batch
        self.row = row
        self._document = document
        self._reference: EventReference | None = None
        self._order_extractor: OrderExtractor | None = None
        self._order: tuple[Ordinal, str | None] = ((0, 0, 0, 0), None)
        self._key_extractor: KeyExtractor | None = None
        self._keys: tuple[Key, ...] = ()

    def order(self, extractor: OrderExtractor) -> tuple[Ordinal, str | None]:
        """Return the ordinal, and the problem with it, if any: see `order.ambiguity`."""
        if self._order_extractor is not extractor:
            self._order_extractor = extractor
            self._order = extractor.order(self._document, self.position)
        return self._order

    def keys(self, extractor: KeyExtractor, budget: KeyBudget, report: Report) -> tuple[Key, ...]:
        """Return the join keys, as many as the budget grants."""
        if self._key_extractor is not extractor:
            self._keys = extractor.keys(self._document, budget, report)
            self._key_extractor = extractor if extractor.may_share(self._keys) else None
        return self._keys

    def reference(self) -> EventReference:
        """Return the reference to the event."""
        if self._reference is None:
            self._reference = self._batch.reference(self.row)
        return self._reference


class HitBatch:
    """The documents of a batch that meet a condition, with their hits.

    Attributes:
        batch: the batch.
        unrouted: the number of documents that no rule sees, because of their index.
        unrouted_example: the name of an index without a rule.
    """

    __slots__ = ("batch", "rows", "unrouted", "unrouted_example")

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.rows: list[tuple[int, Hits, Document]] = []
        self.unrouted = 0
        self.unrouted_example: str | None = None

    def add(self, row: int, hits: Hits, document: Document) -> None:
        """Add a document with its hits. `document` is the form that was evaluated."""
        self.rows.append((row, hits, document))

    def leave_unrouted(self, route: Route) -> None:
        """Count a document that no rule sees."""
        self.unrouted += 1
        self.unrouted_example = self.unrouted_example or (route.names[0] if route.names else None)

    def events(self) -> Iterator[tuple[DocumentHit, Hits]]:
        """Yield the events with their hits, in the order of the input."""
        batch = self.batch
        for row, hits, document in self.rows:
            yield DocumentHit(batch, row, document), hits
