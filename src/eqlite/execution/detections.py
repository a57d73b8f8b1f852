"""Detections from the results of a run's searches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from eqlite.engine.match import Match, match_maker
from eqlite.engine.order import NO_TIME, Ordinal
from eqlite.engine.pipes import Position
from eqlite.engine.search import Result, Search
from eqlite.events.document import AnyEvent, Event
from eqlite.events.intake import FileWarning
from eqlite.events.references import EventReference, LostEvent
from eqlite.execution.detection import Detection, detection_id, origin_of
from eqlite.execution.stats import RunStats
from eqlite.gc_policy import relaxed_gc
from eqlite.query import Query
from eqlite.rules.compiled import Compiled
from eqlite.rules.model import Rule
from eqlite.values.dates.instants import format_instant

FoundEvents = tuple[AnyEvent | None, ...]
DetectionMaker = Callable[[FoundEvents, Result[Any]], Detection]


class ResultWindow(NamedTuple):
    """The results of a search to give, as the parameters `size` and `result_position` of Elasticsearch choose them.

    Attributes:
        size: how many at most; None for all.
        position: the end to take them from.
    """

    size: int | None = None
    position: Position = "tail"


def detections_of(
    compiled: Compiled,
    searches: Sequence[Search[EventReference]],
    stats: RunStats,
    window: ResultWindow | None = None,
) -> Iterator[Detection]:
    """Yield the detections by their last event, then by rule, and count them.

    With a window, each rule's results are those of its search, in Elasticsearch's order. An event that cannot be read
    again has an empty document, and there is a warning about its file.
    """
    with relaxed_gc():
        found: list[tuple[Ordinal, int, Result[EventReference]]] = []
        for rule, search in enumerate(searches):
            size, position = window or ResultWindow()
            results = search.results(size=size, result_position=position)
            found += [(_last_ordinal(result), rule, result) for result in results]
        if window is None:
            found.sort(key=itemgetter(0))  # rules are in order already
    makers = [detection_maker(rule, query) for rule, query in compiled]
    references: tuple[EventReference | None, ...] = ()
    events: FoundEvents = ()
    for _, rule, result in found:
        if result.events != references:  # several rules often match the same event
            references = result.events
            events = tuple(None if reference is None else _event(reference, stats) for reference in references)
        stats.detections += 1
        yield makers[rule](events, result)


def _event(reference: EventReference, stats: RunStats) -> AnyEvent:
    try:
        return reference()
    except LostEvent as problem:
        warning = FileWarning(problem.source.file, "changed while it was read; some events are shown without fields")
        if warning not in stats.reading.warnings:
            stats.reading.warnings.append(warning)
        return Event({}, source=problem.source)


def _last_ordinal(result: Result[EventReference]) -> Ordinal:
    ordinals = result.ordinals
    return ordinals[0] if len(ordinals) == 1 and ordinals[0] is not None else max(filter(None, ordinals))


def detection_maker(rule: Rule, query: Query) -> DetectionMaker:
    """Return the function that makes detections of a rule."""
    make_match = match_maker(query.plan)

    def make(events: FoundEvents, result: Result[Any]) -> Detection:
        times_ns = [ordinal[0] for ordinal in result.ordinals if ordinal is not None and ordinal[0] != NO_TIME]
        match = make_match(events, result.key) if all(map(_is_intact, events)) else Match(events, result.key)
        positions = [None if ordinal is None else ordinal[-1] for ordinal in result.ordinals]
        return as_detection(rule, query, match, times_ns, positions)

    return make


def _is_intact(event: AnyEvent | None) -> bool:
    return event is None or len(event) > 0


def as_detection(
    rule: Rule, query: Query, match: Match, times_ns: Sequence[int], positions: Sequence[int | None]
) -> Detection:
    """Return a match of a rule's query as a detection.

    Args:
        rule: the rule.
        query: its query.
        match: the match.
        times_ns: the times of its events, without those that have none.
        positions: the positions of its events in the input; None in the place of a missing event.
    """
    start = format_instant(min(times_ns)) if times_ns else None
    end = format_instant(max(times_ns)) if len(times_ns) > 1 else start
    keys = dict(zip(query.key_names, match.join_keys, strict=True)) if match.join_keys else {}
    origins = [origin_of(event, position) for event, position in zip(match.events, positions, strict=True)]
    return Detection(rule, query.kind, match.events, keys, start, end, detection_id(rule, origins))
