"""References give events back as they were, whatever becomes of the files in between.

Covers `events/batches.py`.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tempfile
from pathlib import Path

import pytest
from tests.harness import rule_set

import eqlite
from eqlite.events.batches import BlockBatch
from eqlite.events.intake import Intake, ReadSizes
from eqlite.events.readers import iter_blocks
from eqlite.events.references import (
    EventReference,
    EventReferences,
    FileReference,
    HeldEvents,
    History,
    LostEvent,
    Spool,
)
from eqlite.execution.run import RunStats, run_files

ALL = [f"any where n != {number}" for number in (-1, -2, -3, -4)]


def text_of(numbers: range) -> str:
    return "".join(
        json.dumps({"n": number, "text": "ä" * (number % 5)}) + "\r\n" * (number % 2) + "\n" for number in numbers
    )


def references_of(path: Path, **sizes: int) -> list[EventReference]:
    made = EventReferences()
    found: list[EventReference] = []
    for block in iter_blocks([path], Intake(sizes=ReadSizes(**sizes))):
        batch = BlockBatch(block, 1, Intake(), made)
        found += [batch.reference(row) for row in range(len(batch.documents))]
    return found


@pytest.mark.parametrize(
    ("data", "is_in_file"),
    [
        (text_of(range(50)).encode(), True),
        (b"\xef\xbb\xbf" + text_of(range(50)).encode(), True),
        (text_of(range(50)).encode("utf-16"), False),
        (gzip.compress(text_of(range(50)).encode()), False),
        (text_of(range(50)).rstrip().encode(), True),
    ],
    ids=["plain", "mark", "utf-16", "gzip", "no last line end"],
)
def test_lines_come_back(tmp_path: Path, data: bytes, is_in_file: bool) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(data)
    found = references_of(path, chunk_bytes=64)
    assert {isinstance(each, FileReference) for each in found} == {is_in_file}
    events = [each() for each in found]
    assert [event["n"] for event in events] == list(range(50))
    assert events == list(eqlite.read_events(path))
    assert [event.source for event in events] == [event.source for event in eqlite.read_events(path)]


def test_a_file_may_be_renamed_and_written_anew_in_between(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text(text_of(range(9)))
    found = references_of(path)
    path.rename(tmp_path / "events.1")
    path.write_text("something else")
    assert [each()["n"] for each in found] == list(range(9))


def test_a_file_may_be_deleted_in_between(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text(text_of(range(9)))
    found = references_of(path)
    path.unlink()
    assert [each()["n"] for each in found] == list(range(9))


def test_bytes_that_were_overwritten_are_not_taken_for_the_event(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text(text_of(range(9)))
    found = references_of(path)
    path.write_text(text_of(range(9)).replace('"n"', '"m"'))
    with pytest.raises(LostEvent, match="was changed while it was read"):
        found[0]()


def test_the_spool_goes_to_a_file_without_a_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spool = Spool(memory_bytes=100)
    found = [spool.keep("<stream>", number, b'{"n": %d}\n' % number) for number in range(100)]
    assert [each()["n"] for each in found] == list(range(100))
    assert not list(tmp_path.iterdir())


def test_of_a_file_that_is_cut_short_the_rest_is_found(tmp_path: Path) -> None:
    short, whole = tmp_path / "a.ndjson", tmp_path / "b.ndjson"
    short.write_text(text_of(range(9)))
    whole.write_text(text_of(range(100, 103)))
    rules = rule_set(*ALL)
    stats = RunStats()
    size = len(text_of(range(5)).encode())

    def cut(lines: int, _: int) -> None:
        os.truncate(short, size)

    found = run_files(rules.compile(), [short, whole], stats=stats, progress=cut)
    events = [detection.events[0] for detection in found][::4]
    assert [event.get("n") for event in events] == [*range(5), None, None, None, None, 100, 101, 102]
    assert all(event.source is not None for event in events)
    assert [(warning.file, warning.reason) for warning in stats.reading.warnings] == [
        (str(short), "changed while it was read; some events are shown without fields")
    ]
    assert stats.detections == 48


def test_of_very_many_files_lines_are_spooled(tmp_path: Path) -> None:
    made = EventReferences(max_open_files=2)
    kinds = []
    for number in range(4):
        path = tmp_path / f"{number}.ndjson"
        path.write_text(text_of(range(1)))
        for block in iter_blocks([path]):
            reference = BlockBatch(block, 1, Intake(), made).reference(0)
            kinds.append(isinstance(reference, FileReference))
            assert reference()["n"] == 0
    assert kinds == [True, True, False, False]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("packed", [False, True])
def test_a_line_that_turns_out_to_hold_no_event_is_rejected(tmp_path: Path, packed: bool, jobs: int) -> None:
    deep = '{"n": 1, "other": ' + "[" * 300 + "]" * 300 + "}"
    data = f'{{"n": 0}}\n{deep}\n{{"n": 2}}\n'.encode()
    path = tmp_path / "events.ndjson"
    path.write_bytes(gzip.compress(data) if packed else data)
    rules = rule_set(*ALL)
    stats, rejects = RunStats(), io.BytesIO()
    found = run_files(rules.compile(), [path], stats=stats, rejects=rejects, jobs=jobs)
    assert [detection.events[0]["n"] for detection in found][::4] == [0, 2]
    reading = stats.reading
    assert (reading.read, reading.rejected, reading.samples[0].line, dict(reading.reasons)) == (
        *(3, 1, 2),
        {"nested too deeply": 1},
    )
    assert rejects.getvalue() == deep.encode() + b"\n"


@pytest.mark.parametrize("document", [{"a": 1 << 80}, {"a": "\ud800"}, {"a": float("inf")}, {"a": [{"b": None}]}])
def test_one_of_several_documents_goes_to_the_spool(document: dict) -> None:
    found = EventReferences().of_document("<stdin>", 7, (document, "logs", "id"))()
    assert (found.document, found.index, found.id, found.source) == (document, "logs", "id", ("<stdin>", 7))
    assert not found.is_alone


def test_a_history_gives_events_back_in_order() -> None:
    made, history = EventReferences(), History()
    for number in range(9):
        line = b'{"n": %d}\n' % number
        spooled = made.of_line("<stdin>", number, line, None)
        history.append(10 * number, spooled if number % 3 else HeldEvents().of_line("x", 1, line, None))
    assert [(position, event()["n"]) for position, event in history] == [(10 * n, n) for n in range(9)]
