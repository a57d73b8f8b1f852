"""Remarks on stderr about the events: files passed over, odd shapes and times, reasons for no result."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from eqlite.cli.options import plural
from eqlite.cli.summary import unread_lines
from eqlite.events.intake import RawLine, ReadStats
from eqlite.events.line_documents import documents_on
from eqlite.events.look_alikes import look_alikes
from eqlite.events.odd_times import odd_times
from eqlite.events.partial_answers import partial_answers
from eqlite.query import Query

_SAMPLED_FOR_TIMES = 100
_MOST_PARTIAL = 2


def event_notes(stats: ReadStats, queries: Sequence[Query]) -> Iterator[str]:
    """Yield lines about files passed over, events that look like envelopes, and odd times."""
    yield from unread_lines(stats)
    partial = list(itertools.islice(partial_answers(stats.first_lines), _MOST_PARTIAL + 1))
    for answer in partial[:_MOST_PARTIAL]:
        yield f"{answer.file}:{answer.line} is an incomplete answer of a search: {answer.lacks}"
    if len(partial) > _MOST_PARTIAL:
        yield "and more incomplete answers"
    for form, events, file, line in look_alikes(stats.first_lines):
        these = f"{plural(events, 'event')} among the first {len(stats.first_lines):,}" if events > 1 else "an event"
        hold = "hold" if events > 1 else "holds"
        yield f"events look like envelopes: {these} {hold} {form} ({file}:{line}); what is inside is not searched"
    for path in dict.fromkeys(query.plan.timestamp.path for query in queries if _is_untyped(query)):  # type: ignore[union-attr]
        yield from _time_notes(stats, path)


def nothing_found_notes(stats: ReadStats, queries: Sequence[Query]) -> list[str]:
    """Return lines with possible reasons for an empty result."""
    from eqlite.nothing_found import explain  # rarely needed

    return explain(queries, _documents(stats.first_lines), total=stats.evaluated)


def _is_untyped(query: Query) -> bool:
    return query.plan.timestamp is not None and not query.plan.timestamp.formats


def _time_notes(stats: ReadStats, path: str) -> Iterator[str]:
    if not odd_times(itertools.islice(_documents(stats.first_lines), _SAMPLED_FOR_TIMES), path):
        return
    documents = list(_documents(stats.first_lines))
    among = "" if len(documents) == stats.evaluated else f" among the first {len(documents):,}"
    for events, looks_like, example, advice in odd_times(documents, path):
        looks = "looks" if looks_like.startswith(("epoch", "a ", "Kibana")) else "is"
        like = f"{looks} like {looks_like}" if looks == "looks" else f"is {looks_like}"
        yield f"{plural(events, 'event')}{among}: `{path}` {like}, such as {example}; {advice}"


def _documents(lines: Sequence[RawLine]) -> Iterator[dict[str, Any]]:
    return (document for line in lines for document, _, _ in documents_on(line.data).documents)
