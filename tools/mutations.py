"""Small changes to Python source: the mutations that `tools/mutants.py` samples.

Each kind is a slip that a person makes: a boundary, a turned condition, a forgotten operand, guard or statement.
Annotations, decorators, assertions and formatted strings are left alone: a change there changes no behaviour, or mypy
notices it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

COMPARISONS = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
ARITHMETIC = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "//"),
    ast.FloorDiv: ("//", "*"),
    ast.Div: ("/", "*"),
    ast.Mod: ("%", "+"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}
JOINED = {ast.And: ("and", "or", b"True"), ast.Or: ("or", "and", b"False")}
SKIPPED = (ast.Assert, ast.JoinedStr)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class Mutation:
    """One change of a file, as bytes start to end that become new.

    Attributes:
        line: the first line that changes, from 1.
        removed, added: the lines before and after, joined by spaces.
    """

    path: str
    start: int
    end: int
    new: bytes
    line: int
    removed: str
    added: str

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.new + source[self.end :]

    def __str__(self) -> str:
        return f"{self.path}:{self.line}\n    - {self.removed}\n    + {self.added}"


class _Finder:
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.offsets = [0, *(found.end() for found in re.finditer(rb"\n", source))]

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.offsets[node.lineno - 1] + node.col_offset, self.offsets[node.end_lineno - 1] + node.end_col_offset

    def edits(self, node: ast.AST, *, inside: bool = False) -> Iterator[tuple[int, int, bytes]]:
        """Yield the edits at a node and below; inside says whether a function encloses it."""
        if isinstance(node, SKIPPED) or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            return
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "zip":
            node.keywords.clear()  # `strict` asserts that lengths are equal
        if not isinstance(node, ast.BinOp) or inside:  # outside, `|` mostly makes a type
            yield from self.of_operator(node)
            yield from self.of_statement(node)
        inside = inside or isinstance(node, FUNCTIONS)
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns", "decorator_list"):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        yield from self.edits(child, inside=inside)

    def of_operator(self, node: ast.AST) -> Iterator[tuple[int, int, bytes]]:
        match node:
            case ast.Compare():
                for (left, right), operator in zip(pairwise([node.left, *node.comparators]), node.ops, strict=True):
                    yield self.between(left, right, *COMPARISONS[type(operator)])
            case ast.BinOp() if type(node.op) in ARITHMETIC:
                yield self.between(node.left, node.right, *ARITHMETIC[type(node.op)])
            case ast.BoolOp():
                old, new, neutral = JOINED[type(node.op)]
                if len(node.values) == 2:  # of three, only all would have to change
                    yield self.between(node.values[0], node.values[1], old, new)
                yield from ((*self.span(operand), neutral) for operand in node.values)
            case ast.UnaryOp(op=ast.Not() | ast.USub() as operator):
                start, end = self.span(node)
                length = 3 if isinstance(operator, ast.Not) else 1
                yield start, end, self.source[start + length : end].strip()
            case ast.Constant(value=bool() as value):
                yield *self.span(node), str(not value).encode()
            case ast.Constant(value=int() as value):
                yield *self.span(node), str(value + 1).encode()

    def of_statement(self, node: ast.AST) -> Iterator[tuple[int, int, bytes]]:
        match node:
            case ast.If(test=test) | ast.IfExp(test=test):
                yield *self.span(test), b"True"
                yield *self.span(test), b"False"
            case ast.While(test=test):
                yield *self.span(test), b"False"
            case ast.comprehension(ifs=tests):
                yield from ((*self.span(test), b"True") for test in tests)
            case ast.Break():
                yield *self.span(node), b"continue"
            case ast.Continue():
                yield *self.span(node), b"break"
            case ast.AugAssign() | ast.Expr(value=ast.Call()) | ast.Delete():
                yield *self.span(node), b"pass"
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
                yield *self.span(node), b"pass"

    def between(self, left: ast.expr, right: ast.expr, old: str, new: str) -> tuple[int, int, bytes]:
        """Exchange the operator between two operands."""
        start, end = self.span(left)[1], self.span(right)[0]
        pattern = rb"\s+".join(re.escape(word.encode()) for word in old.split())
        return start, end, re.sub(pattern, new.encode(), self.source[start:end], count=1)


def mutations(path: str, source: bytes) -> Iterator[Mutation]:
    """Yield every mutation of a file.

    >>> [found.added for found in mutations("a.py", b"def f(a, b): return a < b and not a\\n")]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['def f(a, b): return a < b or not a', 'def f(a, b): return True and not a', 'def f(a, b): return a < b and True',
     'def f(a, b): return a <= b and not a', 'def f(a, b): return a < b and a']
    """
    finder = _Finder(source)
    for start, end, new in finder.edits(ast.parse(source)):
        first, last = source.rfind(b"\n", 0, start) + 1, source.index(b"\n", end)
        removed = " ".join(source[first:last].decode().split())
        added = " ".join((source[first:start] + new + source[end:last]).decode().split())
        yield Mutation(path, start, end, new, source.count(b"\n", 0, start) + 1, removed, added)
