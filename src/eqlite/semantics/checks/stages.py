"""Stages: enough of them, not too many, and missing events only where they can be decided."""

from __future__ import annotations

from eqlite.language import ast
from eqlite.limits import MAX_SEQUENCE_STAGES
from eqlite.semantics.context import Context
from eqlite.source import Span

MAX_SAMPLE_STAGES = 5


def check_stages(query: ast.Query, context: Context) -> None:
    """Report a sequence or sample whose stages cannot be matched (eql-semantics 8.1, 8.5 and 9)."""
    match query.body:
        case ast.Sequence():
            _check_sequence(query.body, context)
        case ast.Sample():
            _check_sample(query.body, context)
        case ast.Join(span=span):
            context.collector.report(
                "unsupported-join",
                "`join` is not supported",
                Span(span.start, span.start + len("join")),
                help="use `sequence` for events in order, `sample` for events in any order",
                elasticsearch="JOIN command is not supported",
            )
        case _:
            pass


def _check_sequence(sequence: ast.Sequence, context: Context) -> None:
    start = Span(sequence.span.start, sequence.span.start + len("sequence"))
    count = sum(stage.runs for stage in sequence.stages)
    if count < 2:
        context.collector.report(
            "too-few-stages" if sequence.until is None else "until-without-sequence",
            "a sequence has at least two stages",
            start,
            help="add a stage, or write `with runs=2` behind the one there is",
            elasticsearch=f"A sequence requires a minimum of 2 queries, found [{count}]",
            column_shift=1,
        )
    if count > MAX_SEQUENCE_STAGES:
        context.collector.report(
            "too-many-stages",
            f"a sequence has at most {MAX_SEQUENCE_STAGES} stages, `runs` counted; here are {count}",
            start,
            elasticsearch=f"Sequence cannot contain more than {MAX_SEQUENCE_STAGES} queries; found [{count}]",
            column_shift=1,
        )
    missing = [stage for stage in sequence.stages if stage.missing]
    if missing and sequence.maxspan is None:
        context.collector.report(
            "missing-maxspan",
            "a missing event needs a time span",
            missing[0].span,
            help="write `sequence … with maxspan=1m`",
            elasticsearch="[maxspan] is required for sequences with missing events queries; found none",
            column_shift=1,
        )
    if len(missing) == len(sequence.stages):
        context.collector.report(
            "no-positive-stage",
            "every stage asks for a missing event",
            start,
            help="at least one stage must be an event that happens",
            elasticsearch="A sequence requires at least one positive event query; found none",
            column_shift=1,
        )


def _check_sample(sample: ast.Sample, context: Context) -> None:
    start = Span(sample.span.start, sample.span.start + len("sample"))
    count = len(sample.stages)
    if count < 2:
        context.collector.report(
            "too-few-stages",
            "a sample has at least two items",
            start,
            elasticsearch=f"A sample requires a minimum of 2 queries, found [{count}]",
            column_shift=1,
        )
    if count > MAX_SAMPLE_STAGES:
        context.collector.report(
            "too-many-stages",
            f"a sample has at most {MAX_SAMPLE_STAGES} items; here are {count}",
            sample.stages[MAX_SAMPLE_STAGES].span,
            elasticsearch=(
                f"A sample cannot contain more than {MAX_SAMPLE_STAGES} queries, found [{MAX_SAMPLE_STAGES + 1}]"
            ),
            column_shift=1,
        )
    for stage in sample.stages:
        if stage.missing:
            context.collector.report(
                "missing-event-in-sample",
                "a sample cannot ask for a missing event",
                stage.span,
                help="use a sequence with `maxspan`",
                elasticsearch="Missing events are supported only for sequences",
                column_shift=1,
            )
        elif stage.runs > 1:
            context.collector.report(
                "unknown-option",
                "`with runs` has no meaning in a sample",
                stage.span,
                help="write the item several times",
                elasticsearch="Unrecognized option [runs]",
                column_shift=1,
            )
