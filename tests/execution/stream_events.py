"""Rules and events for tests of streams of rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.harness import rule_set

import eqlite
from eqlite.ruleset import RuleSet

OPTIONS: list[dict[str, Any]] = [{}, {"tiebreaker_field": "t"}]


def with_ids(texts: Sequence[str]) -> RuleSet:
    return rule_set(*({"rule_id": str(number), "query": text} for number, text in enumerate(texts)))


def ids(found: Sequence[eqlite.Detection]) -> Counter[str]:
    return Counter(detection.id for detection in found)


def numbered(events: list[dict[str, Any]], *, with_tiebreaker: bool) -> list[dict[str, Any]]:
    """Return events in order, each with its number in place of a tiebreaker that others may have, too."""
    events.sort(key=lambda event: (event["@timestamp"], event.get("t", 9) if with_tiebreaker else 0))
    return [{**event, "n": number} for number, event in enumerate(events)]


def event(second: int, kind: str, number: int = 0) -> dict[str, Any]:
    return {"@timestamp": 1_767_225_600_000 + second * 1_000, "kind": kind, "k": "x", "n": number}
