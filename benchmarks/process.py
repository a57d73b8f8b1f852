"""Whole processes: how soon eqlite is there, and how much memory a large file takes."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.one_rule import RULE, EventFile
from benchmarks.report import Row, Section

_QUERY = 'process where process.name : "a"'
_STARTS = {
    "python -c pass": ["-c", "pass"],
    "import eqlite": ["-c", "import eqlite"],
    "eqlite --version": ["-m", "eqlite", "--version"],
    "import eqlite and compile a first query": ["-c", f"import eqlite; eqlite.compile({_QUERY!r}).predicate"],
}
_LIMITS = {"import eqlite": 60.0}
# A process starts out with the peak of the one that started it: a small one must stand in between.
_PEAK = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([code, peak if sys.platform == "darwin" else peak * 1024, time.perf_counter() - started]))
"""


def measure_starts(*, runs: int) -> Section:
    """Start processes in turn; the figures are what they take above bare Python, on the wall."""
    seconds: dict[str, list[float]] = {name: [] for name in _STARTS}
    with tempfile.TemporaryDirectory() as folder:
        # compiled once and kept, as an installed package is, whatever the settings here say
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        for number in range(runs + 1):
            for name, arguments in _STARTS.items():
                command = [sys.executable, *arguments]
                started = time.perf_counter()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
                if number:  # the first round is for the compiling
                    seconds[name].append(time.perf_counter() - started)
    bare, *others = (statistics.median(values) * 1e3 for values in seconds.values())
    rows = [
        Row(name, took - bare, "ms", limit=_LIMITS.get(name), of_ratio=False)
        for name, took in zip(list(_STARTS)[1:], others, strict=True)
    ]
    return Section(f"Starting, above the {bare:.0f} ms of bare Python", rows)


def measure_memory(events: EventFile, *, megabytes: int) -> Section:
    """Run the command line over a large file: the events again and again."""
    name = "peak memory of `eqlite run`"
    title = f"One rule, the command line over {megabytes:,} MB"
    if sys.platform == "win32":
        return Section(title, [Row(name, skipped="the system does not tell the peak of a process that has ended")])
    block = events.path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        if shutil.disk_usage(folder).free < (megabytes + 100) << 20:
            return Section(title, [Row(name, skipped=f"less than {megabytes:,} MB free for the file")])
        path = Path(folder) / "large.ndjson"
        copies = max(1, (megabytes << 20) // len(block))
        with path.open("wb") as file:
            for _ in range(copies):
                file.write(block)
        command = [sys.executable, "-m", "eqlite", "run", "-q", "-r", str(RULE), "--format", "ndjson", str(path)]
        done = subprocess.run([sys.executable, "-c", _PEAK, *command], check=True, capture_output=True)
        code, peak, seconds = json.loads(done.stdout)
    if code != 0:
        return Section(title, [Row(name, skipped=f"`eqlite run` ended with {code}: {done.stderr.decode()[-200:]}")])
    count = copies * block.count(b"\n")
    note = f"{count:,} events, {copies * len(events.matches):,} detections written, {count / seconds:,.0f} events/s"
    return Section(title, [Row(name, peak / 2**20, "MB", limit=150, of_ratio=False, note=note)])
