"""Many conditions at once: which of them hold for a document, by asking only what an undecided one still needs.

The conditions are put as formulas over atoms. A **node** stands for what is still open after some fields are known; it
asks for one more field, and the value leads on to the next node. Nodes are made as documents come to them, as the
states of RE2's automata are: what has been seen is a look-up the next time. Where nobody has been, what is open is
asked directly; only who comes a second time makes a node.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from eqlite import plan
from eqlite.backends.python.codegen import MAX_DEPTH, MAX_LEAVES, depth, is_in_line
from eqlite.backends.shared.atoms import FieldAtoms
from eqlite.backends.shared.formulas import Formula, Formulas, holds
from eqlite.backends.shared.memory import is_short
from eqlite.backends.shared.nodes import Node
from eqlite.backends.shared.sample import KeysSeen, Sample
from eqlite.backends.shared.steps import Steps, key_of
from eqlite.backends.shared.structs import Structs, fitting
from eqlite.fields import raw_values

Document = Mapping[str, Any]

MAX_NODES = 25_000
MAX_STEPS = 100_000
"""Nodes, and ways from node to node, that are kept; beyond, all are dropped and made anew as documents ask for them."""
_STEPS_OF_A_FINDER = 10
_DIRECT_COST = 3.0
_FIRST_FIELDS = 6
_MOST_VALUES_TOGETHER = 10_000
_MANY_OPEN = 300


class Decisions:
    """The conditions, and the nodes made so far. Not for several threads at once.

    Attributes:
        structs: the types that documents are decoded into.
        numbers: for each formula the numbers of the conditions that are put so; nodes speak of formulas.
        restarts: how often all nodes were dropped.
    """

    def __init__(self, conditions: Sequence[plan.Condition], also_read: Collection[str] = ()) -> None:
        """Take the conditions, and the paths of fields that structs are to hold besides those."""
        paths = {field.path for condition in conditions for field in plan.condition_fields(condition)}
        self._fitting = fitting(paths | set(also_read))
        self._fields: list[FieldAtoms] = []
        self._by_path: dict[str, FieldAtoms] = {}
        self._formulas = Formulas()
        numbers: dict[Formula, list[int]] = {}
        for number, condition in enumerate(conditions):
            numbers.setdefault(self._formula(condition), []).append(number)
        self._whole = tuple(numbers)
        self.numbers = tuple(map(tuple, numbers.values()))
        first = self._first_fields()
        self._first = tuple(self._by_path[path] for path in first)
        self.structs = Structs(self._fitting.intersection({*self._by_path, *also_read}), first, also_read)
        self.restarts = 0
        self._made_steps = Steps()
        self._nodes = self._steps = 0
        self._interned: dict[object, Node] = {}
        self._gone_once: set[int] = set()
        self._struct: Any = None
        self._begin()

    def new_sample(self) -> Sample:
        """Return a sample for the documents that come first."""
        return Sample(self._by_path)

    def expect(self, sample: Sample) -> None:
        """Expect documents to be like those of a sample: it makes the work faster, and changes no answer."""
        gains = _gains(enumerate(self._whole))
        alike = [field for field in self._fields if field.kind is not None and sample.holds(field.path, field.kind)]
        alike.sort(key=lambda field: (-gains.get(field.number, 0.0), field.number))
        for field in self._fields:
            field.together = frozenset()
        for group in sample.groups(field.path for field in alike):
            numbers = frozenset(self._by_path[path].number for path in group)
            for path in group:
                self._by_path[path].together = numbers
        texts = {field.path for field in alike if field.together and field.kind is str}
        booleans = {field.path for field in alike if field.together and field.kind is bool}
        self.structs.expect(sample.keys, texts.union(field.path for field in self._first), booleans)
        self._restart()

    def meet(self, seen: KeysSeen, *, are_alike: bool) -> None:
        """Expect documents to have these keys; see `Structs.meet`."""
        self.structs.meet(seen, are_alike=are_alike)
        self._begin()

    def _formula(self, condition: plan.Condition) -> Formula:
        if sum(1 for _ in plan.leaves(condition)) > MAX_LEAVES or depth(condition) > MAX_DEPTH:
            return self._formulas.opaque(condition)
        return self._formulas.of(condition, self._atom_of)

    def _atom_of(self, leaf: plan.Condition) -> tuple[int, int] | None:
        if not is_in_line(leaf) or leaf.field.path not in self._fitting:  # type: ignore[union-attr]
            return None
        path = leaf.field.path  # type: ignore[union-attr]
        atoms = self._by_path.get(path)
        if atoms is None:
            atoms = self._by_path[path] = FieldAtoms(len(self._fields), path)
            self._fields.append(atoms)
        return atoms.number, atoms.place_of(None if isinstance(leaf, plan.Exists) else leaf.test)  # type: ignore[union-attr]

    def _first_fields(self) -> list[str]:
        """Return the fields that decide most, of those that hold texts only: they are asked for at once."""
        gains = _gains(enumerate(self._whole))
        first = [
            self._fields[number].path
            for number, gain in sorted(gains.items(), key=lambda item: (-item[1], item[0]))
            if gain > len(self._whole) / 20 and self._fields[number].has_texts_only
        ]
        return first[:_FIRST_FIELDS]

    def _begin(self) -> None:
        """Make the nodes at which walks begin: for documents like those that came before, and for others."""
        self.root = self._start(())
        self._alike = self.structs.alike
        self._alike_root = self._start(self.structs.absent) if self._alike is not None else self.root

    def _start(self, absent: Collection[str]) -> Node:
        """Return a first node for documents that do not have some fields."""
        known = {self._by_path[path].number: 0 for path in absent if path in self._by_path}
        node = Node(*self._left((), enumerate(self._whole), known))
        asked = _masks(node.undecided)
        first = tuple(field for field in self._first if field.number in asked)
        if len(first) > 1:
            self._ask(node, first)
        else:
            self._ask_one(node)
        return node

    # --- walking ---------------------------------------------------------------------------------------------------

    def walk(self, struct: Any) -> Node:
        """Return the last node for a document that was decoded into a struct."""
        node = self._alike_root if struct.__class__ is self._alike else self.root
        while True:
            try:
                while (step := node.step) is not None:
                    node = step(struct, node)
                return node
            except KeyError:
                node = self._make_way(node, struct)

    def walk_document(self, document: Document) -> Node:
        """Return the last node for a document of any shape."""
        self._struct = None
        node = self.root
        while node.fields:
            values = [_raw_value(document, field.path) for field in node.fields]
            if node.expects_absence:
                node = node.ways[True] if values.count(None) == len(values) else self._present(node)
                continue
            found = zip(node.fields, node.masks, values, strict=True)
            bits = tuple(field.finder(mask).find(value) & mask for field, mask, value in found)
            following = self._by_bits(node, bits if len(bits) > 1 else bits[0])
            if following is None:
                return self._directly(node, lambda field: _raw_value(document, field.path))
            node = following
        return node

    def _make_way(self, node: Node, struct: Any) -> Node:
        """Make the way from a node that a struct takes as the first one."""
        self._struct = struct  # what a new node expects of documents, it learns from this one
        if node.expects_absence:
            return self._present(node)
        values = tuple([self._value(field) for field in node.fields])
        if len(values) > 1:
            following = self._step_by_several(node, values)
        elif node.ways is node.bits:
            ask, _ = node.fields[0].asker(node.mask)
            following = self._by_bits(node, ask(values[0]) & node.mask)
        else:
            following = self._step_by_value(node, values[0])
        if following is None:
            return self._directly(node, self._value)
        return following

    def _step_by_value(self, node: Node, value: Any) -> Node | None:
        field, key = node.fields[0], key_of(value)
        following = self._by_bits(node, field.bits_of(key, value) & node.masks[0])
        if field.is_direct:
            self._steps -= len(node.ways)
            self._find_directly(node, field)
        elif following is not None and is_short(key):
            node.ways[key] = following
            self._steps += 1
        return following

    def _step_by_several(self, node: Node, values: tuple[Any, ...]) -> Node | None:
        asked = zip(node.fields, node.masks, values, strict=True)
        following = self._by_bits(node, tuple(field.bits_of(value, value) & mask for field, mask, value in asked))
        if following is not None and all(map(is_short, values)):
            if len(node.ways) >= _MOST_VALUES_TOGETHER:
                self._steps -= len(node.ways)
                node.ways.clear()
            same = tuple(field.same(value) for field, value in zip(node.fields, values, strict=True))
            node.ways[same] = following
            self._steps += 1
        return following

    # --- making nodes ----------------------------------------------------------------------------------------------

    def _by_bits(self, node: Node, bits: Any) -> Node | None:
        """Return where a node leads; None the first time, since very many ways are never gone again."""
        following = node.bits.get(bits)
        if following is None:
            way = hash((id(node), bits))
            if way not in self._gone_once:
                if len(self._gone_once) >= MAX_STEPS:
                    self._gone_once.clear()
                self._gone_once.add(way)
                return None
            if self._nodes > MAX_NODES or self._steps > MAX_STEPS:
                self._restart()
                self.restarts += 1
            several = bits if len(node.fields) > 1 else (bits,)
            numbers = [field.number for field in node.fields]
            following = node.bits[bits] = self._after(node, dict(zip(numbers, several, strict=True)))
            self._steps += 1
        return following

    def _directly(self, node: Node, value_of: Callable[[FieldAtoms], Any]) -> Node:
        """Return the last node for a document that came to a node, without making those in between."""
        if node.needed is None:
            node.needed = _masks(node.undecided)
        masks = node.needed
        values: dict[int, Any] = {}
        found: dict[int, int | None] = {}

        def bits_of(number: int, mask: int) -> int:
            field = self._fields[number]
            if number not in found:
                values[number] = value_of(field)
                found[number] = field.bits_at_hand(masks[number], values[number])
            bits = found[number]
            return field.bits_one_by_one(mask, values[number]) if bits is None else bits

        answers = [(condition, formula, holds(formula, bits_of)) for condition, formula in node.undecided]
        held = [condition for condition, _, answer in answers if answer]
        opaque = [(condition, formula) for condition, formula, answer in answers if answer is None]
        return Node(tuple(sorted((*node.held, *held))), tuple(opaque))

    def _present(self, node: Node) -> Node:
        """Return where a node that expects fields to be absent leads if not all of them are."""
        present = node.ways.get(False)
        if present is None:
            present = node.ways[False] = Node(node.held, node.undecided)
            self._ask_one(present)
            self._nodes += 1
        return present

    def _left(
        self, held: tuple[int, ...], undecided: Iterable[tuple[int, Formula]], known: Mapping[int, int]
    ) -> tuple[tuple[int, ...], tuple[tuple[int, Formula], ...]]:
        """Return what holds and what is undecided once it is known which atoms of some fields hold."""
        decide, true, false = self._formulas.decide, self._formulas.true, self._formulas.false
        now_held, left = list(held), []
        for condition, formula in undecided:
            for number in known.keys() & formula.fields.keys():
                formula = decide(formula, number, known[number])
            if formula is true:
                now_held.append(condition)
            elif formula is not false:
                left.append((condition, formula))
        return tuple(sorted(now_held)), tuple(left)

    def _after(self, node: Node, known: Mapping[int, int]) -> Node:
        """Return the node for what is left once some fields are known by which of their atoms hold."""
        key = self._left(node.held, node.undecided, known)
        made = self._interned.get(key)
        if made is None:
            made = self._interned[key] = Node(*key)
            self._nodes += 1
            if len(made.undecided) > _MANY_OPEN or not self._ask_absent(made):
                self._ask_one(made)
        return made

    def _ask_absent(self, node: Node) -> bool:
        """Let a node ask at once for all the fields that the document in hand does not have, if they are several."""
        if self._struct is None:
            return False
        numbers = dict.fromkeys(number for _, formula in node.undecided for number in formula.fields)
        absent = [self._fields[number] for number in numbers if self._value(self._fields[number]) is None]
        if len(absent) < 2:
            return False
        node.fields = tuple(absent)
        node.expects_absence = True
        node.ways[True] = self._after(node, {field.number: 0 for field in absent})
        expected = self.structs.absence(self._struct, [field.path for field in absent])
        node.step = self._made_steps.by_absence(expected)
        return True

    def _value(self, field: FieldAtoms) -> Any:
        return self.structs.getter(field.path)(self._struct)

    def _ask_one(self, node: Node) -> None:
        """Let a node ask for the field that decides most of what is undecided."""
        gains = _gains(node.undecided)
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
        if self._struct is None:
            return []
        others = [self._fields[number] for number in sorted(field.together & gains.keys()) if number != field.number]
        return [other for other in others if self._value(other) is not None]

    def _ask(self, node: Node, fields: tuple[FieldAtoms, ...]) -> None:
        node.fields = fields
        masks = _masks(node.undecided)
        node.masks = tuple(masks[field.number] for field in fields)
        attributes = [self.structs.attributes[field.path] for field in fields]
        if len(fields) > 1:
            node.step = self._made_steps.by_row(attributes)
        elif fields[0].is_direct:
            self._find_directly(node, fields[0])
        else:
            node.step = self._made_steps.by_value(attributes[0])

    def _find_directly(self, node: Node, field: FieldAtoms) -> None:
        node.ways = node.bits
        node.mask = node.masks[0]
        node.step = self._made_steps.by_atoms(self.structs.attributes[field.path], *field.asker(node.mask))
        self._steps += _STEPS_OF_A_FINDER  # which takes as much memory

    def _restart(self) -> None:
        """Drop all nodes."""
        self._interned.clear()
        self._gone_once.clear()
        self._formulas.clear(self._whole)
        self._made_steps.clear()
        for field in self._fields:
            field.clear()
        self._nodes = self._steps = 0
        self._begin()


def _gains(undecided: Iterable[tuple[int, Formula]]) -> dict[int, float]:
    """Return for each field how much knowing it says about the formulas."""
    gains: dict[int, float] = {}
    for _, formula in undecided:
        for number, weight in formula.weights:
            gains[number] = gains.get(number, 0.0) + weight
    return gains


def _masks(undecided: Iterable[tuple[int, Formula]]) -> dict[int, int]:
    """Return for each field the atoms that formulas are about."""
    masks: dict[int, int] = {}
    for _, formula in undecided:
        for number, mask in formula.fields.items():
            masks[number] = masks.get(number, 0) | mask
    return masks


def _raw_value(document: Document, path: str) -> Any:
    values = raw_values(document, path)
    return values if len(values) > 1 else values[0] if values else None
