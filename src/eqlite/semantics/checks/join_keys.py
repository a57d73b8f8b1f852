"""Join keys: as many in each stage, and plain fields only."""

from __future__ import annotations

from eqlite.language import ast
from eqlite.semantics.context import Context
from eqlite.source import Span


def check_join_keys(query: ast.Query, context: Context) -> None:
    """Report stages with different numbers of keys, and keys that are no fields (eql-semantics 3.2, 8.4, 9)."""
    body = query.body
    if isinstance(body, ast.EventFilter):
        return
    until = None if isinstance(body, ast.Sample) else body.until
    stages = body.stages if until is None else (*body.stages, until)
    for key in (*body.keys, *(key for stage in stages for key in stage.keys)):
        if not isinstance(key, ast.FieldRef):
            context.collector.report(
                "bad-join-key",
                "a join key is a field",
                key.span,
                help="join by the fields themselves",
                elasticsearch=f"Unsupported join key [{context.text(key)}]; only fields are supported",
                column_shift=1,
            )
    expected = len(body.keys) + len(stages[0].keys)
    for stage in stages[1:]:
        count = len(body.keys) + len(stage.keys)
        if count != expected:
            context.collector.report(
                "inconsistent-keys",
                f"this stage has {count} join key{'' if count == 1 else 's'}, the first has {expected}",
                stage.span,
                help="give every stage as many keys: they are matched by position",
                elasticsearch=(
                    f"Inconsistent number of join keys specified; expected [{expected}] but found [{count}]"
                ),
                column_shift=1,
            )
    if isinstance(body, ast.Sample):
        _check_repeated_keys(body, context)
    if isinstance(body, ast.Sample) and expected == 0:
        context.collector.report(
            "sample-without-key",
            "a sample needs a join key",
            Span(body.span.start, body.span.start + len("sample")),
            help="write `sample by host.id …`",
            elasticsearch="A sample must have at least one join key, found none",
            column_shift=1,
        )


def _check_repeated_keys(sample: ast.Sample, context: Context) -> None:
    """Report items of a sample that have a key twice (eql-settled A5). A sequence may."""
    for stage in sample.stages:
        names: set[str] = set()
        repeated: dict[str, ast.FieldRef] = {}
        for key in (*sample.keys, *stage.keys):
            if isinstance(key, ast.FieldRef):
                if key.name in names:
                    repeated.setdefault(key.name, key)
                names.add(key.name)
        if repeated:
            first = next(iter(repeated.values()))
            context.collector.report(
                "repeated-key",
                f"`{first.name}` is a key of this item already",
                first.span,
                help="name each key once",
                elasticsearch=f"Join keys must be used only once, found duplicates: [{','.join(repeated)}]",
                elasticsearch_offset=stage.span.start,
                column_shift=1,
            )
