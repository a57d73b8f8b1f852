"""Rules that Elastic ships, from one to all of them at once, over fresh events of two kinds."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.report import Row, Section, per_event

_SELECTIONS = {"1 rule": 0, "10 rules": 109, "100 rules": 11, "all rules": 1}
_LIMITS = {"100 rules": 2.0, "all rules": 4.5}
"""Times `orjson.loads`: 1 for decoding, the rest for the rules."""
_KINDS = {"process events": "gen_events.py", "mixed events": "gen_mixed.py"}
_WARM_UP, _MEMORY, _TWICE = "warm-up beyond the steady rate", "peak memory", "two processes, to one"
_EXTRA = (_WARM_UP, _MEMORY, _TWICE)


def measure_many_rules(shared: Path | None, folder: Path, *, count: int, runs: int) -> list[Section]:
    """Measure with rules and generators of the shared material, each run a new process; skip without."""
    archive = shared / "corpus" / "rules.tar.gz" if shared is not None else None
    sections = []
    for kind, generator in _KINDS.items():
        if archive is None or shared is None or not archive.is_file():
            reason = "EQLITE_SHARED is not set" if shared is None else "there are no rules where it points"
            rows = [Row(f"{name}, {kind}", skipped=reason) for name in (*_SELECTIONS, *_EXTRA)]
            sections.append(Section(f"Rules at once: {kind}", rows))
            continue
        events = folder / f"{generator}.ndjson"
        _generate(shared / "bench" / generator, events, count)
        sections.append(_measure(str(archive), str(events), kind, runs))
        events.unlink()
    return sections


def _generate(generator: Path, events: Path, count: int) -> None:
    arguments = ["-n", str(count), "-o", str(events)] if generator.stem == "gen_events" else [str(count), str(events)]
    subprocess.run([sys.executable, str(generator), *arguments], check=True, stdout=subprocess.DEVNULL)


def _measure(archive: str, events: str, kind: str, runs: int) -> Section:
    rows: list[Row] = []
    answers: list[dict[str, float]] = []
    for name, every in _SELECTIONS.items():
        command = [sys.executable, "-m", "benchmarks.many_rules_worker", archive, events, str(every)]
        answers = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(runs)]
        ratio = statistics.median(answer["steady"] / answer["decoding"] for answer in answers)
        steady = statistics.median(answer["steady"] for answer in answers)
        note = f"{answers[0]['found']:,} detections"
        rows.append(per_event(f"{name}, {kind}", steady, ratio, limit=_LIMITS.get(name), note=note))
    warm_up = statistics.median(answer["warm_up"] for answer in answers)
    rows.append(Row(f"{_WARM_UP}, {kind}", warm_up, "s", limit=3, of_ratio=False, note="all rules"))
    megabytes = max(answer["megabytes"] for answer in answers)
    rows.append(Row(f"{_MEMORY}, {kind}", megabytes, "MB", limit=400, of_ratio=False, note="all rules"))
    rows.append(_two_processes(archive, events, kind))
    return Section(f"Rules at once: {answers[0]['events']:,} {kind}, the second half of them", rows)


def _two_processes(archive: str, events: str, kind: str) -> Row:
    """Compare wall time, warm-up included: of the event rules, since sequences have to be kept in one process."""
    seconds = []
    for jobs in ("1", "2"):
        command = [sys.executable, "-m", "benchmarks.many_rules_worker", archive, events, "jobs", jobs]
        done = subprocess.run(command, check=True, capture_output=True)
        seconds.append(float(json.loads(done.stdout)["seconds"]))
    note = f"{seconds[0]:.1f} s and {seconds[1]:.1f} s for the event rules, warm-up and all"
    return Row(f"{_TWICE}, {kind}", seconds[0] / seconds[1], "times as fast", note=note)
