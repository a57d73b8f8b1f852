"""All the ways in which eqlite answers whether an event meets a query, side by side."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import eqlite
from eqlite.engine.faults import Faults
from eqlite.events.json_decoding import DecodingRefused
from eqlite.plan import EventQuery


class Evaluators:
    """One event query on both backends and, where it has one, through the typed reader of lines."""

    def __init__(self, text: str, **options: Any) -> None:
        self.text = text
        self.python = eqlite.compile(text, **options)
        self.reference = eqlite.compile(text, backend="reference", **options)
        assert isinstance(self.python.plan.query, EventQuery)
        self.line_predicate = self.python.backend.line_predicate(self.python.plan.query.condition, name="typed")  # type: ignore[attr-defined]

    def answers(self, event: dict[str, Any]) -> dict[str, bool]:
        """Return what each of them says; where the typed reader hands a line back, it says nothing."""
        queries = {"python": self.python, "reference": self.reference}
        found = {name: query.predicate(event, Faults()) for name, query in queries.items()}
        if self.line_predicate is not None:
            with suppress(*DecodingRefused):
                found["line"] = self.line_predicate(line_of(event))
        return found

    def check(self, event: dict[str, Any]) -> bool:
        """Return the one answer; fail where they differ."""
        found = self.answers(event)
        assert len(set(found.values())) == 1, f"{found} for {self.text} over {event!a}"
        return found["reference"]


def line_of(event: dict[str, Any]) -> bytes:
    """Return an event as a JSON line, as UTF-8 where that can be."""
    try:
        return json.dumps(event, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(event).encode()
