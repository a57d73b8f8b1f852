"""Making nodes: what is left once a field is known, and what to ask next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from operator import eq
from typing import Any

from eqlite.decision_graph.field_index import FieldAtoms
from eqlite.decision_graph.formulas import Formula, Formulas
from eqlite.decision_graph.nodes import Get, Node, State
from eqlite.decision_graph.value_cache import key_of
from eqlite.events.projection import Structs

Undecided = tuple[tuple[int, Formula], ...]

_WEIGHT_OF_A_FINDER = 10
"""It takes as much memory as so many ways."""
_DIRECT_COST = 3.0
_MANY_OPEN = 300


class NodeMaker:
    """Makes nodes, each once.

    Attributes:
        struct: the document in hand, from which a new node learns what to expect; None where it is no struct.
        count: how many nodes there are.
        weight: how much memory finders take, in ways.
    """

    def __init__(
        self, formulas: Formulas, fields: Sequence[FieldAtoms], structs: Structs, awaiting: Sequence[int]
    ) -> None:
        """Begin; `awaiting` tells for each condition who waits for it, 0 where it always matters."""
        self._formulas = formulas
        self._fields = fields
        self._structs = structs
        self._awaiting = awaiting
        self._made: dict[object, Node] = {}
        self.struct: Any = None
        self.count = self.weight = 0

    def start(self, conditions: Sequence[Formula], known: Mapping[int, int], first: Sequence[FieldAtoms]) -> Node:
        """Return the node for all conditions, some fields being known; it asks first for some others at once."""
        node = self.node(*self._left((), enumerate(conditions), known))
        asked = masks_of(node.state.undecided)
        together = tuple(field for field in first if field.number in asked)
        if len(together) > 1:
            self._ask(node, together)
        else:
            self._ask_one(node)
        return node

    def node(self, held: tuple[int, ...], undecided: Undecided) -> Node:
        """Return a node that does not ask yet; it has a rest if nothing is left that always matters."""
        node = Node(State(held, undecided))
        node.rest = all_bits(self._awaiting[condition] for condition, _ in undecided)
        return node

    def after(self, state: State, known: Mapping[int, int]) -> Node:
        """Return the node for what is left once some fields are known by which of their atoms hold."""
        key = self._left(state.held, state.undecided, known)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self.node(*key)
            self.count += 1
            if not made.rest:
                self._ask_next(made)
        return made

    def present(self, node: Node) -> Node:
        """Return where a node that expects fields to be absent leads if not all of them are."""
        present = node.ways.get(False)
        if present is None:
            present = node.ways[False] = self.node(node.state.held, node.state.undecided)
            self._ask_one(present)
            self.count += 1
        return present

    def ask_further(self, node: Node, struct: Any) -> Get:
        """Let a node with a rest ask for it, and return how."""
        self.struct = struct
        self._ask_next(node)
        assert node.state.further is not None
        return node.state.further

    def find_directly(self, node: Node, field: FieldAtoms) -> None:
        """Let a node ask which atoms hold for a field, since it remembers its values in vain."""
        node.ways = node.state.bits
        node.mask = node.state.masks[0]
        node.ask, node.known = field.asker(node.mask)
        self.weight += _WEIGHT_OF_A_FINDER

    def value(self, field: FieldAtoms) -> Any:
        """Return the value of a field in the document in hand."""
        return self._structs.getter(field.path)(self.struct)

    def clear(self) -> None:
        """Forget all nodes."""
        self._made.clear()
        self.count = self.weight = 0

    def _left(
        self, held: tuple[int, ...], undecided: Iterable[tuple[int, Formula]], known: Mapping[int, int]
    ) -> tuple[tuple[int, ...], Undecided]:
        """Return what holds and what is undecided once it is known which atoms of some fields hold."""
        decide, true, false = self._formulas.decide, self._formulas.true, self._formulas.false
        now_held, left = list(held), []
        only = next(iter(known)) if len(known) == 1 else None
        for condition, formula in undecided:
            if only is not None:
                formula = decide(formula, only, known[only])
            else:
                for number in known.keys() & formula.fields.keys():
                    formula = decide(formula, number, known[number])
            if formula is true:
                now_held.append(condition)
            elif formula is not false:
                left.append((condition, formula))
        return tuple(sorted(now_held)), tuple(left)

    def _ask_next(self, node: Node) -> None:
        if len(node.state.undecided) > _MANY_OPEN or not self._ask_absent(node):
            self._ask_one(node)

    def _ask_absent(self, node: Node) -> bool:
        """Let a node ask at once for all the fields that the document in hand does not have, if they are several."""
        state = node.state
        if self.struct is None:
            return False
        numbers = dict.fromkeys(number for _, formula in state.undecided for number in formula.fields)
        absent = [self._fields[number] for number in numbers if self.value(self._fields[number]) is None]
        if len(absent) < 2:
            return False
        paths, expected = self._structs.absence(self.struct, [field.path for field in absent])
        if len(paths) == 1:
            paths, expected = paths * 2, expected * 2  # so that they are a tuple
        state.fields = tuple(absent)
        state.is_about_absence = True
        node.ask = partial(eq, expected)
        node.ways[True] = self.after(state, {field.number: 0 for field in absent})
        _lead(node, self._structs.getter(*paths))
        return True

    def _ask_one(self, node: Node) -> None:
        """Let a node ask for the field that decides most of what is undecided: of what always matters, if any does."""
        undecided = node.state.undecided
        always = [formula for condition, formula in undecided if not self._awaiting[condition]]
        gains = gains_of(always or [formula for _, formula in undecided])
        best, most = None, 0.0
        for number, gain in gains.items():
            field = self._fields[number]
            if field.is_direct:
                gain /= _DIRECT_COST
            if gain > most or (gain == most and best is not None and number < best.number):
                best, most = field, gain
        if best is not None:
            self._ask(node, (best, *self._with(best, gains)))

    def _with(self, field: FieldAtoms, gains: Mapping[int, float]) -> list[FieldAtoms]:
        """Return what to ask for together with a field: of the others with few values those that the document has."""
        if self.struct is None:
            return []
        others = [self._fields[number] for number in sorted(field.together & gains.keys()) if number != field.number]
        return [other for other in others if self.value(other) is not None]

    def _ask(self, node: Node, fields: tuple[FieldAtoms, ...]) -> None:
        state = node.state
        masks = masks_of(state.undecided)
        state.fields = fields
        state.masks = tuple(masks[field.number] for field in fields)
        _lead(node, self._structs.getter(*(field.path for field in fields)))
        if len(fields) == 1:
            if fields[0].is_direct:
                self.find_directly(node, fields[0])
            elif not self._structs.holds_texts(fields[0].path):
                node.ask = key_of


def all_bits(awaiting: Iterable[int]) -> int:
    """Return the bits of all who wait for some conditions; 0 where one of them always matters, or there are none."""
    together = 0
    for bits in awaiting:
        if not bits:
            return 0
        together |= bits
    return together


def gains_of(formulas: Iterable[Formula]) -> dict[int, float]:
    """Return for each field how much knowing it says about some formulas."""
    gains: dict[int, float] = {}
    for formula in formulas:
        for number, weight in formula.weights:
            gains[number] = gains.get(number, 0.0) + weight
    return gains


def masks_of(undecided: Undecided) -> dict[int, int]:
    """Return for each field the atoms that formulas are about."""
    masks: dict[int, int] = {}
    for _, formula in undecided:
        for number, mask in formula.fields.items():
            masks[number] = masks.get(number, 0) | mask
    return masks


def _lead(node: Node, get: Get) -> None:
    if node.rest:
        node.state.further = get
    else:
        node.get = get
