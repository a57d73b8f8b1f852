"""Runs in the peer's environment: `python peer_worker.py EVENTS ROUNDS`, the query on standard input.

Prints seconds for one event, the ratio to `orjson.loads`, and `event.id` of what was found, as JSON. Imports nothing of
eqlite, as eqlite imports nothing of the peer.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import eql
import eql.parser
import orjson


def main(path: str, rounds: int) -> None:
    with open(path, "rb") as file:  # noqa: PTH123
        lines = file.read().splitlines()
    # the dialect in which it reads the rules that Elastic publishes
    with eql.parser.elasticsearch_syntax, eql.parser.ignore_missing_functions:
        query = eql.parse_query(sys.stdin.read())
    seconds: list[float] = []
    ratios: list[float] = []
    found: list[str] = []
    for _ in range(rounds):
        started = time.process_time()
        for line in lines:
            orjson.loads(line)
        yardstick = time.process_time() - started
        found = []
        engine = eql.PythonEngine()
        engine.add_query(query)
        engine.add_output_hook(
            lambda result, found=found: found.extend(event.data["event"]["id"] for event in result.events)
        )
        started = time.process_time()
        for line in lines:
            document = orjson.loads(line)
            engine.stream_event(eql.Event(document["event"]["category"][0], 0, document))
        engine.finalize()
        took = time.process_time() - started
        seconds.append(took / len(lines))
        ratios.append(took / yardstick)
    print(json.dumps({"seconds": statistics.median(seconds), "ratio": statistics.median(ratios), "found": found}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
