"""Lines from chunks of bytes, in constant memory. A line over the limit is rejected."""

from __future__ import annotations

import io
from collections.abc import Iterator

from eqlite.events.intake import Intake, Rejected
from eqlite.events.json_decoding import TOO_LONG
from eqlite.limits import MAX_LINE_BYTES


def line_blocks(
    chunks: Iterator[bytes], file: str, intake: Intake, *, limit: int = MAX_LINE_BYTES
) -> Iterator[tuple[int, list[bytes], int]]:
    r"""Yield blocks of lines, each line with its `\n`. Most lines take little time, so many come at once.

    Around each block stand the number of its first line, from 1, and how many bytes come before that line. A line over
    `limit` bytes is reported to `intake` and left out; no more of it than the limit and one chunk is held.

    >>> list(line_blocks(iter([b"{}\n{}\n[", b"]"]), "day.ndjson", Intake()))
    [(1, [b'{}\n', b'{}\n'], 0), (3, [b'[]'], 6)]
    """
    pending = _PendingLine(file, intake, limit)
    number = 1
    offset = seen = 0
    for piece in _portions(chunks, limit):
        lines = list(io.BytesIO(piece))  # which leaps to the next line; `split` looks at each byte, three times as long
        tail = lines.pop() if lines and not piece.endswith(b"\n") else b""
        seen += len(piece)
        if lines and pending.size:
            pending.add(lines[0][:-1], number)
            size = pending.size
            line = pending.take()
            if line is None:
                number += 1
                offset += size + 1
                del lines[0]
            else:
                lines[0] = line + b"\n"
        if lines:
            yield number, lines, offset
            number += len(lines)
            offset = seen - len(tail)
        pending.add(tail, number)
    if pending.size:
        line = pending.take()
        if line is not None:
            yield number, [line], offset


def _portions(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Yield the chunks, large ones in portions: what lies in one portion is no longer than a line may be."""
    for chunk in chunks:
        if len(chunk) <= limit:
            yield chunk
        else:
            yield from (chunk[start : start + limit] for start in range(0, len(chunk), limit))


class _PendingLine:
    """A line whose end has not come yet."""

    def __init__(self, file: str, intake: Intake, limit: int) -> None:
        self.size = 0
        self._file = file
        self._intake = intake
        self._limit = limit
        self._pieces: list[bytes] = []

    def add(self, piece: bytes, number: int) -> None:
        """Add a part of the line. Beyond the limit, only the file of rejected lines receives it."""
        was_over = self.size > self._limit
        self.size += len(piece)
        if was_over:
            self._intake.keep(piece)
            return
        self._pieces.append(piece)
        if self.size > self._limit:
            self._intake.begin(Rejected(self._file, number, TOO_LONG, f"more than {self._limit} bytes"))
            self._intake.keep(b"".join(self._pieces))
            self._pieces.clear()

    def take(self) -> bytes | None:
        """Return the line and clear it, or return None if it was over the limit."""
        line = b"".join(self._pieces) if self.size <= self._limit else None
        if line is None:
            self._intake.keep(b"\n")
        self._pieces.clear()
        self.size = 0
        return line
