"""One of several processes of a run: it asks all rules about a portion of the lines, and reports what events meet."""

from __future__ import annotations

import io
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from eqlite.engine.order import NO_TIME, Ordinal
from eqlite.events.intake import Intake
from eqlite.events.readers import RawBlock
from eqlite.events.references import Kept
from eqlite.events.splits import Range, RangeReader
from eqlite.execution.dispatcher import Asker
from eqlite.execution.event_cursor import Reading
from eqlite.execution.hits import Hits, Stages
from eqlite.execution.stats import RunStats
from eqlite.rules.compiled import Compiled

IS_DOCUMENT = -1
PlaceThere = tuple[int, int, int]
"""Where an event stands in a portion: the numbers of the block and of the line in it; or, in a range, number, offset
and size of the line; or `IS_DOCUMENT` and the number of a document that is no line by itself."""


@dataclass(slots=True)
class Report:
    """What became of a portion: as much as the main process has to know.

    Attributes:
        stats: the counts.
        rejected: the lines that hold no event.
        events: for each match the number of the rule, where the event stands in order, and where in the portion.
        times: when the events were that meet stages, by the clock that all such rules have.
        joined: five numbers for each of them: which stages, its place in order, and where in the portion it is.
        stages: the stages that are met.
        documents: what to keep of documents that are no lines by themselves.
        faults: of each rule that had some, how many and examples.
        places: how many places in the order of input the events take; those in the report count from 0.
        lines: how many lines of a range ended.
    """

    stats: RunStats
    rejected: bytes = b""
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

    def __init__(self, compiled: Compiled, *, by_index: bool) -> None:
        self._queries = [query for _, query in compiled]
        self._asker = Asker(compiled, by_index=by_index, stats=RunStats())
        self._asker.tell = self._tell
        self._clocks = [self._asker.readers.clock(query.plan) for query in self._queries]
        self._report = Report(RunStats())
        self._numbers: dict[Hits, int] = {}
        self._block = 0
        self._is_range = False

    def work(self, portion: Range | list[RawBlock]) -> Report:
        """Ask the rules about a portion of the lines."""
        report = self._report = Report(RunStats())
        before = [query.faults.count for query in self._queries]
        rejects = io.BytesIO()
        self._numbers = {}
        self._asker.stats = report.stats
        self._asker.place = 0
        intake = Intake(report.stats.reading, rejects)
        reader = RangeReader(portion) if isinstance(portion, Range) else None
        self._is_range = reader is not None
        blocks: Iterable[RawBlock] = portion if reader is None else reader.blocks(intake)  # type: ignore[assignment]
        for self._block, block in enumerate(blocks):
            self._asker.take_block(block, intake)
        report.lines = reader.newlines if reader is not None else 0
        report.rejected, report.places = rejects.getvalue(), self._asker.place
        for rule, (query, count) in enumerate(zip(self._queries, before, strict=True)):
            if query.faults.count > count:
                report.faults.append((rule, query.faults.count - count, query.faults.examples))
        return report

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
