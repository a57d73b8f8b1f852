"""The form of a snapshot's data: its types, and what has to hold between its parts.

A snapshot may come from a stranger. What passes here can be wrong, but a stream goes on from it without an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, TypedDict

import msgspec

from eqlite.engine.sequences import UNTIL
from eqlite.engine.stats import StreamStats
from eqlite.errors import SnapshotError
from eqlite.plan import Plan, SampleQuery, SequenceQuery

SavedOrdinal = tuple[int, int, int | float | str, int]
SavedLink = tuple[SavedOrdinal, int]
SavedKey = tuple[str | int | float | bool | None, ...]
SavedPending = tuple[list[SavedLink], int | None, bool]


class SavedSettings(TypedDict):
    """How the stream runs."""

    lateness_ns: int
    max_open: int


class SavedMatcher(TypedDict):
    """What is open in a sequence matcher."""

    dropped: int
    next_sweep_ns: int | None
    states: list[tuple[SavedKey, int, list[SavedPending | None], list[tuple[int, int, int | None]]]]
    waiting: list[tuple[SavedPending, SavedKey, int, int]]


class SavedSample(TypedDict):
    """The events of a sample, by item and key."""

    links: list[SavedLink]
    items: list[list[tuple[SavedKey, list[int]]]]


class Saved(TypedDict):
    """All that is in a snapshot."""

    settings: SavedSettings
    stats: StreamStats
    clock: tuple[int, int, int | float | str] | None
    given: int
    buffer: list[tuple[SavedLink, list[tuple[int, list[SavedKey]]]]]
    untimed: list[SavedLink]
    limited: list[tuple[list[SavedLink | None], SavedKey]]
    matcher: SavedMatcher | None
    sample: SavedSample | None
    events: list[dict[str, Any] | tuple[dict[str, Any], str | None, str | None, tuple[str, int] | None]]


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
    query, matcher, sample = plan.query, saved["matcher"], saved["sample"]
    if (matcher is not None) is not isinstance(query, SequenceQuery):
        yield "it is of another kind of query"
    if (sample is not None) is not isinstance(query, SampleQuery):
        yield "it is of another kind of query"
    settings = saved["settings"]
    numbers = [saved["given"], *_counts(saved["stats"]), settings["lateness_ns"], settings["max_open"] - 1]
    if any(number < 0 for number in numbers):
        yield "a count is none"
    if any(not 0 <= number < len(saved["events"]) for _, number in _links(saved)):
        yield "it lacks an event"
    ordinals = [(time_ns, kind, value) for (time_ns, kind, value, _), _ in _links(saved)]
    if not all(_is_placed(kind, value) for _, kind, value in ordinals):
        yield "an event has no place in the order"
    if saved["clock"] is not None and saved["clock"][1] != -1 and not _is_placed(*saved["clock"][1:]):
        yield "the clock has no place in the order"
    if any(len(key) != len(plan.stages[0].keys) for key in _keys(saved)):
        yield "a join key has another length"
    if any(not UNTIL <= stage < len(plan.stages) for _, stages in saved["buffer"] for stage, _ in stages):
        yield "it has other stages"
    missing = [stage.missing for stage in query.stages] if isinstance(query, SequenceQuery) else [False]
    if any([link is None for link in links] != missing for links, _ in saved["limited"]):
        yield "a result has other stages"
    if matcher is not None:
        yield from _problems_of_matcher(matcher, steps=missing.count(False), is_pair=missing == [False, False])
    if sample is not None:
        yield from _problems_of_sample(sample, items=len(plan.stages))


def _counts(stats: StreamStats) -> list[int]:
    return [value for value in asdict(stats).values() if isinstance(value, int)]


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
    places = {ordinal[-1] for ordinal, _ in sample["links"]}
    if any(not places.issuperset(found) for item in sample["items"] for _, found in item):
        yield "a sample lacks an event"


def _links(saved: Saved) -> Iterator[SavedLink]:
    yield from saved["untimed"]
    yield from (link for link, _ in saved["buffer"])
    yield from (link for links, _ in saved["limited"] for link in links if link is not None)
    if saved["sample"] is not None:
        yield from saved["sample"]["links"]
    if saved["matcher"] is not None:
        yield from (link for pending in _pendings(saved["matcher"]) for link in pending[0])


def _pendings(matcher: SavedMatcher) -> Iterator[SavedPending]:
    yield from (pending for _, _, pendings, _ in matcher["states"] for pending in pendings if pending is not None)
    yield from (pending for pending, *_ in matcher["waiting"])


def _keys(saved: Saved) -> Iterable[SavedKey]:
    yield from (key for _, stages in saved["buffer"] for _, keys in stages for key in keys)
    yield from (key for _, key in saved["limited"])
    if saved["sample"] is not None:
        yield from (key for item in saved["sample"]["items"] for key, _ in item)
    if saved["matcher"] is not None:
        yield from (key for key, *_ in saved["matcher"]["states"])
        yield from (key for _, key, *_ in saved["matcher"]["waiting"])


def _is_placed(kind: int, value: object) -> bool:
    """Return whether a tiebreaker is one: numbers are of kind 0, texts of kinds 1 and 2."""
    return kind in (0, 1, 2) and isinstance(value, str) is (kind != 0)
