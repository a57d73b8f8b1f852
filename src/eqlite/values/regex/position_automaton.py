"""Conversion of a regular expression's tree to a *position automaton*, whose steps have constant cost.

Every place of the pattern that consumes a character is a position (Glushkov's construction), a set of positions is the
bits of one integer, and a step is a few integer operations. `regex_automaton` runs it.

Complement and intersection need a deterministic machine for their operands before the text is known. It is built when
the pattern is compiled, within `MAX_REGEX_STATES`; beyond them the pattern is refused, as Lucene refuses it. So no
pattern, be it hostile, makes matching take more than time linear in the length of the text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import and_
from typing import Final

from eqlite.limits import MAX_REGEX_STATES
from eqlite.values.regex.tree import (
    LAST_CODE_POINT,
    Alternation,
    Characters,
    Complement,
    Concatenation,
    Intersection,
    Node,
    Ranges,
    RegexLimitError,
    Repetition,
    holds,
    merge_ranges,
    postorder,
)

__all__ = ["Fragment", "Positions", "alphabet", "build_fragment"]

MAX_STEP_WORK: Final = 100_000
"""Machine words that one uncached step may touch: a thousand characters cannot ask for more in earnest."""

MAX_DETERMINISTIC_STEPS: Final = 10 * MAX_REGEX_STATES

Links = tuple[tuple[int, int], ...]
"""Pairs of position sets: from each position of the first a step may go to each of the second."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """The position automaton of a part of the pattern. Sets are bits of an integer.

    Attributes:
        labels: for each position the characters it consumes.
        nullable: whether the part matches the empty string.
        first: the positions that may consume the first character.
        last: the positions after which the part may end.
        chain: the positions that the next higher one may follow; most links are so, and one shift does them all.
        links: all other links.
    """

    labels: tuple[Ranges, ...]
    nullable: bool
    first: int = 0
    last: int = 0
    chain: int = 0
    links: Links = ()


class _Joiner:
    """Collects fragments side by side, each with its bits moved up, and the links between them."""

    def __init__(self) -> None:
        self.labels: list[Ranges] = []
        self.chain = 0
        self.links: dict[int, int] = {}

    def place(self, fragment: Fragment) -> tuple[int, int]:
        """Add a fragment and return its moved first and last sets."""
        by = len(self.labels)
        self.labels.extend(fragment.labels)
        self.chain |= fragment.chain << by
        for sources, targets in fragment.links:
            self.link(sources << by, targets << by)
        if len(self.labels) > MAX_REGEX_STATES:
            raise RegexLimitError(f"the regular expression needs more than {MAX_REGEX_STATES:,} states")
        if len(self.links) * (1 + len(self.labels) // 64) > MAX_STEP_WORK:
            raise RegexLimitError("the regular expression has too many ways from state to state")
        return fragment.first << by, fragment.last << by

    def link(self, sources: int, targets: int) -> None:
        """Add each of `targets` as a successor of each of `sources`."""
        if not sources or not targets:
            return
        if targets == sources << 1 and targets & (targets - 1) == 0:
            self.chain |= sources
        else:
            self.links[sources] = self.links.get(sources, 0) | targets

    def fragment(self, *, nullable: bool, first: int, last: int) -> Fragment:
        return Fragment(tuple(self.labels), nullable, first, last, self.chain, tuple(self.links.items()))


def build_fragment(root: Node) -> Fragment:
    """Return the position automaton of a tree.

    Raises:
        RegexLimitError: for more than `MAX_REGEX_STATES` positions, or too much work a step.
    """
    built: dict[int, Fragment] = {}
    for node in postorder(root):
        match node:
            case Characters(ranges):
                fragment = (
                    Fragment((ranges,), nullable=False, first=1, last=1) if ranges else Fragment((), nullable=False)
                )
            case Concatenation(parts):
                fragment = _concatenate([built[id(part)] for part in parts])
            case Alternation(options):
                fragment = _alternate([built[id(option)] for option in options])
            case Repetition(body, low, high):
                fragment = _repeat(built[id(body)], low, high)
            case Complement(body):
                fragment = _determinize([Positions(built[id(body)])], complemented=True)
            case Intersection(operands):
                fragment = _determinize([Positions(built[id(operand)]) for operand in operands], complemented=False)
        built[id(node)] = fragment
    return built[id(root)]


def _concatenate(fragments: Sequence[Fragment]) -> Fragment:
    joiner = _Joiner()
    nullable, first, last = True, 0, 0
    for fragment in fragments:
        moved_first, moved_last = joiner.place(fragment)
        joiner.link(last, moved_first)
        first |= moved_first if nullable else 0
        last = moved_last | (last if fragment.nullable else 0)
        nullable = nullable and fragment.nullable
    return joiner.fragment(nullable=nullable, first=first, last=last)


def _alternate(fragments: Sequence[Fragment]) -> Fragment:
    joiner = _Joiner()
    first, last = 0, 0
    for fragment in fragments:
        moved_first, moved_last = joiner.place(fragment)
        first |= moved_first
        last |= moved_last
    return joiner.fragment(nullable=any(fragment.nullable for fragment in fragments), first=first, last=last)


def _repeat(body: Fragment, low: int, high: int | None) -> Fragment:
    """Place copies one after the other. All but the first `low` are optional, from the end backwards.

    Without an upper bound the last copy also leads back to its own beginning. Where the body may be empty, the copies
    in use are the last ones, so none ends before `low`.
    """
    copies = max(low, 1) if high is None else high
    if copies * max(len(body.labels), 1) > MAX_REGEX_STATES:
        raise RegexLimitError(f"the regular expression needs more than {MAX_REGEX_STATES:,} states")
    joiner = _Joiner()
    first, last, ends = 0, 0, 0
    for copy in range(1, copies + 1):
        moved_first, moved_last = joiner.place(body)
        joiner.link(last, moved_first)
        first |= moved_first if copy == 1 or body.nullable else 0
        last = moved_last | (last if body.nullable else 0)
        ends |= moved_last if copy >= low else 0
    if high is None:
        joiner.link(moved_last, moved_first)
    return joiner.fragment(nullable=body.nullable or low == 0, first=first, last=ends)


class Positions:
    """A position automaton with its start, position 0, which nothing leads to and which consumes nothing."""

    def __init__(self, fragment: Fragment) -> None:
        joiner = _Joiner()
        joiner.place(Fragment(((),), nullable=False))
        first, last = joiner.place(fragment)
        joiner.link(1, first)
        self.labels = joiner.labels
        self.chain = joiner.chain
        self.links = tuple(joiner.links.items())
        self.last = last | (1 if fragment.nullable else 0)
        self.of_label: dict[Ranges, int] = {}
        for position, label in enumerate(self.labels):
            self.of_label[label] = self.of_label.get(label, 0) | 1 << position
        # The bounds of the classes of characters. Characters of one class have the same labels.
        self.bounds = sorted({edge for label in self.of_label for low, high in label for edge in (low, high + 1)})
        self.masks: list[int | None] = [None] * (len(self.bounds) + 1)

    def successors(self, positions: int) -> int:
        """Return the positions that a step from any of `positions` may reach, whatever the character."""
        reached = (positions & self.chain) << 1
        for sources, targets in self.links:
            if positions & sources:
                reached |= targets
        return reached

    def mask(self, code_point: int) -> int:
        """Return the positions that consume a character."""
        index = bisect_right(self.bounds, code_point)
        mask = self.masks[index]
        if mask is None:
            mask = sum(positions for label, positions in self.of_label.items() if holds(label, code_point))
            self.masks[index] = mask
        return mask


State = tuple[int, ...]


def alphabet(machines: Sequence[Positions]) -> list[tuple[State, Ranges]]:
    """Return the sets of characters that some automaton distinguishes, with each automaton's masks."""
    bounds = sorted({0, LAST_CODE_POINT + 1}.union(*(machine.bounds for machine in machines)))
    classes: dict[State, list[tuple[int, int]]] = {}
    for low, above in pairwise(bounds):
        if above <= LAST_CODE_POINT + 1:
            masks = tuple(machine.mask(low) for machine in machines)
            classes.setdefault(masks, []).append((low, above - 1))
    return [(masks, merge_ranges(pairs)) for masks, pairs in classes.items()]


def _determinize(machines: Sequence[Positions], *, complemented: bool) -> Fragment:
    """Return the complement of one automaton, or the intersection of several."""
    lasts = [machine.last for machine in machines]
    classes = alphabet(machines)
    numbers: dict[State, int] = {(1,) * len(machines): 0}
    pending = list(numbers)
    edges: list[dict[int, list[tuple[int, int]]]] = []
    for state in pending:
        reached = [machine.successors(positions) for machine, positions in zip(machines, state, strict=True)]
        targets: dict[int, list[tuple[int, int]]] = {}
        for masks, ranges in classes:
            target = tuple(positions & mask for positions, mask in zip(reached, masks, strict=True))
            if not complemented and 0 in target:
                continue
            if target not in numbers:
                numbers[target] = len(numbers)
                pending.append(target)
            targets.setdefault(numbers[target], []).extend(ranges)
        edges.append(targets)
        if len(pending) > MAX_REGEX_STATES or len(pending) * len(classes) > MAX_DETERMINISTIC_STEPS:
            raise RegexLimitError(f"`~` or `&` in the regular expression needs more than {MAX_REGEX_STATES:,} states")
    ends = [all(map(and_, state, lasts)) != complemented for state in numbers]
    return _from_deterministic(edges, ends)


def _from_deterministic(edges: Sequence[Mapping[int, list[tuple[int, int]]]], ends: Sequence[bool]) -> Fragment:
    """Convert a deterministic automaton to a position automaton.

    A position is a state with the characters that lead to it.
    """
    useful = _leading_to(edges, ends)
    positions: dict[tuple[Ranges, int], int] = {}
    entering = [0] * len(edges)
    leaving = [0] * len(edges)
    for source, targets in enumerate(edges):
        for target, pairs in targets.items():
            if target in useful:
                position = positions.setdefault((merge_ranges(pairs), target), len(positions))
                entering[target] |= 1 << position
                leaving[source] |= 1 << position
    joiner = _Joiner()
    joiner.place(Fragment(tuple(label for label, _ in positions), nullable=False))
    for state in useful:
        joiner.link(entering[state], leaving[state])
    last = sum(entering[state] for state in useful if ends[state])
    return joiner.fragment(nullable=ends[0], first=leaving[0], last=last)


def _leading_to(edges: Sequence[Mapping[int, object]], ends: Sequence[bool]) -> set[int]:
    """Return the states from which an accepting state can be reached, themselves included."""
    sources: list[list[int]] = [[] for _ in edges]
    for source, targets in enumerate(edges):
        for target in targets:
            sources[target].append(source)
    pending = [state for state, accepting in enumerate(ends) if accepting]
    useful = set(pending)
    while pending:
        for source in sources[pending.pop()]:
            if source not in useful:
                useful.add(source)
                pending.append(source)
    return useful
