"""Tuning of runs and streams: sizes that change their speed and memory, never their answer."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from eqlite.events.intake import ReadSizes


@dataclass(frozen=True, slots=True)
class Tuning:
    """The sizes of the pieces in which a run works. Tests make them small.

    Attributes:
        reading: the sizes of what is read.
        range_bytes: the part of a large file that one worker process reads at a time.
        blocks_bytes: the lines of other input that are sent to a worker process at once.
        start_method: how worker processes start, None for the platform's own way. A forked one has the compiled rules,
            others get them pickled.
        events_between_sweeps: the number of events after which a correlator drops what has expired.
    """

    reading: ReadSizes = field(default_factory=ReadSizes)
    range_bytes: int = 1 << 23
    blocks_bytes: int = 1 << 20
    start_method: str | None = "fork" if sys.platform == "linux" else None
    events_between_sweeps: int = 1_024
