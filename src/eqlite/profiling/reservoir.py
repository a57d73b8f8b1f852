"""Reservoir sampling: a uniform random sample of the lines of an input of unknown length.

Each line draws a random number, and the lines with the smallest numbers form the sample. So it is uniform at any time,
also after it had to shrink because its lines are long. (The first lines of a file may all be of one kind.)
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable

from eqlite.events.intake import RawLine
from eqlite.events.readers import RawBlock

MOST_BYTES = 256 << 20


def sample_lines(
    blocks: Iterable[RawBlock],
    count: int,
    *,
    most_bytes: int = MOST_BYTES,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[RawLine], int]:
    """Return a sample of at most `count` lines in input order, and the number of lines.

    The sample is the same for the same input.

    Args:
        blocks: the input. Blank lines do not count.
        count: 1 or more.
        most_bytes: the most bytes of all sampled lines together. At least one line is sampled.
        progress: called periodically with the numbers of lines and bytes read.
    """
    draw = random.Random(0).random  # noqa: S311 - nothing secret
    sample: list[tuple[float, int, RawLine]] = []  # a heap of negated numbers: the greatest number is on top
    bound, seen, size, read = 1.0, 0, 0, 0
    for block in blocks:
        for number, line in enumerate(block.lines, block.line):
            read += len(line)
            drawn = draw()
            if line.isspace():
                continue
            seen += 1
            if drawn >= bound:
                continue
            heapq.heappush(sample, (-drawn, seen, RawLine(block.file, number, line.rstrip(b"\n"))))
            size += len(line)
            while len(sample) > count or (size > most_bytes and len(sample) > 1):
                bound = -sample[0][0]
                size -= len(heapq.heappop(sample)[2].data) + 1
        if progress is not None:
            progress(seen, read)
    return [line for _, _, line in sorted(sample, key=lambda each: each[1])], seen
