"""Several processes find, count and reject what one does."""

from __future__ import annotations

import gzip
import io
import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness import rule_set

import eqlite
from eqlite.events.intake import ReadSizes
from eqlite.execution.run import RunStats, run_files
from eqlite.execution.tuning import Tuning
from eqlite.ruleset import RuleSet

QUERIES = [
    'any where kind == "a" and n % 7 == 0',
    'any where kind : "B*" and k == "x"',
    "any where 1 / n > 0.1",
    'sequence by k with maxspan=5s [any where kind == "a"] [any where kind == "b"]',
    'sequence by ?k [any where kind == "b"] [any where kind == "c" and n > 3] until [any where kind == "d"]',
    'sequence by k [any where kind : "a" and k : "x*"] [any where kind == "b"]',
    'sequence with maxspan=2s [any where kind == "c"] ![any where kind == "d"]',
    'sample by k [any where kind == "a" and n < 5] [any where kind == "d" and n > 90]',
]
HEAD = 'sequence by k [any where kind == "c"] [any where kind == "d"] | head 3'


def lines(*, count: int, is_sorted: bool) -> Iterator[bytes]:
    """Yield events of every shape, and what is none."""
    for n in range(count):
        second = n if is_sorted else (n * 37) % count
        time = f"2026-01-01T00:{second // 60:02}:{second % 60:02}.000Z"
        document: dict[str, Any] = {"@timestamp": time, "kind": "abcd"[n * 7 % 4], "k": "xyz"[n % 3], "n": n}
        if n % 11 == 0:
            document = {"_index": "logs-a", "_id": str(n), "_source": document}
        elif n % 13 == 0:
            document = {"@timestamp": time, "kind": ["a", "b"], "k": ["x", 5], "n": str(n), "a.b": 1}
        elif n % 17 == 0:
            document = {"hits": {"hits": [{"_source": document}, {"_source": {**document, "n": n + 1000}}]}}
        elif n % 19 == 0:
            del document["@timestamp"]
        elif n % 29 == 0:
            document["@timestamp"] = [time, time]
        elif n % 31 == 0:
            document["@timestamp"] = time.replace(".000Z", ".0009999Z")
        yield json.dumps(document).encode()
        if n % 23 == 0:
            yield b"no event" if n % 2 else b""


def run(rules: RuleSet, files: list[Any], **options: Any) -> list[Any]:
    stats, rejects = RunStats(), io.BytesIO()
    found = run_files(rules.compile(), files, stats=stats, rejects=rejects, **options)
    detections = [(one.rule.query, one.join_keys, one.start, one.end, one.sources, one.events) for one in found]
    shown = [
        (*rest, [None if event is None else (dict(event), event.index, event.id) for event in events])
        for *rest, events in detections
    ]
    return [shown, stats, rejects.getvalue()]


@pytest.mark.parametrize("by_index", [False, True])
@pytest.mark.parametrize("queries", [[*QUERIES, HEAD], QUERIES[:1]])
@pytest.mark.parametrize("is_sorted", [True, False])
@pytest.mark.parametrize("is_packed", [True, False])
def test_the_answer_does_not_depend_on_the_number_of_processes(
    tmp_path: Path,
    is_packed: bool,
    is_sorted: bool,
    queries: list[str],
    by_index: bool,
) -> None:
    tuning = Tuning(ReadSizes(chunk_bytes=2_000), range_bytes=1_234, blocks_bytes=1)
    path = tmp_path / "events.ndjson"
    data = b"\n".join(lines(count=400, is_sorted=is_sorted))
    path.write_bytes(gzip.compress(data) if is_packed else data)
    rules = rule_set(*queries)
    alone = run(rules, [path, path], jobs=1, by_index=by_index, tuning=tuning)
    assert run(rules, [path, path], jobs=3, by_index=by_index, tuning=tuning) == alone
    assert len(alone[0]) > 20


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_any_input_will_do_and_any_way_to_start_processes(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this platform does not {method}")
    tuning = Tuning(start_method=method)
    rules = rule_set(*QUERIES)
    data = b"\n".join(lines(count=100, is_sorted=True))
    assert run(rules, [io.BytesIO(data)], jobs=2, tuning=tuning) == run(rules, [io.BytesIO(data)], jobs=1)


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("time", [b'"soon"', b"[1, 2]"])
def test_a_strict_run_raises_in_any_number_of_processes(time: bytes, processes: int) -> None:
    rules = rule_set("sequence [any where a == 1] [any where a == 1]")
    data = b'{"@timestamp": 1, "a": 1}\n{"@timestamp": %s, "a": 1}\n' % time
    with pytest.raises(eqlite.EventError, match="@timestamp"):
        list(run_files(rules.compile(strict=True), [io.BytesIO(data)], jobs=processes))


class Interrupted(io.BytesIO):
    """A file at whose second portion somebody hits Ctrl-C."""

    def read1(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise KeyboardInterrupt
        return super().read1(size)


def test_ctrl_c_ends_all_processes_and_keeps_what_was_found() -> None:
    rules = rule_set(*QUERIES)
    stats = RunStats()
    data = b"\n".join(lines(count=50_000, is_sorted=True))
    list(run_files(rules.compile(), [Interrupted(data)], jobs=2, stats=stats))
    assert stats.interrupted
    for child in multiprocessing.active_children():
        child.join()
    assert multiprocessing.active_children() == []


def test_a_killed_process_is_an_error_and_no_hole(tmp_path: Path) -> None:
    rules = rule_set(*QUERIES)
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(lines(count=30_000, is_sorted=True)))

    def kill(lines: int, size: int) -> None:
        for child in multiprocessing.active_children():
            child.kill()

    with pytest.raises(eqlite.EqlError, match="was killed"):
        list(run_files(rules.compile(), [path], jobs=2, progress=kill, tuning=Tuning(range_bytes=10_000)))
