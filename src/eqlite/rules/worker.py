"""One of several processes of a run: it asks event rules about a portion of the lines, and reports what matches."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from eqlite.engine.order import Ordinal
from eqlite.events.ranges import Range, RangeReader
from eqlite.events.readers import RawBlock
from eqlite.events.stats import Intake
from eqlite.rules.asking import Asker, Compiled
from eqlite.rules.keeping import Kept
from eqlite.rules.model import Rule
from eqlite.rules.reading import Reading
from eqlite.rules.run_stats import RunStats
from eqlite.rules.together import Hits


class LineThere(NamedTuple):
    """A line of a portion: block and place in that, or, of a range, number in it and where the line is in the file."""

    block: int
    place: int
    number: int
    offset: int
    size: int


KeptThere = LineThere | Kept


@dataclass(slots=True)
class Report:
    """What became of a portion: as much as the main process has to know.

    Attributes:
        stats: the counts.
        rejected: the lines that hold no event.
        events: the numbers of rules with where the event stands and what to keep.
        faults: of each rule that had some, how many and examples.
        places: how many places in the order of input the events take; those in the report count from 0.
        lines: how many lines of a range ended.
    """

    stats: RunStats
    rejected: bytes = b""
    events: list[tuple[int, Ordinal, KeptThere]] = field(default_factory=list)
    faults: list[tuple[int, int, list[str]]] = field(default_factory=list)
    places: int = 0
    lines: int = 0


class Worker:
    """Event rules in a process of their own. `everyone` are all rules of the run."""

    def __init__(self, compiled: Compiled, everyone: Sequence[Rule], *, by_index: bool) -> None:
        self._queries = [query for _, query in compiled]
        self._asker = Asker(compiled, by_index=by_index, stats=RunStats(), everyone=everyone)
        self._asker.tell = self._tell
        self._clocks = [self._asker.readers.clock(query.plan) for query in self._queries]
        self._report = Report(RunStats())
        self._block = 0
        self._is_range = False

    def work(self, portion: Range | list[RawBlock]) -> Report:
        """Ask the rules about a portion of the lines."""
        report = self._report = Report(RunStats())
        before = [query.faults.count for query in self._queries]
        rejects = io.BytesIO()
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
        kept = reading.kept if reading.index is None else self._there(reading.index)
        for rule in hits.events:
            self._report.events.append((rule, reading.where(self._clocks[rule]), kept))

    def _there(self, index: int) -> LineThere:
        if self._is_range:
            return LineThere(0, 0, *self._asker.keeper.place(index))
        return LineThere(self._block, index, 0, 0, 0)
