"""Answers to a query, of Elasticsearch and of eqlite in one shape, and in what two of them differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from eqlite.engine.order import NO_TIME
from eqlite.report.json_records import to_json

MOST_MATCHES_OF_A_CASE = 100

Json = dict[str, Any]
Kind = Literal["refusal", "matches", "order", "join keys"]
Places = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """One result: the numbers of its events, None for a missing one, and its join keys."""

    places: Places
    keys: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of one side to a query.

    Attributes:
        matches: in order.
        refused: why the query or the search fails; None where it does not.
        times_ns: of the events in `matches`, where the side is eqlite.
    """

    matches: tuple[Matched, ...] = ()
    refused: str | None = None
    times_ns: Mapping[int, int] = field(default_factory=dict, compare=False, repr=False)


def ask_elasticsearch(search: Callable[[Json], Json], body: Json) -> Answer:
    """Return the answer to a search. A failure becomes a refusal."""
    from eqlite.integrations.elasticsearch import Refusal

    try:
        answer = search(body)
    except Refusal as refusal:
        return Answer(refused=f"{refusal.error}: {refusal.reason}" if refusal.error else refusal.reason)
    if answer.get("is_partial") or answer.get("timed_out") or answer.get("shard_failures"):
        return Answer(refused="the answer is partial")
    hits = answer.get("hits")
    try:
        assert isinstance(hits, dict)
        if "sequences" in hits:
            found = [
                Matched(tuple(map(_place, each["events"])), tuple(each.get("join_keys") or ()))
                for each in hits["sequences"]
            ]
        else:
            found = [Matched((_place(hit),)) for hit in hits.get("events", ())]
    except (AssertionError, KeyError, TypeError, ValueError):
        return Answer(refused="the answer is not one of _eql/search")
    return Answer(tuple(found))


def _place(hit: Mapping[str, Any]) -> int | None:
    return None if hit.get("missing") else int(hit["_id"])


def known_order(theirs: Answer, ours: Answer) -> str | None:
    """Return the known reason why equal events differ in order, or None."""
    if any(len(match.places) != 1 for match in ours.matches):
        return None
    theirs_ns, ours_ns = ([_time_ns(match, ours) for match in side.matches] for side in (theirs, ours))
    if theirs_ns == ours_ns:
        return "the order of events of one time"
    return "the place of events without a time" if NO_TIME in ours_ns else None


def _time_ns(match: Matched, ours: Answer) -> int | None:
    (place,) = match.places
    return None if place is None else ours.times_ns.get(place)


def difference_of(theirs: Answer, ours: Answer) -> Kind | None:
    """Return the kind of difference between two answers.

    Two refusals are equal, whatever their words.
    """
    if theirs.refused is not None or ours.refused is not None:
        return None if theirs.refused is not None and ours.refused is not None else "refusal"
    places = [[match.places for match in answer.matches] for answer in (theirs, ours)]
    if Counter(places[0]) != Counter(places[1]):
        return "matches"
    if places[0] != places[1]:
        return "order"
    keys = [[match.keys for match in answer.matches] for answer in (theirs, ours)]
    return None if keys[0] == keys[1] else "join keys"


def identity_of(match: Matched) -> tuple[Places, str]:
    """Return a hashable value that is equal for equal results."""
    return match.places, to_json({"keys": match.keys})


def answer_data(answer: Answer, shared: set[Any]) -> Json:
    """Return an answer as plain data: all of a small one, of a large one what differs."""
    if answer.refused is not None:
        return {"refused": answer.refused}
    chosen: Sequence[Matched] = answer.matches
    if len(chosen) > MOST_MATCHES_OF_A_CASE:
        chosen = [match for match in chosen if identity_of(match) not in shared][:MOST_MATCHES_OF_A_CASE]
    matches = [{"events": list(match.places), "join_keys": list(match.keys)} for match in chosen]
    return {"count": len(answer.matches), "matches": matches}
