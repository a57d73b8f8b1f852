"""What a second process brings once all is warm, over many mixed events: it begins with a warm-up of its own."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from benchmarks.many_rules import MIXED_EVENTS, NoRules, find_archive, generate_events, run_worker
from benchmarks.one_rule import WrongAnswer
from benchmarks.report import Row, Section

_LIMITS = {"event": 1.7}
"""The main process joins events, beside those that ask: what that leaves of two cores is no figure to keep."""
_SELECTIONS = {
    "event rules, two processes to one, steady": "event",
    "all rules, two processes to one, steady": "all",
}
_TITLE = "Two processes: the second half of {} on the wall"


def measure_jobs(shared: Path | None, folder: Path, *, count: int, runs: int) -> Section:
    """Measure with rules and generators of the shared material, each run new processes; skip without."""
    try:
        archive = find_archive(shared)
    except NoRules as reason:
        rows = [Row(name, skipped=str(reason)) for name in _SELECTIONS]
        return Section(_TITLE.format(MIXED_EVENTS), rows)
    events = generate_events(archive, folder, MIXED_EVENTS, count)
    rows = [_row(name, archive, events, selection, runs) for name, selection in _SELECTIONS.items()]
    events.unlink()
    return Section(_TITLE.format(f"{count:,} {MIXED_EVENTS}"), rows)


def _row(name: str, archive: Path, events: Path, selection: str, runs: int) -> Row:
    """Let one process and two take turns, each time the other one first."""
    answers: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
    for number in range(runs):
        for jobs in (1, 2) if number % 2 == 0 else (2, 1):
            answers[jobs].append(run_worker("many_rules_jobs_worker", archive, events, selection, jobs))
    if len({answer["found"] for given in answers.values() for answer in given}) > 1:
        raise WrongAnswer(f"{name}: the number of detections is not the same")
    pairs = list(zip(answers[1], answers[2], strict=True))
    times = statistics.median(one["second_half"] / two["second_half"] for one, two in pairs)
    one, two = (statistics.median(answer["second_half"] for answer in answers[jobs]) for jobs in (1, 2))
    making = statistics.median(answer["detections"] for answer in answers[2])
    runs_said = f"{runs} run{'s' * (runs > 1)} of each"
    note = f"{one:.1f} s and {two:.1f} s, {runs_said}; then {making:.1f} s in one process for the detections"
    return Row(name, times, "times as fast", limit=_LIMITS.get(selection), of_ratio=False, is_least=True, note=note)
