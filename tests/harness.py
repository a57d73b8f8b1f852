"""Sets of rules, events as lines, and the events of what was found, for tests of all packages."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import eqlite
from eqlite import plan
from eqlite.execution.rule_matcher import ENOUGH_CONDITIONS
from eqlite.execution.run import run_files

UNMET = [f"any where never == {number}" for number in range(ENOUGH_CONDITIONS)]
"""Queries that no event meets. Any query is evaluated with the index of candidates if it is one of a set with them."""


class Found(Protocol):
    """A match or a detection."""

    @property
    def events(self) -> Iterable[Any]: ...


def rule_set(*rules: str | Mapping[str, Any]) -> eqlite.RuleSet:
    """Return a set of rules, each given as a query or as the fields of a rule in JSON."""
    return eqlite.RuleSet(
        eqlite.load_rule(rule if isinstance(rule, str) else json.dumps(rule) + "\n") for rule in rules
    )


def ndjson(events: Iterable[Mapping[str, Any]]) -> bytes:
    """Return events as lines."""
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def over_files(rules: eqlite.RuleSet, *files: bytes, **options: Any) -> list[eqlite.Detection]:
    """Return the detections of rules over files with these bytes."""
    return list(run_files(rules.compile(), [io.BytesIO(data) for data in files], **options))


def numbers(found: Iterable[Found]) -> list[Any]:
    """Return the numbers `n` of the events found: those of sequences and samples as tuples, None for a missing one."""
    lists = [tuple(None if event is None else event["n"] for event in each.events) for each in found]
    return [many[0] if len(many) == 1 else many for many in lists]


def condition(text: str) -> plan.Condition:
    """Return the condition of `any where` and a text."""
    (stage,) = eqlite.compile(f"any where {text}").plan.stages
    return stage.condition
