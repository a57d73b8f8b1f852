"""The shapes in which exported events come, made of nested documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

Document = dict[str, Any]


def lines_of_hits(documents: Sequence[Document]) -> Iterator[str]:
    """Return a line with `_index`, `_id` and `_source` for each document."""
    return map(_line, _hits(documents))


def search_answer(documents: Sequence[Document]) -> Iterator[str]:
    """Return one answer of `_search` with all documents, on one line."""
    yield _line({"took": 5, "timed_out": False, "hits": {"max_score": None, "hits": list(_hits(documents))}})


def lines_of_fields(documents: Sequence[Document]) -> Iterator[str]:
    """Return a line with `fields` for each document: dotted names, each with a list of values."""
    for number, document in enumerate(documents):
        fields = {name: value if isinstance(value, list) else [value] for name, value in _leaves("", document)}
        yield _line({"_index": "logs", "_id": str(number), "fields": fields})


def lines_of_dotted_keys(documents: Sequence[Document]) -> Iterator[str]:
    """Return a line for each document, without objects in it."""
    return (_line(dict(_leaves("", document))) for document in documents)


def lines_with_nulls(documents: Sequence[Document]) -> Iterator[str]:
    """Return a line for each document, with a null in each of its objects."""
    return (_line(_with_nulls(document)) for document in documents)


LINES: dict[str, Callable[[Sequence[Document]], Iterator[str]]] = {
    "lines of `_source`": lines_of_hits,
    "one answer of `_search`": search_answer,
    "lines of `fields`": lines_of_fields,
    "lines of dotted keys": lines_of_dotted_keys,
    "lines with nulls everywhere": lines_with_nulls,
}


def _line(value: Document) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"


def _hits(documents: Sequence[Document]) -> Iterator[Document]:
    for number, document in enumerate(documents):
        yield {"_index": "logs", "_id": str(number), "_score": None, "_source": document}


def _leaves(prefix: str, part: Document) -> Iterable[tuple[str, Any]]:
    for name, value in part.items():
        if isinstance(value, dict):
            yield from _leaves(f"{prefix}{name}.", value)
        else:
            yield prefix + name, value


def _with_nulls(part: Document) -> Document:
    filled = {name: _with_nulls(value) if isinstance(value, dict) else value for name, value in part.items()}
    return {"unknown": None, **filled}
