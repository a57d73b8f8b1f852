"""The nodes that decisions are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eqlite.decision_graph.field_index import FieldAtoms
from eqlite.decision_graph.formulas import Formula

Get = Callable[[Any], Any]
"""Returns from a struct what a node asks for: a value, or a tuple of those of several fields."""


class Node:
    """Where a document stands after some fields are known: all that is needed to lead it on, and little else.

    Attributes:
        get: returns what the node asks for from a struct; None where nothing is left to ask of every document.
        ask: makes of it what the next node is found by; None where it is found by what `get` returns.
        known: where `ask` tells which atoms hold, and maybe others, what it needs not be asked about: values with all
            atoms that hold for them; `mask` are those that matter. None where `ask` tells something else.
        ways: the next nodes: by values, by which atoms hold, or by whether all fields are absent.
        rest: where what is left only matters if somebody waits for it: for whom, as bits.
        answer: what somebody made of a last node, who wants it again.
        state: what is known and open here.
    """

    __slots__ = ("answer", "ask", "get", "known", "mask", "rest", "state", "ways")

    def __init__(self, state: State) -> None:
        self.get: Get | None = None
        self.ask: Callable[[Any], Any] | None = None
        self.known: Mapping[Any, int] | None = None
        self.mask = 0
        self.ways: dict[Any, Node] = {}
        self.rest = 0
        self.answer: Any = None
        self.state = state


class State:
    """What is known and open at a node: for the builder of the edges from there.

    Attributes:
        held: the numbers of the conditions that are known to hold.
        undecided: the conditions that are not decided, with what is left of each.
        needed: the atoms of each field that they are about, by the field's number; None until somebody asks.
        fields: the fields that the node asks for; empty where there is nothing to ask, or nobody waited for it yet.
            Several only where they have few values, or where all of them are expected to be absent.
        masks: the atoms of each field that are asked for.
        bits: the next nodes by which atoms hold; the node's ways where values are not remembered.
        is_about_absence: whether it asks for nothing but whether all the fields are absent.
        further: `get` of a node with a rest.
    """

    __slots__ = ("bits", "fields", "further", "held", "is_about_absence", "masks", "needed", "undecided")

    def __init__(self, held: tuple[int, ...], undecided: tuple[tuple[int, Formula], ...]) -> None:
        self.held = held
        self.undecided = undecided
        self.needed: dict[int, int] | None = None
        self.fields: tuple[FieldAtoms, ...] = ()
        self.masks: tuple[int, ...] = ()
        self.bits: dict[Any, Node] = {}
        self.is_about_absence = False
        self.further: Get | None = None
