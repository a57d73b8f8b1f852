"""Going through a syntax tree: children, walk, depth, transform.

For callers that look at some nodes only (checks, the printer, language servers); a total function over the tree is
better written as one `match`. Nothing here recurses, so a tree may be as deep as it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar, cast

from eqlite.language import ast

AnyNode = TypeVar("AnyNode", bound=ast.Node)

_CHILD_FIELDS: dict[type[ast.Node], tuple[str, ...]] = {
    ast.Literal: (),
    ast.FieldRef: (),
    ast.Call: ("arguments",),
    ast.Negate: ("operand",),
    ast.Arithmetic: ("left", "right"),
    ast.Comparison: ("left", "right"),
    ast.Membership: ("value", "items"),
    ast.PatternMatch: ("value", "patterns"),
    ast.Not: ("operand",),
    ast.And: ("terms",),
    ast.Or: ("terms",),
    ast.EventFilter: ("condition",),
    ast.Duration: (),
    ast.Stage: ("filter", "keys"),
    ast.Sequence: ("keys", "maxspan", "stages", "until"),
    ast.Sample: ("keys", "stages"),
    ast.Join: ("keys", "stages", "until"),
    ast.Pipe: ("arguments",),
    ast.Query: ("body", "pipes"),
}
"""The fields of each node that hold nodes, in the order in which they stand in the text."""


def children(node: ast.Node) -> tuple[ast.Node, ...]:
    """Return the nodes right below a node, in the order in which they stand in the text.

    >>> children(ast.Not(ast.FieldRef(("a",))))
    (FieldRef(parts=('a',), optional=False),)
    """
    found: list[ast.Node] = []
    for name in _CHILD_FIELDS[type(node)]:
        value = getattr(node, name)
        if isinstance(value, tuple):
            found.extend(value)
        elif value is not None:
            found.append(value)
    return tuple(found)


def walk(node: ast.Node) -> Iterator[ast.Node]:
    """Yield a node and all nodes below it, each before its children, in the order of the text.

    >>> negated = ast.Not(ast.FieldRef(("a",)))
    >>> [type(node).__name__ for node in walk(negated)]
    ['Not', 'FieldRef']
    """
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(children(current)))


def depth(node: ast.Node) -> int:
    """Return the number of nodes on the longest way down from a node, itself included.

    >>> depth(ast.Not(ast.FieldRef(("a",))))
    2
    """
    deepest, pending = 0, [(node, 1)]
    while pending:
        current, level = pending.pop()
        deepest = max(deepest, level)
        pending.extend((child, level + 1) for child in children(current))
    return deepest


def nesting(node: ast.Node) -> int:
    """Return the nesting of a tree: as `depth`, but a chain that leans to the left counts as one level.

    Recursive visitors go through `1 + 2 + 3` in a loop.

    >>> a = ast.FieldRef(("a",))
    >>> nesting(ast.Arithmetic("+", ast.Arithmetic("+", a, a), a))
    2
    """
    deepest, pending = 0, [(node, 1)]
    while pending:
        current, level = pending.pop()
        deepest = max(deepest, level)
        if isinstance(current, ast.Arithmetic) and isinstance(current.left, ast.Arithmetic):
            pending += [(current.left, level), (current.right, level + 1)]
        else:
            pending.extend((child, level + 1) for child in children(current))
    return deepest


def transform(node: AnyNode, function: Callable[[ast.Node], ast.Node]) -> AnyNode:
    """Return the tree with `function` applied to every node, children first.

    `function` gets a node whose children are transformed already, and returns it or another that may stand in its
    place (a condition for a condition, a literal for a pattern). Parts in which nothing changes are shared with the
    tree given, and so is their span; a node with new children keeps its span.

    >>> def shout(node: ast.Node) -> ast.Node:
    ...     return ast.FieldRef(tuple(map(str.upper, node.parts))) if isinstance(node, ast.FieldRef) else node
    >>> transform(ast.Not(ast.FieldRef(("a",))), shout)
    Not(operand=FieldRef(parts=('A',), optional=False))
    """
    done: list[ast.Node] = []  # the results of the nodes left of and below the current one
    pending: list[tuple[ast.Node, bool]] = [(node, False)]
    while pending:
        current, children_are_done = pending.pop()
        below = children(current)
        if below and not children_are_done:
            pending.append((current, True))
            pending.extend((child, False) for child in reversed(below))
            continue
        if below:
            current = _with_children(current, below, done[-len(below) :])
            del done[-len(below) :]
        done.append(function(current))
    return cast("AnyNode", done[0])


def _with_children(node: ast.Node, old: tuple[ast.Node, ...], new: list[ast.Node]) -> ast.Node:
    """Return the node with its children exchanged, or itself when they are the same objects."""
    if all(before is after for before, after in zip(old, new, strict=True)):
        return node
    changes: dict[str, object] = {}
    upcoming = iter(new)
    for name in _CHILD_FIELDS[type(node)]:
        value = getattr(node, name)
        if isinstance(value, tuple):
            changes[name] = tuple(next(upcoming) for _ in value)
        elif value is not None:
            changes[name] = next(upcoming)
    return replace(node, **changes)  # type: ignore[arg-type]
