"""What a backend is: conditions in, functions on events out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from eqlite import plan

Event = Mapping[str, Any]
Predicate = Callable[[Event], bool]


@dataclass(slots=True)
class Faults:
    """Operations on values for which Elasticsearch would have failed the search: counted, or raised when strict."""

    strict: bool = False
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def record(self, message: str) -> None:
        """Count a fault and keep the first few messages."""
        self.count += 1
        if len(self.examples) < 5 and message not in self.examples:
            self.examples.append(message)


class Backend(Protocol):
    """Turns conditions into predicates. A predicate takes an unwrapped document and is safe to use from threads."""

    name: str

    def predicate(self, condition: plan.Condition, *, name: str, faults: Faults) -> Predicate:
        """Return a function that tells whether a document meets the condition.

        Args:
            condition: what to test.
            name: shown in tracebacks and by `eqlite ast --code`.
            faults: where script faults are counted.
        """
        ...
