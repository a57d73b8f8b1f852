"""Stages of sequences and samples: their conditions and join keys, and what the keys of one say about the others."""

from __future__ import annotations

from collections.abc import Sequence

from eqlite import plan
from eqlite.datatypes import NUMBERS, DataType, are_compatible
from eqlite.fields import Field
from eqlite.language import ast
from eqlite.semantics.conditions import category_test, folded_condition, lowered_condition
from eqlite.semantics.context import Context
from eqlite.semantics.field_resolution import resolve_field, setting_field
from eqlite.semantics.key_conditions import KeyedCondition, TooManyCopies, copied_conditions
from eqlite.semantics.lower import ALWAYS, NEVER, all_of, negation
from eqlite.source import Span

Written = Sequence[ast.Stage]


def sequence_query(sequence: ast.Sequence, context: Context) -> plan.SequenceQuery:
    """Return the plan of a sequence."""
    until = sequence.until
    stages = _stages(sequence.stages, sequence.keys, context, until=until, are_ordered=True)
    last = stages.pop() if until is not None else None
    repeated = [stage for stage, item in zip(stages, sequence.stages, strict=True) for _ in range(item.runs)]
    maxspan = sequence.maxspan.milliseconds if sequence.maxspan is not None else None
    return plan.SequenceQuery(tuple(repeated), maxspan, last)


def sample_query(sample: ast.Sample, context: Context) -> plan.SampleQuery:
    """Return the plan of a sample."""
    return plan.SampleQuery(tuple(_stages(sample.stages, sample.keys, context)))


def check_joined_stages(join: ast.Join, context: Context) -> None:
    """Report the problems in the stages of a `join`, which has no plan."""
    _stages(join.stages, join.keys, context, until=join.until)


def _stages(
    written: Written,
    shared: tuple[ast.Expr, ...],
    context: Context,
    *,
    until: ast.Stage | None = None,
    are_ordered: bool = False,
) -> list[plan.Stage]:
    """Return the stages, `until` last."""
    every = written if until is None else (*written, until)
    categories: list[plan.Condition] = []
    read: list[KeyedCondition] = []
    spans: list[list[Span]] = []
    first: list[Field | None] = []
    for number, stage in enumerate(every):
        folded = folded_condition(stage.filter, context)
        categories.append(category_test(stage.filter, context) or ALWAYS)
        named = [(key, resolve_field(key, context)) for key in (*shared, *stage.keys) if isinstance(key, ast.FieldRef)]
        keys = tuple(field for _, field in named)
        spans.append([key.span for key, _ in named])
        if number == 0:
            first = list(keys)
        for expected, (key, field) in zip(first, named, strict=False):
            _check_key_type(key, field, expected, context)
        read.append(KeyedCondition(folded, keys, stage.missing))
    if context.collector.errors:  # there will be no plan
        return [plan.Stage(NEVER, each.keys, each.missing) for each in read]
    copies = _copies(written, read, context)
    lowered: dict[int, plan.Condition] = {}  # by identity: most copies are what they were copied from

    def lower_once(part: plan.Expression) -> plan.Condition:
        if id(part) not in lowered:
            lowered[id(part)] = lowered_condition(part, context)
        return lowered[id(part)]

    unequal = _unequal_keys(len(written), read, spans, context) if are_ordered else [[] for _ in read]
    return [
        plan.Stage(
            all_of([category, *bars, *map(lower_once, (each.expression, *copied))]),
            each.keys,
            each.missing,
        )
        for category, each, copied, bars in zip(categories, read, copies, unequal, strict=True)
    ]


def _copies(written: Written, read: list[KeyedCondition], context: Context) -> list[list[plan.Expression]]:
    """Return the conditions that stages take over from each other, none for `until`, which is last."""
    stages = [
        each._replace(expression=_with_category(stage.filter, each.expression, context))
        for stage, each in zip(written, read, strict=False)
    ]
    try:
        copies = copied_conditions(stages, context.target)
    except TooManyCopies as problem:
        context.collector.report(
            "too-many-key-conditions",
            f"the conditions on join keys, copied to the other stages, are too many: {problem}",
            written[0].span.to(written[-1].span),
            help="ask them of one stage only",
        )
        copies = [[] for _ in stages]
    return [*copies, *([] for _ in read[len(copies) :])]


def _with_category(filter_: ast.EventFilter, expression: plan.Expression, context: Context) -> plan.Expression:
    """Return a stage's condition with the test of what stands before `where`, which may be on a join key, too."""
    if filter_.category is None:
        return expression
    field = setting_field(context.settings.event_category_field, context)
    assert field is not None  # or there is an error
    span = filter_.category_span
    category = plan.Constant(filter_.category, type=DataType.KEYWORD, span=span)
    test = plan.Compare("==", plan.FieldValue(field, type=field.type, span=span), category, span=span)
    return plan.And((test, expression), span=expression.span)


def _unequal_keys(
    count: int, read: list[KeyedCondition], spans: Sequence[Sequence[Span]], context: Context
) -> list[list[plan.Condition]]:
    """Return for each stage what keeps its keys from being equal to numbers of another type: they must be null.

    A sequence compares keys as Java does, where no `long` equals an `integer`. Whether an unwanted event has a key is
    asked of the index, which does not mind. Source: eql-settled A7.
    """
    bars: list[list[plan.Condition]] = [[] for _ in read]
    for index, column in enumerate(zip(*(each.keys for each in read), strict=True)):
        wanted = [number for number, each in enumerate(read) if not each.missing]
        kinds = {field.type for number in wanted if (field := column[number]) is not None and field.type in NUMBERS}
        if len(kinds) < 2:
            continue
        stages = [number for number in wanted if number < count]
        of_stages = {field.type for number in stages if (field := column[number]) is not None}
        differing = wanted if len(of_stages & NUMBERS) > 1 else [number for number in wanted if number not in stages]
        for number in differing:
            if (field := column[number]) is not None:
                bars[number].append(NEVER if not field.optional else negation(plan.Exists(field)))
        named = [(field, spans[number][index]) for number in wanted if (field := column[number]) is not None]
        _warn_of_types(named[0][0], *next(pair for pair in named if pair[0].type is not named[0][0].type), context)
    return bars


def _warn_of_types(first: Field, other: Field, span: Span, context: Context) -> None:
    context.collector.report(
        "unequal-key-types",
        f"join key `{other.name}` is of type {other.type.es_name}, `{first.name}` of type {first.type.es_name}",
        span,
        label="never equal",
        help="join by fields of one type",
        note="in a sequence Elasticsearch takes numbers of different types for different values",
    )


def _check_key_type(key: ast.Expr, field: Field | None, expected: Field | None, context: Context) -> None:
    if field is None or expected is None or are_compatible(field.type, expected.type):
        return
    if DataType.UNKNOWN in (field.type, expected.type):
        return
    context.collector.report(
        "incompatible-keys",
        f"join key `{field.name}` is of type {field.type.es_name}, `{expected.name}` of type {expected.type.es_name}",
        key.span,
        help="values of these types are never equal: join by fields of one type",
        elasticsearch=(
            f"Sequence key [{field.name}] type [{field.type.es_name}] is incompatible with key [{expected.name}] "
            f"type [{expected.type.es_name}]"
        ),
    )
