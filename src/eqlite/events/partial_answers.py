"""Incomplete answers of a search: cut to a size, timed out, or with failed shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from eqlite.events.intake import RawLine
from eqlite.events.json_decoding import BadJson, decode_object


class PartialAnswer(NamedTuple):
    """An incomplete answer.

    Attributes:
        file: its file.
        line: its line.
        lacks: a description of the missing part.
    """

    file: str
    line: int
    lacks: str


def partial_answers(lines: Iterable[RawLine]) -> Iterator[PartialAnswer]:
    """Yield the partial answers among some lines.

    >>> line = RawLine(
    ...     "a.json", 1, b'{"timed_out": true, "hits": {"total": {"value": 2000}, "hits": [{"_source": {}}]}}'
    ... )
    >>> [answer.lacks for answer in partial_answers([line])]
    ['1 of 2,000 hits, timed out']
    """
    for file, number, data in lines:
        if b'"hits"' not in data:
            continue
        try:
            value = decode_object(data)
        except BadJson:
            continue
        for answer in _answers(value):
            if lacks := ", ".join(_lacks(answer)):
                yield PartialAnswer(file, number, lacks)


def _answers(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the answers of searches in an object: itself, or those of an asynchronous or a multiple search."""
    if "@timestamp" in value or "_source" in value:
        return
    responses = value.get("responses")
    inner = responses if isinstance(responses, list) else [value.get("response"), value.get("rawResponse"), value]
    yield from (answer for answer in inner if isinstance(answer, Mapping) and isinstance(answer.get("hits"), Mapping))


def _lacks(answer: Mapping[str, Any]) -> Iterator[str]:
    hits = answer["hits"]
    total = hits.get("total")
    total = total.get("value") if isinstance(total, Mapping) else total
    shown = next((hits[name] for name in ("hits", "events", "sequences") if isinstance(hits.get(name), list)), None)
    if isinstance(total, int) and shown is not None and len(shown) < total:
        yield f"{len(shown):,} of {total:,} hits"
    if answer.get("timed_out") is True:
        yield "timed out"
    if answer.get("is_partial") is True:
        yield "partial results"
    shards = answer.get("_shards")
    if isinstance(shards, Mapping) and isinstance(failed := shards.get("failed"), int) and failed > 0:
        yield f"{failed:,} of {shards.get('total', failed)} shards failed"
