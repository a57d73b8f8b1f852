"""The form of a snapshot's data: its types, and the conditions between its parts.

A snapshot may come from a stranger. What passes here can be wrong, but a stream goes on from it without an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypedDict

import msgspec

from eqlite.engine.sequences import UNTIL
from eqlite.errors import SnapshotError
from eqlite.plan import Plan, SampleQuery, SequenceQuery

SavedEvent = tuple[dict[str, Any], str | None, str | None, tuple[str, int] | None, bool, str | None]
"""Document, index, id, file and line, whether it is alone on the line, origin."""
SavedOrdinal = tuple[int, int, int | float | str, int]
SavedLink = tuple[SavedOrdinal, int]
SavedKey = tuple[str | int | float | bool | None, ...]
SavedStages = list[tuple[int, list[SavedKey]]]
SavedHits = tuple[SavedLink, SavedStages]
SavedPending = tuple[list[SavedLink], int | None, bool]


class SavedSettings(TypedDict):
    """The settings of a stream."""

    lateness_ns: int
    max_open: int
    max_ahead_ns: int | None


class SavedMatcher(TypedDict):
    """The open sequences of a matcher."""

    dropped: int
    next_sweep_ns: int | None
    states: list[tuple[SavedKey, int, list[SavedPending | None], list[tuple[int, int, int | None]]]]
    waiting: list[tuple[SavedPending, SavedKey, int, int]]


class SavedSample(TypedDict):
    """The events of a sample, by item and key."""

    links: list[SavedLink]
    items: list[list[tuple[SavedKey, list[int]]]]


class SavedPipes(TypedDict):
    """The results that wait for the end of a stream."""

    given: int
    limited: list[tuple[list[SavedLink | None], SavedKey]]


class SavedClock(TypedDict):
    """The position of a stream in time, and its events that are too far ahead."""

    newest_ns: int | None
    ahead: list[SavedHits]
    left_out: int
    votes: int


class SavedSearch(TypedDict):
    """The state of one query over a stream."""

    counts: tuple[int, int, int]
    watermark: tuple[int, int, int | float | str] | None
    held: list[SavedHits]
    untimed: list[SavedLink]
    pipes: SavedPipes
    matcher: SavedMatcher | None
    sample: SavedSample | None


class Saved(TypedDict):
    """All that is in a snapshot."""

    settings: SavedSettings
    count: int
    faults: tuple[int, list[str]]
    clock: SavedClock
    search: SavedSearch
    events: list[dict[str, Any] | SavedEvent]


def checked(payload: object, plan: Plan) -> Saved:
    """Return the data of a snapshot for a plan, with tuples where they belong.

    Raises:
        SnapshotError: a part is missing, of another type, or does not fit the plan or other parts.
    """
    try:
        saved = msgspec.convert(payload, Saved)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise SnapshotError(f"the snapshot cannot be read: {error}") from None
    for problem in _problems(saved, plan):
        raise SnapshotError(f"the snapshot cannot be read: {problem}")
    return saved


def _problems(saved: Saved, plan: Plan) -> Iterator[str]:
    settings = saved["settings"]
    numbers = [saved["count"], saved["faults"][0], settings["lateness_ns"], settings["max_open"] - 1]
    if min(*numbers, settings["max_ahead_ns"] or 0) < 0:
        yield "a count is none"
    yield from problems_of_clock(saved["clock"], plan, events=len(saved["events"]))
    yield from problems_of_search(saved["search"], plan, events=len(saved["events"]))


def problems_of_clock(clock: SavedClock, plan: Plan, *, events: int) -> Iterator[str]:
    """Yield the problems of the state of a clock. `events` is the number of events in the snapshot."""
    if min(clock["left_out"], clock["votes"]) < 0:
        yield "a count is none"
    yield from problems_of_hits(clock["ahead"], plan, events=events)


def problems_of_search(search: SavedSearch, plan: Plan, *, events: int) -> Iterator[str]:
    """Yield the problems of the state of a live search. `events` is the number of events in the snapshot."""
    query, matcher, sample = plan.query, search["matcher"], search["sample"]
    if (matcher is not None) is not isinstance(query, SequenceQuery):
        yield "it is of another kind of query"
    if (sample is not None) is not isinstance(query, SampleQuery):
        yield "it is of another kind of query"
    if min(*search["counts"], search["pipes"]["given"]) < 0:
        yield "a count is none"
    watermark = search["watermark"]
    if watermark is not None and not is_watermark(watermark):
        yield "the clock has no place in the order"
    yield from problems_of_hits(search["held"], plan, events=events)
    yield from problems_of_links(links_of(search), events)
    if any(len(key) != len(plan.stages[0].keys) for key in keys_of(search)):
        yield "a join key has another length"
    missing = [stage.missing for stage in query.stages] if isinstance(query, SequenceQuery) else [False]
    if any([link is None for link in links] != missing for links, _ in search["pipes"]["limited"]):
        yield "a result has other stages"
    if matcher is not None:
        yield from _problems_of_matcher(matcher, steps=missing.count(False), is_pair=missing == [False, False])
    if sample is not None:
        yield from _problems_of_sample(sample, items=len(plan.stages))


def problems_of_hits(several: Sequence[SavedHits], plan: Plan, *, events: int) -> Iterator[str]:
    """Yield the problems of events with their stages and keys. `events` is the number of events in the snapshot."""
    yield from problems_of_links((link for link, _ in several), events)
    if any(not UNTIL <= stage < len(plan.stages) for _, stages in several for stage, _ in stages):
        yield "it has other stages"
    if any(len(key) != len(plan.stages[0].keys) for _, stages in several for _, keys in stages for key in keys):
        yield "a join key has another length"


def problems_of_links(links: Iterable[SavedLink], events: int) -> Iterator[str]:
    """Yield the problems of links. `events` is the number of events that there are."""
    for (_, kind, value, _), number in links:
        if not 0 <= number < events:
            yield "it lacks an event"
        if not is_placed(kind, value):
            yield "an event has no place in the order"


def _problems_of_matcher(matcher: SavedMatcher, *, steps: int, is_pair: bool) -> Iterator[str]:
    if matcher["dropped"] < 0:
        yield "a count is none"
    for _, _, pendings, unwanted in matcher["states"]:
        if len(pendings) != steps - 1 or (is_pair and None in pendings):
            yield "an open sequence has other stages"
        if any(pending is not None and len(pending[0]) != step for step, pending in enumerate(pendings, 1)):
            yield "an open sequence has other events"
        if any(not 0 <= gap < steps for gap, *_ in unwanted):
            yield "an unwanted event stands nowhere"
    if any(len(pending[0]) != steps for pending, *_ in matcher["waiting"]):
        yield "a complete sequence has other events"
    if not {key for key, *_ in matcher["states"]}.issuperset(key for _, key, *_ in matcher["waiting"]):
        yield "a complete sequence waits under no key"


def _problems_of_sample(sample: SavedSample, *, items: int) -> Iterator[str]:
    if len(sample["items"]) not in (0, items):
        yield "a sample has other items"
    positions = {ordinal[-1] for ordinal, _ in sample["links"]}
    if any(not positions.issuperset(found) for item in sample["items"] for _, found in item):
        yield "a sample lacks an event"


def links_of(search: SavedSearch) -> Iterator[SavedLink]:
    """Yield the links in the state of a search."""
    yield from search["untimed"]
    yield from (link for links, _ in search["pipes"]["limited"] for link in links if link is not None)
    if search["sample"] is not None:
        yield from search["sample"]["links"]
    if search["matcher"] is not None:
        yield from (link for pending in _pendings(search["matcher"]) for link in pending[0])


def _pendings(matcher: SavedMatcher) -> Iterator[SavedPending]:
    yield from (pending for _, _, pendings, _ in matcher["states"] for pending in pendings if pending is not None)
    yield from (pending for pending, *_ in matcher["waiting"])


def keys_of(search: SavedSearch) -> Iterator[SavedKey]:
    """Yield the join keys in the state of a search, but those of held events."""
    yield from (key for _, key in search["pipes"]["limited"])
    if search["sample"] is not None:
        yield from (key for item in search["sample"]["items"] for key, _ in item)
    if search["matcher"] is not None:
        yield from (key for key, *_ in search["matcher"]["states"])
        yield from (key for _, key, *_ in search["matcher"]["waiting"])


def is_watermark(watermark: tuple[int, int, int | float | str]) -> bool:
    """Return whether a watermark has a place in the order."""
    _, kind, value = watermark
    return not isinstance(value, str) if kind == -1 else is_placed(kind, value)


def is_placed(kind: int, value: object) -> bool:
    """Return whether a tiebreaker is one: numbers are of kind 0, texts of kinds 1 and 2."""
    return kind in (0, 1, 2) and isinstance(value, str) is (kind != 0)
