"""The documents on one line: usually one, several without a line end between them, an array, or an envelope."""

from __future__ import annotations

import re
from typing import NamedTuple

from eqlite.events.envelopes import Unwrapped, unwrap
from eqlite.events.intake import Intake, ReadStats
from eqlite.events.json_decoding import TOO_DEEP, BadJson, decode, decode_object, no_object
from eqlite.events.json_stream import split_values
from eqlite.events.layout import is_comment

_SEVERAL = re.compile(rb"[}\]][\s,\x1e]*[{\[]|^\s*[\[\x1e]")


class LineDocuments(NamedTuple):
    """The documents on a line, and the problem with it, if any.

    Attributes:
        documents: the documents, each with its index and id.
        problem: the reason to reject the line or a part of it; None if all of it is good.
    """

    documents: list[Unwrapped]
    problem: BadJson | None = None


def documents_on(data: bytes) -> LineDocuments:
    r"""Return the documents on a line, and the problem with the rest of it.

    >>> documents_on(b'{"n": 1}{"n": 2}').documents
    [({'n': 1}, None, None), ({'n': 2}, None, None)]
    >>> str(documents_on(b"oops").problem)
    'not JSON: expecting value, column 1'
    """
    try:
        value = decode(data)
    except BadJson as problem:
        if is_comment(data):
            return LineDocuments([])
        # An object followed by a comma, as in a damaged document over several lines.
        is_listed = data.startswith(b"{") and data.rstrip().endswith(b",")
        is_several = is_listed or _SEVERAL.search(data) is not None
        is_several = is_several and problem.reason != TOO_DEEP
        return _split(data, problem) if is_several else LineDocuments([], problem)
    return documents_in(value)


def documents_in(value: object) -> LineDocuments:
    """Return the documents in the value on a line."""
    if isinstance(value, dict):
        return LineDocuments(unwrap(value))
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return LineDocuments([document for item in value for document in unwrap(item)])
    return LineDocuments([], no_object(value))


def _split(data: bytes, problem: BadJson) -> LineDocuments:
    """Return the documents on a line that is not one JSON text.

    `problem` is the reason.
    """
    rejected = ReadStats(sample_limit=1)
    documents: list[Unwrapped] = []
    for _, value in split_values(iter((data,)), "", Intake(rejected)):
        try:
            documents += unwrap(decode_object(value))
        except BadJson:
            rejected.rejected += 1
    return LineDocuments(documents, problem if rejected.rejected or not documents else None)
