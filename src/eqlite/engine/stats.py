"""Counts of a search and of a stream."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class SearchStats:
    """Counts of a search, or the sums of several.

    Attributes:
        events: the number of events searched.
        matches: the number of matches found.
        untimed: events of a sequence left out because they have no readable time.
        faults: operations for which Elasticsearch would have failed the search.
        fault_examples: the first few different messages about them.

    >>> import eqlite
    >>> stats = eqlite.SearchStats()
    >>> len(eqlite.search("any where 1 / n > 0", [{"n": 1}, {"n": 0}], stats=stats))
    1
    >>> stats.events, stats.faults, stats.fault_examples
    (2, 1, ['/ by zero'])
    """

    events: int = 0
    matches: int = 0
    untimed: int = 0
    faults: int = 0
    fault_examples: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class OpenStats:
    """Counts of all streams.

    Attributes:
        late: events left out because they came too late. Event queries without pipes take them.
        ahead: events more than `max_ahead` after the others, set aside at the moment or left out.
        untimed: events of sequences left out because they have no readable time, counted for each rule.
        dropped: the number of states given up because more than `max_open` were open.
        open: keys and undecided sequences held at the moment.
        held: events held at the moment until late ones have come.
        faults: operations for which Elasticsearch would have failed the search.
        fault_examples: the first few different messages about them.
    """

    late: int = 0
    ahead: int = 0
    untimed: int = 0
    dropped: int = 0
    open: int = 0
    held: int = 0
    faults: int = 0
    fault_examples: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class StreamStats(OpenStats):
    """Counts of the stream of a query.

    Attributes:
        events: the number of events pushed; after `resume`, the number of the next event, counted from 0.
        matches: the number of matches returned.

    >>> import eqlite
    >>> stream = eqlite.compile("sequence by user [any where a == 1] [any where a == 2]").stream()
    >>> [len(stream.push({"@timestamp": a, "user": "ann", "a": a})) for a in (1, 1, 2)]
    [0, 0, 1]
    >>> stream.stats.events, stream.stats.matches, stream.stats.late
    (3, 1, 0)
    """

    events: int = 0
    matches: int = 0
