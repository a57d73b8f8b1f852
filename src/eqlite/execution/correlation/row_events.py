"""Events as they come out of rows of hits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from eqlite.engine.keys import KeyBudget
from eqlite.engine.order import NO_TIEBREAKER, NO_TIME, Ordinal
from eqlite.events.document import AnyEvent, Event
from eqlite.execution.extractors import KeyExtractor, OrderExtractor
from eqlite.execution.hit_rows import HitRow


class Described(NamedTuple):
    """An event of which a result needs the document.

    Attributes:
        document: the document.
        origin: the event's name in the id of a detection.
    """

    document: dict[str, Any]
    origin: str


RowReference = Described | str
"""The part of an event that a result needs; of a row without the event the origin alone, which saves 72 bytes a key."""


def row_reference(document: Mapping[str, Any] | None, origin: str) -> RowReference:
    """Return the reference to an event."""
    if document is None:
        return origin
    return Described(document if isinstance(document, dict) else dict(document), origin)


def reference_parts(found: RowReference) -> tuple[dict[str, Any] | None, str]:
    """Return document and origin of an event."""
    return (None, found) if isinstance(found, str) else found


def event_of(found: AnyEvent | RowReference | None) -> AnyEvent | None:
    """Return the event of a reference. Events themselves, and missing ones, stay as they are."""
    if isinstance(found, (str, Described)):
        document, origin = reference_parts(found)
        return Event(document or {}, origin=origin)
    return found


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
        found = row_reference(self.row.event, self.row.origin)
        return lambda: found
