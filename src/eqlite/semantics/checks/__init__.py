"""The checks on a syntax tree, one a module, each a function that reports into the context's collector."""

from __future__ import annotations

from collections.abc import Callable

from eqlite.language import ast
from eqlite.semantics.checks.insensitive_range import check_insensitive_range
from eqlite.semantics.checks.join_keys import check_join_keys
from eqlite.semantics.checks.pipes import check_pipes
from eqlite.semantics.checks.regex_syntax import check_regex_syntax
from eqlite.semantics.checks.stages import check_stages
from eqlite.semantics.checks.timestamp import check_timestamp
from eqlite.semantics.checks.wildcard_constant import check_wildcard_constant
from eqlite.semantics.context import Context

CHECKS: tuple[Callable[[ast.Query, Context], None], ...] = (
    check_stages,
    check_join_keys,
    check_pipes,
    check_timestamp,
    check_regex_syntax,
    check_insensitive_range,
    check_wildcard_constant,
)
