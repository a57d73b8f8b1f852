"""Syntax tree + schema → plan, or diagnostics. The phases in order: checks, resolve, fold, lower.

What does not belong here: running anything. The plan that comes out is all that backends and engine see.
"""

from __future__ import annotations

from eqlite import plan
from eqlite.datatypes import DataType, are_compatible
from eqlite.diagnostics import Collector, Diagnostic, did_you_mean
from eqlite.fields import Field
from eqlite.language import ast
from eqlite.language.parser import read
from eqlite.semantics.checks import CHECKS
from eqlite.semantics.checks.pipes import PIPES, pipe_count
from eqlite.semantics.context import Context
from eqlite.semantics.field_resolution import resolve_field, setting_field
from eqlite.semantics.fold import Fault, fold
from eqlite.semantics.lower import NEVER, all_of, lower
from eqlite.semantics.resolve import resolve_condition
from eqlite.semantics.schema import Schema
from eqlite.semantics.settings import Settings
from eqlite.source import Source


def analyze_text(
    text: str | Source, schema: Schema | None = None, settings: Settings | None = None
) -> tuple[plan.Plan | None, list[Diagnostic]]:
    """Return the plan of a query and everything there is to say about it; the plan is None after an error."""
    source = text if isinstance(text, Source) else Source(text)
    collector = Collector(source)
    tree, _ = read(source, collector)
    if tree is None:
        return None, collector.diagnostics
    assert isinstance(tree, ast.Query)
    made = make_plan(tree, Context(collector, schema, settings or Settings()))
    return (None if collector.errors else made), collector.diagnostics


def make_plan(query: ast.Query, context: Context) -> plan.Plan | None:
    """Return the plan of a query, reporting what is wrong with it; None where there can be none."""
    for check in CHECKS:
        check(query, context)
    body = _body(query.body, context)
    limits = [_limit(pipe, context) for pipe in query.pipes if pipe.name in PIPES]
    if body is None or context.collector.errors:
        return None
    tiebreaker = context.settings.tiebreaker_field
    return plan.Plan(
        body,
        tuple(limit for limit in limits if limit is not None),
        setting_field(context.settings.timestamp_field, context),
        setting_field(tiebreaker, context) if tiebreaker is not None else None,
    )


def _limit(pipe: ast.Pipe, context: Context) -> plan.Limit | None:
    count = pipe_count(pipe, context)
    if count is None:
        return None
    return plan.Limit("head" if pipe.name == "head" else "tail", count)


def _body(body: ast.Body, context: Context) -> plan.EventQuery | plan.SequenceQuery | plan.SampleQuery | None:
    match body:
        case ast.EventFilter():
            return plan.EventQuery(_condition(body, context))
        case ast.Sequence():
            return _sequence(body, context)
        case ast.Sample():
            return _sample(body, context)
        case ast.Join():
            _stages(body.stages if body.until is None else (*body.stages, body.until), body.keys, context)
            return None


def _condition(filter_: ast.EventFilter, context: Context) -> plan.Condition:
    """Return the condition of `category where …`; the category is an exact test like any other."""
    resolved = resolve_condition(filter_.condition, context)
    faults: list[Fault] = []
    folded = fold(resolved, faults)
    for span, fault in faults:
        context.collector.report(
            "constant-fault",
            f"this has no value: {fault}",
            span,
            label="null here",
            note="Elasticsearch refuses the search; here the value is null",
        )
    # After an error there will be no plan, and what lowering says of constants would say the same once more.
    condition = NEVER if context.collector.errors else lower(folded, context)
    if filter_.category is None:
        return condition
    name = context.settings.event_category_field
    field = setting_field(name, context)
    if field is None:
        assert context.schema is not None
        context.collector.report(
            "unknown-field",
            f"the event category field `{name}` is not in the schema",
            filter_.category_span,
            help="set `event_category_field`, or write `any where …`",
            elasticsearch=f"Unknown column [{name}]{did_you_mean(context.schema.suggest(name))}",
        )
        return NEVER
    category = plan.FieldTest(field, plan.TextIn(frozenset({filter_.category})), span=filter_.category_span)
    return all_of([category, condition])


def _sequence(sequence: ast.Sequence, context: Context) -> plan.SequenceQuery:
    until = sequence.until
    written = sequence.stages if until is None else (*sequence.stages, until)
    stages = _stages(written, sequence.keys, context)
    last = stages.pop() if until is not None else None
    repeated = [stage for stage, item in zip(stages, sequence.stages, strict=True) for _ in range(item.runs)]
    maxspan = sequence.maxspan.milliseconds if sequence.maxspan is not None else None
    return plan.SequenceQuery(tuple(repeated), maxspan, last)


def _sample(sample: ast.Sample, context: Context) -> plan.SampleQuery:
    return plan.SampleQuery(tuple(_stages(sample.stages, sample.keys, context)))


def _stages(written: tuple[ast.Stage, ...], shared: tuple[ast.Expr, ...], context: Context) -> list[plan.Stage]:
    stages = []
    first: list[tuple[ast.Expr, Field | None]] = []
    for stage in written:
        condition = _condition(stage.filter, context)
        keys = [(key, resolve_field(key, context)) for key in (*shared, *stage.keys) if isinstance(key, ast.FieldRef)]
        first = first or list(keys)
        for (_, expected), (key, field) in zip(first, keys, strict=False):
            _check_key_type(key, field, expected, context)
        stages.append(plan.Stage(condition, tuple(field for _, field in keys), stage.missing))
    return stages


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
