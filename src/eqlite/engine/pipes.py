"""`head`, `tail` and the size of a request, folded to one window on the ordered results.

Source: eql-semantics 10, eql-settled A4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from eqlite.plan import Limit

Item = TypeVar("Item")
Position = Literal["head", "tail"]


@dataclass(frozen=True, slots=True)
class Window:
    """The results asked for: `count` of them from an end, after `offset` others.

    Pipes are folded without regard to the number of results: `head 10 | tail 3` asks for the eighth to the tenth,
    even if there are fewer.

    >>> Window("head", 3, 7).of_events(range(8)), Window("head", 3, 7).of_sequences(range(8))
    ([7], [5, 6, 7])
    """

    end: Position
    count: int
    offset: int = 0

    @property
    def total(self) -> int:
        """Return the number of results from the end that matter."""
        return self.count + self.offset

    def of_events(self, items: Sequence[Item]) -> list[Item]:
        """Return the events asked for, in their order: offset and size of a search."""
        if self.end == "head":
            return list(items[self.offset : self.total])
        return list(items[max(0, len(items) - self.total) : max(0, len(items) - self.offset)])

    def of_sequences(self, items: Sequence[Item]) -> list[Item]:
        """Return the sequences asked for. If there are fewer than `total`, the last `count` as seen from the end."""
        if len(items) >= self.total or not self.count:
            return self.of_events(items) if self.count else []
        if len(items) <= self.count:
            return list(items)
        return list(items[-self.count :] if self.end == "head" else items[: self.count])


def folded(limits: Sequence[Limit], size: int | None, result_position: Position) -> Window | None:
    """Return the window that pipes and the size of a request ask for, None for all results.

    `size` counts as a limit before the first pipe, from that pipe's end; without pipes from the end that
    `result_position` names. Of two limits from the same end the smaller counts. One from the other end cuts if it is
    smaller, and has no effect otherwise.

    >>> folded([Limit("head", 10), Limit("tail", 3)], None, "tail")
    Window(end='head', count=3, offset=7)
    """
    steps = list(limits)
    if size is not None:
        steps.insert(0, Limit(limits[0].end if limits else result_position, size))
    if not steps:
        return None
    end, count, offset = steps[0].end, steps[0].count, 0
    for step in steps[1:]:
        if step.count < count:
            offset += 0 if step.end == end else count - step.count
            count = step.count
    return Window(end, count, offset)
