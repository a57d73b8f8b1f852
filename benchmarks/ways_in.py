"""All rules by every call that the documentation shows: each costs about what the command line costs."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from benchmarks.many_rules import MIXED_EVENTS, NoRules, find_archive, generate_events, run_worker
from benchmarks.report import Row, Section

_COMMAND_LINE = "eqlite run, nested documents"
_COMMAND_LINES = {_COMMAND_LINE: (), "eqlite run --by-index": ("--by-index",)}
WAYS = {
    "rules.run(path)": "path",
    "rules.run(read_events(path))": "reader",
    "rules.run(list of dicts)": "list",
    "rules.run(generator of dicts)": "generator",
    "rules.run(events of read_events, one by one)": "events",
    "rules.run(list of dicts), dotted keys": "dotted",
    "rules.run(list of hits with `fields`)": "fields",
}
_LIMITS = dict.fromkeys([name for name, way in WAYS.items() if way not in ("dotted", "fields")], 2.0)
"""Times the command line, for nested documents."""


def measure_ways_in(shared: Path | None, folder: Path, *, count: int) -> Section:
    """Measure CPU time on two sizes of a file, each way a process of its own, so that no start counts."""
    title = "All rules by each way in"
    try:
        archive = find_archive(shared)
    except NoRules as reason:
        return Section(title, [Row(name, skipped=str(reason)) for name in (*_COMMAND_LINES, *WAYS)])
    whole = generate_events(archive, folder, MIXED_EVENTS, count)
    half = folder / "half.ndjson"
    lines = whole.read_bytes().splitlines(keepends=True)
    half.write_bytes(b"".join(lines[: len(lines) // 2]))
    counted = len(lines) - len(lines) // 2
    _command_seconds(archive, half, ())  # the first run of all fills the cache of analyses
    seconds = {
        name: (_command_seconds(archive, whole, options) - _command_seconds(archive, half, options)) / counted
        for name, options in _COMMAND_LINES.items()
    }
    for name, way in WAYS.items():
        took = [run_worker("ways_in_worker", archive, path, way)["seconds"] for path in (whole, half)]
        seconds[name] = (took[0] - took[1]) / counted
    whole.unlink()
    half.unlink()
    base = seconds[_COMMAND_LINE]
    rows = [
        Row(name, each / base, "x", limit=_LIMITS.get(name), of_ratio=False, note=f"{each * 1e6:.1f} µs")
        for name, each in seconds.items()
    ]
    return Section(f"{title}, to the command line: CPU for each of {counted:,} {MIXED_EVENTS}", rows)


def _command_seconds(archive: Path, events: Path, options: tuple[str, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "eqlite", "run", "-q", "-r", str(archive), str(events), "--format", "ndjson"]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
