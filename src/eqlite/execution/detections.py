"""Detections out of the results of a run's searches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from eqlite.engine.match import Match, match_maker
from eqlite.engine.order import NO_TIME, Ordinal, event_time_ns
from eqlite.engine.search import Result, Search
from eqlite.events.document import AnyEvent, Event, document_of
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


def detections_of(
    compiled: Compiled, searches: Sequence[Search[EventReference]], stats: RunStats
) -> Iterator[Detection]:
    """Yield the detections by their last event, then by rule, and count them.

    An event that is not there any more is given without its document, with a warning about its file.
    """
    with relaxed_gc():
        found: list[tuple[Ordinal, int, Result[EventReference]]] = []
        for rule, search in enumerate(searches):
            found += [(_last_ordinal(result), rule, result) for result in search.results()]
        found.sort(key=itemgetter(0))  # rules are in order already
    makers = [detection_maker(rule, query) for rule, query in compiled]
    references: tuple[EventReference | None, ...] = ()
    events: FoundEvents = ()
    for _, rule, result in found:
        if result.events != references:  # several rules often find the same event
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
        match = make_match(events, result.key) if all(map(_is_there, events)) else Match(events, result.key)
        positions = [None if ordinal is None else ordinal[-1] for ordinal in result.ordinals]
        return as_detection(rule, query, match, times_ns, positions)

    return make


def _is_there(event: AnyEvent | None) -> bool:
    return event is None or len(event) > 0


def as_detection(
    rule: Rule, query: Query, match: Match, times_ns: Sequence[int], positions: Sequence[int | None]
) -> Detection:
    """Return a match of a rule's query as a detection.

    Args:
        rule: the rule.
        query: its query.
        match: the match.
        times_ns: the times of those of its events that have one.
        positions: the positions of its events in the input; None in the place of a missing event.
    """
    start = format_instant(min(times_ns)) if times_ns else None
    end = format_instant(max(times_ns)) if len(times_ns) > 1 else start
    keys = dict(zip(query.key_names, match.join_keys, strict=True)) if match.join_keys else {}
    origins = [origin_of(event, position) for event, position in zip(match.events, positions, strict=True)]
    return Detection(rule, query.kind, match.events, keys, start, end, detection_id(rule, origins))


def event_times(query: Query, match: Match) -> list[int]:
    """Return the times of a match's events, of those that have one, in nanoseconds."""
    documents = [document_of(event) for event in match.events if event is not None]
    found = [event_time_ns(document, query.plan.timestamp) for document in documents]
    return [time_ns for time_ns in found if time_ns is not None]
