"""Results as plain records, shared by `ndjson` and `json`.

The record of a detection is a promise (`docs/explanation/stability.md`): keys are added, never renamed or removed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import msgspec

from eqlite.execution.detection import Detection
from eqlite.report import Layout
from eqlite.report.escaping import safe_json

Record = dict[str, Any]


def detection_record(detection: Detection, layout: Layout) -> Record:
    """Return a detection as `eqlite run` writes it, or without its rule as `eqlite query` does."""
    record = detection.to_dict(documents=layout.documents)
    if not layout.names_rule:
        del record["rule"]
    return record


def to_json(record: Record) -> str:
    r"""Return a record as one line of JSON that every reader accepts.

    Half a surrogate pair, which no text can hold, is written as `\ud800`; numbers that JSON has not are null.

    >>> to_json({"half": "\ud800", "ratio": float("nan"), "n": 1})
    '{"half":"\\ud800","ratio":null,"n":1}'
    """
    try:
        return safe_json(msgspec.json.encode(record).decode())
    except (UnicodeError, TypeError, ValueError):
        return json.dumps(_finite(record), separators=(",", ":"), default=str, allow_nan=False)


def _finite(value: Any) -> Any:
    """Return a value with None in place of NaN and infinities.

    Events are no deeper than `MAX_JSON_DEPTH`.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_finite(item) for item in value]
    return value
