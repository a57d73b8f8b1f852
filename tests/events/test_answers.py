"""Long answers of searches, whose hits are taken apart before they are decoded."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from eqlite import load_rule
from eqlite.events.answers import LONG_ANSWER_BYTES, hits_on
from eqlite.events.line_documents import documents_on
from eqlite.execution.run import RunStats, run_files
from eqlite.ruleset import RuleSet

COUNT = 800
PADDING = "x" * 100


def hit(number: int, **others: object) -> dict[str, Any]:
    source = {"event": {"category": "process"}, "@timestamp": number, "n": number, "padding": PADDING}
    return {"_index": "logs", "_id": str(number), "_source": source, **others}


def answer(*hits: object, **others: object) -> dict[str, Any]:
    return {"took": 3, "timed_out": False, **others, "hits": {"total": {"value": len(hits)}, "hits": list(hits)}}


def one_line(value: object, *, compact: bool = True) -> bytes:
    return json.dumps(value, separators=(",", ":") if compact else (", ", ": ")).encode() + b"\n"


HITS = [hit(number) for number in range(COUNT)]
LONG = one_line(answer(*HITS))
RULES = RuleSet(
    load_rule(text)
    for text in ("process where n % 100 == 7", "sequence with maxspan=1s [any where n == 5] [any where n == 6]")
)


def seen(detections: Any) -> list[object]:
    return [
        (detection.id, [(one.index, one.id, one["n"], one.source.line) for one in detection.events])
        for detection in detections
    ]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("is_packed", [False, True])
def test_long_answer_gives_detections_of_its_hits_on_lines(tmp_path, jobs, is_packed):
    lines, whole = tmp_path / "lines.ndjson", tmp_path / ("whole.json.gz" if is_packed else "whole.json")
    lines.write_bytes(b"".join(map(one_line, HITS)))
    whole.write_bytes(gzip.compress(LONG) if is_packed else LONG)
    expected, found = (list(run_files(RULES.compile(), [str(path)], jobs=jobs)) for path in (lines, whole))
    assert len(found) == 9
    ids = [[(one.index, one.id, one["n"]) for one in detection.events] for detection in found]
    assert ids == [[(one.index, one.id, one["n"]) for one in detection.events] for detection in expected]
    assert [detection.id for detection in found] == [detection.id for detection in expected]
    assert {one.source.line for detection in found for one in detection.events} == {1}


@pytest.mark.parametrize("jobs", [1, 2])
def test_lines_before_and_after_a_long_answer_keep_numbers(tmp_path, jobs):
    path = tmp_path / "mixed.ndjson"
    path.write_bytes(one_line(hit(7)) + LONG + one_line(hit(107)) + b"oops\n" + one_line(hit(207)))
    stats = RunStats()
    found = list(run_files(RULES.compile(), [str(path)], jobs=jobs, stats=stats))
    lines = [one.source.line for detection in found if detection.kind == "event" for one in detection.events]
    assert sorted(lines) == [1, *[2] * 8, 3, 5]
    assert (stats.reading.read, stats.reading.rejected) == (COUNT + 4, 1)
    assert [sample.line for sample in stats.reading.samples] == [4]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(answer(*HITS), id="search"),
        pytest.param(answer(*HITS, _shards={"total": 1}, _scroll_id="x"), id="scroll"),
        pytest.param(answer(*HITS[:9], {"_index": "", "_id": "", "missing": True}, *HITS[9:]), id="missing"),
        pytest.param(answer(*HITS, hit(1, missing=False), hit(2, note="missing")), id="named missing"),
        pytest.param(
            answer(*({"_id": str(n), "fields": {"n": [n], "p": [PADDING]}} for n in range(COUNT))), id="fields"
        ),
        pytest.param(answer(*({"_id": str(n), "_index": PADDING} for n in range(COUNT))), id="no source"),
        pytest.param(answer(*HITS, hit(1, inner_hits={"x": {"hits": {"hits": [hit(9000)]}}})), id="inner hits"),
        pytest.param(answer(*HITS, hit(1, _ignored=["padding"])), id="ignored"),
    ],
)
@pytest.mark.parametrize("compact", [True, False])
def test_hits_apart_are_the_documents_of_the_answer(made, compact):
    line = one_line(made, compact=compact)
    hits = hits_on(line)
    assert hits is not None
    assert [one for text in hits for one in documents_on(text).documents] == documents_on(line).documents


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(one_line(answer(hit(1))), id="short"),
        pytest.param(one_line({"@timestamp": 1, **answer(*HITS)}), id="document"),
        pytest.param(one_line({"hits": {"hits": HITS}, "other": 1}), id="other names"),
        pytest.param(one_line({"hits": HITS}), id="list"),
        pytest.param(one_line({"hits": {"hits": [*HITS, 7]}}), id="number among them"),
        pytest.param(one_line({"hits": {"hits": HITS, "padding": float("nan")}}), id="NaN"),
        pytest.param(one_line({"responses": [answer(*HITS)]}), id="several answers"),
        pytest.param(LONG[:-3], id="cut off"),
        pytest.param(b" " * LONG_ANSWER_BYTES + b"\n", id="blank"),
    ],
)
def test_other_lines_are_left_whole(line):
    assert hits_on(line) is None


def test_damaged_hit_is_rejected_alone(tmp_path):
    path = tmp_path / "damaged.json"
    path.write_bytes(LONG.replace(b'"n":7,', b'"n":7,"text":"\xff\xfe",'))
    stats = RunStats()
    found = list(run_files(RULES.compile(), [str(path)], stats=stats))
    assert len(found) == 8
    assert (stats.reading.read, stats.reading.rejected, stats.reading.samples[0].line) == (COUNT, 1, 1)
