"""The protocol of backends: conditions become predicates on events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from eqlite import plan
from eqlite.engine.sequences import EventHits, Found, Kept
from eqlite.errors import SearchFailure

Event = Mapping[str, Any]
Predicate = Callable[[Event], bool]

MOST_EXAMPLES = 5


@dataclass(slots=True)
class Faults:
    """Operations on values for which Elasticsearch would have failed the search: counted, or raised when strict."""

    strict: bool = False
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def record(self, message: str) -> None:
        """Count a fault and keep the first few messages.

        Raises:
            SearchFailure: when strict.
        """
        if self.strict:
            raise SearchFailure(f"Elasticsearch would fail the search on this event: {message}")
        self.add(1, [message])

    def add(self, count: int, messages: Iterable[str]) -> None:
        """Count faults and keep the first few messages."""
        self.count += count
        for message in messages:
            if len(self.examples) < MOST_EXAMPLES and message not in self.examples:
                self.examples.append(message)


class Backend(Protocol):
    """A backend: it turns conditions into predicates, and matches sequences of the events that meet them.

    A predicate takes an unwrapped document and is safe to use from threads.

    Attributes:
        is_incremental: sequences may be matched event by event while events come in order, too: the answers are the
            same. Otherwise all hits are collected for `match_sequences`.
    """

    name: str
    is_incremental: bool

    def predicate(self, condition: plan.Condition, *, name: str, faults: Faults) -> Predicate:
        """Return a predicate for documents that meet the condition.

        Args:
            condition: what to test.
            name: shown in tracebacks and by `eqlite ast --code`.
            faults: where script faults are counted.
        """
        ...

    def match_sequences(self, query: plan.SequenceQuery, events: Sequence[EventHits[Kept]]) -> list[Found[Kept]]:
        """Return the sequences among the hits of all events, which come in any order.

        They come by their last event; those with the same one in the order of its keys.
        """
        ...
