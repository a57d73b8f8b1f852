"""Counts of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from eqlite.events.intake import ReadStats


@dataclass(slots=True)
class RunStats:
    """Counts of a run.

    Attributes:
        reading: counts of events read and rejected.
        detections: the number of detections.
        interrupted: Ctrl-C ended the reading; the detections are those of the events read before.
        untimed: events left out of sequences because they have no readable time, counted for each sequence rule.
        unrouted: with index routing, events that no rule's index patterns cover; `unrouted_example` names one's index.
        faults: operations for which Elasticsearch would have failed the search, with examples.
    """

    reading: ReadStats = field(default_factory=ReadStats)
    detections: int = 0
    untimed: int = 0
    interrupted: bool = False
    unrouted: int = 0
    unrouted_example: str | None = None
    faults: int = 0
    fault_examples: list[str] = field(default_factory=list)

    def add_unrouted(self, count: int, example: str | None) -> None:
        """Count events that no rule's index patterns cover."""
        self.unrouted += count
        self.unrouted_example = self.unrouted_example or example
