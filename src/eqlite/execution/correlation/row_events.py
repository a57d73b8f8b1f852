"""Events as they come out of rows of hits."""

from __future__ import annotations

from typing import Any, NamedTuple

from eqlite.engine.keys import KeyBudget
from eqlite.engine.order import NO_TIEBREAKER, NO_TIME, Ordinal
from eqlite.events.document import Event
from eqlite.execution.extractors import KeyExtractor, OrderExtractor
from eqlite.execution.hit_rows import HitRow


class RowReference(NamedTuple):
    """The part of an event that a result needs.

    Attributes:
        document: the document; None where the row has none.
        origin: the event's name in the id of a detection.
    """

    document: dict[str, Any] | None
    origin: str

    def event(self) -> Event:
        """Return the event."""
        return Event(self.document or {}, origin=self.origin)


class RowEvent:
    """An event read from a row of hits: see `HitEvent`.

    Attributes:
        row: the row.
        position: its number in the input.
    """

    __slots__ = ("position", "row")

    def __init__(self, row: HitRow, position: int) -> None:
        self.row = row
        self.position = position

    def order(self, _extractor: OrderExtractor) -> tuple[Ordinal, str | None]:
        """Return the ordinal."""
        row = self.row
        time_ns = NO_TIME if row.time_ns is None else row.time_ns
        if row.tiebreaker is None:
            return (time_ns, *NO_TIEBREAKER, self.position), None
        return (time_ns, int(isinstance(row.tiebreaker, str)), row.tiebreaker, self.position), None

    def keys(self, _extractor: KeyExtractor, _budget: KeyBudget, _report: Any) -> tuple[Any, ...]:
        """Return the one join key."""
        return (self.row.key,)

    def reference(self) -> Any:
        """Return the reference to the event."""
        event = self.row.event
        found = RowReference(event if event is None or isinstance(event, dict) else dict(event), self.row.origin)
        return lambda: found
