"""Some lines of an input of unknown length, each as likely as any other: its first lines may all be of one kind.

Each line draws a number, and those with the smallest are kept; so the sample is a fair one at any time, and stays one
when it has to become smaller because its lines are long.
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
    """Return at most `count` lines in the order of the input, and how many there were; the same for the same input.

    Args:
        blocks: the input; blank lines do not count.
        count: 1 or more.
        most_bytes: how long all kept lines together may be; at least one is kept.
        progress: called now and then with the number of lines and of bytes read.
    """
    draw = random.Random(0).random  # noqa: S311 - nothing secret
    kept: list[tuple[float, int, RawLine]] = []  # a heap with the greatest number on top, as a negative one
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
            heapq.heappush(kept, (-drawn, seen, RawLine(block.file, number, line.rstrip(b"\n"))))
            size += len(line)
            while len(kept) > count or (size > most_bytes and len(kept) > 1):
                bound = -kept[0][0]
                size -= len(heapq.heappop(kept)[2].data) + 1
        if progress is not None:
            progress(seen, read)
    return [line for _, _, line in sorted(kept, key=lambda each: each[1])], seen
