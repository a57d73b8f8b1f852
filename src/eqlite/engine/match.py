"""A match as users see it: its events and the values of their join keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from eqlite.engine.keys import Key, KeyValues
from eqlite.events.document import document_of
from eqlite.functions.registry import Value
from eqlite.plan import Plan, SequenceQuery

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Match:
    """One result of a query.

    Attributes:
        events: the events, as they were given, in the order of the stages; None in the place of a missing event.
        join_keys: the values by which the events belong together, in the order of the query's keys. A sequence by no
            key, and an event query, have none.

    >>> import eqlite
    >>> query = "sequence by user with maxspan=1m [any where a == 1] ![any where a == 2] [any where a == 3]"
    >>> events = [{"@timestamp": 1_000 * a, "user": "ann", "a": a} for a in (1, 3)]
    >>> (match,) = eqlite.search(query, events)
    >>> match.join_keys, [event and event["a"] for event in match.events]
    (('ann',), [1, None, 3])
    """

    events: tuple[Event | None, ...]
    join_keys: tuple[Value, ...] = ()


MatchMaker = Callable[[tuple[Event | None, ...], Key], Match]


def match_maker(plan: Plan) -> MatchMaker:
    """Return a function that makes a match from the events and the key of a result.

    The values of the key are those of the first event: `1000` where another one has `"1000"`.
    """
    stages = plan.stages
    values = KeyValues(dates_as_text=isinstance(plan.query, SequenceQuery))

    def make(events: tuple[Event | None, ...], key: Key) -> Match:
        if not key:
            return Match(events)
        index, first = next((index, event) for index, event in enumerate(events) if event is not None)
        return Match(events, values.of(document_of(first), stages[index].keys, key))

    return make
