"""Which correlation rules wait for an event."""

from __future__ import annotations

from eqlite.execution.event_cursor import Clock


class Wanted:
    """What the rules that join events want to hear of; who asks about events looks here, and they change it.

    Attributes:
        bits: stands for the rules that wait for something: all, as long as nothing else is known.
        clock: by which the order of events is noted that no rule wants to hear of; None where all events that meet a
            stage are to be told.
    """

    __slots__ = ("bits", "clock")

    def __init__(self) -> None:
        self.bits = -1
        self.clock: Clock | None = None
