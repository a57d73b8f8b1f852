"""Syntax tree + schema → plan, or diagnostics. The phases in order: checks, resolve, fold, lower.

What does not belong here: running anything. The plan that comes out is all that backends and engine see.
"""

from __future__ import annotations

import os
from typing import Any

from eqlite import plan
from eqlite.diagnostics import Collector, Diagnostic
from eqlite.language import ast
from eqlite.language.parser import read
from eqlite.semantics.checks import CHECKS
from eqlite.semantics.checks.pipes import PIPES, pipe_count
from eqlite.semantics.conditions import event_condition
from eqlite.semantics.context import Context
from eqlite.semantics.field_resolution import setting_field
from eqlite.semantics.schema import Schema
from eqlite.semantics.settings import Settings
from eqlite.semantics.stages import check_joined_stages, sample_query, sequence_query
from eqlite.source import Source


def analyze(
    text: str | Source, schema: Schema | str | os.PathLike[str] | None = None, **settings: Any
) -> list[Diagnostic]:
    """Return all diagnostics of a query, syntax included. The list is empty for a good query.

    Args:
        text: the query.
        schema: as in `compile`. Unknown fields and wrong types are reported only with a schema.
        settings: `event_category_field`, `timestamp_field`, `tiebreaker_field` and `target` of `compile`.

    >>> import eqlite
    >>> [problem.help for problem in eqlite.analyze('process where proces.name == "x"', "ecs")]
    ['did you mean `process.name`?']
    """
    return [*analyze_text(text, Schema.of(schema), Settings(**settings))[1]]


def analyze_text(
    text: str | Source, schema: Schema | None = None, settings: Settings | None = None
) -> tuple[plan.Plan | None, list[Diagnostic]]:
    """Return the plan of a query, None after an error, and its diagnostics."""
    source = text if isinstance(text, Source) else Source(text)
    collector = Collector(source)
    tree, _ = read(source, collector)
    if tree is None:
        return None, collector.diagnostics
    assert isinstance(tree, ast.Query)
    made = make_plan(tree, Context(collector, schema, settings or Settings()))
    return (None if collector.errors else made), collector.diagnostics


def make_plan(query: ast.Query, context: Context) -> plan.Plan | None:
    """Return the plan of a query, or None after an error. Reports the problems."""
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
            return plan.EventQuery(event_condition(body, context))
        case ast.Sequence():
            return sequence_query(body, context)
        case ast.Sample():
            return sample_query(body, context)
        case ast.Join():
            check_joined_stages(body, context)
            return None
