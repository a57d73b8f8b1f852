"""Documents that a program holds, encoded as JSON: from there on they are read as lines of a file are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from eqlite.limits import MAX_JSON_DEPTH
from eqlite.values.json_values import is_plain, json_value

_encode = msgspec.json.Encoder().encode


def encode_document(document: Mapping[str, Any]) -> bytes | None:
    """Return a document as JSON, or None if no JSON text is equivalent.

    There is none for infinities, lone surrogates, integers of thousands of digits, and great depth.

    Raises:
        EventError: the document holds something for which JSON has no form.

    >>> encode_document({"process": {"args": ("a", "b"), "pid": 7.0}})
    b'{"process":{"args":["a","b"],"pid":7.0}}'
    """
    if not is_plain(document):
        document = json_value(document, depth=MAX_JSON_DEPTH)
        if not is_plain(document):
            return None
    try:
        return _encode(document)
    except (ValueError, RecursionError, TypeError):
        return None
