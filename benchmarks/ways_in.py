"""Rules by every way in: each call and command that the documentation shows, and each shape of exported events."""

from __future__ import annotations

import gzip
import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from benchmarks.event_shapes import LINES
from benchmarks.many_rules import MIXED_EVENTS, NoRules, find_archive, generate_events, run_worker
from benchmarks.one_rule import RULE
from benchmarks.report import Row, Section

_YARDSTICK = "rules.run(path)"
CALLS = {
    _YARDSTICK: "path",
    "rules.run(read_events(path))": "reader",
    "rules.run(list of dicts)": "list",
    "rules.run(list of hits, each a dict)": "hits",
    "rules.run(generator of dicts)": "generator",
    "rules.run(events of read_events, one by one)": "events",
    "stream.push(event)": "push 1",
    "stream.push_many(100 events)": "push 100",
    "stream.push_many(10,000 events)": "push 10000",
}
COMMANDS = {
    "eqlite run FILE": (),
    "eqlite run --by-index FILE": ("--by-index",),
    "eqlite run --jobs 2 FILE": ("--jobs", "2"),
    "eqlite run FILE.gz": (),
    "eqlite run < FILE": (),
}
WAYS = (*CALLS, *(f"{_YARDSTICK}, {shape}" for shape in LINES), *COMMANDS)
_LIMITS = dict.fromkeys(WAYS, 1.6) | {_YARDSTICK: None, "stream.push(event)": 4.0}
"""Times the yardstick, both to `orjson.loads` of their own lines."""


def measure_ways_in(shared: Path | None, folder: Path, *, count: int, runs: int) -> list[Section]:
    """Measure CPU time with all rules and with one, each run a process of its own; skip without the shared material."""
    try:
        archive = find_archive(shared)
    except NoRules as reason:
        skipped = str(reason)
        return [Section(rules, [Row(f"{way}, {rules}", skipped=skipped) for way in WAYS]) for rules in _RULES]
    events = generate_events(archive, folder, MIXED_EVENTS, count)
    return [_measure(rules, path or archive, events, runs=runs) for rules, path in _RULES.items()]


_RULES = {"all rules": None, "one rule": RULE}


def _measure(name: str, rules: Path, events: Path, *, runs: int) -> Section:
    rounds = [dict(_costs(rules, events)) for _ in range(runs)]
    count = sum(1 for _ in events.open("rb"))
    rows = []
    for way in WAYS:
        seconds = statistics.median(each[way].seconds for each in rounds) / count
        ratio = statistics.median(each[way].ratio for each in rounds)
        times = statistics.median(each[way].ratio / each[_YARDSTICK].ratio for each in rounds)
        note = f"{seconds * 1e6:.1f} µs"
        rows.append(Row(f"{way}, {name}", times, "x", ratio, limit=_LIMITS[way], of_ratio=False, note=note))
    return Section(f"{name} by each way in, to {_YARDSTICK}: CPU for each of {count:,} {MIXED_EVENTS}", rows)


class _Cost(NamedTuple):
    """CPU seconds for all events, and for `orjson.loads` of the lines on which they stand."""

    seconds: float
    decoding: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.decoding


def _costs(rules: Path, events: Path) -> Iterator[tuple[str, _Cost]]:
    decoding = _call_seconds(rules, events, "decode")
    for name, call in CALLS.items():
        yield name, _Cost(_call_seconds(rules, events, call), decoding)
    documents = [json.loads(line) for line in events.read_bytes().splitlines()]
    shaped = events.with_name("shaped.ndjson")
    for shape, lines_of in LINES.items():
        shaped.write_text("".join(lines_of(documents)))
        of_shape = _call_seconds(rules, shaped, "decode")
        yield f"{_YARDSTICK}, {shape}", _Cost(_call_seconds(rules, shaped, "path"), of_shape)
    shaped.unlink()
    for name, seconds in _command_seconds(rules, events):
        yield name, _Cost(seconds, decoding)


def _call_seconds(rules: Path, events: Path, call: str) -> float:
    return float(run_worker("ways_in_worker", rules, events, call)["seconds"])


def _command_seconds(rules: Path, events: Path) -> Iterator[tuple[str, float]]:
    """Yield the time of each command beyond that over a file with one event, which is its start."""
    single = events.with_name("single.ndjson")
    single.write_bytes(events.read_bytes().partition(b"\n")[0])
    packed = events.with_name(f"{events.name}.gz")
    packed.write_bytes(gzip.compress(events.read_bytes(), 6))
    for name, options in COMMANDS.items():
        given = packed if name.endswith(".gz") else events
        is_stdin = "<" in name
        whole = _process_seconds(rules, given, options, is_stdin=is_stdin)
        yield name, whole - _process_seconds(rules, single, options, is_stdin=is_stdin)
    single.unlink()
    packed.unlink()


def _process_seconds(rules: Path, events: Path, options: tuple[str, ...], *, is_stdin: bool) -> float:
    command = [sys.executable, "-m", "eqlite", "run", "-q", "-r", str(rules), "--format", "ndjson", *options]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with events.open("rb") if is_stdin else nullcontext() as stdin:
        command += [] if is_stdin else [str(events)]
        done = subprocess.run(command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
