"""One rule that joins events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from eqlite.engine.order import NO_TIME
from eqlite.engine.search import Search
from eqlite.engine.sequences import Found, SequenceMatcher
from eqlite.events.references import Kept
from eqlite.execution.correlation.deferred_starts import Notebook
from eqlite.execution.event_cursor import Clock, Reading
from eqlite.execution.extractors import KeyReader


@dataclass(slots=True, eq=False)
class JoiningRule:
    """One rule; it has a matcher from when on events go into it in order. `bit` stands for it.

    Its matcher was not told yet of what is noted in its book.

    Attributes:
        begins: the stages with which something begins.
    """

    search: Search[Kept]
    clock: Clock
    begins: frozenset[int]
    tell: Callable[[str], None]
    bit: int
    book: Notebook = field(default_factory=Notebook)
    matcher: SequenceMatcher[Kept] | None = None
    found: list[Found[Kept]] = field(default_factory=list)

    def oldest_ns(self, now_ns: int) -> int:
        """Return the time before which nothing counts any more that begins a sequence."""
        maxspan_ns = None if self.matcher is None else self.matcher.maxspan_ns
        return -NO_TIME if maxspan_ns is None else now_ns - maxspan_ns

    def is_due(self, matcher: SequenceMatcher[Kept]) -> bool:
        """Return whether it is time to look for what has become too old."""
        return matcher.next_sweep_ns is None or self.clock.now_ns >= matcher.next_sweep_ns

    def passes_by(self, reading: Reading, reader: KeyReader) -> bool:
        """Tell at once of an event that meets a later stage that it continues nothing; False says nothing."""
        matcher, struct = self.matcher, reading.struct
        if matcher is None or struct is None or self.book.notes or self.is_due(matcher):
            return False
        keys = reader.read_at_once(struct)
        return keys is not None and not (keys and keys[0] in matcher.states)
