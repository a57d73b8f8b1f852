"""Hypothesis strategies: queries, conditions and patterns, and events that come close to what a query asks for.

Made for property tests of rules. Events of plain random values hardly ever meet a rule; those of `events` meet it
often, or miss it by one value, one letter or one missing field, and they come in all the shapes that documents have.

The reference of `events` has an example.

Everything is drawn by Hypothesis, so failing examples shrink and can be replayed. Needs the package `hypothesis`.
"""

from __future__ import annotations

try:
    import hypothesis as _hypothesis  # noqa: F401 - only to say early what is missing
except ImportError as missing:
    raise ImportError("eqlite.strategies needs Hypothesis: pip install hypothesis") from missing

from eqlite.strategies.events import events
from eqlite.strategies.patterns import matching_values, wildcard_patterns
from eqlite.strategies.queries import FIELDS, conditions, queries

__all__ = ["FIELDS", "conditions", "events", "matching_values", "queries", "wildcard_patterns"]
