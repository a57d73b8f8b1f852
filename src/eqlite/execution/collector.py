"""What a run found: searches that take what events meet, and detections made of their results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter

from eqlite.engine.match import Match, match_maker
from eqlite.engine.order import NO_TIME, Ordinal, event_time_ns
from eqlite.engine.search import Result, Search
from eqlite.errors import EventError
from eqlite.events.document import AnyEvent, document_of
from eqlite.events.intake import FileWarning, Intake
from eqlite.events.references import Kept, Unreadable
from eqlite.execution.correlation.correlator import JoiningRules
from eqlite.execution.correlation.interest import Wanted
from eqlite.execution.detection import Detection
from eqlite.execution.event_cursor import Reading
from eqlite.execution.extractors import Readers
from eqlite.execution.hits import Hits, joining_bits
from eqlite.execution.stats import RunStats
from eqlite.gc_policy import relaxed_gc
from eqlite.query import Query
from eqlite.rules.compiled import Compiled
from eqlite.rules.model import Rule
from eqlite.values.dates.instants import format_instant

Maker = Callable[[tuple[AnyEvent | None, ...], Result[Kept]], Detection]


class Runner:
    """The searches of a run's rules: what events meet goes in, detections come out.

    Attributes:
        rules: all rules.
        searches: one for each rule.
        joining: sequences and samples.
    """

    def __init__(
        self,
        compiled: Compiled,
        readers: Readers,
        *,
        stats: RunStats,
        may_start_over: bool = False,
        wanted: Wanted | None = None,
    ) -> None:
        """Begin.

        Args:
            compiled: the rules and their queries.
            readers: what reads times and keys, shared with whoever asks about the events.
            stats: gets the counts.
            may_start_over: the input can be read a second time, for the rules of `out_of_order`.
            wanted: is told which events to tell.
        """
        self.rules = list(compiled)
        self.searches: list[Search[Kept]] = [query.new_search() for _, query in self.rules]
        self.stats = stats
        self._clocks = [readers.clock(query.plan) for _, query in self.rules]
        pairs = zip(self.rules, self.searches, strict=True)
        joining = {number: search for number, ((_, query), search) in enumerate(pairs) if query.kind != "event"}
        bits = joining_bits([query for _, query in self.rules])
        is_incremental = all(query.backend.is_incremental for _, query in self.rules)
        may_trust_order = may_start_over and is_incremental
        self.joining = JoiningRules(joining, readers, bits, may_trust_order=may_trust_order, wanted=wanted)
        # Queries keep their counts from run to run; this run's are what is added to them.
        self._faults_before = [query.faults.count for _, query in self.rules]

    def take(self, hits: Hits, reading: Reading) -> None:
        """Take what an event meets."""
        if hits.events:
            kept = reading.keep()
            for number in hits.events:
                self.searches[number].take_match(reading.where(self._clocks[number]), kept)
        if hits.stages:
            self.joining.take(hits, reading)

    @property
    def out_of_order(self) -> list[int]:
        """Return the numbers of the rules for which the input has to be read again: it turned out not to be sorted."""
        if not self.joining.has_lost_order:
            return []
        return [number for number, (_, query) in enumerate(self.rules) if query.kind == "sequence"]

    def replace(self, numbers: Sequence[int], again: Runner) -> None:
        """Take over what another runner, to which only some of the rules were given, found out about them."""
        for number, search in zip(numbers, again.searches, strict=True):
            self.searches[number] = search
        for number, count in zip(numbers, again._faults_before, strict=True):
            self._faults_before[number] = count

    def detections(self, intake: Intake) -> Iterator[Detection]:
        """Yield the detections by their last event, then by rule, and complete the counts.

        A line that only now turns out to hold no event is rejected, and what it was part of left out.
        """
        with relaxed_gc():
            found = self._results()
        for problem in self.joining.missed:
            self._miss(problem, intake)
        last: tuple[Kept | None, ...] = ()
        events: tuple[AnyEvent | None, ...] = ()
        makers = [_maker(rule, query) for rule, query in self.rules]
        for _, number, result in found:
            try:
                if result.events != last:  # several rules often find the same event
                    events = _events_again(result)
                    last = result.events
            except (EventError, Unreadable) as problem:  # the other detections are as good as before
                self._miss(problem, intake)
                continue
            self.stats.detections += 1
            yield makers[number](events, result)

    def _results(self) -> list[tuple[Ordinal, int, Result[Kept]]]:
        """Return the results of all rules, in order, each behind its last event and the number of its rule."""
        found: list[tuple[Ordinal, int, Result[Kept]]] = []
        for number, ((_, query), search) in enumerate(zip(self.rules, self.searches, strict=True)):
            faults = query.faults.count - self._faults_before[number]
            if faults:
                self.stats.faults += faults
                self.stats.fault_examples += query.faults.examples
            self.stats.untimed += search.untimed
            found += [(_last(result), number, result) for result in search.results()]
        found.sort(key=itemgetter(0))  # rules are in order already
        return found

    def _miss(self, problem: EventError | Unreadable, intake: Intake) -> None:
        """Reject a line that holds no event after all, or warn of a file that is not what it was any more."""
        if isinstance(problem, Unreadable):
            intake.reject_late(problem.place, problem.rejected, problem.data)
            return
        message = str(problem)
        warning = FileWarning(message.split("`")[1], f"{message.split('` ')[1]}; some detections are left out")
        if warning not in self.stats.reading.warnings:
            self.stats.reading.warnings.append(warning)


def _events_again(result: Result[Kept]) -> tuple[AnyEvent | None, ...]:
    """Return the events of a result.

    Raises:
        EventError: one is not there any more.
        Unreadable: the line of one holds none.
    """
    events: list[AnyEvent | None] = []
    for kept, where in zip(result.events, result.ordinals, strict=True):
        try:
            events.append(None if kept is None else kept())
        except Unreadable as problem:
            assert where is not None
            problem.place = where[-1]
            raise
    return tuple(events)


def _last(result: Result[Kept]) -> Ordinal:
    ordinals = result.ordinals
    return ordinals[0] if len(ordinals) == 1 and ordinals[0] is not None else max(filter(None, ordinals))


def _maker(rule: Rule, query: Query) -> Maker:
    """Return the function that makes detections of a rule."""
    if query.kind == "event":
        return _event_maker(rule)
    make_match = match_maker(query.plan)

    def make(events: tuple[AnyEvent | None, ...], result: Result[Kept]) -> Detection:
        times_ns = [where[0] for where in result.ordinals if where is not None and where[0] != NO_TIME]
        return as_detection(rule, query, make_match(events, result.key), times_ns)

    return make


def _event_maker(rule: Rule) -> Maker:
    def make(events: tuple[AnyEvent | None, ...], result: Result[Kept]) -> Detection:
        (where,) = result.ordinals
        time = None if where is None or where[0] == NO_TIME else format_instant(where[0])
        return Detection(rule, "event", events, {}, time, time)

    return make


def as_detection(rule: Rule, query: Query, match: Match, times_ns: Sequence[int]) -> Detection:
    """Return a match of a rule's query as a detection; `times_ns` are those of its events that have one."""
    start = format_instant(min(times_ns)) if times_ns else None
    end = format_instant(max(times_ns)) if len(times_ns) > 1 else start
    keys = dict(zip(query.key_names, match.join_keys, strict=True))
    return Detection(rule, query.kind, match.events, keys, start, end)


def event_times(query: Query, match: Match) -> list[int]:
    """Return the times of a match's events, of those that have one, in nanoseconds."""
    documents = [document_of(event) for event in match.events if event is not None]
    found = [event_time_ns(document, query.plan.timestamp) for document in documents]
    return [time_ns for time_ns in found if time_ns is not None]
