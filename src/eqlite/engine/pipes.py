"""`head`, `tail` and the size of a request, put together to one cut through the ordered results.

Source: eql-semantics 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

from eqlite.plan import Limit

Item = TypeVar("Item")
Position = Literal["head", "tail"]


def cut(items: Sequence[Item], limits: Sequence[Limit], size: int | None, result_position: Position) -> list[Item]:
    """Return the items that are left, in their order.

    `size` counts as a limit before the first pipe, from that pipe's end; without pipes from the end that
    `result_position` names. None is no limit.

    >>> cut([1, 2, 3, 4, 5], [Limit("head", 4), Limit("tail", 2)], None, "tail")
    [3, 4]
    """
    steps = list(limits)
    if size is not None:
        steps.insert(0, Limit(limits[0].end if limits else result_position, size))
    kept = list(items)
    for step in steps:
        start = 0 if step.end == "head" else max(0, len(kept) - step.count)
        kept = kept[start : start + step.count]
    return kept
