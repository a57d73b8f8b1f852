"""The nodes that decisions are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eqlite.backends.shared.atoms import FieldAtoms
from eqlite.backends.shared.formulas import Formula

Step = Callable[[Any, "Node"], "Node"]
"""Returns the next node for a struct at a node; raises KeyError where there is no way for such values yet."""


class Node:
    """Where a document stands after some fields are known: all that is needed to lead it on, and little else.

    Attributes:
        step: leads to the next node; None where nothing is left to ask of every document.
        get: returns what `step` looks at from a struct.
        ways: the next nodes, by what `step` looks up: values, which atoms hold, or whether all fields are absent.
        ask: tells which atoms hold, and maybe others, where values are not remembered; `mask` are those that matter,
            and `known` tells all of them of some values.
        expected: what `get` returns if all the fields are absent, for a node that asks for that alone; else None.
        rest: where what is left only matters if somebody waits for it: for whom, as bits.
        answer: what somebody made of a last node, who wants it again.
        state: what is known and open here.
    """

    __slots__ = ("answer", "ask", "expected", "get", "known", "mask", "rest", "state", "step", "ways")

    get: Callable[[Any], Any]
    ask: Callable[[Any], int]
    known: Mapping[Any, int]

    def __init__(self, state: State) -> None:
        self.step: Step | None = None
        self.ways: dict[Any, Node] = {}
        self.mask = 0
        self.expected: Any = None
        self.rest = 0
        self.answer: Any = None
        self.state = state


class State:
    """What is known and open at a node: for whoever makes ways from there.

    Attributes:
        held: the numbers of the conditions that are known to hold.
        undecided: the conditions that are not decided, with what is left of each.
        needed: the atoms of each field that they are about, by the field's number; None until somebody asks.
        fields: the fields that the node asks for; empty where there is nothing to ask, or nobody waited for it yet.
            Several only where they have few values, or where all of them are expected to be absent.
        masks: the atoms of each field that are asked for.
        bits: the next nodes by which atoms hold; the node's ways where values are not remembered.
        further: the step from a node with a rest.
    """

    __slots__ = ("bits", "fields", "further", "held", "masks", "needed", "undecided")

    def __init__(self, held: tuple[int, ...], undecided: tuple[tuple[int, Formula], ...]) -> None:
        self.held = held
        self.undecided = undecided
        self.needed: dict[int, int] | None = None
        self.fields: tuple[FieldAtoms, ...] = ()
        self.masks: tuple[int, ...] = ()
        self.bits: dict[Any, Node] = {}
        self.further: Step | None = None
