"""CSV: what is written reads back, with the module `csv` of every Python."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from eqlite.events.document import Event, EventSource
from eqlite.execution.detection import Detection
from eqlite.report import Layout, writer_named
from eqlite.report.csv_rows import COLUMNS, quoted
from eqlite.report.escaping import safe_cell
from eqlite.rules.model import Rule
from eqlite.source import Source

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


@given(st.lists(texts, min_size=1))
def test_cells_read_back(cells: list[str]) -> None:
    line = ",".join(map(quoted, cells)) + "\n"
    assert list(csv.reader(io.StringIO(line, newline=""))) == [list(map(safe_cell, cells))]
    assert line.splitlines() == [line.rstrip("\n")] or not line.isascii()


@given(texts, texts)
def test_rows_read_back(name: str, id: str) -> None:
    rule = Rule(name=name, query="", source=Source(""), rule_id=id)
    event = Event({}, id="x", source=EventSource("a,b.ndjson", 1))
    out = io.StringIO(newline="")
    detections = [Detection(rule, "event", (event,), {"a": None, "b": '"'}, None, None)] * 2
    writer_named("csv")(detections, out, Layout())
    out.seek(0)
    rows = list(csv.DictReader(out))
    assert len(rows) == 2
    assert list(rows[0]) == list(COLUMNS)
    assert (rows[0]["rule_name"], rows[0]["rule_id"], rows[0]["sources"]) == (
        safe_cell(name),
        safe_cell(id),
        "a,b.ndjson:1",
    )
    assert rows[0]["join_keys"] == '{"a":null,"b":"\\""}'


def test_half_a_surrogate_pair_is_written_as_its_escape() -> None:
    assert quoted("a\ud800") == "a\\ud800"
