"""What is kept of events comes back as it was, whatever becomes of the files in between."""

from __future__ import annotations

import gzip
import io
import json
import os
from functools import partial
from pathlib import Path

import pytest

import eqlite
from eqlite.events import references as keeping
from eqlite.events.readers import iter_blocks
from eqlite.events.references import Keeper, KeptLine
from eqlite.execution.run import RunStats, run_files
from eqlite.ruleset import RuleSet

ALL = [f"any where n != {number}" for number in (-1, -2, -3, -4)]


def text_of(numbers: range) -> str:
    return "".join(
        json.dumps({"n": number, "text": "ä" * (number % 5)}) + "\r\n" * (number % 2) + "\n" for number in numbers
    )


def kept_of(path: Path) -> list[keeping.Kept]:
    keeper = Keeper()
    kept = []
    for block in iter_blocks([path]):
        keeper.begin(block)
        kept += [keeper.keep(index) for index, line in enumerate(block.lines) if line.strip()]
    return kept


def test_what_is_kept_is_of_the_block_in_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eqlite.events.byte_chunks.CHUNK_BYTES", 64)
    path = tmp_path / "events.ndjson"
    path.write_text(text_of(range(50)))
    keeper = Keeper()
    for number, block in enumerate(iter_blocks([path])):
        keeper.begin(block)
        if number % 2:  # another process is told where the event stands, and it is kept besides
            _, offset, size = keeper.place(0)
            assert path.read_bytes()[offset : offset + size] == block.lines[0]
        if block.lines[0].strip():
            assert keeper.keep(0)() == json.loads(block.lines[0])


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (text_of(range(50)).encode(), partial),
        (b"\xef\xbb\xbf" + text_of(range(50)).encode(), partial),
        (text_of(range(50)).encode("utf-16"), KeptLine),
        (gzip.compress(text_of(range(50)).encode()), KeptLine),
        (text_of(range(50)).rstrip().encode(), partial),
    ],
    ids=["plain", "mark", "utf-16", "gzip", "no last line end"],
)
def test_lines_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, kind: type) -> None:
    monkeypatch.setattr("eqlite.events.byte_chunks.CHUNK_BYTES", 64)
    path = tmp_path / "events.ndjson"
    path.write_bytes(data)
    kept = kept_of(path)
    assert {type(each) for each in kept} == {kind}
    events = [each() for each in kept]
    assert [event["n"] for event in events] == list(range(50))
    assert events == list(eqlite.read_events(path))
    assert [event.source for event in events] == [event.source for event in eqlite.read_events(path)]


def test_a_file_may_be_renamed_and_written_anew_in_between(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text(text_of(range(9)))
    kept = kept_of(path)
    path.rename(tmp_path / "events.1")
    path.write_text("something else")
    assert [each()["n"] for each in kept] == list(range(9))


def test_of_a_file_that_is_cut_short_the_rest_is_found(tmp_path: Path) -> None:
    short, whole = tmp_path / "a.ndjson", tmp_path / "b.ndjson"
    short.write_text(text_of(range(9)))
    whole.write_text(text_of(range(100, 103)))
    rules = RuleSet([eqlite.load_rule(text) for text in ALL])
    stats = RunStats()
    size = len(text_of(range(5)).encode())

    def cut(lines: int, _: int) -> None:
        os.truncate(short, size)

    found = run_files(rules.compile(), [short, whole], stats=stats, progress=cut)
    assert [detection.events[0]["n"] for detection in found][::4] == [*range(5), 100, 101, 102]
    assert [(warning.file, warning.reason) for warning in stats.reading.warnings] == [
        (str(short), "was cut short while it was read; some detections are left out")
    ]
    assert stats.detections == 32


def test_of_very_many_files_lines_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_MOST_FILES", 2)
    keeper = Keeper()
    kinds = []
    for number in range(4):
        path = tmp_path / f"{number}.ndjson"
        path.write_text(text_of(range(1)))
        for block in iter_blocks([path]):
            keeper.begin(block)
            kept = keeper.keep(0)
            kinds.append(type(kept))
            assert kept()["n"] == 0
    assert kinds == [partial, partial, KeptLine, KeptLine]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("packed", [False, True])
def test_a_line_that_turns_out_to_hold_no_event_is_rejected(tmp_path: Path, packed: bool, jobs: int) -> None:
    deep = '{"n": 1, "other": ' + "[" * 300 + "]" * 300 + "}"
    data = f'{{"n": 0}}\n{deep}\n{{"n": 2}}\n'.encode()
    path = tmp_path / "events.ndjson"
    path.write_bytes(gzip.compress(data) if packed else data)
    rules = RuleSet([eqlite.load_rule(text) for text in ALL])
    stats, rejects = RunStats(), io.BytesIO()
    found = run_files(rules.compile(), [path], stats=stats, rejects=rejects, jobs=jobs)
    assert [detection.events[0]["n"] for detection in found][::4] == [0, 2]
    reading = stats.reading
    assert (reading.read, reading.rejected, reading.samples[0].line, dict(reading.reasons)) == (
        *(3, 1, 2),
        {"nested too deeply": 1},
    )
    assert rejects.getvalue() == deep.encode() + b"\n"
