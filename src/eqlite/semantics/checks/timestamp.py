"""The timestamp field: sequences are ordered by a date."""

from __future__ import annotations

from eqlite.datatypes import DATES
from eqlite.language import ast
from eqlite.semantics.context import Context
from eqlite.source import Span


def check_timestamp(query: ast.Query, context: Context) -> None:
    """Report a sequence whose timestamp field is of another type than a date (eql-settled A11)."""
    if context.schema is None or not isinstance(query.body, ast.Sequence):
        return
    name = context.settings.timestamp_field
    found = context.schema.find(name)
    if found is None or found.type in DATES:
        return
    start = query.body.span.start
    context.collector.report(
        "bad-timestamp-field",
        f"the timestamp field `{name}` is of type {found.es_type}, and a sequence needs a date",
        Span(start, start + len("sequence")),
        help="name a field of type `date` with `timestamp_field`",
        note="Elasticsearch fails the search",
    )
