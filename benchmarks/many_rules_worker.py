"""One run of many rules: `python -m benchmarks.many_rules_worker ARCHIVE EVENTS EVERY`.

Takes every EVERYth rule by rule id, all kinds, 0 for the example rule alone. Prints CPU seconds as JSON. The first half
of the events warms up: `steady` is for an event of the second half, `warm_up` what the first took beyond that rate.
With `jobs N` for EVERY, the event rules in N processes, and seconds on the wall.
"""

from __future__ import annotations

import itertools
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from benchmarks.one_rule import RULE
from eqlite.query import Query
from eqlite.rules.model import Rule
from eqlite.rules.ruleset import load_rule, load_rules
from eqlite.rules.running import RunStats, run_files

_LINES_AT_ONCE = 2_000


def main(archive: str, events: str, every: int) -> None:
    clock = time.process_time
    started = clock()
    compiled = _compiled(archive, every)
    ready = clock()
    before = _decoding(events)
    marks: list[tuple[int, float]] = [(0, clock())]
    stats = RunStats()
    found = run_files(compiled, [events], stats=stats, progress=lambda lines, _: marks.append((lines, clock())))
    count = sum(1 for _ in found)
    ended = clock()
    lines, last = marks[-1]
    half_lines, half = next(mark for mark in marks if mark[0] >= lines / 2)
    steady = (last - half) / max(1, lines - half_lines)
    answer = {
        "rules": len(compiled),
        "events": lines,
        "compile": ready - started,
        "decoding": (before + _decoding(events)) / 2,
        "steady": steady,
        "warm_up": half - marks[0][1] - steady * half_lines,
        "writing": ended - last,
        "found": count,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(answer))


def in_processes(archive: str, events: str, jobs: int) -> None:
    compiled = [(rule, query) for rule, query in load_rules(archive).compile() if query.kind == "event"]
    started = time.perf_counter()
    count = sum(1 for _ in run_files(compiled, [events], jobs=jobs))
    print(json.dumps({"seconds": time.perf_counter() - started, "found": count}))


def _compiled(archive: str, every: int) -> list[tuple[Rule, Query]]:
    if not every:
        rule = load_rule(RULE)
        return [(rule, rule.compile())]
    pairs = load_rules(archive).compile()
    return sorted(pairs, key=lambda pair: pair[0].rule_id or "")[::every]


def _decoding(events: str) -> float:
    """Return the seconds that `orjson.loads` takes for a line, the reading of the file apart."""
    seconds, lines = 0.0, 0
    for portion in _portions(events):
        started = time.process_time()
        for line in portion:
            orjson.loads(line)
        seconds += time.process_time() - started
        lines += len(portion)
    return seconds / max(1, lines)


def _portions(events: str) -> Iterator[list[bytes]]:
    with Path(events).open("rb") as file:
        while portion := list(itertools.islice(file, _LINES_AT_ONCE)):
            yield portion


if __name__ == "__main__":
    if sys.argv[3] == "jobs":
        in_processes(sys.argv[1], sys.argv[2], int(sys.argv[4]))
    else:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
