"""The plan: what a query will do, with every field, type and function resolved. Backends and engine see nothing else.

A condition is a tree of `AllOf`, `AnyOf` and `Negation` over **leaves**; a leaf holds or does not hold for an event,
there is no third answer. Two kinds of leaves say which of Elasticsearch's two ways a condition takes:

- `FieldTest` (and `Exists`): a clause on one field; holds if **any** value of the field passes the test.
- `Script`: an expression over any number of field references, evaluated once for each combination of their values
  (null where a field has none), in three-valued logic; holds if **any** combination gives true.

Source: eql-semantics 4.1, 5.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import ClassVar
from typing import Literal as OneOf

from eqlite.datatypes import DataType
from eqlite.fields import Field, Scalar
from eqlite.functions.registry import Function
from eqlite.source import Span
from eqlite.values.network import Block
from eqlite.values.wildcard import Pattern

RangeOperator = OneOf["<", "<=", ">", ">="]
Kind = OneOf["text", "number", "boolean", "address", "instant"]


@dataclass(frozen=True, slots=True)
class TextIn:
    """The text is one of `texts`; `insensitive`: after folding ASCII letters, in which the texts already are."""

    kind: ClassVar[Kind] = "text"
    texts: frozenset[str]
    insensitive: bool = False


@dataclass(frozen=True, slots=True)
class TextLike:
    """The text matches one of the wildcard patterns."""

    kind: ClassVar[Kind] = "text"
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class TextRegex:
    """The whole text matches a Lucene regular expression."""

    kind: ClassVar[Kind] = "text"
    pattern: str
    insensitive: bool = False


@dataclass(frozen=True, slots=True)
class TextRange:
    """The text stands before or behind `bound` in UTF-8 byte order, or, with `versions`, in the order of versions."""

    kind: ClassVar[Kind] = "text"
    operator: RangeOperator
    bound: str
    versions: bool = False


@dataclass(frozen=True, slots=True)
class NumberIn:
    """The number is one of `numbers`."""

    kind: ClassVar[Kind] = "number"
    numbers: frozenset[int | float]


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The number is below or above `bound`."""

    kind: ClassVar[Kind] = "number"
    operator: RangeOperator
    bound: int | float


@dataclass(frozen=True, slots=True)
class BooleanIn:
    """The value is one of `values`."""

    kind: ClassVar[Kind] = "boolean"
    values: frozenset[bool]


@dataclass(frozen=True, slots=True)
class AddressIn:
    """The address lies in one of the blocks."""

    kind: ClassVar[Kind] = "address"
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class InstantIn:
    """The instant lies between the two ends of one of `intervals`, both included, in the field's unit."""

    kind: ClassVar[Kind] = "instant"
    intervals: tuple[tuple[int, int], ...]


Test = TextIn | TextLike | TextRegex | TextRange | NumberIn | NumberRange | BooleanIn | AddressIn | InstantIn


@dataclass(frozen=True, slots=True)
class Expression:
    """What all expressions share: their type and the place they come from."""

    span: Span = attribute(default=Span(0, 0), kw_only=True, compare=False, repr=False)
    type: DataType = attribute(default=DataType.BOOLEAN, kw_only=True)


@dataclass(frozen=True, slots=True)
class Constant(Expression):
    """A value known before any event; None is null."""

    value: Scalar | None


@dataclass(frozen=True, slots=True)
class FieldValue(Expression):
    """One value of a field. Every mention iterates on its own: two mentions of one array give all pairs."""

    field: Field


@dataclass(frozen=True, slots=True)
class Invoke(Expression):
    """A function call."""

    function: Function
    arguments: tuple[Expression, ...]
    insensitive: bool = False


@dataclass(frozen=True, slots=True)
class Calculate(Expression):
    """`left operator right` by Java's rules. `bits`: the width in which whole numbers must fit."""

    operator: OneOf["+", "-", "*", "/", "%"]
    left: Expression
    right: Expression
    bits: int = 64


@dataclass(frozen=True, slots=True)
class Negative(Expression):
    """Unary minus."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Compare(Expression):
    """`left operator right`; null where either side is null or the two are of different kinds."""

    operator: OneOf["==", "<", "<=", ">", ">="]
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class SameText(Expression):
    """Equality of two texts, whatever the case (Unicode, unit by unit)."""

    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Contained(Expression):
    """`value in (items)`: true, or null if a comparison was null, or false."""

    value: Expression
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Like(Expression):
    """`value like pattern`; on a value that is no field `*` and `?` do not match line ends."""

    value: Expression
    pattern: str
    insensitive: bool = False


@dataclass(frozen=True, slots=True)
class Regex(Expression):
    """`value regex pattern`; on a value that is no field the pattern is Java's."""

    value: Expression
    pattern: str
    insensitive: bool = False


@dataclass(frozen=True, slots=True)
class IsNull(Expression):
    """True where the operand is null, else false."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Not(Expression):
    """Three-valued `not`."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class And(Expression):
    """Three-valued `and`."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or(Expression):
    """Three-valued `or`."""

    terms: tuple[Expression, ...]


def operands(expression: Expression) -> tuple[Expression, ...]:
    """Return the direct parts of an expression, in order."""
    match expression:
        case Invoke(arguments=parts) | And(terms=parts) | Or(terms=parts):
            return parts
        case Calculate(left=left, right=right) | Compare(left=left, right=right) | SameText(left=left, right=right):
            return (left, right)
        case Contained(value=value, items=items):
            return (value, *items)
        case Negative(operand=part) | IsNull(operand=part) | Not(operand=part):
            return (part,)
        case Like(value=part) | Regex(value=part):
            return (part,)
        case _:
            return ()


def field_mentions(expression: Expression) -> Iterator[FieldValue]:
    """Yield the field references of an expression from left to right, each mention on its own."""
    pending = [expression]
    while pending:
        node = pending.pop()
        if isinstance(node, FieldValue):
            yield node
        pending.extend(reversed(operands(node)))


@dataclass(frozen=True, slots=True)
class Always:
    """Holds for every event, or for none."""

    holds: bool


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has a value."""

    field: Field
    span: Span = attribute(default=Span(0, 0), kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FieldTest:
    """Any value of the field passes the test."""

    field: Field
    test: Test
    span: Span = attribute(default=Span(0, 0), kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Script:
    """The expression is true for some combination of the values of its fields."""

    expression: Expression
    span: Span = attribute(default=Span(0, 0), kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Negation:
    """The condition does not hold."""

    operand: Condition


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every condition holds."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some condition holds."""

    terms: tuple[Condition, ...]


Condition = Always | Exists | FieldTest | Script | Negation | AllOf | AnyOf


def leaves(condition: Condition) -> Iterator[Exists | FieldTest | Script]:
    """Yield the leaves of a condition from left to right."""
    pending: list[Condition] = [condition]
    while pending:
        node = pending.pop()
        match node:
            case Negation(operand=operand):
                pending.append(operand)
            case AllOf(terms=terms) | AnyOf(terms=terms):
                pending.extend(reversed(terms))
            case Exists() | FieldTest() | Script():
                yield node
            case Always():
                pass


def condition_fields(condition: Condition) -> list[Field]:
    """Return the fields that a condition reads, each once, in order of first mention."""
    found: dict[Field, None] = {}
    for leaf in leaves(condition):
        if isinstance(leaf, Script):
            found.update((mention.field, None) for mention in field_mentions(leaf.expression))
        else:
            found[leaf.field] = None
    return list(found)


@dataclass(frozen=True, slots=True)
class Stage:
    """One item of a sequence or sample; a key of None is always null, `missing` asks for an event that is not there."""

    condition: Condition
    keys: tuple[Field | None, ...] = ()
    missing: bool = False


@dataclass(frozen=True, slots=True)
class EventQuery:
    """All events that meet a condition."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class SequenceQuery:
    """Events in order; `runs` are already repeated stages. `maxspan_ms` is None for any span."""

    stages: tuple[Stage, ...]
    maxspan_ms: int | None = None
    until: Stage | None = None


@dataclass(frozen=True, slots=True)
class SampleQuery:
    """Events in any order that share their keys."""

    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """`head` or `tail` and how many."""

    end: OneOf["head", "tail"]
    count: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A query ready to be run, with the fields that tell category, time and order of an event."""

    query: EventQuery | SequenceQuery | SampleQuery
    limits: tuple[Limit, ...] = ()
    timestamp: Field | None = None
    tiebreaker: Field | None = None

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Return the stages, `until` included, or the one condition of an event query as a stage."""
        match self.query:
            case EventQuery(condition=condition):
                return (Stage(condition),)
            case SequenceQuery(stages=stages, until=until):
                return stages if until is None else (*stages, until)
            case SampleQuery(stages=stages):
                return stages
