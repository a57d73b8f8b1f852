"""What is kept of an event, to have it again when it is part of a detection.

Of a line that stands in a file as it is, only the place: a run that finds much does not hold what it found. Of others
the line, undecoded: a decoded document takes five times as much.
"""

from __future__ import annotations

import itertools
import os
from array import array
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from eqlite.errors import EventError
from eqlite.events.document import AnyEvent, Event, EventSource
from eqlite.events.envelopes import Unwrapped, is_plain
from eqlite.events.intake import Rejected
from eqlite.events.line_documents import documents_on
from eqlite.events.readers import RawBlock

Kept = Callable[[], AnyEvent]

_MOST_FILES = 100
"""So many files are held open for the sake of what was kept of them; of more, lines are kept."""


def event_of(file: str, line: int, unwrapped: Unwrapped) -> Event:
    """Return a document that knows where it stood."""
    document, index, id = unwrapped
    return Event(document, index=index, id=id, source=EventSource(file, line))


class Unreadable(Exception):
    """A line whose read parts met a condition turns out to hold no event: it is too deep elsewhere, for one.

    Attributes:
        place: the number in the input of the event that it was counted as, once that is known.
    """

    def __init__(self, rejected: Rejected, data: bytes) -> None:
        super().__init__(rejected, data)
        self.place = 0
        self.rejected = rejected
        self.data = data


def _event_on(file: str, number: int, line: bytes) -> Event:
    data = line.rstrip(b"\n")
    if is_plain(data):
        return Event.undecoded(data, EventSource(file, number))
    documents, problem = documents_on(data)
    if problem is not None:
        raise Unreadable(Rejected(file, number, problem.reason, problem.detail), data)
    return event_of(file, number, documents[0])


class KeptLine:
    """A line that holds one document, where it stood, and undecoded; call it to have the event again."""

    __slots__ = ("_file", "_line", "_number")

    def __init__(self, file: str, number: int, line: bytes) -> None:
        self._file = file
        self._number = number
        self._line = line

    def __call__(self) -> Event:
        """Decode the line and return the document.

        Raises:
            Unreadable: it is none.
        """
        return _event_on(self._file, self._number, self._line)


class OpenFile:
    """A file that is held open, so that it can be read again whatever becomes of its name."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY)

    def __del__(self) -> None:
        """Close the file."""
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)

    def read(self, offset: int, size: int) -> bytes:
        """Return some bytes.

        Raises:
            EventError: they are not there any more.
        """
        data = os.pread(self._descriptor, size, offset)
        if len(data) < size:
            raise EventError(file=self.path, reason="was cut short while it was read")
        return data


class KeptPlace:
    """A line that holds one document, as its place in a file; call it to have the event again."""

    __slots__ = ("_file", "_number", "_offset", "_size")

    def __init__(self, file: OpenFile, number: int, offset: int, size: int) -> None:
        self._file = file
        self._number = number
        self._offset = offset
        self._size = size

    def __call__(self) -> Event:
        """Read and decode the line and return the document.

        Raises:
            EventError: it is not there any more.
            Unreadable: it holds none.
        """
        return _event_on(self._file.path, self._number, self._file.read(self._offset, self._size))


class Places:
    """The places of the lines of a block: what is kept of one is a number and these, which it shares with others."""

    __slots__ = ("_file", "_number", "_offsets")

    def __init__(self, file: OpenFile, number: int, offsets: Sequence[int]) -> None:
        self._file = file
        self._number = number
        self._offsets = offsets

    def event(self, index: int) -> Event:
        """Return the event on a line; as `KeptPlace`."""
        return _event_on(self._file.path, self._number + index, self.line(index))

    def line(self, index: int) -> bytes:
        """Return a line.

        Raises:
            EventError: it is not there any more.
        """
        offset = self._offsets[index]
        return self._file.read(offset, self._offsets[index + 1] - offset)


class Keeper:
    """Keeps lines of blocks; `begin` with a block, then keep what is wanted of it."""

    def __init__(self) -> None:
        self._files: dict[str, OpenFile] = {}
        self._block = RawBlock("", 0, [])
        self._places: Places | None = None
        self._offsets: Sequence[int] | None = None

    def begin(self, block: RawBlock) -> None:
        """Let `keep` mean the lines of this block."""
        self._block = block
        self._offsets = self._places = None

    def keep(self, index: int) -> Kept:
        """Return the reference to an event of the block."""
        if self._block.events is not None:
            return partial(self._block.events.__getitem__, index)
        places = self.places()
        if places is not None:
            return partial(places.event, index)
        return KeptLine(self._block.file, self._block.line + index, self._block.lines[index])

    def given(self, index: int) -> AnyEvent | None:
        """Return an event of the block as the program gave it; None where the block was read from a file."""
        events = self._block.events
        return None if events is None else events[index]

    def places(self) -> Places | None:
        """Return the places of the lines of the block; None if they cannot be read again."""
        if self._places is None and self._block.offset is not None:
            opened = self._opened(self._block.file)
            if opened is not None:
                self._places = Places(opened, self._block.line, self._ends())
        return self._places

    def place(self, index: int) -> tuple[int, int, int]:
        """Return number, offset and size of a line of the block, for another process to keep."""
        offsets = self._ends()
        return self._block.line + index, offsets[index], offsets[index + 1] - offsets[index]

    def keep_place(self, file: str, number: int, offset: int, size: int) -> Kept:
        """Return what to keep of a line that another process read."""
        opened = self._opened(file)
        if opened is not None:
            return KeptPlace(opened, number, offset, size)
        return KeptLine(file, number, self.read(file, offset, size))

    def read(self, file: str, offset: int, size: int) -> bytes:
        """Return a line that another process read.

        Raises:
            EventError: it is not there any more.
        """
        opened = self._opened(file)
        if opened is not None:
            return opened.read(offset, size)
        with Path(file).open("rb") as again:
            again.seek(offset)
            return again.read(size)

    def _ends(self) -> Sequence[int]:
        """Return where the lines of the block begin and end in their file."""
        if self._offsets is None:
            # Kept as long as anything of the block is: eight bytes a line, where objects would take forty.
            sizes = map(len, self._block.lines)
            self._offsets = array("Q", itertools.accumulate(sizes, initial=self._block.offset or 0))
        return self._offsets

    def _opened(self, path: str) -> OpenFile | None:
        opened = self._files.get(path)
        if opened is None and len(self._files) < _MOST_FILES and hasattr(os, "pread"):
            try:
                opened = self._files[path] = OpenFile(path)
            except OSError:
                return None
        return opened
