"""Growing input: standard input as it comes, and files that are appended to, truncated or replaced."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from eqlite.events.byte_chunks import CHUNK_BYTES, is_encoded, read_chunks
from eqlite.events.inputs import cannot_read, standard_input
from eqlite.events.intake import FileWarning, Intake
from eqlite.events.layout import Layout, look_ahead
from eqlite.events.lines import LineBlock, LineSplitter
from eqlite.events.readers import RawBlock, iter_blocks
from eqlite.events.unpacking import is_archive

SECONDS_BETWEEN_POLLS = 0.25
_HEAD_BYTES = 1 << 10

Wait = Callable[[int | None, float | None], object]
"""Waits for input at a descriptor, for at most some seconds: see `AwaitedSignals.wait`."""


class GrownBlock(NamedTuple):
    """New lines.

    Attributes:
        block: the lines.
        is_reread: the file was truncated or replaced before, so other lines had the same numbers.
    """

    block: RawBlock
    is_reread: bool = False


def growing_blocks(inputs: Sequence[str], intake: Intake, wait: Wait) -> Iterator[GrownBlock]:
    """Return the lines of standard input or of files as they come. Those of files have no end.

    Raises:
        EventError: both are given, or a file cannot be followed.
    """
    if "-" not in inputs:
        return _file_blocks(inputs, intake, wait)
    if len(inputs) > 1:
        raise cannot_read("-", "standard input is followed alone, without files")
    return map(GrownBlock, iter_blocks([_LiveInput(standard_input(), wait)], intake))


class _LiveInput:
    """A stream that returns the bytes that are there, and waits if there are none."""

    def __init__(self, stream: BinaryIO, wait: Wait) -> None:
        self.name = "<stdin>"
        self._stream = stream
        self._wait = wait
        try:
            self._descriptor: int | None = stream.fileno()
        except OSError:  # not backed by a descriptor
            self._descriptor = None

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, or nothing at the end."""
        if self._descriptor is None:
            return next(read_chunks(self._stream), b"")
        self._wait(self._descriptor, None)
        return os.read(self._descriptor, size)


def _file_blocks(paths: Sequence[str], intake: Intake, wait: Wait) -> Iterator[GrownBlock]:
    with contextlib.ExitStack() as opened:
        files = [opened.enter_context(contextlib.closing(GrowingFile(path, intake))) for path in paths]
        has_grown = True
        while True:
            wait(None, 0.0 if has_grown else SECONDS_BETWEEN_POLLS)
            has_grown = False
            for file in files:  # a chunk of each in turn, so that their events stay close in time
                yield from file.read()
                has_grown = has_grown or file.has_grown


class GrowingFile:
    """A file that is read from its start, and again from its start if it is truncated or replaced.

    Attributes:
        has_grown: the last `read` found something, be it a part of a line.
    """

    def __init__(self, path: str, intake: Intake) -> None:
        """Open the file.

        Raises:
            EventError: it cannot be read, or is no regular file.
        """
        self._path = path
        self._intake = intake
        self._is_reread = False
        self.has_grown = False
        try:
            if not stat.S_ISREG(Path(path).stat().st_mode):
                raise cannot_read(path, f"cannot follow `{path}`: it is no regular file; read it as standard input")
            self._file = Path(path).open("rb", buffering=0)  # noqa: SIM115 - open as long as the file is followed
        except OSError as error:
            raise self._unreadable(error) from error
        self._begin()

    def _unreadable(self, error: OSError) -> Exception:
        return cannot_read(self._path, f"cannot read `{self._path}`: {error.strerror or error}")

    def _begin(self) -> None:
        self._splitter = LineSplitter(self._path, self._intake)
        self._offset = 0
        self._head = b""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self) -> Iterator[GrownBlock]:
        """Yield the lines that end in the next chunk, if there is one.

        Raises:
            EventError: the file cannot be read, is compressed, or does not have a document on each line.
        """
        try:
            if self._was_changed():
                yield from self._rest()
                self._file.seek(0)
            chunk = self._file.read(CHUNK_BYTES) or b""
            if not chunk and (newer := self._newer()) is not None:
                self._file.close()
                self._file = newer
                yield from self._rest()
                chunk = newer.read(CHUNK_BYTES) or b""
        except OSError as error:
            raise self._unreadable(error) from error
        self.has_grown = bool(chunk)
        if chunk:
            yield from self._split(chunk)

    def _split(self, chunk: bytes) -> Iterator[GrownBlock]:
        if self._offset == 0 and not self._is_reread:
            self._refuse(chunk)
        if len(self._head) < _HEAD_BYTES:
            self._head += chunk[: _HEAD_BYTES - len(self._head)]
        text = chunk.removeprefix(codecs.BOM_UTF8) if self._offset == 0 else chunk
        self._offset += len(chunk)
        yield from self._block(self._splitter.split(text))

    def _block(self, block: LineBlock | None) -> Iterator[GrownBlock]:
        if block is not None:
            number, lines, _ = block
            yield GrownBlock(RawBlock(self._path, number, lines), self._is_reread)

    def _rest(self) -> Iterator[GrownBlock]:
        """Yield the unfinished last line of the old content, and start over."""
        yield from self._block(self._splitter.rest())
        self._is_reread = True
        self._begin()

    def _refuse(self, chunk: bytes) -> None:
        if is_encoded(chunk) or is_archive(chunk):
            message = (
                f"cannot follow `{self._path}`: it is compressed, an archive or UTF-16; it can be read without --follow"
            )
            raise cannot_read(self._path, message)
        _, layout = look_ahead(iter((chunk[: chunk.rfind(b"\n") + 1],)))
        if layout in (Layout.VALUES, Layout.BULK):
            message = f"cannot follow `{self._path}`: it does not have a document on each line"
            raise cannot_read(self._path, f"{message}; it can be read without --follow")

    def _was_changed(self) -> bool:
        """Return whether the file is shorter than the part that was read, or begins with other bytes."""
        if not self._offset:
            return False
        if os.fstat(self._file.fileno()).st_size < self._offset:
            return True
        self._file.seek(0)
        head = self._file.read(len(self._head))
        self._file.seek(self._offset)
        return head != self._head

    def _newer(self) -> io.FileIO | None:
        """Return the file that now has the name, if it is another one and not empty.

        A program may write to the old file until it begins the new one. What cannot be read now may be readable later.
        """
        try:
            now = Path(self._path).stat()
            if now.st_size == 0 or os.path.samestat(now, os.fstat(self._file.fileno())):
                return None
            if not stat.S_ISREG(now.st_mode):
                self._warn("it is no regular file any more")
                return None
            return Path(self._path).open("rb", buffering=0)
        except FileNotFoundError:  # renamed, and the new file does not exist yet
            return None
        except OSError as error:
            self._warn(error.strerror or str(error))
            return None

    def _warn(self, reason: str) -> None:
        """Record that the file that has the name now was not read at some time."""
        warning = FileWarning(self._path, f"replaced by what could not be read for some time: {reason}")
        if warning not in self._intake.stats.warnings:
            self._intake.stats.warnings.append(warning)
