"""The functions that lead from one node to the next, generated from a few lines of source each.

A step reads attributes of a struct and looks up where they lead from a node. One function does both, since it is called
eight times an event: `operator.attrgetter` and a look-up in the caller take twice as long. Many nodes ask for the same
attributes and share a step, so that it is near at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eqlite.backends.python import define

Step = Callable[[Any, Any], Any]
"""Returns the next node for a struct and a node; raises KeyError where there is no way for such values yet."""


class Steps:
    """Makes steps: for the same question always the same one."""

    def __init__(self) -> None:
        self._made: dict[object, Step] = {}

    def by_value(self, attribute: str) -> Step:
        """Return the step that looks up what `key_of` makes of a value."""
        lines = (f"v = s.{attribute}", "return n.ways[v if v.__class__ is str or v is None else key_of(v)]")
        return self._step(lines, {"key_of": key_of})

    def by_row(self, attributes: Sequence[str]) -> Step:
        """Return the step that looks up several values at once."""
        lines, loads = _loads(attributes)
        return self._step((*lines, f"return n.ways[{', '.join(loads)}]"), {})

    def by_atoms(self, attribute: str, ask: Callable[[Any], int], known: Mapping[Any, int] | None) -> Step:
        """Return the step that looks up which atoms hold, those of a node's mask; `known` tells them of some values."""
        if known is None:
            return self._step((f"return n.ways[ask(s.{attribute}) & n.mask]",), {"ask": ask})
        lines = (
            f"v = s.{attribute}",
            "bits = known.get(v)",
            "return n.ways[(ask(v) if bits is None else bits) & n.mask]",
        )
        return self._step(lines, {"ask": ask, "known": known})

    def by_absence(self, expected: Mapping[str, Any]) -> Step:
        """Return the step that looks up whether attributes are all what they are where something is absent."""
        lines, loads = _loads(tuple(expected))
        constants = {f"e{number}": value for number, value in enumerate(expected.values())}
        test = " and ".join(f"{load} is {name}" for load, name in zip(loads, constants, strict=True))
        return self._step((*lines, f"return n.ways[{test}]"), constants)

    def clear(self) -> None:
        """Forget all steps."""
        self._made.clear()

    def _step(self, lines: tuple[str, ...], constants: Mapping[str, Any]) -> Step:
        key = (lines, tuple(map(id, constants.values())))  # which the step keeps alive
        made = self._made.get(key)
        if made is None:
            source = "def step(s, n):\n" + "".join(f"    {line}\n" for line in lines)
            made = self._made[key] = define(source, "step", name="a step", **constants)
        return made


def key_of(value: Any) -> Any:
    """Return what a value is told apart by: `1`, `1.0` and `True` are equal, and so are `0.0` and `-0.0`."""
    kind = value.__class__
    if kind is str or kind is tuple or value is None:
        return value
    return (kind, repr(value)) if kind is float else (kind, value)


def _loads(attributes: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return lines that load what several attributes have in common, and how each attribute is read after them."""
    holders = [attribute.rpartition(".")[0] for attribute in attributes]
    shared = sorted({holder for holder in holders if holder and holders.count(holder) > 1})
    lines = [f"h{number} = s.{holder}" for number, holder in enumerate(shared)]
    loads = []
    for attribute, holder in zip(attributes, holders, strict=True):
        start = f"h{shared.index(holder)}" if holder in shared else "s"
        loads.append(f"{start}.{attribute[len(holder) + 1 :] if holder in shared else attribute}")
    return lines, loads
