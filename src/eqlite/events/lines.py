"""Lines out of pieces of bytes, in constant memory; a line over the limit is rejected and the next one is read."""

from __future__ import annotations

from collections.abc import Iterator

from eqlite.events.decoding import TOO_LONG
from eqlite.events.stats import Intake, Rejected
from eqlite.limits import MAX_LINE_BYTES


def split_lines(
    chunks: Iterator[bytes], file: str, intake: Intake, *, limit: int = MAX_LINE_BYTES
) -> Iterator[tuple[int, bytes]]:
    r"""Yield every line with its number, from 1, without the `\n` (a `\r` before it stays).

    A line over `limit` bytes is reported to `intake` and left out; no more of it than the limit and one chunk is held.
    """
    pending = _PendingLine(file, intake, limit)
    number = 1
    for chunk in chunks:
        *ends, tail = chunk.split(b"\n")
        for end in ends:
            if pending.size == 0 and len(end) <= limit:
                yield number, end
            else:
                pending.add(end, number)
                line = pending.take()
                if line is not None:
                    yield number, line
            number += 1
        pending.add(tail, number)
    if pending.size:
        line = pending.take()
        if line is not None:
            yield number, line


class _PendingLine:
    """A line whose end has not come yet."""

    def __init__(self, file: str, intake: Intake, limit: int) -> None:
        self.size = 0
        self._file = file
        self._intake = intake
        self._limit = limit
        self._pieces: list[bytes] = []

    def add(self, piece: bytes, number: int) -> None:
        """Take more of the line; beyond the limit, only the file of rejected lines gets it."""
        was_over = self.size > self._limit
        self.size += len(piece)
        if was_over:
            self._intake.keep(piece)
            return
        self._pieces.append(piece)
        if self.size > self._limit:
            self._intake.stats.reject(Rejected(self._file, number, TOO_LONG, f"more than {self._limit} bytes"))
            self._intake.keep(b"".join(self._pieces))
            self._pieces.clear()

    def take(self) -> bytes | None:
        """Return the line and forget it; None if it was over the limit."""
        line = b"".join(self._pieces) if self.size <= self._limit else None
        if line is None:
            self._intake.keep(b"\n")
        self._pieces.clear()
        self.size = 0
        return line
