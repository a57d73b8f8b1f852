"""Lines of chunks of bytes, in constant memory. A line over the limit is rejected."""

from __future__ import annotations

import io
from collections.abc import Iterator

from eqlite.events.intake import Intake, Rejected
from eqlite.events.json_decoding import TOO_LONG

LineBlock = tuple[int, list[bytes], int]
"""The number of the first line, the lines, and the number of bytes before them."""


def line_blocks(chunks: Iterator[bytes], file: str, intake: Intake) -> Iterator[LineBlock]:
    r"""Yield blocks of lines, each line with its `\n`. Line numbers start at 1.

    A line over the limit of `intake` is reported to it and left out. At most the limit and one chunk of it is held.

    >>> list(line_blocks(iter([b"{}\n{}\n[", b"]"]), "day.ndjson", Intake()))
    [(1, [b'{}\n', b'{}\n'], 0), (3, [b'[]'], 6)]
    """
    splitter = LineSplitter(file, intake)
    for piece in _portions(chunks, intake.sizes.max_line_bytes):
        block = splitter.split(piece)
        if block is not None:
            yield block
    block = splitter.rest()
    if block is not None:
        yield block


class LineSplitter:
    """Splits bytes that come in pieces into lines. Holds the unfinished last line."""

    def __init__(self, file: str, intake: Intake) -> None:
        self._pending = _PendingLine(file, intake)
        self._number = 1
        self._offset = self._seen = 0

    def split(self, piece: bytes) -> LineBlock | None:
        """Return the lines that end in a piece, which is no longer than the limit, or None."""
        pending = self._pending
        lines = list(
            io.BytesIO(piece)
        )  # skips from line end to line end; `split` visits each byte, and takes three times as long
        tail = lines.pop() if lines and not piece.endswith(b"\n") else b""
        self._seen += len(piece)
        if lines and pending.size:
            pending.add(lines[0][:-1], self._number)
            size = pending.size
            line = pending.take()
            if line is None:
                self._number += 1
                self._offset += size + 1
                del lines[0]
            else:
                lines[0] = line + b"\n"
        block = (self._number, lines, self._offset) if lines else None
        if lines:
            self._number += len(lines)
            self._offset = self._seen - len(tail)
        pending.add(tail, self._number)
        return block

    def rest(self) -> LineBlock | None:
        """Return the unfinished last line, or None."""
        line = self._pending.take() if self._pending.size else None
        return None if line is None else (self._number, [line], self._offset)


def _portions(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Yield the chunks, split into pieces no longer than the limit for lines."""
    for chunk in chunks:
        if len(chunk) <= limit:
            yield chunk
        else:
            yield from (chunk[start : start + limit] for start in range(0, len(chunk), limit))


class _PendingLine:
    """A line whose end has not come yet."""

    def __init__(self, file: str, intake: Intake) -> None:
        self.size = 0
        self._file = file
        self._intake = intake
        self._limit = intake.sizes.max_line_bytes
        self._pieces: list[bytes] = []

    def add(self, piece: bytes, number: int) -> None:
        """Add a part of the line. Beyond the limit, it only goes to the file of rejected lines."""
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
