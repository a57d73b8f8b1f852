"""Counts of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from eqlite.events.intake import ReadStats


@dataclass(slots=True)
class RunStats:
    """Counts of a run.

    Attributes:
        reading: the numbers of documents read and rejected.
        detections: the number of detections.
        interrupted: whether Ctrl-C ended the reading. The detections are those among the events read before.
        untimed: events left out of sequences because they have no readable time, counted for each sequence rule.
        unrouted: with `by_index`, the number of events that no rule's index patterns cover.
        unrouted_example: the index of one of them.
        faults: operations for which Elasticsearch would have failed the search.
        fault_examples: the first few different messages about them.

    >>> import eqlite
    >>> rules, stats = eqlite.load_rules("examples/rules"), eqlite.RunStats()
    >>> len(list(rules.run("examples/incident.ndjson", stats=stats)))
    3
    >>> stats.detections, stats.reading.read, stats.faults
    (3, 20, 0)

    Internal: `add_unrouted`.
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
