"""Forged snapshots: each is refused by name, or is a stream that goes on without an error."""

from __future__ import annotations

import contextlib
import random

import msgspec
import pytest
from tests.hostile.forgery import mutate

import eqlite
from eqlite.engine.snapshots import pack

NO: dict[str, str] = {}
QUERIES = {
    "pair": ("sequence by user with maxspan=1h [any where n == 1] [any where n == 2]", NO),
    "three": ("sequence by user, ?h [any where n < 2] [any where n == 2] [any where true] until [any where n > 3]", NO),
    "missing": ("sequence by user with maxspan=1h [any where n == 1] ![any where n == 2] [any where n == 3]", NO),
    "trailing": ("sequence by user with maxspan=1h [any where n == 1] ![any where n == 2]", NO),
    "late": ("sequence by user with maxspan=1h [any where n == 1] [any where n == 2]", {"allowed_lateness": "1h"}),
    "sample": ("sample by user [any where n == 1] [any where n == 2]", NO),
    "tail": ("any where n < 3 | tail 2", NO),
    "pipe": ("sequence by user [any where n == 1] [any where n == 2] | tail 2", NO),
    "event": ("any where n == 1", NO),
}  # fmt: skip
EVENTS = [
    {"@timestamp": 1_000 * number, "user": ["ann", "bob", 3][number % 3], "n": 1 + number % 4, "seq": seq}
    for number, seq in enumerate([1, 2.5, "x", None] * 8)
]


def stream_and_query(name: str) -> tuple[eqlite.Stream, eqlite.Query]:
    text, options = QUERIES[name]
    query = eqlite.compile(text, tiebreaker_field="seq")
    stream = query.stream(**options)
    for event in EVENTS[:18]:
        stream.push(event)
    return stream, query


@pytest.mark.filterwarnings("ignore:more is open than max_open allows")
@pytest.mark.parametrize("name", QUERIES)
def test_a_forged_snapshot_is_refused_or_harmless(name: str) -> None:
    stream, query = stream_and_query(name)
    head, _, data = stream.snapshot().partition(b"\n")
    payload = msgspec.msgpack.decode(data)
    fingerprint = head.decode().split(" ")[-1]
    chance = random.Random(name)
    refused = 0
    for _ in range(300):
        forged = mutate(payload, chance)
        try:
            snapshot = pack(forged, fingerprint)
        except eqlite.SnapshotError:
            continue  # no such thing can be in one
        try:
            resumed = query.resume(snapshot)
        except eqlite.SnapshotError:
            refused += 1
            continue
        for event in EVENTS[18:]:
            resumed.push(event)
        resumed.advance("2030-01-01")
        assert resumed.stats.open >= 0
        query.resume(resumed.snapshot())
        resumed.flush()
    assert refused > 50


@pytest.mark.parametrize("name", QUERIES)
def test_a_snapshot_cut_or_changed_anywhere_is_refused(name: str) -> None:
    stream, query = stream_and_query(name)
    snapshot = stream.snapshot()
    for place in range(0, len(snapshot), 7):
        for forged in (snapshot[:place], snapshot[:place] + bytes([snapshot[place] ^ 0xFF]) + snapshot[place + 1 :]):
            with pytest.raises(eqlite.SnapshotError):
                query.resume(forged)


def test_a_snapshot_of_one_query_is_refused_by_another() -> None:
    streams = {name: stream_and_query(name)[0].snapshot() for name in QUERIES}
    for name, snapshot in streams.items():
        data = msgspec.msgpack.decode(snapshot.partition(b"\n")[2])
        for other in QUERIES:
            if QUERIES[other][0] == QUERIES[name][0]:
                continue
            _, query = stream_and_query(other)
            with pytest.raises(eqlite.SnapshotError):
                query.resume(snapshot)
            own = streams[other].partition(b"\n")[0].decode().split(" ")[-1]
            with contextlib.suppress(eqlite.SnapshotError):
                query.resume(pack(data, own)).flush()
