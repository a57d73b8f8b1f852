"""Rejected pieces of the input, as workers send them to the main process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from eqlite.events.intake import Intake, ReadSizes, ReadStats, Rejected


@dataclass(slots=True)
class Rejects:
    """Rejected pieces that follow each other.

    Attributes:
        sample_limit: the number of pieces that are reported one by one.
        reasons: how often each reason was given.
        samples: the first pieces.
        data: the bytes of all pieces; empty if they are not wanted.
    """

    sample_limit: int
    reasons: Counter[str] = field(default_factory=Counter)
    samples: list[Rejected] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)

    def take(self, rejected: Rejected | None, data: bytes) -> None:
        """Add a piece, or, where it is None, more bytes of the last one."""
        if rejected is not None:
            self.reasons[rejected.reason] += 1
            if len(self.samples) < self.sample_limit:
                self.samples.append(rejected)
        self.data += data

    def join(self, more: Rejects) -> None:
        """Add the pieces that follow."""
        self.reasons.update(more.reasons)
        self.samples += more.samples[: self.sample_limit - len(self.samples)]
        self.data += more.data


class RemoteIntake(Intake):
    """An intake that forwards rejected pieces, to be counted and written by another one."""

    __slots__ = ("_keeps_bytes", "_pass_on")

    def __init__(
        self,
        stats: ReadStats,
        pass_on: Callable[[Rejected | None, bytes], None],
        *,
        keeps_bytes: bool,
        sizes: ReadSizes,
    ) -> None:
        super().__init__(stats, sizes=sizes)
        self._pass_on = pass_on
        self._keeps_bytes = keeps_bytes

    def begin(self, rejected: Rejected) -> None:
        """Forward a rejected piece. Its bytes go to `keep`."""
        self._pass_on(rejected, b"")

    def keep(self, data: bytes) -> None:
        """Forward bytes of a rejected piece."""
        if self._keeps_bytes:
            self._pass_on(None, data)
