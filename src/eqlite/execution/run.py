"""Running rules over finite input: `source -> batches -> matcher -> hits -> correlator -> detections`.

Of the events with hits, only references are held.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator

from eqlite import signals
from eqlite.errors import EqlError
from eqlite.events.batches import Batch, referenced_batches
from eqlite.events.document import AnyEvent
from eqlite.events.inputs import Input
from eqlite.events.intake import BinarySink, Intake
from eqlite.events.references import History
from eqlite.execution.correlation.correlator import Correlator
from eqlite.execution.detection import Detection
from eqlite.execution.detections import ResultWindow, detections_of
from eqlite.execution.rule_matcher import RuleMatcher, make_matcher
from eqlite.execution.sources import FileSource, Source, open_source
from eqlite.execution.stats import RunStats
from eqlite.execution.tuning import Tuning
from eqlite.gc_policy import relaxed_gc
from eqlite.rules.compiled import Compiled

__all__ = ["Compiled", "RunStats", "run_files", "run_rules"]

Progress = Callable[[int, int], None]
"""Gets the numbers of lines and of bytes read so far."""


def run_rules(
    compiled: Compiled,
    events: Iterable[AnyEvent] | str | os.PathLike[str],
    *,
    by_index: bool = False,
    stats: RunStats | None = None,
) -> Iterator[Detection]:
    """Yield the detections of compiled rules over events: see `RuleSet.run`."""
    stats = stats or RunStats()
    source, intake = open_source(events, Intake(stats.reading))
    stats.reading = intake.stats
    run = Run(compiled, source, by_index=by_index, stats=stats)
    with relaxed_gc():
        run.feed(source.batches(intake))
        run.sort()
    yield from run.detections()


def run_files(
    compiled: Compiled,
    inputs: Iterable[Input],
    *,
    by_index: bool = False,
    jobs: int = 1,
    stats: RunStats | None = None,
    rejects: BinarySink | None = None,
    progress: Progress | None = None,
    window: ResultWindow | None = None,
    tuning: Tuning = Tuning(),
) -> Iterator[Detection]:
    """Yield the detections of compiled rules over files, as `run_rules` does.

    Ctrl-C ends the reading, not the run.

    Args:
        compiled: rules and queries.
        inputs: as for `read_events`.
        by_index: let a rule see only the documents that its index patterns cover.
        jobs: the number of processes; the answer is the same.
        stats: gets the counts.
        rejects: gets the lines that hold no event.
        progress: called after each batch with the numbers of lines and of bytes read so far.
        window: the results to give of each rule: see `detections_of`.
        tuning: the sizes of the pieces of work.

    Raises:
        EqlError: a worker process was killed, or memory is used up. The detections found before come first.
    """
    stats, source = stats or RunStats(), FileSource(inputs)
    intake = Intake(stats.reading, rejects, tuning.reading)
    run = Run(compiled, source, by_index=by_index, stats=stats, tuning=tuning)
    with _holding_problems(stats) as problems, relaxed_gc():
        if jobs > 1:
            from eqlite.execution.parallel.pool import WorkerPool  # imports `multiprocessing`

            pool = WorkerPool(
                compiled, intake, run.correlator, jobs=jobs, by_index=by_index, stats=stats, tuning=tuning
            )
            pool.run(source.inputs, progress)
        else:
            run.feed(_counted(source.batches(intake), progress))
        run.sort()
    yield from run.detections(window)
    if problems:
        raise problems[0]


class Run:
    """One run of rules over an input.

    Attributes:
        correlator: takes the hits.
    """

    def __init__(
        self, compiled: Compiled, source: Source, *, by_index: bool, stats: RunStats, tuning: Tuning = Tuning()
    ) -> None:
        self._compiled = compiled
        self._source = source
        self._by_index = by_index
        self._stats = stats
        self._tuning = tuning
        self._history: History | None = None if source.is_rereadable else History()
        self.correlator = Correlator(
            [query for _, query in compiled], in_order=True, history=self._history, tuning=tuning
        )

    def feed(self, batches: Iterable[Batch]) -> None:
        """Match the documents of batches, and correlate their hits."""
        self._feed(make_matcher(self._compiled, by_index=self._by_index), batches, self.correlator)

    def _feed(self, matcher: RuleMatcher, batches: Iterable[Batch], correlator: Correlator) -> None:
        for batch in batches:
            hits = matcher.match(batch, correlator.faults)
            with signals.held():  # events are counted with their detections
                self._stats.add_unrouted(hits.unrouted, hits.unrouted_example)
                correlator.add(hits)
                self._stats.reading.read += len(batch.documents)

    def sort(self) -> None:
        """Read the input again for sequences if it turned out not to be sorted. Its counts stay as they are."""
        if not self.correlator.is_out_of_order:
            return
        rules = [rule for rule, (_, query) in enumerate(self._compiled) if query.kind == "sequence"]
        compiled = [self._compiled[rule] for rule in rules]
        sorting = Correlator([query for _, query in compiled], in_order=False)
        again = Intake(sizes=self._tuning.reading)
        batches = self._source.batches(again) if self._history is None else referenced_batches(self._history)
        matcher = make_matcher(compiled, by_index=self._by_index)
        for batch in batches:
            sorting.add(matcher.match(batch, sorting.faults))
        self.correlator.adopt(rules, sorting)

    def detections(self, window: ResultWindow | None = None) -> Iterator[Detection]:
        """Yield the detections, and complete the counts."""
        correlator, stats = self.correlator, self._stats
        yield from detections_of(self._compiled, correlator.searches, stats, window)
        for search, faults in zip(correlator.searches, correlator.faults, strict=True):
            stats.untimed += search.untimed
            stats.faults += faults.count
            stats.fault_examples += faults.examples


@contextlib.contextmanager
def _holding_problems(stats: RunStats) -> Iterator[list[EqlError]]:
    """Defer errors of reading until the detections are given. Ctrl-C is recorded, errors are collected."""
    problems: list[EqlError] = []
    try:
        yield problems
    except KeyboardInterrupt:
        stats.interrupted = True
    except MemoryError:
        problems.append(EqlError("out of memory: the detections are those among the events read before"))
    except EqlError as problem:
        problems.append(problem)


def _counted(batches: Iterable[Batch], progress: Progress | None) -> Iterator[Batch]:
    """Yield the batches, and report the progress after each."""
    lines = size = 0
    for batch in batches:
        yield batch
        if progress is not None:
            read = batch.read
            lines, size = lines + read[0], size + read[1]
            progress(lines, size)
