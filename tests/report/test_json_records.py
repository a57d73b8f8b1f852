"""Records as JSON: keys and their order, and values that JSON cannot hold."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from eqlite.events.document import Event, EventSource
from eqlite.execution.detection import Detection
from eqlite.report import Layout
from eqlite.report.json_records import detection_record, to_json
from eqlite.rules.model import Rule, Tactic, Technique, Threat
from eqlite.source import Source

RULE = Rule(
    name="A rule",
    query="any where true",
    source=Source("any where true"),
    rule_id="r-1",
    severity="high",
    risk_score=73,
    threat=(Threat("MITRE ATT&CK", Tactic("TA0002", "Execution"), (Technique("T1059"),)),),
)
EVENT = Event({"a": 1}, index="logs", id="x", source=EventSource("day.ndjson", 7))
DETECTION = Detection(
    RULE,
    "sequence",
    (EVENT, None, {"a": 2}),
    {"host.name": "h"},
    "2026-01-01T00:00:00.000Z",
    "2026-01-01T00:00:01.000Z",
    "d-1",
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(st.characters(codec=None, exclude_characters="\x7f"))
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


def test_a_detection_has_these_keys_in_this_order() -> None:
    assert to_json(detection_record(DETECTION, Layout())) == (
        '{"schema":1,"rule":{"id":"r-1","name":"A rule","severity":"high","risk_score":73,'
        '"tactics":["TA0002"],"techniques":["T1059"]},"kind":"sequence","start":"2026-01-01T00:00:00.000Z","end":"2026-01-01T00:00:01.000Z",'
        '"join_keys":{"host.name":"h"},"id":"d-1","events":[{"source":{"file":"day.ndjson","line":7},"_index":"logs","_id":"x",'
        '"document":{"a":1}},null,{"source":null,"_index":null,"_id":null,"document":{"a":2}}]}'
    )


def test_documents_can_be_left_out_and_the_rule_too() -> None:
    record = detection_record(DETECTION, Layout(documents=False, names_rule=False))
    assert list(record) == ["schema", "kind", "start", "end", "join_keys", "id", "events"]
    assert record["events"][0] == {"source": {"file": "day.ndjson", "line": 7}, "_index": "logs", "_id": "x"}


def without_odd_numbers(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, list):
        return [without_odd_numbers(item) for item in value]
    return {name: without_odd_numbers(item) for name, item in value.items()} if isinstance(value, dict) else value


@given(st.dictionaries(st.text(st.characters(codec=None), max_size=3), values, max_size=4))
def test_any_document_becomes_json_that_reads_back(document: dict[str, Any]) -> None:
    line = to_json(document)
    assert "\n" not in line
    assert len(line.splitlines()) <= 1
    line.encode()

    def no_constant(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    # two halves of a pair read back as the one character that they make
    expected = json.loads(json.dumps(without_odd_numbers(document)))
    assert json.loads(line, parse_constant=no_constant) == expected
