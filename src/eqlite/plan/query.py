"""Plans of whole queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf

from eqlite.fields import Field
from eqlite.plan.conditions import Condition


@dataclass(frozen=True, slots=True)
class Stage:
    """One item of a sequence or sample.

    A key of None is always null. With `missing`, the event must not occur.
    """

    condition: Condition
    keys: tuple[Field | None, ...] = ()
    missing: bool = False


@dataclass(frozen=True, slots=True)
class EventQuery:
    """All events that meet a condition."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class SequenceQuery:
    """Events in order, with `runs` expanded to repeated stages.

    `maxspan_ms` is None for any span.
    """

    stages: tuple[Stage, ...]
    maxspan_ms: int | None = None
    until: Stage | None = None


@dataclass(frozen=True, slots=True)
class SampleQuery:
    """Events in any order that share their keys."""

    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """`head` or `tail` and how many."""

    end: OneOf["head", "tail"]
    count: int


@dataclass(frozen=True, slots=True)
class Plan:
    """An executable query, with the fields for category, time and order of an event."""

    query: EventQuery | SequenceQuery | SampleQuery
    limits: tuple[Limit, ...] = ()
    timestamp: Field | None = None
    tiebreaker: Field | None = None

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Return the stages, `until` included, or the one condition of an event query as a stage."""
        match self.query:
            case EventQuery(condition=condition):
                return (Stage(condition),)
            case SequenceQuery(stages=stages, until=until):
                return stages if until is None else (*stages, until)
            case SampleQuery(stages=stages):
                return stages
