"""Conditions of stages: what stands before and behind `where`, resolved, folded and lowered."""

from __future__ import annotations

from eqlite import plan
from eqlite.diagnostics import did_you_mean
from eqlite.language import ast
from eqlite.semantics.context import Context
from eqlite.semantics.field_resolution import setting_field
from eqlite.semantics.fold import Fault, fold
from eqlite.semantics.lower import NEVER, all_of, lower
from eqlite.semantics.resolve import resolve_condition


def event_condition(filter_: ast.EventFilter, context: Context) -> plan.Condition:
    """Return the condition of `category where …`. The category is an exact test like any other."""
    folded = folded_condition(filter_, context)
    category = category_test(filter_, context)
    condition = lowered_condition(folded, context)
    return condition if category is None else all_of([category, condition])


def folded_condition(filter_: ast.EventFilter, context: Context) -> plan.Expression:
    """Return the condition behind `where`, its constant parts computed."""
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
    return folded


def lowered_condition(folded: plan.Expression, context: Context) -> plan.Condition:
    """Return the condition of a folded expression."""
    # After an error there will be no plan, and what lowering says of constants would say the same once more.
    return NEVER if context.collector.errors else lower(folded, context)


def category_test(filter_: ast.EventFilter, context: Context) -> plan.Condition | None:
    """Return the test of the category, or None for `any`."""
    if filter_.category is None:
        return None
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
    return plan.FieldTest(field, plan.TextIn(frozenset({filter_.category})), span=filter_.category_span)
