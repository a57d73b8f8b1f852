"""Pipes: `head` and `tail` with one positive whole number."""

from __future__ import annotations

from eqlite import plan
from eqlite.diagnostics import did_you_mean
from eqlite.language import ast
from eqlite.semantics.context import Context
from eqlite.semantics.fold import fold
from eqlite.semantics.resolve import resolve
from eqlite.semantics.similar_names import similar_names

PIPES = ("head", "tail")
_NUMERIC = (ast.Literal, ast.Arithmetic, ast.Negate, ast.Call)
UNSUPPORTED = ("count", "filter", "sort", "unique", "unique_count")


def check_pipes(query: ast.Query, context: Context) -> None:
    """Report pipes that do not exist and arguments that are no number (eql-semantics 10)."""
    for pipe in query.pipes:
        if context.collector.is_full:
            return
        if pipe.name in UNSUPPORTED:
            context.collector.report(
                "unsupported-pipe",
                f"Elasticsearch does not support the pipe `{pipe.name}`",
                pipe.name_span,
                help="EQL's pipes are `head` and `tail`",
                elasticsearch=f"Pipe [{pipe.name}] is not supported",
                column_shift=1,
            )
        elif pipe.name not in PIPES:
            near = similar_names(pipe.name, (*PIPES, *UNSUPPORTED))
            context.collector.report(
                "unknown-pipe",
                f"there is no pipe `{pipe.name}`",
                pipe.name_span,
                help=f"did you mean `{near[0]}`?" if near else "EQL's pipes are `head` and `tail`",
                elasticsearch=f"Unrecognized pipe [{pipe.name}]{did_you_mean(near)}",
                column_shift=1,
            )
        else:
            pipe_count(pipe, context)
    if query.pipes and isinstance(query.body, ast.Sample):
        context.collector.report(
            "sample-pipe",
            "a sample takes no pipes",
            query.pipes[0].name_span,
            help="ask for fewer samples with `size`",
            elasticsearch="Samples do not support pipes yet",
            elasticsearch_offset=query.pipes[0].span.start,
            column_shift=1,
        )


def pipe_count(pipe: ast.Pipe, context: Context) -> int | None:
    """Return the number that a `head` or `tail` asks for, or None after a report."""
    if len(pipe.arguments) != 1:
        context.collector.report(
            "bad-pipe-argument",
            f"`{pipe.name}` takes one number",
            pipe.span,
            help=f"write `| {pipe.name} 10`",
            elasticsearch=f"Pipe [{pipe.name}] expects exactly one argument but found [{len(pipe.arguments)}]",
            column_shift=1,
        )
        return None
    argument = pipe.arguments[0]
    resolved = resolve(argument, context)
    folded = fold(resolved) if isinstance(argument, _NUMERIC) else resolved
    value = folded.value if isinstance(folded, plan.Constant) else None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    context.collector.report(
        "bad-pipe-argument",
        f"`{context.text(argument)}` is no positive whole number",
        argument.span,
        help=f"write `| {pipe.name} 10`",
        elasticsearch=f"Pipe [{pipe.name}] expects a positive integer but found [{context.text(argument)}]",
        column_shift=1,
    )
    return None
