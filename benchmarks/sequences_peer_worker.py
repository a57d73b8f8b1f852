"""Runs in the peer's environment: `python sequences_peer_worker.py EVENTS OPEN_KEYS COUNT`, the query on stdin.

Opens the keys, then goes through COUNT events more, and prints seconds for one of these, the ratio to `orjson.loads`,
and how many sequences were found among all, as JSON. Imports nothing of eqlite, as eqlite imports nothing of the peer.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from datetime import UTC, datetime

import eql
import eql.parser
import orjson

_TICKS = 10_000_000  # of a second: the peer counts time as Windows does
_START = datetime(2026, 1, 1, tzinfo=UTC)


def main(path: str, open_keys: int, count: int) -> None:
    with open(path, "rb") as file:  # noqa: PTH123
        lines = list(itertools.islice(file, open_keys + count))
    times = [_ticks(line) for line in lines]  # in its favour: nobody asks what reading the times costs
    with eql.parser.elasticsearch_syntax, eql.parser.ignore_missing_functions:
        query = eql.parse_query(sys.stdin.read())
    found = 0

    def count_result(_: object) -> None:
        nonlocal found
        found += 1

    engine = eql.PythonEngine()
    engine.add_query(query)
    engine.add_output_hook(count_result)
    _stream(engine, lines[:open_keys], times[:open_keys])
    lines, times = lines[open_keys:], times[open_keys:]
    started = time.process_time()
    for line in lines:
        orjson.loads(line)
    decoding = time.process_time() - started
    started = time.process_time()
    _stream(engine, lines, times)
    took = time.process_time() - started
    engine.finalize()
    print(json.dumps({"seconds": took / len(lines), "ratio": took / decoding, "found": found}))


def _stream(engine: eql.PythonEngine, lines: list[bytes], times: list[int]) -> None:
    for line, ticks in zip(lines, times, strict=True):
        document = orjson.loads(line)
        engine.stream_event(eql.Event(document["event"]["category"], ticks, document))


def _ticks(line: bytes) -> int:
    since = datetime.fromisoformat(orjson.loads(line)["@timestamp"]) - _START
    return (since.days * 86_400 + since.seconds) * _TICKS + since.microseconds * (_TICKS // 1_000_000)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
