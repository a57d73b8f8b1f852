"""What the main process makes of reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import eqlite
from eqlite.events.intake import Intake
from eqlite.events.projection import Structs, fitting
from eqlite.events.splits import Range
from eqlite.execution.collector import Runner
from eqlite.execution.correlation import correlator as joining
from eqlite.execution.extractors import Readers
from eqlite.execution.parallel.merge import Gathering
from eqlite.execution.parallel.worker import Worker
from eqlite.execution.stats import RunStats
from eqlite.ruleset import RuleSet

QUERIES = [
    'sequence by k with maxspan=1m [any where kind == "a"] [any where kind == "b"]',
    'sequence by k, n with maxspan=1m [any where kind == "b"] [any where kind == "a"]',
    'any where kind == "b"',
]


def lines(count: int) -> bytes:
    events = [
        {"@timestamp": f"2026-01-01T00:00:{n:02}.000Z", "kind": "ab"[n % 2], "k": n // 2, "n": n} for n in range(count)
    ]
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def gather(path: Path, *, is_cut_short: bool) -> tuple[Runner, Intake]:
    compiled = RuleSet([eqlite.load_rule(text) for text in QUERIES]).compile()
    portion = Range(str(path), 0, path.stat().st_size)
    report = Worker(compiled, by_index=False, keeps_rejects=False, sample_limit=100).work(portion)
    if is_cut_short:
        path.write_bytes(path.read_bytes()[:200])
    structs = Structs(fitting(["@timestamp", "k", "n"]))
    intake = Intake()
    runner = Runner(compiled, Readers(structs), stats=RunStats(reading=intake.stats), may_start_over=True)
    Gathering(runner, structs, intake, None).take(report, portion)
    return runner, intake


@pytest.mark.parametrize("orderly", [3, 20_000])
def test_a_report_says_all_that_joining_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orderly: int) -> None:
    monkeypatch.setattr(joining, "ORDERLY_EVENTS", orderly)
    path = tmp_path / "events.ndjson"
    path.write_bytes(lines(20))
    runner, intake = gather(path, is_cut_short=False)
    kinds = [detection.kind for detection in runner.detections(intake)]
    assert kinds.count("sequence") == kinds.count("event") == 10
    assert intake.stats.warnings == []


@pytest.mark.parametrize("orderly", [3, 20_000])
def test_a_file_that_was_cut_short_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orderly: int) -> None:
    monkeypatch.setattr(joining, "ORDERLY_EVENTS", orderly)
    path = tmp_path / "events.ndjson"
    path.write_bytes(lines(20))
    runner, intake = gather(path, is_cut_short=True)
    assert 0 < len(list(runner.detections(intake))) < 20
    (warning,) = intake.stats.warnings
    assert "was cut short" in str(warning)
