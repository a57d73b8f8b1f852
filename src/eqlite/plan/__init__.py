"""The plan: what a query will do, with every field, type and function resolved. Backends and engine see nothing else.

A condition is a tree of `AllOf`, `AnyOf` and `Negation` over **leaves**; a leaf holds or does not hold for an event,
there is no third answer. Two kinds of leaves say which of Elasticsearch's two ways a condition takes:

- `FieldTest` (and `Exists`): a clause on one field; holds if **any** value of the field passes the test.
- `Script`: an expression over any number of field references, evaluated once for each combination of their values
  (null where a field has none), in three-valued logic; holds if **any** combination gives true.

Source: eql-semantics 4.1, 5.1.
"""

from __future__ import annotations

from eqlite.plan.conditions import (
    AllOf,
    Always,
    AnyOf,
    Condition,
    Exists,
    FieldTest,
    Negation,
    Script,
    condition_fields,
    leaves,
)
from eqlite.plan.expressions import (
    And,
    Calculate,
    Compare,
    Constant,
    Contained,
    Expression,
    FieldValue,
    Invoke,
    IsNull,
    Like,
    Negative,
    Not,
    Or,
    Regex,
    SameText,
    field_mentions,
    nodes,
    operands,
)
from eqlite.plan.field_tests import (
    AddressIn,
    BooleanIn,
    InstantIn,
    Kind,
    NumberIn,
    NumberRange,
    RangeOperator,
    Test,
    TextIn,
    TextLike,
    TextRange,
    TextRegex,
)
from eqlite.plan.query import EventQuery, Limit, Plan, SampleQuery, SequenceQuery, Stage

__all__ = [
    "AddressIn",
    "AllOf",
    "Always",
    "And",
    "AnyOf",
    "BooleanIn",
    "Calculate",
    "Compare",
    "Condition",
    "Constant",
    "Contained",
    "EventQuery",
    "Exists",
    "Expression",
    "FieldTest",
    "FieldValue",
    "InstantIn",
    "Invoke",
    "IsNull",
    "Kind",
    "Like",
    "Limit",
    "Negation",
    "Negative",
    "Not",
    "NumberIn",
    "NumberRange",
    "Or",
    "Plan",
    "RangeOperator",
    "Regex",
    "SameText",
    "SampleQuery",
    "Script",
    "SequenceQuery",
    "Stage",
    "Test",
    "TextIn",
    "TextLike",
    "TextRange",
    "TextRegex",
    "condition_fields",
    "field_mentions",
    "leaves",
    "nodes",
    "operands",
]
