"""The nodes that decisions are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eqlite.backends.shared.atoms import FieldAtoms
from eqlite.backends.shared.formulas import Formula


class Node:
    """What is open after some fields are known.

    Attributes:
        fields: the fields to ask for next; empty where nothing is left to ask. Several only where they have few values,
            or where all of them are expected to be absent.
        get: returns the fields' values from a struct.
        values, bits: the next node, by value and by which atoms hold.
        masks: the atoms of each field that are asked for.
        ask: tells them, and maybe others, where values are not remembered; `mask` are those of the one field then.
        expected: what `get` returns if all the fields are absent, for a node that asks for that alone.
        absent, present: the next node then and otherwise.
        undecided: the conditions that are not decided, with what is left of each.
        needed: the atoms of each field that they are about, by the field's number; None until somebody asks.
        held: the numbers of the conditions that are known to hold.
        answer: what somebody made of a last node, who wants it again.
    """

    __slots__ = (
        "absent",
        "answer",
        "ask",
        "bits",
        "expected",
        "fields",
        "get",
        "held",
        "mask",
        "masks",
        "needed",
        "present",
        "undecided",
        "values",
    )  # fmt: skip

    def __init__(self, held: tuple[int, ...], undecided: tuple[tuple[int, Formula], ...]) -> None:
        self.held = held
        self.undecided = undecided
        self.needed: dict[int, int] | None = None
        self.fields: tuple[FieldAtoms, ...] = ()
        self.get: Callable[[Any], Any] | None = None
        self.ask: Callable[[Any], int] | None = None
        self.masks: tuple[int, ...] = ()
        self.mask = 0
        self.values: dict[Any, Node] = {}
        self.bits: dict[Any, Node] = {}
        self.expected: tuple[Any, ...] | None = None
        self.absent: Node | None = None
        self.present: Node | None = None
        self.answer: Any = None
