"""The first half of a run on its own: events in, hits as plain data out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eqlite.engine.faults import Faults
from eqlite.events.batches import EventBatch, given_batch
from eqlite.events.document import AnyEvent, Event, iterate_events
from eqlite.events.intake import Intake, ReadStats, Rejected
from eqlite.events.line_documents import documents_on
from eqlite.execution.hit_rows import HitRow, RowMaker, to_arrow
from eqlite.execution.index_routing import IndexRouter, stream_fields
from eqlite.execution.rule_matcher import PredicateMatcher
from eqlite.query import Query, dump_queries, load_queries
from eqlite.rules.compiled import Compiled

Origin = str | tuple[str, int]
"""What the events are known by: a name, and the position of the first one under it."""


class HitRows(list[HitRow]):
    """The hits of some events: a list with a row for each event, rule and join key.

    Attributes:
        stats: the numbers of events read and rejected.
        faults: operations for which Elasticsearch would have failed the search.
        fault_examples: the first few different messages about them.

    >>> import eqlite
    >>> matcher = eqlite.load_rules("examples/rules").matcher()
    >>> hits = matcher.match([b'{"event": {"category": "process"}}', b"no JSON"])
    >>> len(hits), hits.stats.read, hits.stats.rejected
    (0, 2, 1)
    """

    def __init__(self, rows: Iterable[HitRow], stats: ReadStats, faults: Sequence[Faults]) -> None:
        super().__init__(rows)
        self.stats: ReadStats = stats
        self.faults: int = sum(each.count for each in faults)
        self.fault_examples: list[str] = list(dict.fromkeys(text for each in faults for text in each.examples))

    def to_arrow(self) -> Any:
        """Return the rows as a `pyarrow.Table`. Join keys, tiebreakers and events are JSON in it.

        Raises:
            ImportError: pyarrow is not installed, which the extra `arrow` brings.
        """
        return to_arrow(self)


class Matcher:
    """Matches events with rules, one by one and without any state: made by `RuleSet.matcher`.

    It is long-lived, and several threads may use it at once. A pickled matcher brings its plans along: the process that
    loads it parses nothing.

    >>> import eqlite, pickle
    >>> matcher = eqlite.load_rules("examples/rules").matcher()
    >>> events = list(eqlite.read_events("examples/incident.ndjson"))
    >>> hits = pickle.loads(pickle.dumps(matcher)).match(events, origin=("incidents", 4000))
    >>> len(hits), hits[1].key, hits[1].origin, hits[1].stages
    (11, ('ws-17', 'p4'), 'incidents:4004', (0,))
    """

    def __init__(self, compiled: Compiled, *, by_index: bool = False) -> None:
        """Prepare compiled rules. `by_index`: a rule sees only the documents that its index patterns cover."""
        names = [rule.rule_id or rule.query for rule, _ in compiled]
        patterns = [rule.index for rule, _ in compiled] if by_index else None
        self._prepare(names, [query for _, query in compiled], patterns)

    def _prepare(self, names: list[str], queries: list[Query], patterns: list[tuple[str, ...]] | None) -> None:
        self._names = names
        self._queries = queries
        self._patterns = patterns
        router = None
        if patterns is not None:
            schemas = [query.options.schema for query in queries if query.options.schema is not None]
            router = IndexRouter(patterns, stream_fields(schemas[0].constants if schemas else {}))
        self._matcher = PredicateMatcher(queries, router)
        self._rows = RowMaker(names, queries)

    def match(self, events: Iterable[bytes | AnyEvent] | Any, *, origin: Origin | None = None) -> HitRows:
        """Return the hits of events: a row for each event, rule and join key.

        Args:
            events: lines of JSON as bytes, mappings, or a table or record batch of pyarrow (a row is a document).
            origin: the events' name in the ids of detections, with the position of the first one: a topic
                and partition with an offset, say. By default index and id of an event, else its number here.
                Rejected events and lines have a position, too. Several documents on a line share theirs, with `#`
                and their number on the line behind it.
        """
        intake = Intake()
        given, places = _events_of(events, intake)
        name, first = origin if isinstance(origin, tuple) else (origin, 0)
        batch: EventBatch = given_batch(given, intake, 0)
        intake.stats.read += len(batch.documents)
        faults = [query.new_faults() for query in self._queries]
        rows: list[HitRow] = []
        for event, hits in self._matcher.match(batch, faults).events():
            number, suffix = places[event.position]
            known_as = None if name is None else f"{name}:{first + number}{suffix}"
            rows += self._rows.rows(event, hits, known_as, lambda rule, message: faults[rule].record(message))
        return HitRows(rows, intake.stats, faults)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the plans of the queries."""
        return (_load_matcher, (self._names, dump_queries(self._queries), self._patterns))


def _load_matcher(names: list[str], queries: bytes, patterns: list[tuple[str, ...]] | None) -> Matcher:
    matcher = Matcher.__new__(Matcher)
    matcher._prepare(names, load_queries(queries), patterns)
    return matcher


Place = tuple[int, str]
"""Number of an event among those given, and its number on its line if there are several, with `#` before it."""


def _events_of(events: Any, intake: Intake) -> tuple[list[AnyEvent], list[Place]]:
    """Return events that are given as lines, mappings or columns, with their places. Other lines are rejected."""
    if hasattr(events, "to_pylist"):
        events = events.to_pylist()
    found: list[AnyEvent] = []
    places: list[Place] = []
    for number, event in enumerate([events] if isinstance(events, (bytes, Mapping)) else iterate_events(events)):
        if not isinstance(event, (bytes, bytearray)):
            found.append(event)
            places.append((number, ""))
            continue
        documents, problem = documents_on(bytes(event).rstrip(b"\n"))
        if problem is not None:
            intake.reject(Rejected("<line>", number + 1, problem.reason, problem.detail), bytes(event))
        found += [Event(document, index=index, id=id) for document, index, id in documents]
        places += [(number, f"#{which}" if len(documents) > 1 else "") for which in range(len(documents))]
    return found, places
