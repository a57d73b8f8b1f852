"""Compiled rules: each rule with its query."""

from __future__ import annotations

from collections.abc import Sequence

from eqlite.query import Query
from eqlite.rules.model import Rule

Compiled = Sequence[tuple[Rule, Query]]
