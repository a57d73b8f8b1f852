"""The benchmarks run and tell everything they promise; how fast things are is not tested."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import eqlite

pytest.importorskip("orjson", reason="the yardstick of the benchmarks, in the dependency group `bench`")

from benchmarks.events import MATCH_EVERY, make_events
from benchmarks.one_rule import RULE
from benchmarks.report import Row, Section, print_table
from benchmarks.sequence_events import QUERY, make_sequence_events
from benchmarks.streams_memory import NAMES as STREAMS_MEMORY
from benchmarks.ways_in import WAYS

ROOT = Path(__file__).parent.parent
ONE_RULE = [
    "orjson.loads",
    "msgspec.json.decode",
    "orjson.loads, lines read from the file",
    "run_files, from the file to detections",
    "orjson.loads + query.matches",
    "msgspec.json.decode + query.matches",
    "orjson.loads + reference backend",
]
OTHERS = [
    "eql 1.0.1: orjson.loads + stream_event",
    "eql 1.0.1: share of the true matches it finds",
    "orjson.loads + stream.push, 10 open keys",
    "orjson.loads + stream.push, 100 open keys",
    "orjson.loads + stream.push, 1,000 open keys",
    "the slowest of these to the fastest",
    "bookkeeping for an open key",
    "eql 1.0.1: the same, 10 open keys",
    "eql 1.0.1: the same, 100 open keys",
    "load the rules (TOML in a tar archive)",
    "parse and analyse the queries",
    "compile the event rules to functions",
    "from the archive to functions, in all",
    "from the start of Python to compiled queries, out of the cache",
    "orjson.loads + the event rules, one after another",
    *(
        f"{name}, {kind}"
        for kind in ("process events", "mixed events")
        for name in (
            *("1 rule", "10 rules", "100 rules", "event rules", "all rules", "event rules, one after another"),
            *("warm-up beyond the steady rate", "peak memory", "two processes, to one"),
        )
    ),
    "eql 1.0.1: the event rules it can run",
    "the same rules here",
    "the same rules here, to eql 1.0.1",
    *(f"{way}, {rules}" for rules in ("all rules", "one rule") for way in WAYS),
    *STREAMS_MEMORY,
    "event rules, two processes to one, steady",
    "all rules, two processes to one, steady",
    "import eqlite",
    "eqlite --version",
    "import eqlite and compile a first query",
    "peak memory of `eqlite run`",
]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_row_is_in_the_table(tmp_path):
    path = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "benchmarks", "--quick", "--events", "500", "--json", str(tmp_path / "rows.json")]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    names = [row["name"] for row in rows]
    assert names in (ONE_RULE + OTHERS, 2 * ONE_RULE + OTHERS)
    assert all((row["value"] is None) == bool(row["skipped"]) for row in rows)
    assert all(name in done.stdout for name in names)


def test_events_are_the_same_every_time():
    assert list(make_events(300)) == list(make_events(300))
    assert [document for document, _ in make_events(50)] == [document for document, _ in make_events(300)][:50]


def test_true_matches_are_those_that_the_rule_finds():
    query = eqlite.load_rule(RULE).compile(backend="reference")
    labelled = list(make_events(10 * MATCH_EVERY))
    assert [is_match for _, is_match in labelled] == [query.matches(document) for document, _ in labelled]
    assert sum(is_match for _, is_match in labelled) == 10


def test_events_are_of_the_size_and_shape_of_real_ones():
    documents = [document for document, _ in make_events(500)]
    sizes = [len(json.dumps(document, separators=(",", ":"))) for document in documents]
    assert 1_400 < sum(sizes) / len(sizes) < 1_900
    assert {document["host"]["os"]["type"] for document in documents} == {"linux", "windows"}
    times = [document["@timestamp"] for document in documents]
    assert all(earlier <= later for earlier, later in itertools.pairwise(times))


def test_sequence_events_complete_matches_and_leave_keys_open():
    stream = eqlite.compile(QUERY).stream()
    events = list(make_sequence_events(open_keys=50, count=1_000))
    assert events == list(make_sequence_events(open_keys=50, count=1_000))
    for number, (line, completes) in enumerate(events):
        assert len(stream.push(json.loads(line))) == completes
        if number >= 50:
            assert 49 <= stream.stats.open <= 65  # maxspan is over for some, which are swept out together
    assert stream.stats.matches > 200
    assert (stream.stats.late, stream.stats.dropped) == (0, 0)


@pytest.mark.parametrize(
    ("row", "is_missed"),
    [
        (Row("at most, of the ratio", 9.0, "µs", 2.1, limit=2.0), True),
        (Row("at most, of the ratio", 9.0, "µs", 2.0, limit=2.0), False),
        (Row("at most, of the value", 9.0, "s", limit=5, of_ratio=False), True),
        (Row("at least", 149.0, "times", limit=150, of_ratio=False, is_least=True), True),
        (Row("at least", 150.0, "times", limit=150, of_ratio=False, is_least=True), False),
        (Row("not measured", limit=150, of_ratio=False, is_least=True, skipped="not at hand"), False),
        (Row("no limit", 9.0, "s"), False),
    ],
)
def test_a_missed_limit_is_told(row, is_missed, capsys):
    assert row.misses_limit is is_missed
    print_table([Section("rows", [row])])
    assert ("ITS LIMIT" in capsys.readouterr().out) is is_missed
