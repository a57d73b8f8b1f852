"""Rules over input that grows: `lines as they come -> batches -> stream -> detections`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from eqlite.errors import EqlError
from eqlite.events.batches import block_batches
from eqlite.events.growing import GrownBlock
from eqlite.events.intake import Intake
from eqlite.events.references import HeldEvents
from eqlite.execution.detection import Detection
from eqlite.execution.stats import RunStats
from eqlite.execution.stream import RuleStream


def follow_blocks(
    stream: RuleStream, blocks: Iterable[GrownBlock], intake: Intake, stats: RunStats
) -> Iterator[Detection]:
    """Yield the detections of a stream as they become certain, and the rest at the end of the input.

    Ctrl-C ends the input, and so does an error of reading. `intake` counts while events are read. `stats` gets the
    counts at the end.

    Raises:
        EqlError: an input cannot be read.
    """
    stats.reading = intake.stats
    problem: EqlError | None = None
    first = 1
    try:
        for block, is_reread in blocks:
            for batch in block_batches(block, first, intake, HeldEvents(is_alone=not is_reread)):
                first += len(batch.documents)
                yield from stream.push_batch(batch)
                intake.stats.read += len(batch.documents)
    except KeyboardInterrupt:
        stats.interrupted = True
    except EqlError as error:
        problem = error
    yield from stream.flush()
    _complete(stats, stream)
    if problem is not None:
        raise problem


def _complete(stats: RunStats, stream: RuleStream) -> None:
    counts = stream.stats
    stats.detections, stats.untimed, stats.unrouted = counts.detections, counts.untimed, counts.unrouted
    stats.faults, stats.fault_examples = counts.faults, counts.fault_examples
