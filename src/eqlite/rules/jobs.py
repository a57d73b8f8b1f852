"""Several processes share the work of a run: they ask the rules, and this one keeps what was met.

Lines go out many at once, and what they meet comes back in the order of the lines. So everything that depends on order
(the state of sequences, counts, rejected lines) is as in one process, and any input will do: packed files, pipes,
documents over several lines.
"""

from __future__ import annotations

import io
import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

from eqlite.engine.order import NO_TIME, Ordinal
from eqlite.engine.sequences import StageKeys
from eqlite.errors import EqlError
from eqlite.events.readers import RawBlock
from eqlite.events.stats import Intake, ReadStats
from eqlite.rules.asking import Asker, Compiled
from eqlite.rules.joining import Asked, MetStages, asked_stages
from eqlite.rules.keeping import Keeper, Kept
from eqlite.rules.reading import Clock, Reading
from eqlite.rules.run_stats import RunStats
from eqlite.rules.runner import Runner
from eqlite.rules.together import Hits

START_METHOD = "fork" if sys.platform == "linux" else None
"""A forked process has the compiled rules; others are told their texts. None is the platform's own way."""
_BYTES_AT_ONCE = 1 << 20
_WAITING_FOR_EACH = 3
"""How many portions wait for each process: it must not stand still while this one keeps what others found."""

KeptThere = tuple[int, int] | Kept
"""A block and a line of it, or what else is to be kept of an event."""


@dataclass(slots=True)
class Report:
    """What became of a portion: as much as the main process has to know.

    Attributes:
        stats: the counts.
        rejected: the lines that hold no event.
        events: event rules with where the event stands and what to keep.
        joined: events that meet stages, with the stages of all rules.
        faults: of each rule that had some, how many and examples.
        places: how many places in the order of input the events take; those in the report count from 0.
    """

    stats: RunStats
    rejected: bytes = b""
    events: list[tuple[int, Ordinal, KeptThere]] = field(default_factory=list)
    joined: list[tuple[KeptThere, MetStages]] = field(default_factory=list)
    faults: list[tuple[int, int, list[str]]] = field(default_factory=list)
    places: int = 0


class Worker:
    """The rules in a process of their own."""

    def __init__(self, compiled: Compiled, *, by_index: bool) -> None:
        self._queries = [query for _, query in compiled]
        self._asker = Asker(compiled, by_index=by_index, stats=RunStats())
        self._asker.tell = self._tell
        self._clocks = [self._asker.readers.clock(query.plan) for query in self._queries]
        self._report = Report(RunStats())
        self._block = 0

    def work(self, blocks: list[RawBlock]) -> Report:
        """Ask the rules about a portion of the lines."""
        report = self._report = Report(RunStats())
        before = [query.faults.count for query in self._queries]
        rejects = io.BytesIO()
        self._asker.stats = report.stats
        self._asker.place = 0
        intake = Intake(report.stats.reading, rejects)
        for self._block, block in enumerate(blocks):
            self._asker.take_block(block, intake)
        report.rejected, report.places = rejects.getvalue(), self._asker.place
        for rule, (query, count) in enumerate(zip(self._queries, before, strict=True)):
            if query.faults.count > count:
                report.faults.append((rule, query.faults.count - count, query.faults.examples))
        return report

    def _tell(self, hits: Hits, reading: Reading) -> None:
        kept = reading.kept if reading.index is None else (self._block, reading.index)
        for rule in hits.events:
            self._report.events.append((rule, reading.where(self._clocks[rule]), kept))
        if hits.stages:
            if hits.prepared is None:
                hits.prepared = self._prepare(hits)
            for clock, rules in hits.prepared.items():
                where = reading.where(clock)
                met = [(rule, self._with_keys(rule, asked, where, reading)) for rule, asked in rules]
                self._report.joined.append((kept, (where, met)))

    def _prepare(self, hits: Hits) -> dict[Clock, list[tuple[int, Asked]]]:
        prepared: dict[Clock, list[tuple[int, Asked]]] = {}
        for rule, met in hits.stages:
            asked = asked_stages(self._queries[rule].plan, met, self._asker.readers)
            prepared.setdefault(self._clocks[rule], []).append((rule, asked))
        return prepared

    def _with_keys(self, rule: int, asked: Asked, where: Ordinal, reading: Reading) -> StageKeys:
        query = self._queries[rule]
        if where[0] == NO_TIME and query.kind == "sequence":
            return ()
        stages = [(stage, reader.read(reading, query.faults.record)) for stage, reader in asked]
        return tuple((stage, keys) for stage, keys in stages if keys)


_worker: Worker | None = None


def _begin(compiled: Compiled, by_index: bool) -> None:  # noqa: FBT001
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process ends the others
    _worker = Worker(compiled, by_index=by_index)


def _work(blocks: list[RawBlock]) -> Report:
    assert _worker is not None
    return _worker.work(blocks)


def share_work(runner: Runner, blocks: Iterable[RawBlock], intake: Intake, *, jobs: int, by_index: bool) -> None:
    """Let processes ask the rules of a runner about all blocks; what they find goes into the runner.

    Raises:
        EqlError: one of the processes was killed.
    """
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context(START_METHOD), _begin, (runner.rules, by_index))
    waiting: deque[tuple[Future[Report], list[RawBlock]]] = deque()
    keeper = Keeper()
    place = 0
    try:
        for portion in _portions(blocks):
            waiting.append((pool.submit(_work, portion), portion))
            if len(waiting) > jobs * _WAITING_FOR_EACH:
                place = _keep(runner, intake, keeper, *waiting.popleft(), place)
        while waiting:
            place = _keep(runner, intake, keeper, *waiting.popleft(), place)
    except BrokenProcessPool:
        message = "one of the processes of this run was killed, perhaps for want of memory: try fewer --jobs"
        raise EqlError(message) from None
    finally:
        _end(pool)


def _end(pool: ProcessPoolExecutor) -> None:
    """End all processes at once; those that are done with their work have nothing left to do."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


def _portions(blocks: Iterable[RawBlock]) -> Iterator[list[RawBlock]]:
    portion: list[RawBlock] = []
    size = 0
    for block in blocks:
        portion.append(block)
        size += sum(map(len, block.lines))
        if size >= _BYTES_AT_ONCE:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _keep(
    runner: Runner, intake: Intake, keeper: Keeper, future: Future[Report], blocks: list[RawBlock], place: int
) -> int:
    """Wait for a report and put it into the runner; return the place of its last event."""
    report = future.result()
    _add(runner.stats, report.stats)
    if report.rejected:
        intake.keep(report.rejected)
    kept_here = _Kept(keeper, blocks)
    for rule, where, kept in report.events:
        runner.searches[rule].take_match((*where[:3], place + where[3]), kept_here.of(kept))
    for kept, (where, met) in report.joined:
        runner.joining.take_met(((*where[:3], place + where[3]), met), kept_here.of(kept))
    for rule, count, examples in report.faults:
        faults = runner.rules[rule][1].faults
        faults.count += count
        faults.examples += [example for example in examples if example not in faults.examples]
    return place + report.places


class _Kept:
    """What to keep of the events of a portion."""

    def __init__(self, keeper: Keeper, blocks: list[RawBlock]) -> None:
        self._keeper = keeper
        self._blocks = blocks
        self._number = -1

    def of(self, there: KeptThere) -> Kept:
        if not isinstance(there, tuple):
            return there
        if there[0] != self._number:
            self._number = there[0]
            self._keeper.begin(self._blocks[self._number])
        return self._keeper.keep(there[1])


def _add(total: RunStats, more: RunStats) -> None:
    """Add the counts of a portion, but for those that come with the detections."""
    reading: ReadStats = total.reading
    reading.read += more.reading.read
    reading.rejected += more.reading.rejected
    reading.reasons.update(more.reading.reasons)
    reading.samples += more.reading.samples[: reading.sample_limit - len(reading.samples)]
    total.unrouted += more.unrouted
    total.unrouted_example = total.unrouted_example or more.unrouted_example
