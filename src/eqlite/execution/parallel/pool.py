"""Pool of worker processes: workers match events, the main process correlates their hits.

Workers read large files of lines themselves, in ranges of bytes. The lines of all other input (compressed files, pipes,
documents over several lines) are sent to them in blocks. Results are merged in the order of the input, on which
sequences depend.
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

_QUEUED_PER_JOB = 3
"""The number of partitions queued for each process, so that it has work while this one merges results."""

Progress = Callable[[int, int], None]


_worker: Worker | None = None


def _begin(compiled: Compiled, **options: Any) -> None:
    global _worker
    for number in signals.ENDING:
        signal.signal(number, signal.SIG_IGN)  # the main process ends the workers
    signals.release()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = Worker(compiled, **options)


def _end_with_parent() -> None:
    """End this process once the main process has ended, in whatever way."""
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
        self._most_waiting = jobs * _QUEUED_PER_JOB
        self._is_over = False
        self._waiting: deque[tuple[Future[PartitionResult], Partition]] = deque()

    def run(self, inputs: Iterable[Input], progress: Progress | None) -> None:
        """Process all input.

        Ctrl-C ends the reading. What was read before is still processed, unless Ctrl-C comes again.

        Raises:
            EqlError: an input cannot be read, or a worker was killed. The correlator has the hits of the input before
                that.
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
            message = "one of the processes of this run was killed, perhaps because memory ran out: try fewer --jobs"
            raise EqlError(f"{message} (the detections are those of the events before)") from None
        finally:
            _end(self._pool)

    def _gather(self, merger: ResultMerger, *, most: int = 0) -> None:
        """Merge results until at most `most` are outstanding, then those that are ready."""
        while self._waiting and (len(self._waiting) > most or self._waiting[0][0].done()):
            future, partition = self._waiting[0]
            try:
                result = future.result()
                self._waiting.popleft()
                merger.add(result, partition)
            except EqlError:  # the input after it does not count
                self._waiting.clear()
                self._is_over = True
                raise

    def _share(self, file: Input, merger: ResultMerger) -> None:
        """Share a file among the workers."""
        stats = self._intake.stats
        ranges = ranges_of(file, self._tuning.range_bytes)  # workers count their lines, and reject bad ones
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
        with signals.held():  # a process being started must not receive any
            self._waiting.append((self._pool.submit(_work, partition), partition))
        self._gather(merger, most=self._most_waiting)


class Blocks:
    """Collects blocks of lines and the rejects among them, and sends them once they are large enough."""

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
    """Terminate all processes. Their results are merged or given up.

    The pool's own thread is awaited: at the end of Python it would be woken while it closes its pipe.
    """
    for process in list((pool._processes or {}).values()):
        process.kill()
    pool.shutdown(wait=True, cancel_futures=True)
