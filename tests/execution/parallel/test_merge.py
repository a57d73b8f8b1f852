"""The main process and the results of workers.

Covers `execution/parallel/worker.py`.
"""

from __future__ import annotations

import pickle
from pathlib import Path

from tests.harness import ndjson, rule_set

from eqlite.events.intake import Intake, ReadSizes
from eqlite.events.splits import Range
from eqlite.execution.correlation.correlator import Correlator
from eqlite.execution.detection import Detection
from eqlite.execution.detections import detections_of
from eqlite.execution.parallel.merge import ResultMerger
from eqlite.execution.parallel.worker import Worker
from eqlite.execution.stats import RunStats

QUERIES = [
    'sequence by k with maxspan=1m [any where kind == "a"] [any where kind == "b"]',
    'sequence by k, n with maxspan=1m [any where kind == "b"] [any where kind == "a"]',
    'any where kind == "b"',
]


def lines(count: int) -> bytes:
    events = [
        {"@timestamp": f"2026-01-01T00:00:{n:02}.000Z", "kind": "ab"[n % 2], "k": n // 2, "n": n} for n in range(count)
    ]
    return ndjson(events)


def merged(path: Path, *, is_cut_short: bool) -> tuple[list[Detection], RunStats]:
    compiled = rule_set(*QUERIES).compile()
    queries = [query for _, query in compiled]
    partition = Range(str(path), 0, path.stat().st_size)
    result = Worker(compiled, by_index=False, keeps_rejects=False, sample_limit=100, sizes=ReadSizes()).work(partition)
    result = pickle.loads(pickle.dumps(result))
    if is_cut_short:
        path.write_bytes(path.read_bytes()[:200])
    stats = RunStats()
    correlator = Correlator(queries, in_order=True)
    ResultMerger(queries, correlator, stats, Intake(stats.reading), None).add(result, partition)
    return list(detections_of(compiled, correlator.searches, stats)), stats


def test_a_result_holds_all_that_correlation_needs(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(lines(20))
    found, stats = merged(path, is_cut_short=False)
    kinds = [detection.kind for detection in found]
    assert kinds.count("sequence") == kinds.count("event") == 10
    assert stats.reading.warnings == []


def test_a_file_that_was_cut_short_loses_no_detection(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(lines(20))
    found, stats = merged(path, is_cut_short=True)
    assert len(found) == 20
    assert [dict(event) for event in found[-1].events if event is not None][-1] == {}
    (warning,) = stats.reading.warnings
    assert "changed while it was read" in str(warning)
