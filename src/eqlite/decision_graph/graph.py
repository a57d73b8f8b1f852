"""Many conditions at once: which of them hold for a document, by asking only what an undecided one still needs.

The conditions are put as formulas over atoms. A **node** stands for what is still open after some fields are known; it
asks for one more field, and the value leads on to the next node. Nodes are made as documents come to them, as the
states of RE2's automata are: what has been seen is a look-up the next time. Where nobody has been, what is open is
asked directly; only who comes a second time makes a node.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from eqlite import plan
from eqlite.decision_graph.builder import NodeMaker, all_bits, gains_of, masks_of
from eqlite.decision_graph.field_index import FieldAtoms
from eqlite.decision_graph.formulas import Formula, Formulas, holds
from eqlite.decision_graph.nodes import Node
from eqlite.decision_graph.statistics import Sample
from eqlite.decision_graph.value_cache import is_short, key_of
from eqlite.events.observed_keys import KeysSeen
from eqlite.events.projection import Structs, fitting
from eqlite.fields import raw_values
from eqlite.predicates.complexity import MAX_DEPTH, MAX_LEAVES, depth, reads_one_plain_field

Document = Mapping[str, Any]

MAX_NODES = 25_000
MAX_STEPS = 100_000
"""Nodes, and ways from node to node, that are kept; beyond, all are dropped and made anew as documents ask for them."""
_FIRST_FIELDS = 6
_MOST_VALUES_TOGETHER = 10_000


class Decisions:
    """The conditions, and the nodes made so far. Not for several threads at once.

    Attributes:
        structs: the types that documents are decoded into.
        numbers: for each formula the numbers of the conditions that are put so; nodes speak of formulas.
        root: where the way of a document begins that is not like those that came before.
        restarts: how often all nodes were dropped.
    """

    def __init__(
        self, conditions: Sequence[plan.Condition], also_read: Collection[str] = (), awaiting: Sequence[int] = ()
    ) -> None:
        """Take the conditions.

        Args:
            conditions: numbered from 0.
            also_read: the paths of fields that structs are to hold besides those of the conditions.
            awaiting: for each condition a bit for who waits for it now and then, and need not be told otherwise; 0 for
                a condition that always matters, as all do if nothing is said.
        """
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
        bits = awaiting or [0] * len(conditions)
        # A condition that needs the whole document may fail on it, which is counted: it always matters.
        self._awaiting = tuple(
            0 if formula.needs_document else all_bits(bits[number] for number in self.numbers[place])
            for place, formula in enumerate(self._whole)
        )
        first = self._first_fields()
        self._first = tuple(self._by_path[path] for path in first)
        self.structs = Structs(self._fitting.intersection({*self._by_path, *also_read}), first, also_read)
        self._maker = NodeMaker(self._formulas, self._fields, self.structs, self._awaiting)
        self.restarts = 0
        self._steps = 0
        self._gone_once: set[int] = set()
        self._begin()

    def new_sample(self) -> Sample:
        """Return a sample for the documents that come first."""
        return Sample(self._by_path)

    def expect(self, sample: Sample) -> None:
        """Expect documents to be like those of a sample: it makes the work faster, and changes no answer."""
        gains = gains_of(self._whole)
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
        if not reads_one_plain_field(leaf) or leaf.field.path not in self._fitting:  # type: ignore[union-attr]
            return None
        read = leaf.field  # type: ignore[union-attr]
        atoms = self._by_path.get(read.path)
        if atoms is None:
            atoms = self._by_path[read.path] = FieldAtoms(len(self._fields), read.path, read.ignore_above)
            self._fields.append(atoms)
        elif atoms.ignore_above != read.ignore_above:  # a multi-field: it needs the whole document
            return None
        return atoms.number, atoms.place_of(None if isinstance(leaf, plan.Exists) else leaf.test)  # type: ignore[union-attr]

    def _first_fields(self) -> list[str]:
        """Return the fields that decide most, of those that hold texts only: they are asked for at once."""
        gains = gains_of(self._whole)
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
        return self._maker.start(self._whole, known, self._first)

    # --- walking ---------------------------------------------------------------------------------------------------

    def walk(self, struct: Any, awaited: int = -1) -> Node:
        """Return the last node for a document that was decoded into a struct.

        `awaited` are the bits of those who wait for something. Where what is left matters to none of them, the node
        says so in `rest`, and leaves it undecided.
        """
        node = self._alike_root if struct.__class__ is self._alike else self.root
        while True:
            try:  # one loop for all kinds of nodes: functions for them would be seven calls more an event
                while True:
                    get = node.get
                    if get is None:
                        if not node.rest & awaited:
                            return node
                        get = node.state.further or self._maker.ask_further(node, struct)
                    ask = node.ask
                    if ask is None:
                        node = node.ways[get(struct)]
                        continue
                    known = node.known
                    if known is None:
                        node = node.ways[ask(get(struct))]
                        continue
                    value = get(struct)
                    bits = known.get(value)
                    node = node.ways[(ask(value) if bits is None else bits) & node.mask]
            except KeyError:
                node = self._make_way(node, struct, awaited)

    def walk_document(self, document: Document) -> Node:
        """Return the last node for a document of any shape; nothing is left undecided that could be asked."""
        self._maker.struct = None
        node = self.root
        while node.state.fields or node.rest:
            state = node.state
            if not state.fields:
                self._maker.ask_further(node, None)
            values = [_raw_value(document, field.path) for field in state.fields]
            if state.is_about_absence:
                node = node.ways[True] if values.count(None) == len(values) else self._maker.present(node)
                continue
            found = zip(state.fields, state.masks, values, strict=True)
            bits = tuple(field.finder(mask).find(value) & mask for field, mask, value in found)
            following = self._by_bits(node, bits if len(bits) > 1 else bits[0])
            if following is None:
                return self._directly(node, lambda field: _raw_value(document, field.path), awaited=-1)
            node = following
        return node

    def _make_way(self, node: Node, struct: Any, awaited: int) -> Node:
        """Make the way from a node that a struct takes as the first one."""
        self._maker.struct = struct  # what a new node expects of documents, it learns from this one
        state = node.state
        if state.is_about_absence:
            return self._maker.present(node)
        values = tuple([self._maker.value(field) for field in state.fields])
        if len(values) > 1:
            following = self._step_by_several(node, values)
        elif node.known is not None and node.ask is not None:
            following = self._by_bits(node, node.ask(values[0]) & node.mask)
        else:
            following = self._step_by_value(node, values[0])
        if following is None:
            return self._directly(node, self._maker.value, awaited)
        return following

    def _step_by_value(self, node: Node, value: Any) -> Node | None:
        field, key = node.state.fields[0], key_of(value)
        following = self._by_bits(node, field.bits_of(key, value) & node.state.masks[0])
        if field.is_direct:
            self._steps -= len(node.ways)
            self._maker.find_directly(node, field)
        elif following is not None and is_short(key):
            node.ways[key] = following
            self._steps += 1
        return following

    def _step_by_several(self, node: Node, values: tuple[Any, ...]) -> Node | None:
        fields = node.state.fields
        asked = zip(fields, node.state.masks, values, strict=True)
        following = self._by_bits(node, tuple(field.bits_of(value, value) & mask for field, mask, value in asked))
        if following is not None and all(map(is_short, values)):
            if len(node.ways) >= _MOST_VALUES_TOGETHER:
                self._steps -= len(node.ways)
                node.ways.clear()
            node.ways[tuple(field.same(value) for field, value in zip(fields, values, strict=True))] = following
            self._steps += 1
        return following

    def _by_bits(self, node: Node, bits: Any) -> Node | None:
        """Return where a node leads; None the first time, since very many ways are never gone again."""
        state = node.state
        following = state.bits.get(bits)
        if following is None:
            way = hash((id(node), bits))
            if way not in self._gone_once:
                if len(self._gone_once) >= MAX_STEPS:
                    self._gone_once.clear()
                self._gone_once.add(way)
                return None
            if self._maker.count > MAX_NODES or self._steps + self._maker.weight > MAX_STEPS:
                self._restart()
                self.restarts += 1
            several = bits if len(state.fields) > 1 else (bits,)
            numbers = [field.number for field in state.fields]
            following = state.bits[bits] = self._maker.after(state, dict(zip(numbers, several, strict=True)))
            self._steps += 1
        return following

    def _directly(self, node: Node, value_of: Callable[[FieldAtoms], Any], awaited: int) -> Node:
        """Return the last node for a document that came to a node, without making those in between."""
        state, awaiting = node.state, self._awaiting
        if state.needed is None:
            state.needed = masks_of(state.undecided)
        masks = state.needed
        values: dict[int, Any] = {}
        found: dict[int, int | None] = {}

        def bits_of(number: int, mask: int) -> int:
            field = self._fields[number]
            if number not in found:
                values[number] = value_of(field)
                found[number] = field.bits_at_hand(masks[number], values[number])
            bits = found[number]
            return field.bits_one_by_one(mask, values[number]) if bits is None else bits

        held, left = list(state.held), []
        for condition, formula in state.undecided:
            matters = not awaiting[condition] or awaiting[condition] & awaited
            answer = holds(formula, bits_of) if matters else None
            if answer is None:
                left.append((condition, formula))
            elif answer:
                held.append(condition)
        return self._maker.node(tuple(sorted(held)), tuple(left))

    def _restart(self) -> None:
        """Drop all nodes."""
        self._gone_once.clear()
        self._maker.clear()
        self._formulas.clear(self._whole)
        for field in self._fields:
            field.clear()
        self._steps = 0
        self._begin()


def _raw_value(document: Document, path: str) -> Any:
    values = raw_values(document, path)
    return values if len(values) > 1 else values[0] if values else None
