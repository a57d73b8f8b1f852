"""The nodes that decisions are made of."""

from __future__ import annotations

from typing import Any

from eqlite.backends.shared.atoms import FieldAtoms
from eqlite.backends.shared.formulas import Formula
from eqlite.backends.shared.steps import Step


class Node:
    """What is open after some fields are known.

    Attributes:
        step: leads a struct to the next node; None where nothing is left to ask.
        fields: the fields that it asks for. Several only where they have few values, or where all of them are expected
            to be absent.
        masks: the atoms of each field that are asked for; `mask` are those of the one field where values are not
            remembered.
        ways: the next nodes, by what `step` looks up: values, which atoms hold, or whether all fields are absent.
        bits: the next nodes by which atoms hold; the same as `ways` where values are not remembered.
        expects_absence: it only asks whether all its fields are absent.
        undecided: the conditions that are not decided, with what is left of each.
        needed: the atoms of each field that they are about, by the field's number; None until somebody asks.
        held: the numbers of the conditions that are known to hold.
        answer: what somebody made of a last node, who wants it again.
    """

    __slots__ = (
        "answer",
        "bits",
        "expects_absence",
        "fields",
        "held",
        "mask",
        "masks",
        "needed",
        "step",
        "undecided",
        "ways",
    )  # fmt: skip

    def __init__(self, held: tuple[int, ...], undecided: tuple[tuple[int, Formula], ...]) -> None:
        self.held = held
        self.undecided = undecided
        self.step: Step | None = None
        self.fields: tuple[FieldAtoms, ...] = ()
        self.masks: tuple[int, ...] = ()
        self.mask = 0
        self.ways: dict[Any, Node] = {}
        self.bits: dict[Any, Node] = {}
        self.expects_absence = False
        self.needed: dict[int, int] | None = None
        self.answer: Any = None
