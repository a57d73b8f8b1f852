"""Elastic's EQL without an Elasticsearch.

    >>> import eqlite
    >>> events = [{"event": {"category": "process"}, "process": {"name": "CMD.EXE"}}]
    >>> [match.events[0]["process"]["name"] for match in eqlite.search('process where process.name : "cmd*"', events)]
    ['CMD.EXE']

Queries: `compile`, `search`, `evaluate`. Text: `parse`, `format`, `analyze`. Rules: `load_rule`, `load_rules`. Events:
`read_events`. Names are imported when first used, so that `import eqlite` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from eqlite.__about__ import __version__

if TYPE_CHECKING:
    from eqlite.diagnostics import Diagnostic as Diagnostic
    from eqlite.engine.match import Match as Match
    from eqlite.engine.stats import SearchStats as SearchStats
    from eqlite.engine.stats import StreamStats as StreamStats
    from eqlite.engine.streams import Stream as Stream
    from eqlite.errors import EqlError as EqlError
    from eqlite.errors import EqlSchemaError as EqlSchemaError
    from eqlite.errors import EqlSemanticError as EqlSemanticError
    from eqlite.errors import EqlSyntaxError as EqlSyntaxError
    from eqlite.errors import EqlTypeMismatchError as EqlTypeMismatchError
    from eqlite.errors import EventError as EventError
    from eqlite.errors import LimitError as LimitError
    from eqlite.errors import RuleError as RuleError
    from eqlite.errors import ServerError as ServerError
    from eqlite.errors import SnapshotError as SnapshotError
    from eqlite.errors import UnsupportedFeature as UnsupportedFeature
    from eqlite.evaluation import evaluate as evaluate
    from eqlite.events.document import Event as Event
    from eqlite.events.intake import ReadStats as ReadStats
    from eqlite.events.readers import read_events as read_events
    from eqlite.execution.correlation.live_correlator import LiveCorrelator as LiveCorrelator
    from eqlite.execution.detection import Detection as Detection
    from eqlite.execution.hit_rows import HitRow as HitRow
    from eqlite.execution.matcher import HitRows as HitRows
    from eqlite.execution.matcher import Matcher as Matcher
    from eqlite.execution.stats import RunStats as RunStats
    from eqlite.execution.stream import RuleStream as RuleStream
    from eqlite.execution.stream import RuleStreamStats as RuleStreamStats
    from eqlite.language.formatting import format as format
    from eqlite.language.parser import parse as parse
    from eqlite.profiling.model import Profile as Profile
    from eqlite.query import Query as Query
    from eqlite.query import compile as compile
    from eqlite.query import search as search
    from eqlite.rules.model import Rule as Rule
    from eqlite.ruleset import RuleSet as RuleSet
    from eqlite.ruleset import load_rule as load_rule
    from eqlite.ruleset import load_rules as load_rules
    from eqlite.semantics.analyzer import analyze as analyze
    from eqlite.semantics.schema import Schema as Schema

_HOMES = {
    "Detection": "eqlite.execution.detection",
    "Diagnostic": "eqlite.diagnostics",
    "EqlError": "eqlite.errors",
    "EqlSchemaError": "eqlite.errors",
    "EqlSemanticError": "eqlite.errors",
    "EqlSyntaxError": "eqlite.errors",
    "EqlTypeMismatchError": "eqlite.errors",
    "Event": "eqlite.events.document",
    "EventError": "eqlite.errors",
    "HitRow": "eqlite.execution.hit_rows",
    "HitRows": "eqlite.execution.matcher",
    "LimitError": "eqlite.errors",
    "LiveCorrelator": "eqlite.execution.correlation.live_correlator",
    "Match": "eqlite.engine.match",
    "Matcher": "eqlite.execution.matcher",
    "Profile": "eqlite.profiling.model",
    "Query": "eqlite.query",
    "ReadStats": "eqlite.events.intake",
    "Rule": "eqlite.rules.model",
    "RuleError": "eqlite.errors",
    "RuleSet": "eqlite.ruleset",
    "RuleStream": "eqlite.execution.stream",
    "RuleStreamStats": "eqlite.execution.stream",
    "RunStats": "eqlite.execution.stats",
    "Schema": "eqlite.semantics.schema",
    "SearchStats": "eqlite.engine.stats",
    "ServerError": "eqlite.errors",
    "SnapshotError": "eqlite.errors",
    "Stream": "eqlite.engine.streams",
    "StreamStats": "eqlite.engine.stats",
    "UnsupportedFeature": "eqlite.errors",
    "analyze": "eqlite.semantics.analyzer",
    "compile": "eqlite.query",
    "evaluate": "eqlite.evaluation",
    "format": "eqlite.language.formatting",
    "load_rule": "eqlite.ruleset",
    "load_rules": "eqlite.ruleset",
    "parse": "eqlite.language.parser",
    "read_events": "eqlite.events.readers",
    "search": "eqlite.query",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'eqlite' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
