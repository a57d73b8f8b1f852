"""Splits: ranges of a large file of lines, so that several processes can read it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from eqlite.events.byte_chunks import CHUNK_BYTES, decode_text, read_chunks
from eqlite.events.inputs import Input, cannot_read
from eqlite.events.intake import Intake
from eqlite.events.layout import Layout, look_ahead
from eqlite.events.lines import line_blocks
from eqlite.events.readers import RawBlock, start_of_text


class Range(NamedTuple):
    """The lines of a file that begin from `start` up to, not including, `end`."""

    file: str
    start: int
    end: int


def ranges_of(given: Input, size: int) -> list[Range]:
    """Return the ranges of a plain file of lines, each of about `size` bytes, or none for other files.

    Raises:
        EventError: the file cannot be opened.
    """
    if not isinstance(given, (str, os.PathLike)) or not Path(given).is_file():
        return []
    path = os.fspath(given)
    try:
        with Path(path).open("rb", buffering=0) as file:
            start = start_of_text(file)
            if start is None or look_ahead(decode_text(read_chunks(file)))[1] is not Layout.LINES:
                return []
            end = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise cannot_read(path, f"cannot read `{path}`: {error.strerror or error}") from error
    return [Range(path, offset, min(offset + size, end)) for offset in range(start, end, size)]


class RangeReader:
    """Reads a range.

    Attributes:
        newlines: the number of line ends read so far.
    """

    def __init__(self, wanted: Range) -> None:
        self._range = wanted
        self.newlines = 0

    def blocks(self, intake: Intake) -> Iterator[RawBlock]:
        """Yield the lines, numbered from 1 within the range.

        Raises:
            EventError: the file cannot be opened.
        """
        path, start, end = self._range
        try:
            with Path(path).open("rb", buffering=0) as file:
                descriptor = file.fileno()
                first = start_of_text(file) or 0
                start, end = (_next_line(descriptor, offset, first) for offset in (start, end))
                for line, lines, offset in line_blocks(self._chunks(descriptor, start, end, intake), path, intake):
                    yield RawBlock(path, line, lines, start + offset)
        except OSError as error:
            raise cannot_read(path, f"cannot read `{path}`: {error.strerror or error}") from error

    def _chunks(self, descriptor: int, start: int, end: int, intake: Intake) -> Iterator[bytes]:
        size = intake.sizes.chunk_bytes
        while start < end and (chunk := os.pread(descriptor, min(size, end - start), start)):
            self.newlines += chunk.count(b"\n")
            start += len(chunk)
            yield chunk


def _next_line(descriptor: int, offset: int, first: int) -> int:
    """Return the start of the first line at or after an offset, or the end of the file."""
    if offset <= first:
        return first
    offset -= 1
    while chunk := os.pread(descriptor, CHUNK_BYTES, offset):
        newline = chunk.find(b"\n")
        if newline >= 0:
            return offset + newline + 1
        offset += len(chunk)
    return offset
