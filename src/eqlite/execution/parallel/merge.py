"""What other processes found out about events: put, in the order of the input, into a runner."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from eqlite.engine.order import NO_TIME, Ordinal
from eqlite.errors import EventError, SearchFailure
from eqlite.events.document import document_of
from eqlite.events.intake import Intake, Rejected
from eqlite.events.projection import Structs
from eqlite.events.readers import RawBlock
from eqlite.events.references import Keeper, Kept, Unreadable
from eqlite.events.splits import Range
from eqlite.execution.collector import Runner
from eqlite.execution.event_cursor import Again, Reading
from eqlite.execution.hits import Hits, Stages
from eqlite.execution.parallel.worker import IS_DOCUMENT, PlaceThere, Portion, Report
from eqlite.execution.stats import RunStats

Progress = Callable[[int, int], None]

_MOST_HITS = 20_000
_UNREAD = object()


class There:
    """A portion and what was reported of it: where the lines are that the report speaks of.

    Attributes:
        is_in_file: they are in a file, where they can be read again.
    """

    def __init__(self, portion: Portion, documents: Sequence[Kept], keeper: Keeper, lines_before: int) -> None:
        self._portion = portion
        self._documents = documents
        self._keeper = keeper
        self._lines_before = lines_before
        self._block: int | None = None
        self.is_in_file = isinstance(portion, Range)

    def kept(self, first: int, second: int, third: int) -> Kept:
        """Return what to keep of an event here; the numbers are those of `Report`."""
        if first == IS_DOCUMENT:
            kept = self._documents[second]
            if self._lines_before and isinstance(kept, partial):  # one of many documents on a line
                file, number, unwrapped = kept.args
                return partial(kept.func, file, number + self._lines_before, unwrapped)
            return kept
        if isinstance(self._portion, Range):
            return self._keeper.keep_place(self._portion.file, first + self._lines_before, second, third)
        if self._block != first:
            self._keeper.begin(self._block_at(first))
            self._block = first
        return self._keeper.keep(second)

    def line(self, first: int, second: int, third: int) -> bytes:
        """Return the line of an event.

        Raises:
            EventError: it is not there any more.
        """
        if isinstance(self._portion, Range):
            return self._keeper.read(self._portion.file, second, third)
        return self._block_at(first).lines[second]

    def _block_at(self, number: int) -> RawBlock:
        assert not isinstance(self._portion, Range)
        block = self._portion[number]
        assert isinstance(block, RawBlock)
        return block


class ReadingThere(Reading):
    """An event that meets stages, as another process reports it. It is decoded here only where its keys are wanted."""

    __slots__ = ("_joined", "_place_there", "_struct", "_there")

    def __init__(self, structs: Structs, there: There, joined: array[int]) -> None:
        super().__init__(0, structs=structs)
        self._there = there
        self._joined = joined
        self._place_there: PlaceThere = (0, 0, 0)

    def turn_there(self, place: int, index: int, place_there: PlaceThere) -> None:
        """Be about another event from here on, by its number in the report; `There` knows it by three numbers."""
        self.place = place
        self.index = index
        self._place_there = place_there
        self._document = self._kept = self.clock = None
        self._struct = _UNREAD
        if place_there[0] == IS_DOCUMENT:
            self._document = document_of(self.keep()())

    @property
    def struct(self) -> Any:
        """Return the struct of the line, None where it has none."""
        if self._struct is _UNREAD:
            self._struct = None
            if self._document is None and self.structs is not None:
                self.line = self._there.line(*self._place_there)
                self._struct = self.structs.decode_or_none(self.line)
        return self._struct

    @struct.setter
    def struct(self, struct: Any) -> None:
        self._struct = struct

    def keep(self) -> Kept:
        """Return what to keep, to have the event again."""
        if self._kept is None:
            self._kept = self._there.kept(*self._place_there)
        return self._kept

    def again(self) -> Again | None:
        """Return what reads this event again, and others of the report; None if it stands on no line of a file."""
        if self.structs is None or not self._there.is_in_file or self._place_there[0] == IS_DOCUMENT:
            return None
        return ReportedAgain(self.structs, self._there, self._joined)


class ReportedAgain:
    """Reads events of a report again."""

    def __init__(self, structs: Structs, there: There, joined: array[int]) -> None:
        self._structs = structs
        self._there = there
        self._joined = joined

    def reading(self, place: int, index: int) -> Reading:
        """Return an event; see `Again`."""
        reading = ReadingThere(self._structs, self._there, self._joined)
        first, second, third = self._joined[5 * index + 2 : 5 * index + 5]
        reading.turn_there(place, index, (first, second, third))
        return reading


class RejectedThere:
    """What a report says was rejected."""

    def __init__(self, report: Report, intake: Intake, lines_before: int) -> None:
        """Begin, and count all of it."""
        self._refusals = report.refusals
        self._cuts = report.cuts
        self._intake = intake
        self._lines_before = lines_before
        self._next = self._bytes = self._samples = 0
        intake.stats.count_rejected(report.refusals.reasons)

    def tell(self, *, until: int) -> None:
        """Keep what stands before an event that meets stages, by the number of that in the report."""
        size, samples = self._bytes, self._samples
        while self._next < len(self._cuts) and self._cuts[self._next] <= until:
            _, size, samples = self._cuts[self._next : self._next + 3]
            self._next += 3
        if size > self._bytes:
            self._intake.keep(bytes(self._refusals.data[self._bytes : size]))
        self._intake.stats.add_samples([*map(self._moved, self._refusals.samples[self._samples : samples])])
        self._bytes, self._samples = size, samples

    def _moved(self, rejected: Rejected) -> Rejected:
        return rejected._replace(line=rejected.line + self._lines_before)


class Gathering:
    """Puts reports, in the order of the input, into a runner."""

    def __init__(self, runner: Runner, structs: Structs, intake: Intake, progress: Progress | None) -> None:
        """Begin; into `structs` events are decoded where they are joined."""
        self._runner = runner
        self._structs = structs
        self._intake = intake
        self._clock = runner.joining.only_clock
        self._hits: dict[Stages, Hits] = {}
        self._progress = progress
        self._keeper = Keeper()
        self._place = self._lines = self._size = 0
        self._goes_on = ("", 0)  # the file of the last range, and where that ended
        self._lines_before = 0  # in that file

    def take(self, report: Report, portion: Portion) -> None:
        """Take what a report says."""
        if not isinstance(portion, Range) or self._goes_on != (portion.file, portion.start):
            self._lines_before = 0
        lines_before = self._lines_before
        _add(self._runner.stats, report)
        there = There(portion, report.documents, self._keeper, lines_before)
        for rule, where, kept in report.events:
            self._runner.searches[rule].take_match(self._moved(where), there.kept(*kept))
        for rule, count, examples in report.faults:
            self._runner.searches[rule].faults.add(count, examples)
        self._join(report, there)
        self._place += report.places
        self._count(portion, report)

    def _moved(self, where: Ordinal) -> Ordinal:
        return (*where[:3], self._place + where[3])

    def _join(self, report: Report, there: There) -> None:
        """Take the events that meet stages, and what is rejected where it stands among them."""
        rejects = RejectedThere(report, self._intake, self._lines_before)
        self._intake.know_late(self._place + place for place in report.late)
        known = [self._known_hits(stages) for stages in report.stages]
        reading = ReadingThere(self._structs, there, report.joined)
        fives = iter(report.joined)
        events = zip(report.times, *[fives] * 5, strict=True)
        for index, (time_ns, hits, place, first, second, third) in enumerate(events):
            reading.turn_there(self._place + place, index, (first, second, third))
            if self._clock is not None and time_ns != NO_TIME:  # for one without a single time the clock says why
                reading.clock, reading.time_ns = self._clock, time_ns
                reading.ordinal = reading.problem = None
            try:
                self._runner.joining.take(known[hits], reading)
            except SearchFailure:
                raise
            except Unreadable as problem:
                rejects.tell(until=index)
                self._intake.reject_late(problem.place, problem.rejected, problem.data)
            except EventError as problem:
                self._runner.joining.missed.append(problem)
        rejects.tell(until=len(report.times))

    def _known_hits(self, stages: Stages) -> Hits:
        hits = self._hits.get(stages)
        if hits is None:
            if len(self._hits) >= _MOST_HITS:
                self._hits.clear()
            hits = self._hits[stages] = Hits((), stages)
        return hits

    def _count(self, portion: Portion, report: Report) -> None:
        if isinstance(portion, Range):
            self._goes_on = (portion.file, portion.end)
            self._lines_before += report.lines
            self._lines += report.lines
            self._size += portion.end - portion.start
        else:
            blocks = [item for item in portion if isinstance(item, RawBlock)]
            self._lines += sum(len(block.lines) for block in blocks)
            self._size += sum(sum(map(len, block.lines)) for block in blocks)
        if self._progress is not None:
            self._progress(self._lines, self._size)


def _add(total: RunStats, report: Report) -> None:
    """Add the counts of a portion, but for those that come with refusals and with the detections."""
    total.reading.read += report.read
    total.unrouted += report.unrouted
    total.unrouted_example = total.unrouted_example or report.unrouted_example
