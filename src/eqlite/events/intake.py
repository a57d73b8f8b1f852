"""Intake of the input: counts of events read and rejected, with reasons and samples.

The invariant is `read == evaluated + rejected`: nothing is lost without being counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from eqlite.events.byte_chunks import CHUNK_BYTES
from eqlite.limits import MAX_LINE_BYTES

MOST_FIRST_LINES = 1_000
_MOST_FIRST_BYTES = 4 << 20


class Rejected(NamedTuple):
    """A piece of input that holds no event.

    Attributes:
        file: the file as the user named it.
        line: the line on which it starts, from 1.
        reason: one of some fixed phrases, the keys of `ReadStats.reasons`.
        detail: the details; may be empty.
    """

    file: str
    line: int
    reason: str
    detail: str = ""


class RawLine(NamedTuple):
    r"""The undecoded text of one line, or of one value where the input is no NDJSON.

    It may hold an envelope, even one with many hits, and may end in `\r`.
    """

    file: str
    line: int
    data: bytes


class FileWarning(NamedTuple):
    """A file that could be read in part only.

    Attributes:
        file: the file, as the user named it.
        reason: the reason for the end.
    """

    file: str
    reason: str


@dataclass(slots=True)
class ReadStats:
    r"""Counts of one reading, filled while it goes on.

    Attributes:
        read: the number of documents found, with the rejected pieces.
        rejected: the number of pieces that hold no event.
        reasons: the number of rejected pieces by reason.
        samples: the first rejected pieces, at most `sample_limit`.
        warnings: files that were read in part.
        passed_over: files of folders and archives that were not read, by reason.
        sample_limit: the most rejected pieces to store.

    >>> import eqlite, io
    >>> stats = eqlite.ReadStats()
    >>> [event["n"] for event in eqlite.read_events(io.BytesIO(b'{"n": 1}\noops\n'), stats=stats)]
    [1]
    >>> stats.read, stats.rejected, stats.samples[0].line
    (2, 1, 2)

    Internal: `first_lines`, from which a report says why nothing was found, and the methods `reject`, `count_rejected`,
    `add_samples`, `room`, `remember`, `pass_over`.
    """

    read: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    samples: list[Rejected] = field(default_factory=list)
    warnings: list[FileWarning] = field(default_factory=list)
    passed_over: dict[str, list[str]] = field(default_factory=dict)
    first_lines: list[RawLine] = field(default_factory=list)
    sample_limit: int = 100
    _first_bytes: int = 0

    @property
    def evaluated(self) -> int:
        """Return the number of events that were evaluated."""
        return self.read - self.rejected

    def reject(self, rejected: Rejected) -> None:
        """Count a piece of input that holds no event."""
        self.count_rejected({rejected.reason: 1})
        self.add_samples([rejected])

    def count_rejected(self, reasons: Mapping[str, int]) -> None:
        """Count rejected pieces by their reasons."""
        count = sum(reasons.values())
        self.read += count
        self.rejected += count
        self.reasons.update(reasons)

    def add_samples(self, rejected: Sequence[Rejected]) -> None:
        """Add samples of rejected pieces, up to the limit."""
        self.samples += rejected[: max(0, self.sample_limit - len(self.samples))]

    @property
    def room(self) -> int:
        """Return the number of first lines to store of the next input.

        It is half of the remaining room, so that every input gets some.
        """
        if self._first_bytes >= _MOST_FIRST_BYTES:
            return 0
        return (MOST_FIRST_LINES - len(self.first_lines) + 1) // 2

    def remember(self, line: RawLine) -> bool:
        """Store one of the first lines, unless the limits are reached. Return whether it was stored."""
        has_room = len(self.first_lines) < MOST_FIRST_LINES and self._first_bytes < _MOST_FIRST_BYTES
        if has_room:
            self.first_lines.append(line)
            self._first_bytes += len(line.data)
        return has_room

    def pass_over(self, path: str, reason: str) -> None:
        """Count a file that is not read."""
        self.passed_over.setdefault(reason, []).append(path)


class BinarySink(Protocol):
    """A file opened for binary writing, or an object with its `write`."""

    def write(self, data: bytes, /) -> object:
        """Take some bytes."""


class ReadSizes(NamedTuple):
    """The number of bytes that are read at once, and the bound on a line."""

    chunk_bytes: int = CHUNK_BYTES
    max_line_bytes: int = MAX_LINE_BYTES


@dataclass(slots=True)
class Intake:
    """Collects the counts and rejected pieces of readers, and says in what sizes they read."""

    stats: ReadStats = field(default_factory=ReadStats)
    rejects: BinarySink | None = None
    sizes: ReadSizes = field(default_factory=ReadSizes)

    def reject(self, rejected: Rejected, data: bytes) -> None:
        """Count a rejected piece and write its bytes, unchanged, as a line."""
        self.begin(rejected)
        self.keep(data)
        self.keep(b"\n")

    def begin(self, rejected: Rejected) -> None:
        """Count a rejected piece that comes in parts: `keep` gets its bytes."""
        self.stats.reject(rejected)

    def keep(self, data: bytes) -> None:
        """Write some bytes of a rejected piece."""
        if self.rejects is not None:
            self.rejects.write(data)
