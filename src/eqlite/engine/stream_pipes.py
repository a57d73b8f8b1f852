"""The pipes of a query over a stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic

from eqlite.engine.pipes import Window, folded
from eqlite.engine.sequence_search import in_result_order, result_order
from eqlite.engine.sequences import Found, Link, Reference
from eqlite.engine.snapshot_form import SavedPipes
from eqlite.engine.snapshots import EventTable, decode_link
from eqlite.plan import Plan, SequenceQuery

_SPARE = 1_000


class StreamPipes(Generic[Reference]):
    """Holds the results that wait for the end of the stream, and counts those already given."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.window = folded(plan.limits, None, "tail")
        self._order = result_order(plan)
        self._has_missing = any(stage.missing for stage in plan.stages)
        self._given = 0
        self._limited: list[Found[Reference]] = []

    @property
    def waits(self) -> bool:
        """Return whether results were counted or held back."""
        return bool(self._given or self._limited)

    def give(self, found: list[Found[Reference]]) -> list[Found[Reference]]:
        """Return the results that are certain to pass the pipes. The others wait for `flush`."""
        window = self.window
        if window is None:
            return self._sorted(found)
        if self._gives_heads(window):
            found = self._sorted(found) if self._has_missing else found  # `head` cuts before it sorts
            found = found[: max(0, window.count - self._given)]
            self._given += len(found)
            return self._sorted(found)
        self._limited += found
        if len(self._limited) > 2 * window.total + _SPARE:
            is_sorted = window.end == "tail" or self._has_missing
            self._limited = self._sorted(self._limited) if is_sorted else self._limited
            self._limited = Window(window.end, window.total).of_events(self._limited)
        return []

    def flush(self) -> list[Found[Reference]]:
        """Return the results that waited for the end, and start counting again."""
        limited, self._limited, self._given = self._limited, [], 0
        if not limited or self.window is None:
            return []
        if isinstance(self._plan.query, SequenceQuery):
            return in_result_order(self._plan, limited, self.window)
        return self.window.of_events(self._sorted(limited))

    def may_matter(self, last: list[Link[Reference]]) -> list[Link[Reference]]:
        """Return those of the events without a time that the pipes may still ask for. They come after all others."""
        if self.window is None or len(last) <= 2 * self.window.total + _SPARE:
            return last
        return Window(self.window.end, self.window.total).of_events(sorted(last, key=lambda link: link.ordinal))

    def _sorted(self, found: list[Found[Reference]]) -> list[Found[Reference]]:
        return sorted(found, key=self._order) if len(found) > 1 else found

    def _gives_heads(self, window: Window) -> bool:
        """Return whether the pipes ask for the first results only, and results become certain in order."""
        query = self._plan.query
        trails = isinstance(query, SequenceQuery) and query.stages[-1].missing
        return not trails and window.end == "head" and not window.offset

    def dump(self, table: EventTable) -> dict[str, Any]:
        """Return the state as plain data."""
        limited = [
            [[None if link is None else table.link(link) for link in found.links], list(found.key)]
            for found in self._limited
        ]
        return {"given": self._given, "limited": limited}

    def load(self, saved: SavedPipes, events: Sequence[Reference]) -> None:
        """Add a state to what waits. `events` are those of the table."""
        self._given += saved["given"]
        for links, key in saved["limited"]:
            self._limited.append(Found(tuple(parts and decode_link(parts, events) for parts in links), tuple(key)))
