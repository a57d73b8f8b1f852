"""References: functions that return the events of a detection after their batch is gone.

Of a line that is in a file as it is, only the location is held, so a run with many detections needs little memory.
Lines of pipes and compressed files go to a spool. Decoded documents take five times the memory of their lines.
"""

from __future__ import annotations

import json
import os
import tempfile
import zlib
from array import array
from collections.abc import Callable, Iterator
from enum import IntEnum
from functools import cached_property, partial
from pathlib import Path
from typing import Protocol

from eqlite.errors import EqlError, EventError
from eqlite.events.document import AnyEvent, Event, EventSource
from eqlite.events.envelopes import Unwrapped
from eqlite.events.line_documents import documents_on
from eqlite.limits import MAX_OPEN_FILES, MAX_SPOOL_MEMORY_BYTES

EventReference = Callable[[], AnyEvent]
"""Returns the event. Raises `LostEvent` if it cannot be read again."""


def event_at(file: str, line: int, unwrapped: Unwrapped, *, is_alone: bool = False) -> Event:
    """Return a document with its location. `is_alone`: no other document is on its line."""
    document, index, id = unwrapped
    return Event(document, index=index, id=id, source=EventSource(file, line), is_alone=is_alone)


def event_on(file: str, number: int, line: bytes, *, is_alone: bool = True) -> Event:
    """Return the one event on a line."""
    return event_at(file, number, documents_on(line.rstrip(b"\n")).documents[0], is_alone=is_alone)


class OpenFile:
    """A file that stays open, so that it can be read again even if it is renamed or deleted."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def __del__(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def read(self, offset: int, size: int) -> bytes:
        """Return some bytes, fewer if the file is shorter now."""
        return os.pread(self._descriptor, size, offset)


class LostEvent(EventError):
    """An event that is no longer in its file. `source` is its location."""

    def __init__(self, source: EventSource) -> None:
        super().__init__(file=source.file, reason="was changed while it was read")
        self.source = source

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with the source."""
        return (LostEvent, (self.source,))


class FileReference:
    """A line with one document, by its location in a file and a checksum."""

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
            LostEvent: the file was truncated or overwritten.
        """
        line = self._file.read(self._offset, self._size)
        if zlib.crc32(line) != self._checksum:
            raise LostEvent(EventSource(self._file.path, self._number))
        return event_on(self._file.path, self._number, line)


class OpenFiles:
    """The files of a run that stay open for references, a bounded number."""

    def __init__(self, max_files: int) -> None:
        self._max_files = max_files
        self._files: dict[str, OpenFile | None] = {}

    def open(self, path: str) -> OpenFile | None:
        """Return a file, opened once. None if too many are open, or it cannot be opened again."""
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


class _Form(IntEnum):
    """The form of a line in a spool.

    `ALONE` and `LINE` hold one event, which others followed on its line for `LINE`. `DOCUMENT` has index and id, too.
    """

    ALONE = 1
    LINE = 0
    DOCUMENT = 2


class Spool:
    """Lines that cannot be read again elsewhere: in memory first, then in an unnamed temporary file.

    Before each line stand its file, its number, its length, and its form: see `_Form`.
    """

    def __init__(self, memory_bytes: int = MAX_SPOOL_MEMORY_BYTES) -> None:
        self._file = tempfile.SpooledTemporaryFile(memory_bytes)  # noqa: SIM115 - open as long as the run
        self._size = 0
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}

    def __del__(self) -> None:
        """Close the file."""
        self._file.close()

    def keep(self, file: str, number: int, line: bytes, *, is_alone: bool = True) -> SpoolReference:
        """Add a line that holds one event, and return the reference to it.

        Raises:
            EqlError: there is no room for it.
        """
        return self._add(file, number, _Form.ALONE if is_alone else _Form.LINE, line)

    def keep_document(self, file: str, number: int, unwrapped: Unwrapped) -> SpoolReference:
        """Add one of several documents on a line, and return the reference to it.

        Raises:
            EqlError: there is no room for it.
        """
        return self._add(file, number, _Form.DOCUMENT, json.dumps(unwrapped).encode())

    def _add(self, file: str, number: int, form: int, line: bytes) -> SpoolReference:
        offset = self._size
        if file not in self._numbers:
            self._numbers[file] = len(self._names)
            self._names.append(file)
        record = b"%d %d %d %d\n%b" % (self._numbers[file], number, len(line), form, line)
        try:
            self._file.seek(offset)
            self._file.write(record)
        except OSError as error:
            message = f"cannot hold events of `{file}` in {tempfile.gettempdir()}: {error.strerror or error}"
            raise EqlError(f"{message}; set TMPDIR to a folder with more room, or read from files") from error
        self._size += len(record)
        return SpoolReference(self, offset)

    def event(self, offset: int) -> Event:
        """Return the event that was added at an offset."""
        self._file.seek(offset)
        name, number, size, form = map(int, self._file.readline().split())
        line = self._file.read(size)
        if form == _Form.DOCUMENT:
            return event_at(self._names[name], number, json.loads(line))
        return event_on(self._names[name], number, line, is_alone=form == _Form.ALONE)


class SpoolReference:
    """A line in a spool.

    Attributes:
        spool: the spool.
        offset: where the line is in it.
    """

    __slots__ = ("offset", "spool")

    def __init__(self, spool: Spool, offset: int) -> None:
        self.spool = spool
        self.offset = offset

    def __call__(self) -> Event:
        """Return the event."""
        return self.spool.event(self.offset)


class History:
    """Events of input that cannot be read again, by their positions, in the order of the input.

    Of events in a spool only the offset is held: 16 bytes each. Objects take 550 (380,000 events of a pipe: 210 MB).
    """

    def __init__(self) -> None:
        self._positions = array("q")
        self._offsets = array("q")
        self._spool: Spool | None = None
        self._others: dict[int, EventReference] = {}

    def append(self, position: int, reference: EventReference) -> None:
        """Add an event."""
        if isinstance(reference, SpoolReference) and self._spool in (None, reference.spool):
            self._spool = reference.spool
            self._offsets.append(reference.offset)
        else:
            self._others[len(self._positions)] = reference
            self._offsets.append(-1)
        self._positions.append(position)

    def __iter__(self) -> Iterator[tuple[int, EventReference]]:
        """Yield position and reference of each event."""
        for index, (position, offset) in enumerate(zip(self._positions, self._offsets, strict=True)):
            if offset < 0:
                yield position, self._others[index]
            else:
                assert self._spool is not None
                yield position, SpoolReference(self._spool, offset)


class References(Protocol):
    """Makes the references of a run."""

    def of_line(
        self, file: str, number: int, line: bytes, offset: int | None, *, is_alone: bool = True
    ) -> EventReference:
        """Return the reference to the one event on a line. `offset` is that of the line, if known."""
        ...

    def of_document(self, file: str, number: int, unwrapped: Unwrapped) -> EventReference:
        """Return the reference to one of several documents on a line."""
        ...


class HeldEvents:
    """References that hold their events in memory, for streams, whose files may be truncated or replaced.

    `is_alone` is false if the lines of the file may have held other events before.
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

    def of_document(self, file: str, number: int, unwrapped: Unwrapped) -> EventReference:
        """Return one of several documents on a line."""
        return partial(event_at, file, number, unwrapped)


class EventReferences:
    """References to locations in files, and to a spool for all other lines."""

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

    def of_document(self, file: str, number: int, unwrapped: Unwrapped) -> EventReference:
        """Return the reference to one of several documents on a line.

        The line is not read again: to decode a search's whole answer for each hit takes a time in its square.
        """
        return self._spool.keep_document(file, number, unwrapped)

    def of_location(self, file: str, number: int, offset: int, size: int, checksum: int) -> EventReference:
        """Return the reference to a line that another process read."""
        opened = self._files.open(file)
        if opened is not None:
            return FileReference(opened, number, offset, size, checksum)
        with Path(file).open("rb") as again:
            again.seek(offset)
            return self._spool.keep(file, number, again.read(size))
