"""A shorter way through a parser's tables.

The grammar has a rule for each level of precedence, and most operands go through all of them to no effect: a text in a
list is a signed value, a product, a sum, a comparison … Two thirds of all reductions pass a value on like that. The
tables made here go without: the state in which such a rule ends is joined with the one that would follow.

A sound text gives the same tree, any other one an error. Only the given tables name the tokens that could stand in its
place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = Mapping[str, tuple[Any, Any]]
"""What to do in a state: for each symbol an action with the number of the state to enter, or the rule that ends."""


def shorten(states: Mapping[int, Row], detours: Mapping[object, str]) -> dict[int, Row]:
    """Return the rows of an LR parser for the same language in which no rule ends that is a detour.

    Args:
        states: its rows, by numbers from 0.
        detours: the rules of one symbol whose value is that symbol's, with the name of what they make.
    """
    rows = [states[number] for number in range(len(states))]
    ending = [_only_detour(row, detours) for row in rows]
    joined: dict[tuple[int, ...], int] = {}

    def enter(below: int, state: int) -> int:
        """Return the state to enter in place of one, on top of the state below."""
        chain = [state]
        while (rule := ending[chain[-1]]) is not None:
            chain.append(rows[below][detours[rule]][1])
        if len(chain) == 1:
            return state
        number = joined.setdefault(tuple(chain), len(rows))
        if number == len(rows):
            row: Row = {}
            for link in reversed(chain):  # each has its say, but for where its rule ends
                row = {**row, **{symbol: do for symbol, do in rows[link].items() if do[1] is not ending[link]}}
            rows.append(row)
        return number

    return {
        number: {symbol: (do, enter(number, to) if isinstance(to, int) else to) for symbol, (do, to) in row.items()}
        for number, row in enumerate(rows)  # to which `enter` adds
    }


def _only_detour(row: Row, detours: Mapping[object, str]) -> object | None:
    """Return the only detour that ends in a state, or None if there is none or several."""
    rules = {target for _, target in row.values() if target in detours}
    return rules.pop() if len(rules) == 1 else None
