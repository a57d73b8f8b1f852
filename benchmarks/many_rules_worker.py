"""One run of many rules: `python -m benchmarks.many_rules_worker ARCHIVE EVENTS SELECTION`.

SELECTION is `1` for the example rule alone, `all` or `event` for all rules or those about one event, `every N` for each
Nth rule by rule id, or the name of a JSON file of rule ids. Prints CPU seconds as JSON. The first half of the events
warms up: `steady` is for an event of the second half, `warm_up` what the first took beyond that rate. `writing` is all
that comes after the last event: what was found put in order and made into detections, whose documents nobody looks at.
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
from eqlite.execution.run import RunStats, run_files
from eqlite.query import Query
from eqlite.rules.model import Rule
from eqlite.ruleset import load_rule, load_rules

_LINES_AT_ONCE = 2_000


def main(archive: str, events: str, selection: str) -> None:
    clock = time.process_time
    started = clock()
    compiled = select_rules(archive, selection)
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
        "megabytes": peak_megabytes(),
    }
    print(json.dumps(answer))


def select_rules(archive: str, selection: str) -> list[tuple[Rule, Query]]:
    """Return the rules of a SELECTION, compiled, by rule id."""
    if selection == "1":
        rule = load_rule(RULE)
        return [(rule, rule.compile())]
    pairs = sorted(load_rules(archive).compile(), key=lambda pair: pair[0].rule_id or "")
    if selection == "all":
        return pairs
    if selection == "event":
        return [(rule, query) for rule, query in pairs if query.kind == "event"]
    if selection.startswith("every "):
        return pairs[:: int(selection.removeprefix("every "))]
    wanted = set(json.loads(Path(selection).read_bytes()))
    return [(rule, query) for rule, query in pairs if rule.rule_id in wanted]


def peak_megabytes() -> float:
    """Return the most memory this process had: under Linux not what it took over from the one that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line[:6] == "VmHWM:") / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


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
    main(sys.argv[1], sys.argv[2], sys.argv[3])
