"""One run of rules over events given in one way: `python -m benchmarks.ways_in_worker RULES EVENTS WAY`.

WAY is a value of `benchmarks.ways_in.CALLS`, or `decode` for `orjson.loads` of each line. Prints CPU seconds as JSON:
of the call and of all that it returns, without loading the rules and without what the program did before.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

import eqlite


def main(rules_path: str, events: str, way: str) -> None:
    rules = eqlite.load_rules(rules_path, cache=True)
    rules.compile()
    call = _call(rules, events, way)
    started = time.process_time()
    found = call()
    print(json.dumps({"seconds": time.process_time() - started, "found": found}))


def _call(rules: eqlite.RuleSet, path: str, way: str) -> Callable[[], int]:
    if way == "path":
        return lambda: _count(rules.run(path))
    if way == "reader":
        return lambda: _count(rules.run(eqlite.read_events(path)))
    if way == "events":
        return lambda: _count(rules.run(event for event in eqlite.read_events(path)))
    lines = Path(path).read_bytes().splitlines()
    if way == "decode":
        return lambda: sum(orjson.loads(line) is None for line in lines)
    documents = list(map(json.loads, lines))
    if way == "list":
        return lambda: _count(rules.run(documents))
    if way == "generator":
        return lambda: _count(rules.run(document for document in documents))
    if way == "hits":
        hits = [{"_index": "logs", "_id": str(number), "_source": each} for number, each in enumerate(documents)]
        return lambda: _count(rules.run(hits))
    size = int(way.removeprefix("push "))
    return lambda: sum(map(len, _pushed(rules.stream(), documents, size)))


def _pushed(stream: eqlite.RuleStream, documents: list[Any], size: int) -> Iterator[list[eqlite.Detection]]:
    if size == 1:
        yield from map(stream.push, documents)
    else:
        for start in range(0, len(documents), size):
            yield stream.push_many(documents[start : start + size])
    yield stream.flush()


def _count(found: Iterator[eqlite.Detection]) -> int:
    return sum(1 for _ in found)


if __name__ == "__main__":
    main(*sys.argv[1:])
