"""Rules that Elastic ships, from one to all of them at once, over fresh events of two kinds."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import Row, Section, per_event

_EVENT_RULES, _ALL_RULES = "event rules", "all rules"
_SELECTIONS = {
    "1 rule": "1",
    "10 rules": "every 109",
    "100 rules": "every 11",
    _EVENT_RULES: "event",
    _ALL_RULES: "all",
}
_LIMITS = {"100 rules": 6.0, _ALL_RULES: 13.5}
"""Times `orjson.loads`: 1 for decoding, the rest for the rules and the detections."""
PROCESS_EVENTS, MIXED_EVENTS = "process events", "mixed events"
_GENERATORS = {PROCESS_EVENTS: "gen_events.py", MIXED_EVENTS: "gen_mixed.py"}
_LOOP = "event rules, one after another"
_WARM_UP, _MEMORY, _TWICE = "warm-up beyond the steady rate", "peak memory", "two processes, to one"
_NAMES = (*_SELECTIONS, _LOOP, _WARM_UP, _MEMORY, _TWICE)
Cost = tuple[float, float]
"""Seconds for an event, and as many times `orjson.loads`."""


class NoRules(Exception):
    """Why there are no rules of the shared material."""


def measure_many_rules(shared: Path | None, folder: Path, *, count: int, loop_count: int, runs: int) -> list[Section]:
    """Measure with rules and generators of the shared material, each run a new process; skip without."""
    sections = []
    for kind in _GENERATORS:
        try:
            archive = find_archive(shared)
        except NoRules as reason:
            rows = [Row(f"{name}, {kind}", skipped=str(reason)) for name in _NAMES]
            sections.append(Section(f"Rules at once: {kind}", rows))
            continue
        events = generate_events(archive, folder, kind, count)
        sections.append(_measure(archive, events, kind, runs=runs, loop_count=loop_count))
        events.unlink()
    return sections


def find_archive(shared: Path | None) -> Path:
    """Return the file of all rules in the shared material.

    Raises:
        NoRules: there is none.
    """
    if shared is None:
        raise NoRules("EQLITE_SHARED is not set")
    archive = shared / "corpus" / "rules.tar.gz"
    if not archive.is_file():
        raise NoRules("there are no rules where it points")
    return archive


def generate_events(archive: Path, folder: Path, kind: str, count: int) -> Path:
    """Write a file of events with the generator that lies beside the rules."""
    generator = archive.parent.parent / "bench" / _GENERATORS[kind]
    events = folder / f"{generator.name}.ndjson"
    arguments = ["-n", str(count), "-o", str(events)] if kind == PROCESS_EVENTS else [str(count), str(events)]
    subprocess.run([sys.executable, str(generator), *arguments], check=True, stdout=subprocess.DEVNULL)
    return events


def run_worker(worker: str, *arguments: object) -> dict[str, Any]:
    """Run a module of this package as a process of its own, and return what it prints."""
    command = [sys.executable, "-m", f"benchmarks.{worker}", *map(str, arguments)]
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return answer


def cost_of(answers: Sequence[dict[str, Any]]) -> Cost:
    """Return the seconds for an event, its share of making the detections included, and the ratio to decoding."""
    return _medians(answers, lambda answer: answer["steady"] + answer["writing"] / answer["events"])


def _medians(answers: Sequence[dict[str, Any]], cost: Callable[[dict[str, Any]], float]) -> Cost:
    seconds = statistics.median(cost(answer) for answer in answers)
    return seconds, statistics.median(cost(answer) / answer["decoding"] for answer in answers)


def _measure(archive: Path, events: Path, kind: str, *, runs: int, loop_count: int) -> Section:
    answers = {
        name: [run_worker("many_rules_worker", archive, events, selection) for _ in range(runs)]
        for name, selection in _SELECTIONS.items()
    }
    rows = [_at_once(name, kind, given) for name, given in answers.items()]
    rows.append(_one_after_another(archive, events, kind, loop_count, at_once=answers[_EVENT_RULES], runs=runs))
    of_all = answers[_ALL_RULES]
    warm_up = statistics.median(answer["warm_up"] for answer in of_all)
    rows.append(Row(f"{_WARM_UP}, {kind}", warm_up, "s", limit=3, of_ratio=False, note=_ALL_RULES))
    megabytes = max(answer["megabytes"] for answer in of_all)
    rows.append(Row(f"{_MEMORY}, {kind}", megabytes, "MB", limit=400, of_ratio=False, note=_ALL_RULES))
    rows.append(_two_processes(archive, events, kind))
    title = f"Rules at once: {of_all[0]['events']:,} {kind}, the second half of them, and making the detections"
    return Section(title, rows)


def _at_once(name: str, kind: str, answers: Sequence[dict[str, Any]]) -> Row:
    """Return a row with everything in it, and tell in the note what it is without making the detections."""
    seconds, ratio = cost_of(answers)
    asking_seconds, asking_ratio = _medians(answers, lambda answer: answer["steady"])
    asking = f"{asking_seconds * 1e6:.2f} µs, {asking_ratio:.2f} x orjson"
    without = f"without making the {answers[0]['found']:,} detections {asking}"
    return per_event(f"{name}, {kind}", seconds, ratio, limit=_LIMITS.get(name), note=without)


def _one_after_another(
    archive: Path, events: Path, kind: str, count: int, *, at_once: Sequence[dict[str, Any]], runs: int
) -> Row:
    """Return what a plain loop over the functions of the same rules takes, over the first of the same events."""
    answers = [run_worker("pack_worker", archive, events, count) for _ in range(runs)]
    seconds = statistics.median(answer["loop"] for answer in answers)
    ratio = statistics.median(answer["loop_ratio"] for answer in answers)
    times = ratio / cost_of(at_once)[1]
    note = f"{answers[0]['event_rules']} functions, {count:,} events; {times:.0f} times the event rules at once"
    return per_event(f"{_LOOP}, {kind}", seconds, ratio, note=note)


def _two_processes(archive: Path, events: Path, kind: str) -> Row:
    """Compare wall time, warm-up included: of the event rules, since sequences have to be kept in one process."""
    one, two = (run_worker("many_rules_jobs_worker", archive, events, "event", jobs)["seconds"] for jobs in (1, 2))
    note = f"{one:.1f} s and {two:.1f} s for the event rules, warm-up and all"
    return Row(f"{_TWICE}, {kind}", one / two, "times as fast", note=note)
