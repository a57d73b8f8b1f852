"""The syntax tree: what a query says, as it was written.

Frozen nodes with tuples for children. Spans do not count in comparisons, so equal queries are equal. Parentheses, the
form of a string literal and comments are not part of the tree; `eqlite.format` keeps the comments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from itertools import zip_longest
from typing import Literal as OneOf

from eqlite.datatypes import DataType
from eqlite.source import Span
from eqlite.values.durations import UNIT_MILLIS

NO_SPAN = Span(0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Base of all nodes: a span in the query's text, and comparison without recursion, however deep."""

    span: Span = field(default=NO_SPAN, kw_only=True, compare=False, repr=False)

    def __eq__(self, other: object) -> bool:
        """Return whether two trees are equal, spans aside."""
        if not isinstance(other, Node):
            return NotImplemented
        return all(mine == theirs for mine, theirs in zip_longest(_flat(self), _flat(other)))

    def __hash__(self) -> int:
        """Return a number that equal trees share."""
        return hash(tuple(_flat(self)))


def _flat(tree: Node) -> Iterator[object]:
    """Yield the parts of a tree, each node by its class, each tuple by its length."""
    pending: list[object] = [tree]
    while pending:
        part = pending.pop()
        if isinstance(part, Node):
            yield part.__class__
            pending.extend(getattr(part, name) for name in _compared(part.__class__))
        elif isinstance(part, tuple):
            yield len(part)
            pending.extend(part)
        else:
            yield part


_COMPARED: dict[type[Node], tuple[str, ...]] = {}


def _compared(kind: type[Node]) -> tuple[str, ...]:
    if kind not in _COMPARED:
        _COMPARED[kind] = tuple(attribute.name for attribute in fields(kind) if attribute.compare)
    return _COMPARED[kind]


# --- expressions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Node):
    """A constant with its type, which distinguishes `1`, `1.0` and `true`.

    Types are INTEGER, LONG, UNSIGNED_LONG, DOUBLE, KEYWORD, BOOLEAN and NULL. Integers past 64 unsigned bits are
    doubles, as in Elasticsearch. A sign is never part of a literal.
    """

    value: str | int | float | bool | None
    type: DataType


@dataclass(frozen=True, slots=True, eq=False)
class FieldRef(Node):
    """A field, `process.name`, or an optional one, `?process.name`. `parts` are the unquoted names between dots."""

    parts: tuple[str, ...]
    optional: bool = False

    @property
    def name(self) -> str:
        """Return the dotted name: `process.name`."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """A function call, `endsWith~(file.name, ".exe")`. `name` is as written, without the `~`."""

    name: str
    arguments: tuple[Expr, ...]
    case_insensitive: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Negate(Node):
    """Unary minus. A unary plus leaves no trace."""

    operand: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Arithmetic(Node):
    """`left operator right` with one of `+ - * / %`."""

    operator: OneOf["+", "-", "*", "/", "%"]
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Comparison(Node):
    """`left operator right` with one of `== != < <= > >=`, never chained."""

    operator: OneOf["==", "!=", "<", "<=", ">", ">="]
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Membership(Node):
    """`value [not] in (…)` or `value [not] in~ (…)`."""

    value: Expr
    items: tuple[Expr, ...]
    negated: bool = False
    case_insensitive: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PatternMatch(Node):
    """`value : (…)`, `like`, `like~`, `regex`, `regex~` with one pattern or a list, always constants."""

    operator: OneOf[":", "like", "like~", "regex", "regex~"]
    value: Expr
    patterns: tuple[Literal, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Not(Node):
    """`not operand`, which binds more tightly than `and`."""

    operand: Expr


@dataclass(frozen=True, slots=True, eq=False)
class And(Node):
    """Two or more conditions joined by `and`, without the ones that stand in parentheses of their own."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Or(Node):
    """Two or more conditions joined by `or`, without the ones that stand in parentheses of their own."""

    terms: tuple[Expr, ...]


Expr = Literal | FieldRef | Call | Negate | Arithmetic | Comparison | Membership | PatternMatch | Not | And | Or


# --- queries ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class EventFilter(Node):
    """`category where condition`. The category is None for `any`."""

    category: str | None
    condition: Expr
    category_span: Span = field(default=NO_SPAN, kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Duration(Node):
    """A time span such as `5m`: a positive number and one of `ms s m h d`."""

    value: int
    unit: OneOf["ms", "s", "m", "h", "d"]

    @property
    def milliseconds(self) -> int:
        """Return the length in milliseconds."""
        return self.value * UNIT_MILLIS[self.unit]


@dataclass(frozen=True, slots=True, eq=False)
class Stage(Node):
    """One item of a sequence, sample or join: `[filter] by keys with runs=N`, `![filter]` for a missing event.

    Keys are expressions because the grammar allows any; a check asks for plain fields.
    """

    filter: EventFilter
    keys: tuple[Expr, ...] = ()
    runs: int = 1
    missing: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Sequence(Node):
    """`sequence by keys with maxspan=… [stage] … until [stage]`."""

    stages: tuple[Stage, ...]
    keys: tuple[Expr, ...] = ()
    maxspan: Duration | None = None
    until: Stage | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sample(Node):
    """`sample by keys [stage] [stage] …`."""

    stages: tuple[Stage, ...]
    keys: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Join(Node):
    """`join …`: the grammar knows it, a check refuses it."""

    stages: tuple[Stage, ...]
    keys: tuple[Expr, ...] = ()
    until: Stage | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Pipe(Node):
    """`| name arguments`, such as `| head 10`."""

    name: str
    arguments: tuple[Expr, ...] = ()
    name_span: Span = field(default=NO_SPAN, kw_only=True, compare=False, repr=False)


Body = EventFilter | Sequence | Sample | Join


@dataclass(frozen=True, slots=True, eq=False)
class Query(Node):
    """A whole statement: what to find, and the pipes behind it."""

    body: Body
    pipes: tuple[Pipe, ...] = ()
