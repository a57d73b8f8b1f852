"""Whatever the input holds, several processes find, count and reject what one does, in the same order.

Covers `execution/parallel/rejects.py`, `execution/tuning.py`.
"""

from __future__ import annotations

import gzip
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.harness import rule_set

import eqlite
from eqlite.events.intake import ReadSizes, ReadStats
from eqlite.execution.run import RunStats, run_files
from eqlite.execution.tuning import Tuning
from eqlite.ruleset import RuleSet

QUERIES = [
    'any where kind == "a" and n % 7 == 0',
    "any where 1 / n > 0.1",
    'any where concat(k, 1 / n) == "x1"',
    "any where startsWith(k, `ü`)",
    'sequence by k with maxspan=5s [any where kind == "a"] [any where kind == "b"]',
    'sequence by k [any where kind == "b"] [any where kind == "c" and 5 / (n - 3) > 0]',
    'sequence by `ü`, k [any where kind == "a"] [any where kind == "b"]',
    'sequence by ?`ü` with maxspan=3s [any where kind == "d"] ![any where kind == "b"] [any where kind == "c"]',
    'sample by k [any where kind == "a"] [any where kind == "d"]',
]
LIMIT = 700


def document(n: int) -> dict[str, Any]:
    time = f"2026-01-01T00:{n // 60 % 60:02}:{n % 60:02}.000Z"
    return {"@timestamp": time, "kind": "abcd"[n % 4], "k": "xyz"[n % 3], "n": n % 20, "ü": "xy"[n % 2]}


def text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)


def with_depth(n: int, depth: int) -> str:
    return text({**document(n), "unread": 0})[:-2] + "[" * depth + "]" * depth + "}"


PIECES = {
    "an event": lambda n: text(document(n)),
    "an event in an envelope": lambda n: text({"_index": "logs", "_id": str(n), "_source": document(n)}),
    "several events in an answer": lambda n: text({"hits": {"hits": [{"_source": document(n)}] * 3}}),
    "several events": lambda n: text(document(n)) + text(document(n + 1)),
    "several events and a bad rest": lambda n: text(document(n)) + text(document(n + 1)) + '{"n":',
    "a dotted key": lambda n: text({**document(n), "a.b": 1}),
    "division by zero": lambda n: text({**document(n), "n": 0}),
    "no readable time": lambda n: text({**document(n), "@timestamp": "soon"}),
    "several times": lambda n: text({**document(n), "@timestamp": [1, 2]}),
    "too long": lambda n: "x" * (LIMIT + 1 + n),
    "too long, and an event": lambda n: text({**document(n), "unread": "x" * 3 * LIMIT}),
    "too deep for any decoder": lambda n: with_depth(n, 2_000),
    "too deep": lambda n: with_depth(n, 250),
    "half an object": lambda _: '{"n": {',
    "the other half": lambda _: "}",
    "no JSON": lambda _: "oops",
    "no object": lambda _: "[1, 2]",
    "bad UTF-8": lambda n: text({**document(n), "k": "\udcff"}),
    "a blank line": lambda _: "",
    "a comment": lambda _: "# GET",
}
WEIGHTED = [*["an event"] * 20, *PIECES]
LAYOUTS = {
    "lines": lambda lines: b"\n".join(lines) + b"\n",
    "lines without an end": b"\n".join,
    "an array": lambda lines: b"[\n" + b",\n".join(filter(None, lines)) + b"\n]\n",
    "an array without an end": lambda lines: b"[\n" + b",\n".join(filter(None, lines)),
    "bulk": lambda lines: b'{"index": {"_index": "logs"}}\n' + b'\n{"index": {"_index": "logs"}}\n'.join(lines),
}
PLACES = ["file", "packed file", "damaged packed file", "folder", "stream", "stream that breaks"]


class Breaking(io.BytesIO):
    """A stream of which nothing can be read from the fourth time on."""

    times = 0

    def read1(self, size: int | None = -1, /) -> bytes:
        self.times += 1
        if self.times == 4:
            raise eqlite.EventError("cannot read `stream`: it broke")
        return super().read1(size)


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    kinds = draw(st.lists(st.sampled_from(WEIGHTED), min_size=1, max_size=150))
    lines = [PIECES[kind](n).encode("utf-8", "surrogateescape") for n, kind in enumerate(kinds)]
    return LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))](lines)


def opened(folder: Path, inputs: list[tuple[str, bytes]]) -> list[Any]:
    """Return what to read for all inputs, files being written and streams being new."""
    found: list[Any] = []
    for number, (place, data) in enumerate(inputs):
        path = folder / f"{number}.ndjson"
        if place.startswith("stream"):
            found.append(io.BytesIO(data) if place == "stream" else Breaking(data))
            continue
        if place == "folder":
            path = folder / str(number)
            path.mkdir(exist_ok=True)
            (path / "a.ndjson").write_bytes(data)
            (path / "b").write_bytes(data)
            (path / "notes.md").write_text("# Notes\n")
        elif place == "file":
            path.write_bytes(data)
        else:
            path.write_bytes(gzip.compress(data, mtime=0)[: None if place == "packed file" else -9])
        found.append(path)
    return [*found, found[0]] if isinstance(found[0], Path) else found


def answer(rules: RuleSet, inputs: list[Any], *, samples: int = 100, **options: Any) -> list[object]:
    stats, rejects = RunStats(reading=ReadStats(sample_limit=samples)), io.BytesIO()
    found: list[object] = []
    try:
        for one in run_files(rules.compile(), inputs, stats=stats, rejects=rejects, **options):
            events = [event and (dict(event), event.index, event.id) for event in one.events]
            found.append((one.rule.query, one.join_keys, one.start, one.end, one.sources, events))
    except eqlite.EqlError as problem:
        found.append(str(problem))
    return [found, stats, rejects.getvalue()]


@given(
    inputs=st.lists(st.tuples(st.sampled_from(PLACES), contents()), min_size=1, max_size=3),
    queries=st.sampled_from([QUERIES, QUERIES, QUERIES[:1], QUERIES[5:6]]),
    by_index=st.booleans(),
    samples=st.sampled_from([3, 100, 1_000]),
    chunk=st.sampled_from([64, 500, 2_000]),
    portion=st.sampled_from([1, 700, 5_000]),
)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_one_answer_comes_from_any_number_of_processes(
    inputs: list[tuple[str, bytes]], queries: list[str], by_index: bool, samples: int, chunk: int, portion: int
) -> None:
    rules = rule_set(*queries)
    tuning = Tuning(ReadSizes(chunk, LIMIT), range_bytes=max(100, portion), blocks_bytes=portion)
    with tempfile.TemporaryDirectory() as folder:

        def answer_of(jobs: int) -> list[object]:
            given = opened(Path(folder), inputs)
            return answer(rules, given, jobs=jobs, by_index=by_index, samples=samples, tuning=tuning)

        alone = answer_of(1)
        for jobs in (2, 3):
            assert answer_of(jobs) == alone


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_was_read_before_an_error_is_kept(tmp_path: Path, jobs: int) -> None:
    tuning = Tuning(ReadSizes(chunk_bytes=10))
    path = tmp_path / "events.ndjson"
    path.write_bytes(b'{"n": 1}\noops\n' * 20)
    rules = rule_set("any where n > 0")
    inputs = [path, Breaking(b'{"n": 2}\n' * 20)]
    found, stats, rejects = answer(rules, inputs, jobs=jobs, tuning=tuning)
    assert isinstance(found, list)
    assert (len(found), found[-1]) == (24, "cannot read `stream`: it broke")
    assert isinstance(stats, RunStats)
    assert (stats.reading.read, stats.reading.rejected) == (43, 20)
    assert rejects == b"oops\n" * 20


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_line_in_two_streams_is_rejected_twice(jobs: int) -> None:
    rules = rule_set(*QUERIES)
    streams = [io.BytesIO(with_depth(0, 250).encode() + b"\n") for _ in range(2)]
    _, stats, rejects = answer(rules, streams, jobs=jobs)
    assert isinstance(stats, RunStats)
    assert (stats.reading.read, stats.reading.rejected) == (2, 2)
    assert isinstance(rejects, bytes)
    assert rejects.count(b"\n") == 2
