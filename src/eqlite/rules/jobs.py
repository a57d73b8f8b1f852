"""Several processes share the work of a run: others ask the event rules, this one those that join events.

Large files of lines are read by the others in ranges of bytes; of other input the lines go out many at once, so that
any will do: packed files, pipes, documents over several lines. What they find comes back in the order of the lines.
Sequences and samples depend on that order, and to send what meets their stages would cost more than to ask here.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial

from eqlite.engine.order import Ordinal
from eqlite.errors import EqlError
from eqlite.events.ranges import Range, ranges_of
from eqlite.events.readers import Input, RawBlock, expand_input, iter_blocks
from eqlite.events.stats import Intake
from eqlite.rules.asking import Asker, Compiled
from eqlite.rules.keeping import Keeper, Kept
from eqlite.rules.model import Rule
from eqlite.rules.reading import Readers
from eqlite.rules.run_stats import RunStats
from eqlite.rules.runner import Runner
from eqlite.rules.worker import KeptThere, LineThere, Report, Worker

START_METHOD = "fork" if sys.platform == "linux" else None
"""A forked process has the compiled rules; others are told their texts. None is the platform's own way."""
RANGE_BYTES = 1 << 23
BLOCKS_BYTES = 1 << 20
_WAITING_FOR_EACH = 3
"""How many portions wait for each process: it must not stand still while this one keeps what others found."""

Portion = Range | list[RawBlock]
Progress = Callable[[int, int], None]


_worker: Worker | None = None


def _begin(compiled: Compiled, everyone: Sequence[Rule], by_index: bool) -> None:  # noqa: FBT001
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process ends the others
    _worker = Worker(compiled, everyone, by_index=by_index)


def _work(portion: Portion) -> Report:
    assert _worker is not None
    return _worker.work(portion)


class SharedWork:
    """A run in several processes, of rules of which some are about one event.

    Attributes:
        runner: gets what is found.
    """

    def __init__(self, compiled: Compiled, *, jobs: int, by_index: bool, stats: RunStats, may_start_over: bool) -> None:
        joining = [(rule, query) for rule, query in compiled if query.kind != "event"]
        self._numbers = [number for number, (_, query) in enumerate(compiled) if query.kind == "event"]
        self._asker = Asker(joining, by_index=by_index, stats=RunStats()) if joining else None
        readers = Readers(None) if self._asker is None else self._asker.readers
        self.runner = Runner(compiled, readers, stats=stats, may_start_over=may_start_over, is_joining_apart=True)
        if self._asker is not None:
            self._asker.tell = lambda hits, reading: self.runner.joining.take(hits, reading)
        others = jobs - 1 if joining else jobs
        arguments = ([compiled[number] for number in self._numbers], [rule for rule, _ in compiled], by_index)
        context = multiprocessing.get_context(START_METHOD)
        self._pool = ProcessPoolExecutor(max(1, others), context, _begin, arguments)
        self._most_waiting = max(1, others) * _WAITING_FOR_EACH
        self._waiting: deque[tuple[Future[Report], Portion]] = deque()

    def run(self, inputs: Iterable[Input], intake: Intake, progress: Progress | None) -> None:
        """Go through all input.

        Raises:
            EqlError: one of the processes was killed.
        """
        gathering = Gathering(self.runner, self._numbers, intake, progress)
        try:
            for file in [file for given in inputs for file in expand_input(given)]:
                self._share(file, intake, gathering)
            while self._waiting:
                gathering.take(*self._waiting.popleft())
        except BrokenProcessPool:
            message = "one of the processes of this run was killed, perhaps for want of memory: try fewer --jobs"
            raise EqlError(message) from None
        finally:
            _end(self._pool)

    def _share(self, file: Input, intake: Intake, gathering: Gathering) -> None:
        """Give a file to the others, and ask the rules that join events here."""
        ranges = ranges_of(file, RANGE_BYTES)
        for wanted in ranges:
            self._waiting.append((self._pool.submit(_work, wanted), wanted))
        if ranges:
            own = Intake()  # the others count and reject
            if self._asker is not None:
                for block in iter_blocks([file], stats=own.stats):
                    self._asker.take_block(block, own)
                    self._take_what_is_done(gathering)
            return
        for portion in _blocks_together(iter_blocks([file], stats=intake.stats, rejects=intake.rejects)):
            self._waiting.append((self._pool.submit(_work, portion), portion))
            if self._asker is not None:
                for block in portion:
                    self._asker.take_block(block, Intake())
            self._take_what_is_done(gathering)
            if len(self._waiting) > self._most_waiting:
                gathering.take(*self._waiting.popleft())

    def _take_what_is_done(self, gathering: Gathering) -> None:
        while self._waiting and self._waiting[0][0].done():
            gathering.take(*self._waiting.popleft())


def _end(pool: ProcessPoolExecutor) -> None:
    """End all processes at once; those that are done with their work have nothing left to do."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


def _blocks_together(blocks: Iterable[RawBlock]) -> Iterator[list[RawBlock]]:
    portion: list[RawBlock] = []
    size = 0
    for block in blocks:
        portion.append(block)
        size += sum(map(len, block.lines))
        if size >= BLOCKS_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


class Gathering:
    """Puts reports, in the order of the input, into a runner."""

    def __init__(self, runner: Runner, numbers: Sequence[int], intake: Intake, progress: Progress | None) -> None:
        """Begin; `numbers` are those of the rules that reports speak of."""
        self._runner = runner
        self._numbers = numbers
        self._intake = intake
        self._progress = progress
        self._keeper = Keeper()
        self._place = self._lines = self._size = 0
        self._goes_on = ("", 0)  # the file of the last range, and where that ended
        self._lines_before = 0  # in that file

    def take(self, future: Future[Report], portion: Portion) -> None:
        """Wait for a report and take what it says."""
        report = future.result()
        if not isinstance(portion, Range) or self._goes_on != (portion.file, portion.start):
            self._lines_before = 0
        lines_before = self._lines_before
        _add(self._runner.stats, report.stats, lines_before)
        if report.rejected:
            self._intake.keep(report.rejected)
        for rule, where, kept in report.events:
            self._runner.searches[self._numbers[rule]].take_match(
                self._moved(where), self._kept(kept, portion, lines_before)
            )
        for rule, count, examples in report.faults:
            faults = self._runner.rules[self._numbers[rule]][1].faults
            faults.count += count
            faults.examples += [example for example in examples if example not in faults.examples]
        self._place += report.places
        self._count(portion, report)

    def _moved(self, where: Ordinal) -> Ordinal:
        return (*where[:3], self._place + where[3])

    def _kept(self, kept: KeptThere, portion: Portion, lines_before: int) -> Kept:
        """Return what to keep of an event here."""
        if not isinstance(kept, LineThere):
            if lines_before and isinstance(kept, partial):  # one of many documents on a line
                file, number, unwrapped = kept.args
                return partial(kept.func, file, number + lines_before, unwrapped)
            return kept
        if isinstance(portion, Range):
            return self._keeper.keep_place(portion.file, kept.number + lines_before, kept.offset, kept.size)
        self._keeper.begin(portion[kept.block])
        return self._keeper.keep(kept.place)

    def _count(self, portion: Portion, report: Report) -> None:
        if isinstance(portion, Range):
            self._goes_on = (portion.file, portion.end)
            self._lines_before += report.lines
            self._lines += report.lines
            self._size += portion.end - portion.start
        else:
            self._lines += sum(len(block.lines) for block in portion)
            self._size += sum(sum(map(len, block.lines)) for block in portion)
        if self._progress is not None:
            self._progress(self._lines, self._size)


def _add(total: RunStats, more: RunStats, lines_before: int) -> None:
    """Add the counts of a portion, but for those that come with the detections."""
    reading = total.reading
    reading.read += more.reading.read
    reading.rejected += more.reading.rejected
    reading.reasons.update(more.reading.reasons)
    room = reading.sample_limit - len(reading.samples)
    reading.samples += [each._replace(line=each.line + lines_before) for each in more.reading.samples[:room]]
    total.unrouted += more.unrouted
    total.unrouted_example = total.unrouted_example or more.unrouted_example
