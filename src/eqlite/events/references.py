"""References: how to get the events of a detection again once their batch is gone.

Of a line that stands in a file as it is, only the location is held: a run that finds much does not hold what it found.
Lines of pipes and packed files go to a spool. Decoded documents take five times as much as their lines.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import Protocol

from eqlite.errors import EqlError, EventError
from eqlite.events.document import AnyEvent, Event, EventSource
from eqlite.events.envelopes import Unwrapped
from eqlite.events.line_documents import documents_on
from eqlite.limits import MAX_OPEN_FILES, MAX_SPOOL_MEMORY_BYTES

EventReference = Callable[[], AnyEvent]
"""Returns the event. Raises `LostEvent` where it is not there any more."""


def event_at(file: str, line: int, unwrapped: Unwrapped, *, is_alone: bool = False) -> Event:
    """Return a document with its location. `is_alone`: there is no other document on its line."""
    document, index, id = unwrapped
    return Event(document, index=index, id=id, source=EventSource(file, line), is_alone=is_alone)


def event_on(file: str, number: int, line: bytes, *, is_alone: bool = True) -> Event:
    """Return the one event on a line."""
    return event_at(file, number, documents_on(line.rstrip(b"\n")).documents[0], is_alone=is_alone)


class OpenFile:
    """A file that is held open, so that it can be read again whatever becomes of its name."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def __del__(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def read(self, offset: int, size: int) -> bytes:
        """Return some bytes, or fewer where the file is shorter now."""
        return os.pread(self._descriptor, size, offset)


class LostEvent(EventError):
    """An event that is not there any more. `source` says where it stood."""

    def __init__(self, source: EventSource) -> None:
        super().__init__(file=source.file, reason="was changed while it was read")
        self.source = source

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with the source."""
        return (LostEvent, (self.source,))


class FileReference:
    """A line that holds one document, as its location in a file and a checksum."""

    __slots__ = ("_checksum", "_file", "_number", "_offset", "_size")

    def __init__(self, file: OpenFile, number: int, offset: int, size: int, checksum: int) -> None:
        self._file = file
        self._number = number
        self._offset = offset
        self._size = size
        self._checksum = checksum

    def __call__(self) -> Event:
        """Read the line again and return its event.

        Raises:
            LostEvent: the file was cut short or overwritten.
        """
        line = self._file.read(self._offset, self._size)
        if zlib.crc32(line) != self._checksum:
            raise LostEvent(EventSource(self._file.path, self._number))
        return event_on(self._file.path, self._number, line)


class OpenFiles:
    """The files of a run that are held open for the sake of references, a bounded number."""

    def __init__(self, max_files: int) -> None:
        self._max_files = max_files
        self._files: dict[str, OpenFile | None] = {}

    def open(self, path: str) -> OpenFile | None:
        """Return a file, opened once. None where too many are open, or it cannot be opened again."""
        if path not in self._files:
            self._files[path] = self._opened(path)
        return self._files[path]

    def _opened(self, path: str) -> OpenFile | None:
        if len(self._files) >= self._max_files or not hasattr(os, "pread"):
            return None
        try:
            return OpenFile(path, os.open(path, os.O_RDONLY))
        except OSError:
            return None


class Spool:
    """Lines that cannot be read again elsewhere: in memory first, then in a file without a name."""

    def __init__(self, memory_bytes: int = MAX_SPOOL_MEMORY_BYTES) -> None:
        self._file = tempfile.SpooledTemporaryFile(memory_bytes)  # noqa: SIM115 - open as long as the run
        self._size = 0

    def __del__(self) -> None:
        """Close the file."""
        self._file.close()

    def keep(self, file: str, number: int, line: bytes, *, is_alone: bool = True) -> EventReference:
        """Add a line that holds one event, and return the reference to it.

        Raises:
            EqlError: there is no room for it.
        """
        offset = self._size
        try:
            self._file.seek(offset)
            self._file.write(line)
        except OSError as error:
            message = f"cannot hold events of `{file}` in {tempfile.gettempdir()}: {error.strerror or error}"
            raise EqlError(f"{message}; set TMPDIR to a folder with more room, or read from files") from error
        self._size += len(line)
        return partial(self._event, file, number, offset, len(line), is_alone=is_alone)

    def _event(self, file: str, number: int, offset: int, size: int, *, is_alone: bool) -> Event:
        self._file.seek(offset)
        return event_on(file, number, self._file.read(size), is_alone=is_alone)


class References(Protocol):
    """Makes the references of a run."""

    def of_line(
        self, file: str, number: int, line: bytes, offset: int | None, *, is_alone: bool = True
    ) -> EventReference:
        """Return the reference to the one event on a line. `offset` is that of the line, if known."""
        ...


class HeldEvents:
    """References that hold their events in memory, for streams, which need most of them for a short time.

    Their file may be cut short or replaced by then. `is_alone` is false where other events stood on its lines before.
    """

    def __init__(self, *, is_alone: bool = True) -> None:
        self._is_alone = is_alone

    def of_line(
        self,
        file: str,
        number: int,
        line: bytes,
        offset: int | None,  # noqa: ARG002 - protocol
        *,
        is_alone: bool = True,
    ) -> EventReference:
        """Return the event on a line."""
        event = event_on(file, number, line, is_alone=is_alone and self._is_alone)
        return lambda: event


class EventReferences:
    """References to places in files, and to a spool of lines that stand in none."""

    def __init__(self, *, max_open_files: int = MAX_OPEN_FILES) -> None:
        self._files = OpenFiles(max_open_files)

    @cached_property
    def _spool(self) -> Spool:
        return Spool()

    def of_line(
        self, file: str, number: int, line: bytes, offset: int | None, *, is_alone: bool = True
    ) -> EventReference:
        """Return the reference to the one event on a line. `offset` is that of the line, if known."""
        opened = None if offset is None else self._files.open(file)
        if opened is None:
            return self._spool.keep(file, number, line, is_alone=is_alone)
        assert offset is not None
        return FileReference(opened, number, offset, len(line), zlib.crc32(line))

    def of_location(self, file: str, number: int, offset: int, size: int, checksum: int) -> EventReference:
        """Return the reference to a line that another process read."""
        opened = self._files.open(file)
        if opened is not None:
            return FileReference(opened, number, offset, size, checksum)
        with Path(file).open("rb") as again:
            again.seek(offset)
            return self._spool.keep(file, number, again.read(size))
