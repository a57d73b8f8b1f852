"""The functions that lead from one node to the next: they read fields of a struct and look up where those lead.

There are five of them for all nodes, and what nodes differ in is in the nodes: a function for each node takes fewer
instructions, but they are in more places than the processor keeps near at hand.
"""

from __future__ import annotations

from typing import Any

from eqlite.backends.shared.nodes import Node


def by_value(struct: Any, node: Node) -> Node:
    """Look up what `key_of` makes of a value."""
    value = node.get(struct)
    kind = value.__class__
    return node.ways[value if kind is str or kind is tuple or value is None else key_of(value)]


def by_row(struct: Any, node: Node) -> Node:
    """Look up several values at once."""
    return node.ways[node.get(struct)]


def by_atoms(struct: Any, node: Node) -> Node:
    """Look up which atoms hold for a value."""
    return node.ways[node.ask(node.get(struct)) & node.mask]


def by_known_atoms(struct: Any, node: Node) -> Node:
    """Look up which atoms hold for a value, which mostly came before."""
    value = node.get(struct)
    bits = node.known.get(value)
    return node.ways[(node.ask(value) if bits is None else bits) & node.mask]


def by_absence(struct: Any, node: Node) -> Node:
    """Look up whether several fields are absent."""
    return node.ways[node.get(struct) == node.expected]


def key_of(value: Any) -> Any:
    """Return what a value is told apart by: `1`, `1.0` and `True` are equal, and so are `0.0` and `-0.0`."""
    kind = value.__class__
    if kind is str or kind is tuple or value is None:
        return value
    return (kind, repr(value)) if kind is float else (kind, value)
