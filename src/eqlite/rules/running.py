"""Running rules over finite input: one pass over the events, the hits put in order at the end.

Only hits are kept, and of a line only its bytes: a decoded document costs five times as much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from eqlite.backends.python.typed import DoesNotFit
from eqlite.engine.matches import Match, match_maker
from eqlite.engine.order import Ordinal, event_time_ns
from eqlite.engine.search import Result, Search
from eqlite.events.decoding import BadJson, decode_object
from eqlite.events.document import Event, document_of
from eqlite.events.envelopes import Unwrapped, unwrap
from eqlite.events.readers import Input, RawBlock, RawLine, is_lasting, iter_blocks
from eqlite.events.stats import BinarySink, Intake, ReadStats, Rejected
from eqlite.query import Query
from eqlite.rules.detection import AnyEvent, Detection
from eqlite.rules.garbage import rare_collections
from eqlite.rules.joining import JoiningRules
from eqlite.rules.model import Rule
from eqlite.rules.reading import KeptLine, Readers, Reading, event_of
from eqlite.rules.routing import covers, index_names
from eqlite.rules.together import ENOUGH_CONDITIONS, CannotDecode, Hits, Numbers, Together
from eqlite.values.dates import format_instant

Compiled = Sequence[tuple[Rule, Query]]
Kept = Callable[[], AnyEvent]
RuleSearch = Search[Kept]

# Routes are remembered by the names of indices, which events may make up.
_MAX_ROUTES = 4096
_MAX_NAME_LENGTH = 1024


@dataclass(slots=True)
class RunStats:
    """What became of a run.

    Attributes:
        reading: how much was read and rejected.
        detections: how many there were.
        interrupted: Ctrl-C ended the reading; the detections are those among the events read before.
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


class Runner:
    """The rules of a run, and what they found so far.

    `may_start_over` says that the input can be read a second time, for the rules of `out_of_order`.
    """

    def __init__(self, compiled: Compiled, *, by_index: bool, stats: RunStats, may_start_over: bool = False) -> None:
        self.rules = list(compiled)
        self.searches: list[RuleSearch] = [query.new_search() for _, query in self.rules]
        queries = [query for _, query in self.rules]
        is_many = sum(len(query.plan.stages) for query in queries) >= ENOUGH_CONDITIONS
        is_shared = is_many and all(query.backend.name == "python" for query in queries)
        self._together = Together(queries) if is_shared else None
        self._joining: JoiningRules | None = None
        if self._together is not None:
            readers = Readers(self._together.structs)
            self._clocks = [readers.clock(query.plan) for query in queries]
            joining = {number: self.searches[number] for number, query in enumerate(queries) if query.kind != "event"}
            self._joining = JoiningRules(joining, readers, may_trust_order=may_start_over)
        self.by_index = by_index
        self.stats = stats
        self.place = 0
        self._routes: dict[tuple[str, ...], Numbers] = {}
        # Queries keep their counts from run to run; this run's are what is added to them.
        self._faults_before = [query.faults.count for _, query in self.rules]

    def take(self, document: Mapping[str, object], index: str | None, kept: Kept) -> None:
        """Test a document with every rule."""
        self.place += 1
        chosen = self._routed(document, index) if self.by_index else None
        if self._together is None:
            for number in range(len(self.rules)) if chosen is None else chosen:
                self.searches[number].take(document, self.place, kept)
            return
        node = self._together.ask_document(document)
        if node is not None:
            reading = Reading(self.place, document=document, kept=kept)
            hits = self._together.hits(node, reading)
            self._take_hits(hits if chosen is None else hits.only(chosen), reading)

    def _take_hits(self, hits: Hits, reading: Reading) -> None:
        for number in hits.events:
            self.searches[number].take_match(reading.where(self._clocks[number]), reading.kept)
        if hits.stages and self._joining is not None:
            self._joining.take(hits, reading)

    @property
    def out_of_order(self) -> list[int]:
        """Return the numbers of the rules for which the input has to be read again: it turned out not to be sorted."""
        if self._joining is None or not self._joining.has_lost_order:
            return []
        return [number for number, (_, query) in enumerate(self.rules) if query.kind == "sequence"]

    def replace(self, numbers: Sequence[int], again: Runner) -> None:
        """Take over what another runner, to which only some of the rules were given, found out about them."""
        for number, search in zip(numbers, again.searches, strict=True):
            self.searches[number] = search
        for number, count in zip(numbers, again._faults_before, strict=True):
            self._faults_before[number] = count

    def take_lines(self, block: RawBlock, chosen: Iterable[int], intake: Intake) -> None:
        """Test what stands on the chosen lines of a block; each of the others is an event known not to match."""
        if self._together is not None and not self.by_index:
            self._ask_together(self._together, block, intake)
            return
        done = 0
        for place in chosen:
            self._pass_by(place - done)
            done = place + 1
            line = block.lines[place]
            if not line.isspace():
                self._take_line(RawLine(block.file, block.line + place, line.rstrip(b"\n")), intake)
        self._pass_by(len(block.lines) - done)

    def _ask_together(self, together: Together, block: RawBlock, intake: Intake) -> None:
        for number, line in enumerate(block.lines, block.line):
            try:
                met = together.ask_line(line)
            except CannotDecode:  # of another shape, or no JSON at all
                if not line.isspace():
                    self._take_line(RawLine(block.file, number, line.rstrip(b"\n")), intake)
                continue
            self.place += 1
            intake.stats.read += 1
            if met is not None:
                node, struct = met
                reading = Reading(self.place, line, block.file, number, struct=struct, structs=together.structs)
                self._take_hits(together.hits(node, reading), reading)

    def _pass_by(self, events: int) -> None:
        self.stats.reading.read += events
        self.place += events

    def _take_line(self, line: RawLine, intake: Intake) -> None:
        try:
            documents: list[Unwrapped] = unwrap(decode_object(line.data))
        except BadJson as problem:
            intake.reject(Rejected(line.file, line.line, problem.reason, problem.detail), line.data)
            return
        for unwrapped in documents:
            intake.stats.read += 1
            # Where a line holds a search's whole answer, decoding it again for each hit would take a time in its
            # square.
            kept = KeptLine(*line) if len(documents) == 1 else partial(event_of, line.file, line.line, unwrapped)
            self.take(unwrapped[0], unwrapped[1], kept)

    def _routed(self, document: Mapping[str, object], index: str | None) -> Numbers:
        """Return the numbers of the rules that see a document."""
        names = index_names(document, index)
        chosen = self._routes.get(names)
        if chosen is None:
            chosen = {number: None for number, (rule, _) in enumerate(self.rules) if covers(rule.index, names)}
            if len(self._routes) < _MAX_ROUTES and sum(map(len, names)) < _MAX_NAME_LENGTH:
                self._routes[names] = chosen
        if not chosen:
            self.stats.unrouted += 1
            self.stats.unrouted_example = self.stats.unrouted_example or (names[0] if names else None)
        return chosen

    def line_predicate(self) -> Callable[[bytes], bool] | None:
        """Return the one rule as a function of an undecoded line; None for several rules, or where none can be made."""
        return self.rules[0][1].line_predicate if len(self.rules) == 1 and not self.by_index else None

    def detections(self) -> Iterator[Detection]:
        """Yield the detections by their last event, then by rule, and complete the counts."""
        found: list[tuple[Ordinal, int, Result[Callable[[], AnyEvent]]]] = []
        for number, ((_, query), search) in enumerate(zip(self.rules, self.searches, strict=True)):
            faults = query.faults.count - self._faults_before[number]
            if faults:
                self.stats.faults += faults
                self.stats.fault_examples += query.faults.examples
            self.stats.untimed += search.untimed
            found += [(_last(result), number, result) for result in search.results()]
        makers = [match_maker(query.plan) for _, query in self.rules]
        for _, number, result in sorted(found, key=lambda item: item[:2]):
            self.stats.detections += 1
            events = tuple(None if kept is None else kept() for kept in result.events)
            yield as_detection(*self.rules[number], makers[number](events, result.key))


def _last(result: Result[Callable[[], AnyEvent]]) -> Ordinal:
    return max(ordinal for ordinal in result.ordinals if ordinal is not None)


def as_detection(rule: Rule, query: Query, match: Match) -> Detection:
    """Return a match of a rule's query as a detection, with the times of its events."""
    documents = [document_of(event) for event in match.events if event is not None]
    found = [event_time_ns(document, query.plan.timestamp) for document in documents]
    times = [time_ns for time_ns in found if time_ns is not None]
    return Detection(
        rule,
        query.kind,
        match.events,
        dict(zip(query.key_names, match.join_keys, strict=True)),
        format_instant(min(times)) if times else None,
        format_instant(max(times)) if times else None,
    )


def run_rules(
    compiled: Compiled, events: Iterable[AnyEvent], *, by_index: bool = False, stats: RunStats | None = None
) -> Iterator[Detection]:
    """Yield the detections of compiled rules over events; see `RuleSet.run`."""
    runner = Runner(compiled, by_index=by_index, stats=stats or RunStats())
    for event in events:
        index = event.index if isinstance(event, Event) else event.get("_index")
        index = index if isinstance(index, str) else None
        runner.take(document_of(event), index, lambda event=event: event)  # type: ignore[misc]
    yield from runner.detections()


def run_files(
    compiled: Compiled,
    inputs: Iterable[Input],
    *,
    by_index: bool = False,
    stats: RunStats | None = None,
    rejects: BinarySink | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Detection]:
    """Yield the detections of compiled rules over files: as `run_rules` over `read_events`, but only hits are kept.

    Args:
        compiled: rules and queries.
        inputs: as for `read_events`.
        by_index: let a rule see only the documents that its index patterns cover.
        stats: gets the counts.
        rejects: gets the lines that hold no event.
        progress: called now and then with the number of lines and of bytes read.
    """
    stats = stats or RunStats()
    inputs = list(inputs)
    runner = Runner(compiled, by_index=by_index, stats=stats, may_start_over=all(map(is_lasting, inputs)))
    intake = Intake(stats.reading, rejects)
    matches_line = runner.line_predicate()
    lines = size = 0
    try:
        with rare_collections():
            for block in iter_blocks(inputs, stats=stats.reading, rejects=rejects):
                if matches_line is None:
                    chosen: Iterable[int] = range(len(block.lines))
                else:
                    chosen = _lines_to_decode(block.lines, matches_line)
                runner.take_lines(block, chosen, intake)
                if progress is not None:
                    lines += len(block.lines)
                    size += sum(map(len, block.lines))
                    progress(lines, size)
            if numbers := runner.out_of_order:
                again = [compiled[number] for number in numbers]
                runner.replace(numbers, _read_again(again, inputs, by_index=by_index))
    except KeyboardInterrupt:
        stats.interrupted = True
    yield from runner.detections()


def _read_again(compiled: Compiled, inputs: Sequence[Input], *, by_index: bool) -> Runner:
    """Run sequences over input that turned out not to be sorted, counted already: all that meets a stage is kept."""
    stats = RunStats()
    runner = Runner(compiled, by_index=by_index, stats=stats)
    intake = Intake(stats.reading, None)
    for block in iter_blocks(inputs, stats=stats.reading):
        runner.take_lines(block, range(len(block.lines)), intake)
    return runner


def _lines_to_decode(lines: Sequence[bytes], matches_line: Callable[[bytes], bool]) -> list[int]:
    """Return the places of the lines that match, and of those that have to be decoded to tell."""
    chosen: list[int] = []
    for place, line in enumerate(lines):
        try:
            if matches_line(line) or not (line.isascii() or _is_utf8(line)):
                chosen.append(place)
        except DoesNotFit:
            chosen.append(place)
    return chosen


def _is_utf8(data: bytes) -> bool:
    """Tell whether a line is UTF-8 where nobody looks, too: the typed decoder passes over what it is not asked for."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
