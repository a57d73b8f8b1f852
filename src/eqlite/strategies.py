"""Hypothesis strategies: queries, conditions and patterns, and events that come close to what a query asks for.

Made for property tests of rules. Events of plain random values hardly ever meet a rule; those of `events` meet it often,
or miss it by one value, one letter or one missing field, and they come in all the shapes that documents have.

    >>> import eqlite
    >>> from hypothesis import given
    >>> from eqlite import strategies
    >>> old = eqlite.compile('process where process.name : ("nc", "ncat") and process.args : "-e"')
    >>> new = eqlite.compile('process where process.name : ("NC", "NCAT") and process.args : "-E"')
    >>> @given(strategies.events(old))
    ... def test_the_new_form_of_the_rule_means_the_same(event):
    ...     assert old.matches(event) == new.matches(event)
    >>> test_the_new_form_of_the_rule_means_the_same()

Everything is drawn by Hypothesis, so failing examples shrink and can be replayed. Needs `eqlite[hypothesis]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from eqlite import plan
from eqlite.datatypes import DATES, INTEGERS, NUMBERS, DataType
from eqlite.fields import Field
from eqlite.functions.registry import Value
from eqlite.language import ast
from eqlite.language.printer import print_expression, print_query
from eqlite.query import Kind, Query
from eqlite.query import compile as compile_query
from eqlite.rules.model import Rule
from eqlite.rules.ruleset import compile_rule
from eqlite.semantics.schema import MappedField, Schema
from eqlite.values.dates import format_instant
from eqlite.values.network import format_address
from eqlite.values.regex_syntax import parse_lucene
from eqlite.values.regex_tree import Alternation, Characters, Concatenation, Intersection, Repetition, postorder
from eqlite.values.wildcard import Pattern, like_pattern

try:
    from hypothesis import strategies as st
except ImportError as missing:
    raise ImportError("eqlite.strategies needs Hypothesis: install eqlite[hypothesis]") from missing

__all__ = ["FIELDS", "conditions", "events", "matching_values", "queries", "wildcard_patterns"]

FIELDS: Mapping[str, str] = {
    "process.name": "keyword",
    "process.args": "keyword",
    "process.parent.name": "keyword",
    "user.id": "keyword",
    "process.pid": "long",
    "process.exit_code": "integer",
    "file.size": "double",
    "process.elevated": "boolean",
    "source.ip": "ip",
    "event.created": "date",
    "agent.version": "version",
}
"""The fields of generated conditions, and their types, where neither a schema nor fields are given."""
