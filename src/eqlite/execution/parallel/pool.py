"""Several processes share the work of a run: workers match events, the main process correlates hits.

Large files of lines are read by the others in ranges of bytes; of other input the lines go out many at once, so that
any will do: packed files, pipes, documents over several lines. What they find comes back in the order of the lines,
which is what sequences depend on.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any

from eqlite import signals
from eqlite.errors import EqlError
from eqlite.events.inputs import Input, expand_input
from eqlite.events.intake import Intake, Rejected
from eqlite.events.readers import RawBlock, iter_blocks, remember_start
from eqlite.events.splits import ranges_of
from eqlite.execution.correlation.correlator import Correlator
from eqlite.execution.parallel.merge import ResultMerger
from eqlite.execution.parallel.rejects import Rejects, RemoteIntake
from eqlite.execution.parallel.worker import Partition, PartitionResult, Worker
from eqlite.execution.stats import RunStats
from eqlite.execution.tuning import Tuning
from eqlite.rules.compiled import Compiled

_WAITING_FOR_EACH = 3
"""The number of partitions in the queue of each process, so that it has work while this one merges results."""

Progress = Callable[[int, int], None]


_worker: Worker | None = None


def _begin(compiled: Compiled, **options: Any) -> None:
    global _worker
    for number in signals.ENDING:
        signal.signal(number, signal.SIG_IGN)  # the main process ends the others
    signals.release()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = Worker(compiled, **options)


def _end_with_parent() -> None:
    """End this process when the main process is gone, however it ended: results have no reader any more."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(partition: Partition) -> PartitionResult:
    assert _worker is not None
    return _worker.work(partition)


class WorkerPool:
    """The worker processes of a run."""

    def __init__(
        self,
        compiled: Compiled,
        intake: Intake,
        correlator: Correlator,
        *,
        jobs: int,
        by_index: bool,
        stats: RunStats,
        tuning: Tuning,
    ) -> None:
        """Start the workers. `correlator` gets their hits."""
        self._intake = intake
        self._queries = [query for _, query in compiled]
        self._correlator = correlator
        self._stats = stats
        self._tuning = tuning
        context = multiprocessing.get_context(tuning.start_method)
        self._keeps_rejects = intake.rejects is not None
        begin = partial(
            _begin,
            compiled,
            by_index=by_index,
            keeps_rejects=self._keeps_rejects,
            sample_limit=intake.stats.sample_limit,
            sizes=intake.sizes,
        )
        self._pool = ProcessPoolExecutor(jobs, context, begin)
        self._most_waiting = jobs * _WAITING_FOR_EACH
        self._is_over = False
        self._waiting: deque[tuple[Future[PartitionResult], Partition]] = deque()

    def run(self, inputs: Iterable[Input], progress: Progress | None) -> None:
        """Process all input.

        Ctrl-C ends the reading: what was read before is worked on, unless Ctrl-C comes again.

        Raises:
            EqlError: some input cannot be read, or one of the processes was killed. The runner has what the input
                before that holds.
        """
        merger = ResultMerger(self._queries, self._correlator, self._stats, self._intake, progress)
        try:
            for file in [file for given in inputs for file in expand_input(given, self._intake.stats)]:
                self._share(file, merger)
            self._gather(merger)
        except (KeyboardInterrupt, MemoryError, EqlError):
            with contextlib.suppress(BrokenProcessPool):
                self._gather(merger)
            raise
        except BrokenProcessPool:
            with contextlib.suppress(BrokenProcessPool):
                self._gather(merger)
            message = "one of the processes of this run was killed, perhaps for want of memory: try fewer --jobs"
            raise EqlError(f"{message} (the detections are those among the events before)") from None
        finally:
            _end(self._pool)

    def _gather(self, merger: ResultMerger, *, most: int = 0) -> None:
        """Take reports until at most so many are waited for, and further ones that are there."""
        while self._waiting and (len(self._waiting) > most or self._waiting[0][0].done()):
            future, partition = self._waiting[0]
            try:
                report = future.result()
                self._waiting.popleft()
                merger.add(report, partition)
            except EqlError:  # the input behind it does not count
                self._waiting.clear()
                self._is_over = True
                raise

    def _share(self, file: Input, merger: ResultMerger) -> None:
        """Share a file among the workers."""
        stats = self._intake.stats
        ranges = ranges_of(file, self._tuning.range_bytes)  # which the others count, and reject lines of
        if ranges:
            remember_start(ranges[0].file, self._intake)
            for partition in ranges:
                self._send(partition, merger)
            return
        blocks = Blocks(lambda partition: self._send(partition, merger), stats.sample_limit, self._tuning.blocks_bytes)
        intake = RemoteIntake(stats, blocks.refuse, keeps_bytes=self._keeps_rejects, sizes=self._intake.sizes)
        try:
            for block in iter_blocks([file], intake):
                blocks.add(block)
        finally:
            blocks.send()

    def _send(self, partition: Partition, merger: ResultMerger) -> None:
        if self._is_over:
            return
        with signals.held():  # a process that is being started must not hear of them
            self._waiting.append((self._pool.submit(_work, partition), partition))
        self._gather(merger, most=self._most_waiting)


class Blocks:
    """Blocks of lines, and the rejects among them, until there are enough to be sent."""

    def __init__(self, send: Callable[[Partition], None], sample_limit: int, enough_bytes: int) -> None:
        self._send = send
        self._enough_bytes = enough_bytes
        self._sample_limit = sample_limit
        self._items: list[RawBlock | Rejects] = []
        self._size = 0

    def add(self, block: RawBlock) -> None:
        """Add lines."""
        self._items.append(block)
        self._grow(sum(map(len, block.lines)))

    def refuse(self, rejected: Rejected | None, data: bytes) -> None:
        """Add a rejected piece, or, where it is None, more bytes of the last one."""
        last = self._items[-1] if self._items else None
        if not isinstance(last, Rejects):
            last = Rejects(self._sample_limit)
            self._items.append(last)
        last.take(rejected, data)
        self._grow(len(data))

    def send(self) -> None:
        """Send the pieces collected so far."""
        items, self._items, self._size = self._items, [], 0
        if items:
            self._send(items)

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size >= self._enough_bytes:
            self.send()


def _end(pool: ProcessPoolExecutor) -> None:
    """End all processes at once. Those with no work left have nothing to lose."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
