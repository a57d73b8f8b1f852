"""One of several processes of a run: it asks all rules about a portion of the lines, and reports what events meet."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from eqlite.engine.order import NO_TIME, Ordinal
from eqlite.events.intake import Rejected
from eqlite.events.readers import RawBlock
from eqlite.events.references import Kept
from eqlite.events.splits import Range, RangeReader
from eqlite.execution.dispatcher import Asker
from eqlite.execution.event_cursor import Reading
from eqlite.execution.hits import Hits, Stages
from eqlite.execution.parallel.refusals import IntakeElsewhere, Refusals
from eqlite.execution.stats import RunStats
from eqlite.rules.compiled import Compiled

IS_DOCUMENT = -1
Portion = Range | list[RawBlock | Refusals]
"""A part of the input: a range of a file, or blocks of lines and what was rejected among them when they were cut."""
PlaceThere = tuple[int, int, int]
"""Where an event stands in a portion: the numbers of the block and of the line in it; or, in a range, number, offset
and size of the line; or `IS_DOCUMENT` and the number of a document that is no line by itself."""


@dataclass(slots=True)
class Report:
    """What became of a portion: as much as the main process has to know.

    Attributes:
        read: how many events there were.
        refusals: what was rejected.
        cuts: where that stands among the events that meet stages. Three numbers each time: behind how many of these,
            and how many bytes and samples there were then.
        late: the places of what was counted as an event before it was rejected.
        unrouted, unrouted_example: as in `RunStats`.
        events: for each match the number of the rule, where the event stands in order, and where in the portion.
        times: when the events were that meet stages, by the clock that all such rules have.
        joined: five numbers for each of them: which stages, its place in order, and where in the portion it is.
        stages: the stages that are met.
        documents: what to keep of documents that are no lines by themselves.
        faults: of each rule that had some, how many and examples.
        places: how many places in the order of input the events take; those in the report count from 0.
        lines: how many lines of a range ended.
    """

    refusals: Refusals
    cuts: array[int] = field(default_factory=lambda: array("q"))
    late: set[int] = field(default_factory=set)
    read: int = 0
    unrouted: int = 0
    unrouted_example: str | None = None
    events: list[tuple[int, Ordinal, PlaceThere]] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    joined: array[int] = field(default_factory=lambda: array("q"))
    stages: list[Stages] = field(default_factory=list)
    documents: list[Kept] = field(default_factory=list)
    faults: list[tuple[int, int, list[str]]] = field(default_factory=list)
    places: int = 0
    lines: int = 0


class Worker:
    """All rules in a process of their own."""

    def __init__(self, compiled: Compiled, *, by_index: bool, keeps_rejects: bool, sample_limit: int) -> None:
        """Prepare the questions.

        Args:
            compiled: rules and queries.
            by_index: a rule sees only the documents that its index patterns cover.
            keeps_rejects: the bytes of what is rejected are wanted.
            sample_limit: how much of it is told one by one.
        """
        self._queries = [query for _, query in compiled]
        self._asker = Asker(compiled, by_index=by_index, stats=RunStats())
        self._asker.tell = self._tell
        self._clocks = [self._asker.readers.clock(query.plan) for query in self._queries]
        self._sample_limit = sample_limit
        self._report = Report(Refusals(sample_limit))
        self._numbers: dict[Hits, int] = {}
        self._block = 0
        self._keeps_rejects = keeps_rejects
        self._is_range = False

    def work(self, portion: Portion) -> Report:
        """Ask the rules about a portion of the lines."""
        report = self._report = Report(Refusals(self._sample_limit))
        self._numbers = {}
        stats = self._asker.stats = RunStats()
        self._asker.place = 0
        intake = IntakeElsewhere(stats.reading, self._refuse, keeps_bytes=self._keeps_rejects)
        reader = RangeReader(portion) if isinstance(portion, Range) else None
        self._is_range = reader is not None
        items: Iterable[RawBlock | Refusals] = portion if reader is None else reader.blocks(intake)  # type: ignore[assignment]
        for self._block, item in enumerate(items):
            if isinstance(item, Refusals):
                report.refusals.join(item)
                self._cut()
            else:
                self._asker.take_block(item, intake)
        report.lines = reader.newlines if reader is not None else 0
        report.places, report.read, report.late = self._asker.place, stats.reading.read, intake.late
        report.unrouted, report.unrouted_example = stats.unrouted, stats.unrouted_example
        drained = [faults.drain() for faults in self._asker.faults]
        report.faults = [(rule, *counted) for rule, counted in enumerate(drained) if counted[0]]
        return report

    def _refuse(self, rejected: Rejected | None, data: bytes) -> None:
        self._report.refusals.take(rejected, data)
        self._cut()

    def _cut(self) -> None:
        """Note how much was rejected before the next event that meets stages."""
        cuts, refusals, joined = self._report.cuts, self._report.refusals, len(self._report.times)
        if cuts and cuts[-3] == joined:
            del cuts[-3:]
        cuts.extend((joined, len(refusals.data), len(refusals.samples)))

    def _tell(self, hits: Hits, reading: Reading) -> None:
        there = self._there(reading)
        for rule in hits.events:
            self._report.events.append((rule, reading.where(self._clocks[rule]), there))
        if hits.stages:
            number = self._numbers.get(hits)
            if number is None:
                number = self._numbers[hits] = len(self._numbers)
                self._report.stages.append(hits.stages)
            clock = self._clocks[hits.stages[0][0]]
            time_ns = reading.where(clock)[0]
            self._report.times.append(time_ns if reading.problem is None else NO_TIME)
            self._report.joined.extend((number, reading.place, *there))

    def _there(self, reading: Reading) -> PlaceThere:
        if reading.index is None:
            self._report.documents.append(reading.keep())
            return (IS_DOCUMENT, len(self._report.documents) - 1, 0)
        if self._is_range:
            return self._asker.keeper.place(reading.index)
        return (self._block, reading.index, 0)
