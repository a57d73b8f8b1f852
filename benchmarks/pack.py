"""All rules that Elastic ships: how long until they can run, and what they cost as a plain loop."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.one_rule import EventFile
from benchmarks.report import Row, Section, per_event

_LOAD = "load the rules (TOML in a tar archive)"
_COMPILE = "parse and analyse the queries"
_PREDICATES = "compile the event rules to functions"
_TOTAL = "from the archive to functions, in all"
_LOOP = "orjson.loads + the event rules, one after another"
_CACHED = "from the start of Python to compiled queries, out of the cache"
_NAMES = (_LOAD, _COMPILE, _PREDICATES, _TOTAL, _CACHED, _LOOP)


def measure_pack(shared: Path | None, events: EventFile, *, count: int, runs: int) -> Section:
    """Measure with the archive of rules in the shared material, each run a new process; skip without."""
    archive = shared / "corpus" / "rules.tar.gz" if shared is not None else None
    if archive is None or not archive.is_file():
        reason = "EQLITE_SHARED is not set" if archive is None else f"there is no {archive.name} where it points"
        return Section("The pack of rules", [Row(name, skipped=reason) for name in _NAMES])
    command = [sys.executable, "-m", "benchmarks.pack_worker", str(archive), str(events.path), str(count)]
    answers = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(runs)]

    def median(name: str) -> float:
        return float(statistics.median(answer[name] for answer in answers))

    first = answers[0]
    rows = [
        Row(_LOAD, median("load"), "s"),
        Row(_COMPILE, median("compile"), "s"),
        Row(_PREDICATES, median("predicates"), "s"),
        Row(_TOTAL, median("total"), "s", limit=5, of_ratio=False),
        Row(_CACHED, _measure_cached(archive, runs), "s", limit=0.5, of_ratio=False),
        per_event(_LOOP, median("loop"), median("loop_ratio"), note=f"{first['found']} found"),
    ]
    title = f"The pack: {first['rules']:,} rules, {first['event_rules']} of them about one event; {count:,} events"
    return Section(title, rows)


def _measure_cached(archive: Path, runs: int) -> float:
    """Return the CPU seconds of a run that finds everything in the cache; the first run fills it."""
    command = [sys.executable, "-m", "benchmarks.cache_worker", str(archive)]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "EQLITE_CACHE_DIR": folder}
        found = [subprocess.run(command, check=True, capture_output=True, env=environment) for _ in range(runs + 1)]
    return statistics.median(float(done.stdout) for done in found[1:])
