"""Running rules over finite input: one pass over the events, the hits put in order at the end.

Only hits are kept, and of a line only its bytes: a decoded document costs five times as much.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from eqlite.errors import EqlError
from eqlite.events.document import AnyEvent, Event, document_of
from eqlite.events.intake import BinarySink, Intake
from eqlite.events.readers import Input, RawBlock, is_lasting, iter_blocks
from eqlite.execution.collector import Runner
from eqlite.execution.detection import Detection
from eqlite.execution.dispatcher import Asker
from eqlite.execution.stats import RunStats
from eqlite.gc_policy import rare_collections
from eqlite.rules.compiled import Compiled

__all__ = ["Compiled", "RunStats", "run_files", "run_rules"]


def run_rules(
    compiled: Compiled, events: Iterable[AnyEvent], *, by_index: bool = False, stats: RunStats | None = None
) -> Iterator[Detection]:
    """Yield the detections of compiled rules over events; see `RuleSet.run`."""
    stats = stats or RunStats()
    asker = Asker(compiled, by_index=by_index, stats=stats)
    runner = Runner(compiled, asker.readers, stats=stats)
    asker.tell = runner.take
    for event in events:
        index = event.index if isinstance(event, Event) else event.get("_index")
        index = index if isinstance(index, str) else None
        asker.take(document_of(event), index, lambda event=event: event)  # type: ignore[misc]
    yield from runner.detections(Intake(stats.reading))


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
    """Yield the detections of compiled rules over files: as `run_rules` over `read_events`, but only hits are kept.

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
    stats, inputs = stats or RunStats(), list(inputs)
    may_start_over = all(map(is_lasting, inputs))
    intake = Intake(stats.reading, rejects)
    shared = None
    if jobs > 1:
        from eqlite.execution.parallel.pool import SharedWork  # which brings in `multiprocessing`

        shared = SharedWork(compiled, jobs=jobs, by_index=by_index, stats=stats, may_start_over=may_start_over)
        runner = shared.runner
    else:
        asker = Asker(compiled, by_index=by_index, stats=stats)
        runner = Runner(compiled, asker.readers, stats=stats, may_start_over=may_start_over, wanted=asker.wanted)
        asker.tell = runner.take
    with _losing_nothing(stats) as problems, rare_collections():
        if shared is not None:
            shared.run(inputs, intake, progress)
        else:
            for block in _counted(iter_blocks(inputs, stats=stats.reading, rejects=rejects), progress):
                asker.take_block(block, intake)
        if numbers := runner.out_of_order:
            again = [runner.rules[number] for number in numbers]
            runner.replace(numbers, _read_again(again, inputs, by_index=by_index))
    yield from runner.detections(intake)
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


def _counted(blocks: Iterable[RawBlock], progress: Callable[[int, int], None] | None) -> Iterator[RawBlock]:
    """Yield the blocks, and tell how much was read before each is worked on."""
    lines = size = 0
    for block in blocks:
        yield block
        if progress is not None:
            lines += len(block.lines)
            size += sum(map(len, block.lines))
            progress(lines, size)


def _read_again(compiled: Compiled, inputs: Sequence[Input], *, by_index: bool) -> Runner:
    """Run sequences over input that turned out not to be sorted, counted already: all that meets a stage is kept."""
    stats = RunStats()
    asker = Asker(compiled, by_index=by_index, stats=stats)
    runner = Runner(compiled, asker.readers, stats=stats)
    asker.tell = runner.take
    intake = Intake(stats.reading, None)
    for block in iter_blocks(inputs, stats=stats.reading):
        asker.take_block(block, intake)
    return runner
