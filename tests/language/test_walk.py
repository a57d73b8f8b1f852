"""Walking of syntax trees."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from tests.language.tree_strategies import queries

from eqlite.datatypes import DataType
from eqlite.language import ast
from eqlite.language.parser import parse, parse_expression
from eqlite.language.walk import children, depth, transform, walk
from eqlite.source import Span

SEQUENCE = """
sequence by host.id with maxspan=5m
  [process where a == 1 and not b] by c
  ![file where d : ("x", "y")]
  until [any where true]
| head 5
"""


def shown(node: ast.Node) -> str:
    return {
        ast.FieldRef: lambda: node.name,  # type: ignore[attr-defined]
        ast.Literal: lambda: repr(node.value),  # type: ignore[attr-defined]
        ast.Duration: lambda: f"{node.value}{node.unit}",  # type: ignore[attr-defined]
    }.get(type(node), lambda: type(node).__name__)()


def test_walk_goes_through_the_text_in_order() -> None:
    assert [shown(node) for node in walk(parse(SEQUENCE))] == [
        *["Query", "Sequence", "host.id", "5m"],
        *["Stage", "EventFilter", "And", "Comparison", "a", "1", "Not", "b", "c"],
        *["Stage", "EventFilter", "PatternMatch", "d", "'x'", "'y'"],
        *["Stage", "EventFilter", "True"],
        *["Pipe", "5"],
    ]


@given(queries)
def test_children_are_all_the_nodes_in_the_fields_of_a_node(query: ast.Query) -> None:
    for node in walk(query):
        held: list[int] = []
        for field in dataclasses.fields(node):
            value = getattr(node, field.name)
            held += [
                id(item) for item in (value if isinstance(value, tuple) else (value,)) if isinstance(item, ast.Node)
            ]
        assert sorted(map(id, children(node))) == sorted(held)


@given(queries)
def test_transforming_into_the_same_gives_the_tree_itself(query: ast.Query) -> None:
    assert transform(query, lambda node: node) is query


def test_transform_hands_over_children_first() -> None:
    seen: list[str] = []

    def note(node: ast.Node) -> ast.Node:
        seen.append(shown(node))
        return node

    transform(parse_expression("not a == b + 1"), note)
    assert seen == ["a", "b", "1", "Arithmetic", "Comparison", "Not"]


def test_transform_gives_a_changed_tree_and_leaves_the_old_one() -> None:
    def rename(node: ast.Node) -> ast.Node:
        return dataclasses.replace(node, parts=("new",)) if isinstance(node, ast.FieldRef) else node

    old = parse(SEQUENCE)
    new = transform(old, rename)
    assert new == parse(
        SEQUENCE.replace("host.id", "new")
        .replace(" a ", " new ")
        .replace("not b]", "not new]")
        .replace("by c", "by new")
        .replace(" d ", " new ")
    )
    assert old == parse(SEQUENCE)
    assert new.span == old.span


def test_transform_may_fold_a_node_away() -> None:
    def add(node: ast.Node) -> ast.Node:
        match node:
            case ast.Arithmetic("+", ast.Literal(int() as left), ast.Literal(int() as right)):
                return ast.Literal(left + right, DataType.INTEGER, span=node.span)
        return node

    assert transform(parse_expression("1 + 2 + 3 == a"), add) == parse_expression("6 == a")


def test_depth_counts_the_nodes_of_the_longest_way() -> None:
    assert depth(parse_expression("a == 1 and not not b")) == 4


def test_a_deep_tree_is_walked_and_transformed_without_recursion() -> None:
    tree: ast.Expr = ast.FieldRef(("a",), span=Span(0, 1))
    for _ in range(50_000):
        tree = ast.Not(tree)

    def rename(node: ast.Node) -> ast.Node:
        return ast.FieldRef(("b",)) if isinstance(node, ast.FieldRef) else node

    assert sum(1 for _ in walk(tree)) == depth(tree) == 50_001
    *_, last = walk(transform(tree, rename))
    assert last == ast.FieldRef(("b",))
