"""A detection: that a rule matched, on which events, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from eqlite.events.document import AnyEvent, Event, EventSource
from eqlite.functions.registry import Value
from eqlite.rules.model import Rule


class Detection(msgspec.Struct, frozen=True):
    """One match of a rule. Its attributes cannot be set.

    Attributes:
        rule: the rule.
        kind: `event`, `sequence` or `sample`.
        events: the events in the order of the stages; None in the place of a missing event.
        join_keys: what the events have in common, by the name of the field.
        start, end: times of the first and the last event, ISO 8601 in UTC; None where an event has no readable time.
    """

    rule: Rule
    kind: Literal["event", "sequence", "sample"]
    events: tuple[AnyEvent | None, ...]
    join_keys: Mapping[str, Value]
    start: str | None
    end: str | None

    @property
    def sources(self) -> tuple[EventSource | None, ...]:
        """Return file and line of each event; None for a missing event and for one that came from no file."""
        return tuple(event.source if isinstance(event, Event) else None for event in self.events)
