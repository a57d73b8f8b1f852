"""Running rules over finite input: one pass over the events, the hits put in order at the end.

Only hits are kept, and of a line only its bytes: a decoded document costs five times as much.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator

from eqlite.errors import EqlError
from eqlite.events.document import AnyEvent
from eqlite.events.inputs import Input
from eqlite.events.intake import BinarySink, Intake
from eqlite.events.readers import RawBlock
from eqlite.execution.collector import Runner
from eqlite.execution.detection import Detection
from eqlite.execution.dispatcher import Asker
from eqlite.execution.sources import FileSource, Source, open_source
from eqlite.execution.stats import RunStats
from eqlite.gc_policy import relaxed_gc
from eqlite.rules.compiled import Compiled

__all__ = ["Compiled", "RunStats", "run_files", "run_rules"]


def run_rules(
    compiled: Compiled,
    events: Iterable[AnyEvent] | str | os.PathLike[str],
    *,
    by_index: bool = False,
    stats: RunStats | None = None,
) -> Iterator[Detection]:
    """Yield the detections of compiled rules over events; see `RuleSet.run`."""
    stats = stats or RunStats()
    source, intake = open_source(events, Intake(stats.reading))
    stats.reading = intake.stats
    dispatcher, collector = _pipeline(compiled, stats, by_index=by_index, may_start_over=source.is_rereadable)
    with relaxed_gc():
        for block in source.blocks(intake):
            dispatcher.take_block(block, intake)
        _mend_order(collector, source, by_index=by_index)
    yield from collector.detections(intake)


def run_files(
    compiled: Compiled,
    inputs: Iterable[Input],
    *,
    by_index: bool = False,
    jobs: int = 1,
    stats: RunStats | None = None,
    rejects: BinarySink | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Detection]:
    """Yield the detections of compiled rules over files, as `run_rules` does; Ctrl-C ends the reading, not the run.

    Args:
        compiled: rules and queries.
        inputs: as for `read_events`.
        by_index: let a rule see only the documents that its index patterns cover.
        jobs: how many processes share the work; the answer is the same.
        stats: gets the counts.
        rejects: gets the lines that hold no event.
        progress: called now and then with the number of lines and of bytes read.

    Raises:
        EqlError: one of several processes was killed, or memory is used up. Detections found before come first.
    """
    stats, source = stats or RunStats(), FileSource(inputs)
    intake = Intake(stats.reading, rejects)
    shared = None
    if jobs > 1:
        from eqlite.execution.parallel.pool import SharedWork  # which brings in `multiprocessing`

        shared = SharedWork(
            compiled, intake, jobs=jobs, by_index=by_index, stats=stats, may_start_over=source.is_rereadable
        )
        collector = shared.runner
    else:
        dispatcher, collector = _pipeline(compiled, stats, by_index=by_index, may_start_over=source.is_rereadable)
    with _losing_nothing(stats) as problems, relaxed_gc():
        if shared is not None:
            shared.run(source.inputs, progress)
        else:
            for block in _counted(source.blocks(intake), progress):
                dispatcher.take_block(block, intake)
        _mend_order(collector, source, by_index=by_index)
    yield from collector.detections(intake)
    if problems:
        raise problems[0]


@contextlib.contextmanager
def _losing_nothing(stats: RunStats) -> Iterator[list[EqlError]]:
    """Let whatever ends the reading wait until the detections are given: Ctrl-C is noted, errors are collected."""
    problems: list[EqlError] = []
    try:
        yield problems
    except KeyboardInterrupt:
        stats.interrupted = True
    except MemoryError:
        problems.append(EqlError("out of memory: the detections are those among the events read before"))
    except EqlError as problem:
        problems.append(problem)


def _pipeline(compiled: Compiled, stats: RunStats, *, by_index: bool, may_start_over: bool) -> tuple[Asker, Runner]:
    """Return a dispatcher of events and the collector that takes its hits."""
    dispatcher = Asker(compiled, by_index=by_index, stats=stats)
    wanted = dispatcher.wanted
    collector = Runner(compiled, dispatcher.readers, stats=stats, may_start_over=may_start_over, wanted=wanted)
    dispatcher.tell = collector.take
    return dispatcher, collector


def _counted(blocks: Iterable[RawBlock], progress: Callable[[int, int], None] | None) -> Iterator[RawBlock]:
    """Yield the blocks, and report how much was read before each is worked on."""
    lines = size = 0
    for block in blocks:
        yield block
        if progress is not None:
            lines += len(block.lines)
            size += sum(map(len, block.lines))
            progress(lines, size)


def _mend_order(collector: Runner, source: Source, *, by_index: bool) -> None:
    """Read the input, counted already, again for the rules for which it turned out not to be sorted."""
    numbers = collector.out_of_order
    if not numbers:
        return
    stats = RunStats()
    dispatcher, again = _pipeline(
        [collector.rules[number] for number in numbers], stats, by_index=by_index, may_start_over=False
    )
    intake = Intake(stats.reading)
    for block in source.blocks(intake):
        dispatcher.take_block(block, intake)
    collector.replace(numbers, again)
