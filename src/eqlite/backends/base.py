"""The protocol of backends: conditions become predicates on events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from eqlite import plan
from eqlite.engine.faults import Predicate
from eqlite.engine.sequences import EventHits, Found, Reference


class Backend(Protocol):
    """A backend: it turns conditions into predicates, and matches sequences of the events that meet them.

    A predicate takes an unwrapped document and the faults to count in, and is safe to use from threads.

    Attributes:
        is_incremental: sequences may be matched event by event while events come in order, too: the answers are the
            same. Otherwise all hits are collected for `match_sequences`.
        is_indexed: a predicate need not be evaluated for a document that lacks what its condition requires.
    """

    name: str
    is_incremental: bool
    is_indexed: bool

    def predicate(self, condition: plan.Condition, *, name: str) -> Predicate:
        """Return a predicate for documents that meet the condition.

        Args:
            condition: the condition.
            name: shown in tracebacks and by `eqlite ast --code`.
        """
        ...

    def match_sequences(
        self, query: plan.SequenceQuery, events: Sequence[EventHits[Reference]]
    ) -> list[Found[Reference]]:
        """Return the sequences among the hits of all events, which come in any order.

        They come by their last event; those with the same one in the order of its keys.
        """
        ...
