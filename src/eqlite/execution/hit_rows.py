"""Hits as plain data: rows that cross a process, a shuffle or a topic between matching and correlation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from eqlite.engine.keys import Key, KeyBudget
from eqlite.engine.order import NO_TIEBREAKER, NO_TIME
from eqlite.engine.stages import starting_stages
from eqlite.errors import EventError
from eqlite.events.document import document_of
from eqlite.execution.detection import origin_of
from eqlite.execution.extractors import Extractors
from eqlite.execution.hit_batch import HitEvent
from eqlite.execution.hits import Hits
from eqlite.plan import SequenceQuery
from eqlite.query import Query

Report = Callable[[int, str], None]
_MOST_SHOWN = 100


class HitRow(NamedTuple):
    """An event that meets stages of a rule under one join key.

    It is plain data, and may cross a process, a shuffle or a topic.

    Attributes:
        rule: the rule's id; its query where it has none.
        key: the parts of the join key, in the order of the query; empty for rules without.
        time_ns: nanoseconds since 1970, in whole milliseconds unless the timestamp is a `date_nanos`; None for none.
        tiebreaker: the value that orders events of the same time; None without one.
        origin: the text by which the event is known in the id of a detection.
        stages: the stages that the event meets, from 0; `until` has the last number. For event rules `(0,)`.
        starts: whether a sequence may start with the event; True for event rules and samples.
        event: the document.

    >>> import eqlite
    >>> rules = eqlite.load_rules("examples/rules/office_starts_a_shell.toml")
    >>> (hit,) = rules.matcher().match(eqlite.read_events("examples/incident.ndjson"))
    >>> hit.key, hit.stages, hit.starts, hit.event["process"]["name"]
    ((), (0,), True, 'cmd.exe')
    """

    rule: str
    key: Key
    time_ns: int | None
    tiebreaker: int | float | str | None
    origin: str
    stages: tuple[int, ...]
    starts: bool
    event: Mapping[str, Any] | None


def check_row(row: Any, stages: int, keys: int) -> None:
    """Check that a row fits a rule, given the numbers of its stages and key parts.

    Raises:
        EventError: it cannot.
    """
    is_hit = (
        isinstance(row.time_ns, int | None)
        and isinstance(row.tiebreaker, int | float | str | None)
        and isinstance(row.origin, str)
        and isinstance(row.event, Mapping | None)
        and isinstance(row.key, tuple)
        and len(row.key) == keys
        and all(isinstance(part, str | int | float | None) for part in row.key)
        and isinstance(row.stages, tuple)
        and all(isinstance(stage, int) and 0 <= stage < stages for stage in row.stages)
    )
    if not is_hit:
        raise no_hit(row)


def no_hit(row: object) -> EventError:
    """Return the error for something that is no hit."""
    text = repr(row)
    text = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
    return EventError(f"this is no hit of these rules; rows are those of `Matcher.match`: {text}")


class RowMaker:
    """Makes rows of the hits of some rules."""

    def __init__(self, names: list[str], queries: list[Query]) -> None:
        self._names = names
        self._queries = queries
        self._extractors = Extractors()
        self._starting = [starting_stages(query.plan) for query in queries]

    def rows(self, event: HitEvent, hits: Hits, origin: str | None, report: Report) -> Iterator[HitRow]:
        """Yield the rows of an event. `report` gets the rule and a message where the event is left out.

        `origin` is what the event is known by, None for what it says itself.
        """
        given = event.reference()()
        document = document_of(given)
        name = origin if origin is not None else origin_of(given, event.position) or ""
        pairs = [*((rule, (0,)) for rule in hits.event_rules), *hits.stage_hits]
        for rule, stages in pairs:
            plan = self._queries[rule].plan
            ordinal, problem = event.order(self._extractors.order(plan))
            if isinstance(plan.query, SequenceQuery) and problem is not None:
                report(rule, problem)
                continue
            time_ns = None if ordinal[0] == NO_TIME else ordinal[0]
            tiebreaker = None if ordinal[1:3] == NO_TIEBREAKER else ordinal[2]
            for key, found in self._by_key(event, rule, stages, report).items():
                starts = not self._starting[rule].isdisjoint(found)
                yield HitRow(self._names[rule], key, time_ns, tiebreaker, name, tuple(found), starts, document)

    def _by_key(self, event: HitEvent, rule: int, stages: Iterable[int], report: Report) -> dict[Key, list[int]]:
        """Return the stages that an event meets under each key."""
        plan = self._queries[rule].plan
        found: dict[Key, list[int]] = {}
        for stage in stages:
            extractor = self._extractors.keys(plan.stages[stage].keys)
            for key in event.keys(extractor, KeyBudget(), lambda message: report(rule, message)):
                found.setdefault(key, []).append(stage)
        return found


def key_text(key: Key) -> str:
    """Return a join key as text: a list in JSON, the same for numbers that are equal.

    >>> key_text(("ws-17", 4.0, None, True))
    '["ws-17", 4, null, true]'
    """
    return json.dumps([int(part) if part.__class__ is float and part.is_integer() else part for part in key])


def key_of_text(text: str) -> Key:
    """Return the join key of a text.

    Raises:
        ValueError: it is none.
    """
    parts = json.loads(text)
    if not isinstance(parts, list) or any(isinstance(part, (list, dict)) for part in parts):
        raise ValueError("no text of a join key")
    return tuple(parts)


def to_arrow(rows: Iterable[HitRow]) -> Any:
    """Return rows as a table of Arrow. Keys and events are JSON, tiebreakers text with their type.

    Raises:
        ImportError: pyarrow is not installed.
    """
    import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

    columns: dict[str, list[Any]] = {name: [] for name in HitRow._fields}
    for row in rows:
        for name, value in zip(HitRow._fields, row, strict=True):
            is_json = name in ("tiebreaker", "event") and value is not None
            columns[name].append(json.dumps(value) if is_json else value)
    columns["key"] = [key_text(key) for key in columns["key"]]
    types = {
        "rule": pa.string(),
        "key": pa.string(),
        "time_ns": pa.int64(),
        "tiebreaker": pa.string(),
        "origin": pa.string(),
        "stages": pa.list_(pa.int32()),
        "starts": pa.bool_(),
        "event": pa.string(),
    }
    return pa.table({name: pa.array(values, types[name]) for name, values in columns.items()})


def from_arrow(table: Any) -> list[HitRow]:
    """Return the rows of a table that `to_arrow` made."""
    rows: list[HitRow] = []
    for row in table.to_pylist():
        for name in ("key", "tiebreaker", "event"):
            row[name] = None if row[name] is None else json.loads(row[name])
        rows.append(HitRow(**{**row, "key": tuple(row["key"]), "stages": tuple(row["stages"])}))
    return rows
