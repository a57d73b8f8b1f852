"""Answers of Elasticsearch and eqlite to a query, in one form, and the differences between two of them."""

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
EventNumbers = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """One result: the numbers of its events (None for a missing one), and its join keys."""

    events: EventNumbers
    keys: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of one side to a query.

    Attributes:
        matches: in order.
        refused: the reason if the query or the search fails, else None.
        times_ns: for an answer of eqlite, the times of the events in `matches`.
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
                Matched(tuple(map(_number, sequence["events"])), tuple(sequence.get("join_keys") or ()))
                for sequence in hits["sequences"]
            ]
        else:
            found = [Matched((_number(hit),)) for hit in hits.get("events", ())]
    except (AssertionError, KeyError, TypeError, ValueError):
        return Answer(refused="the answer is not one of _eql/search")
    return Answer(tuple(found))


def _number(hit: Mapping[str, Any]) -> int | None:
    return None if hit.get("missing") else int(hit["_id"])


def known_order(theirs: Answer, ours: Answer) -> str | None:
    """Return the known reason why equal events differ in order, or None."""
    if any(len(match.events) != 1 for match in ours.matches):
        return None
    theirs_ns, ours_ns = ([_time_ns(match, ours) for match in side.matches] for side in (theirs, ours))
    if theirs_ns == ours_ns:
        return "the order of events of one time"
    return "the place of events without a time" if NO_TIME in ours_ns else None


def _time_ns(match: Matched, ours: Answer) -> int | None:
    (number,) = match.events
    return None if number is None else ours.times_ns.get(number)


def difference_of(theirs: Answer, ours: Answer) -> Kind | None:
    """Return the kind of difference between two answers.

    Two refusals are equal, whatever their reasons.
    """
    if theirs.refused is not None or ours.refused is not None:
        return None if theirs.refused is not None and ours.refused is not None else "refusal"
    events = [[match.events for match in answer.matches] for answer in (theirs, ours)]
    if Counter(events[0]) != Counter(events[1]):
        return "matches"
    if events[0] != events[1]:
        return "order"
    keys = [[match.keys for match in answer.matches] for answer in (theirs, ours)]
    return None if keys[0] == keys[1] else "join keys"


def identity_of(match: Matched) -> tuple[EventNumbers, str]:
    """Return a hashable value that is equal for equal results."""
    return match.events, to_json({"keys": match.keys})


def answer_data(answer: Answer, shared: set[Any]) -> Json:
    """Return an answer as plain data. Of a large one, only the matches that differ."""
    if answer.refused is not None:
        return {"refused": answer.refused}
    chosen: Sequence[Matched] = answer.matches
    if len(chosen) > MOST_MATCHES_OF_A_CASE:
        chosen = [match for match in chosen if identity_of(match) not in shared][:MOST_MATCHES_OF_A_CASE]
    matches = [{"events": list(match.events), "join_keys": list(match.keys)} for match in chosen]
    return {"count": len(answer.matches), "matches": matches}
