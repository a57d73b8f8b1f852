"""Asking all rules of each event: lines and documents in, what they meet out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from eqlite.engine.search import StageTests
from eqlite.events.document import AnyEvent, Event, document_of
from eqlite.events.intake import Intake, Rejected
from eqlite.events.json_decoding import DecodingRefused
from eqlite.events.line_documents import documents_on
from eqlite.events.projection import CannotDecode
from eqlite.events.readers import RawBlock
from eqlite.events.references import Keeper, Kept, Unreadable, event_of
from eqlite.execution.correlation.interest import Wanted
from eqlite.execution.event_cursor import Reading
from eqlite.execution.extractors import Readers
from eqlite.execution.hits import Hits, Numbers
from eqlite.execution.index_routing import covers, index_names, stream_fields
from eqlite.execution.rule_matcher import Together
from eqlite.execution.stats import RunStats
from eqlite.rules.compiled import Compiled

Tell = Callable[[Hits, Reading], None]

ENOUGH_CONDITIONS = 4
"""From so many conditions on, asking them together is worth what it takes to prepare."""
# Routes are remembered by the names of indices, which events may make up.
_MAX_ROUTES = 4096
_MAX_NAME_LENGTH = 1024


class Asker:
    """The rules of a run as questions.

    Attributes:
        readers: what reads time and keys of the events.
        keeper: keeps what is wanted of lines.
        wanted: what joining rules want to hear of.
        tell: gets what an event meets, and the event.
        place: the number of the last event.
    """

    def __init__(self, compiled: Compiled, *, by_index: bool, stats: RunStats) -> None:
        """Prepare the questions."""
        self._rules = [rule for rule, _ in compiled]
        self._queries = [query for _, query in compiled]
        is_many = sum(len(query.plan.stages) for query in self._queries) >= ENOUGH_CONDITIONS
        is_shared = is_many and all(query.backend.name == "python" for query in self._queries)
        self._together = Together(self._queries) if is_shared else None
        self._alone: list[StageTests] = []
        if self._together is None:
            self._alone = [StageTests(query.plan, query.stage_predicates) for query in self._queries]
        self.readers = Readers(self._together.structs if self._together is not None else None)
        self.wanted = Wanted()
        self.tell: Tell = _tell_nobody
        self.keeper = Keeper()
        self.place = 0
        self.stats = stats
        self._by_index = by_index
        schemas = [query.options.schema for query in self._queries if query.options.schema is not None]
        self._stream_fields = stream_fields(schemas[0].constants if schemas else {})
        self._routes: dict[tuple[str, ...], Numbers] = {}

    def take(
        self,
        document: Mapping[str, object],
        envelope_index: str | None,
        kept: Kept | None = None,
        line: int | None = None,
    ) -> None:
        """Ask about a document. `kept` is what to keep of it, or `line` the line of the block in hand that holds it."""
        self.place += 1
        chosen = self._routed(document, envelope_index) if self._by_index else None
        together = self._together
        if together is None:
            reading = Reading(self.place, line, self.keeper, document=document, kept=kept)
            hits = self._ask_alone(document, chosen)
        else:
            reading = Reading(self.place, line, self.keeper, together.structs, document, kept)
            reading.struct = together.structs.of_document(document)
            hits = together.hits(together.ask_document(document, reading.struct), reading)
            hits = hits if chosen is None else hits.only(chosen)
        if hits.events or hits.stages:
            self.tell(hits, reading)

    def _ask_alone(self, document: Mapping[str, object], chosen: Numbers | None) -> Hits:
        """Ask rule by rule."""
        events: list[int] = []
        stages: list[tuple[int, tuple[int, ...]]] = []
        for number in range(len(self._alone)) if chosen is None else chosen:
            met = self._alone[number].met(document)
            if met and self._queries[number].kind == "event":
                events.append(number)
            elif met:
                stages.append((number, tuple(met)))
        return Hits(tuple(events), tuple(stages))

    def take_block(self, block: RawBlock, intake: Intake) -> None:
        """Ask about the events on the lines of a block."""
        self.keeper.begin(block)
        before = self.place
        try:
            if self._together is not None and not self._by_index:
                self._ask_together(self._together, block, intake)
            else:
                self._ask_line_by_line(block, intake)
        finally:
            intake.stats.read += self.place - before

    def _ask_line_by_line(self, block: RawBlock, intake: Intake) -> None:
        if self._together is not None:
            self._together.look_at(block.lines)
        matches_line = self._line_predicate()
        chosen = range(len(block.lines)) if matches_line is None else _lines_to_decode(block.lines, matches_line)
        done = 0
        for place in chosen:
            self.place += place - done  # those between are events that match nothing
            done = place + 1
            line = block.lines[place]
            if not line.isspace():
                self._take_line(block, place, intake)
        self.place += len(block.lines) - done

    def _ask_together(self, together: Together, block: RawBlock, intake: Intake) -> None:
        together.look_at(block.lines)
        decode, walk, wanted, clock = together.decode, together.walk, self.wanted, self.wanted.clock
        reading = Reading(self.place, keeper=self.keeper, structs=together.structs)
        reading.is_noted = clock is not None
        if clock is not None:
            time_of, note_time = clock.time_of, clock.noted.append
        place = self.place  # a local name, since all of this is done for each event
        try:
            for index, line in enumerate(block.lines):
                try:
                    struct = decode(line)
                except CannotDecode:  # of another shape, or no JSON at all
                    if not line.isspace():
                        self.place = place
                        self._take_line(block, index, intake)
                        place = self.place
                    continue
                place += 1
                node = walk(struct, wanted.bits)
                hits = node.answer
                try:
                    if hits is None:
                        reading.turn_to(place, line, index, struct)
                        hits = together.hits(node, reading)
                    if clock is not None and hits.has_order:
                        time = time_of(struct)
                        if time.__class__ is not str or not time.endswith("Z"):  # if it is none, all concerned are told
                            reading.turn_to(place, line, index, struct)
                            reading.is_noted = False
                            if hits.may_meet_more:
                                hits = together.hits(walk(struct, -1), reading)
                            self.tell(hits, reading)
                            reading.is_noted = True
                            continue
                        note_time(time)
                    if hits.counts or hits.continues & wanted.bits:
                        reading.turn_to(place, line, index, struct)
                        self.tell(hits, reading)
                except Unreadable as problem:
                    reading.is_noted = clock is not None
                    intake.reject_late(problem.place, problem.rejected, problem.data)
        finally:
            self.place = place
            if clock is not None:
                clock.see_order()

    def _line_predicate(self) -> Callable[[bytes], bool] | None:
        """Return the one rule as a function of an undecoded line; None for several rules, or where none can be made."""
        return self._queries[0].line_predicate if len(self._queries) == 1 and not self._by_index else None

    def _take_line(self, block: RawBlock, index: int, intake: Intake) -> None:
        """Ask about what stands on a line of the block in hand, decoded whole."""
        if block.events is not None:
            event = block.events[index]
            self.take(document_of(event), _index_of(event), line=index)
            return
        number, data = block.line + index, block.lines[index].rstrip(b"\n")
        documents, problem = documents_on(data)
        if problem is not None:
            intake.reject(Rejected(block.file, number, problem.reason, problem.detail), data)
        for unwrapped in documents:
            if len(documents) == 1 and problem is None:
                self.take(unwrapped[0], unwrapped[1], line=index)
            else:  # to decode a search's whole answer again for each hit would take a time in its square
                self.take(unwrapped[0], unwrapped[1], partial(event_of, block.file, number, unwrapped))

    def _routed(self, document: Mapping[str, object], index: str | None) -> Numbers:
        """Return the numbers of the rules that see a document."""
        names = index_names(document, index, self._stream_fields)
        chosen = self._routes.get(names)
        if chosen is None:
            chosen = {number: None for number, rule in enumerate(self._rules) if covers(rule.index, names)}
            if len(self._routes) < _MAX_ROUTES and sum(map(len, names)) < _MAX_NAME_LENGTH:
                self._routes[names] = chosen
        if not chosen:
            self.stats.unrouted += 1
            self.stats.unrouted_example = self.stats.unrouted_example or (names[0] if names else None)
        return chosen


def _index_of(event: AnyEvent) -> str | None:
    """Return the index that an event says it is of."""
    index = event.index if isinstance(event, Event) else event.get("_index")
    return index if isinstance(index, str) else None


def _tell_nobody(_hits: Hits, _reading: Reading) -> None:
    pass


def _lines_to_decode(lines: Sequence[bytes], matches_line: Callable[[bytes], bool]) -> list[int]:
    """Return the places of the lines that match, and of those that have to be decoded to tell."""
    chosen: list[int] = []
    for place, line in enumerate(lines):
        try:
            if matches_line(line) or not (line.isascii() or _is_utf8(line)):
                chosen.append(place)
        except DecodingRefused:
            chosen.append(place)
    return chosen


def _is_utf8(data: bytes) -> bool:
    """Return whether a line is UTF-8 in all of it: the typed decoder does not look at values that it skips."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
