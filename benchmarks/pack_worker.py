"""One cold run with the pack, as a process of its own: `python -m benchmarks.pack_worker ARCHIVE EVENTS COUNT`.

Prints CPU seconds as JSON; those for events are per event.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import orjson

from benchmarks.clock import Contender, compare
from benchmarks.one_rule import decode_only
from eqlite.engine.faults import Faults, Predicate
from eqlite.ruleset import load_rules


def main(archive: str, events: str, count: int) -> None:
    clock = time.process_time
    started = clock()
    rules = load_rules(archive)
    loaded = clock()
    compiled = rules.compile()
    analysed = clock()
    about_one = [(rule, query) for rule, query in compiled if query.kind == "event"]
    predicates = [query.predicate for _, query in about_one]
    ready = clock()
    answer: dict[str, float | int | None] = {
        "rules": len(rules),
        "event_rules": len(about_one),
        "load": loaded - started,
        "compile": analysed - loaded,
        "predicates": ready - analysed,
        "total": ready - started,
    }
    answer |= _over_events(events, count, predicates)
    print(json.dumps(answer))


def _over_events(events: str, count: int, predicates: Sequence[Predicate]) -> dict[str, float | int | None]:
    lines = Path(events).read_bytes().splitlines()[:count]
    contenders = [
        Contender("orjson", lambda: decode_only(lines), len(lines)),
        Contender("loop", lambda: _loop(lines, predicates), len(lines)),
    ]
    loop = compare(contenders, rounds=3)["loop"]
    return {"found": loop.found, "loop": loop.seconds, "loop_ratio": loop.ratio}


def _loop(lines: list[bytes], predicates: Sequence[Predicate]) -> int:
    found, faults = 0, Faults()
    for line in lines:
        document = orjson.loads(line)
        for predicate in predicates:
            if predicate(document, faults):
                found += 1
    return found


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
