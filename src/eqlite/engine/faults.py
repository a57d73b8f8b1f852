"""Faults: operations on events for which Elasticsearch would have failed the search, counted for each run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from eqlite.errors import SearchFailure

MOST_EXAMPLES = 5


@dataclass(slots=True)
class Faults:
    """The faults of one search, stream or run of a rule: counted, or raised when strict."""

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


class _Uncounted(Faults):
    """Faults that are raised when strict and never counted. It has no state, so all threads can share one."""

    __slots__ = ()

    def add(self, count: int, messages: Iterable[str]) -> None:
        """Count nothing."""


UNCOUNTED: Mapping[bool, Faults] = {strict: _Uncounted(strict) for strict in (False, True)}
"""The uncounted faults, by strictness. A new object for each event would take 0.5 of the 2 µs of `matches`."""

Predicate = Callable[[Mapping[str, Any], Faults], bool]
"""Returns whether an unwrapped document meets a condition, and counts its faults. Safe to use from several threads."""
