"""Reading of events: shapes, compression, encodings, folders, damaged input.

Covers `events/bulk.py`, `events/byte_chunks.py`, `events/layout.py`, `events/intake.py`.
"""

import gzip
import io
import itertools
import json
import sys

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from eqlite.errors import EventError
from eqlite.events.document import EventSource
from eqlite.events.intake import ReadStats
from eqlite.events.readers import read_events
from eqlite.limits import MAX_LINE_BYTES

DOCUMENTS = [{"n": 1, "text": "ä [ { ,"}, {"n": 2, "_x": [{"y": None}]}, {"n": 3}]


class Trickle(io.RawIOBase):
    """A stream that gives only a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = io.BytesIO(data)
        self._size = size

    def read(self, size: int = -1, /) -> bytes:
        return self._data.read(self._size)


def numbers(data: bytes, size: int | None = None) -> list[object]:
    stream = io.BytesIO(data) if size is None else Trickle(data, size)
    return [event["n"] for event in read_events(stream)]


LINES = "\n".join(json.dumps(document) for document in DOCUMENTS)
SHAPES = {
    "ndjson": LINES,
    "ndjson with a last line break": LINES + "\n",
    "crlf": LINES.replace("\n", "\r\n"),
    "blank lines": "\n\n" + LINES.replace("\n", "\n \n\t\n"),
    "byte order mark": "\ufeff" + LINES,
    "array": json.dumps(DOCUMENTS),
    "array of lines": "[\n" + LINES.replace("\n", ",\n") + "\n]\n",
    "array over several lines": json.dumps(DOCUMENTS, indent=2),
    "indented with tabs": json.dumps(DOCUMENTS, indent="\t"),
    "one document after another": "\n".join(json.dumps(document, indent=2) for document in DOCUMENTS),
    "arrays after another": json.dumps(DOCUMENTS[:1], indent=1) + json.dumps(DOCUMENTS[1:]),
    "answer on a line": json.dumps({"hits": {"hits": [{"_source": document} for document in DOCUMENTS]}}),
    "answer over several lines": json.dumps({"hits": {"hits": [{"_source": d} for d in DOCUMENTS]}}, indent=2),
    "array of hits": json.dumps([{"_id": "x", "_source": document} for document in DOCUMENTS]),
    "array of answers": json.dumps([{"hits": {"events": [{"_source": d} for d in DOCUMENTS]}}]),
}


@pytest.mark.parametrize("size", [None, 1, 2, 3, 7, 64])
@pytest.mark.parametrize("shape", SHAPES)
def test_all_shapes_are_read_alike(shape, size):
    assert numbers(SHAPES[shape].encode(), size) == [1, 2, 3]


@pytest.mark.parametrize("shape", SHAPES)
def test_all_shapes_are_read_when_packed(shape):
    data = SHAPES[shape].encode()
    assert numbers(gzip.compress(data)) == [1, 2, 3]
    assert numbers(zstandard.compress(data)) == [1, 2, 3]
    assert numbers(gzip.compress(data), 5) == [1, 2, 3]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_told_by_its_mark(encoding):
    mark = "" if encoding == "utf-16" else "\ufeff"
    assert numbers((mark + LINES).encode(encoding)) == [1, 2, 3]


def test_document_over_several_lines_is_one_event():
    assert numbers(json.dumps({"n": 5, "deep": {"list": [1, {"x": "}"}]}}, indent=2).encode()) == [5]


def test_empty_input_holds_no_event():
    assert numbers(b"") == []
    assert numbers(b"\n \r\n") == []
    assert numbers(b"[]") == []
    assert numbers(b"[\n]\n") == []


def test_text_streams_are_read():
    assert [event["n"] for event in read_events(io.StringIO(LINES))] == [1, 2, 3]


def test_members_of_one_file_are_read_after_another():
    first, second = (line.encode() + b"\n" for line in LINES.split("\n")[:2])
    assert numbers(gzip.compress(first) + gzip.compress(second) + b"\0" * 512) == [1, 2]
    assert numbers(zstandard.compress(first) + zstandard.compress(second)) == [1, 2]


def test_skippable_frame_may_come_first():
    frame = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    assert numbers(frame + zstandard.compress(LINES.encode())) == [1, 2, 3]


def test_bad_lines_are_counted_and_kept():
    data = b'{"n": 1}\nnot json\r\n[1, 2]\n7\n{"n": 2}\n{"n": \xff}\n'
    stats, rejects = ReadStats(), io.BytesIO()
    events = list(read_events(io.BytesIO(data), stats=stats, rejects=rejects))
    assert [event["n"] for event in events] == [1, 2]
    assert (stats.read, stats.rejected, stats.evaluated) == (6, 4, 2)
    assert stats.reasons == {"not JSON": 1, "not a JSON object": 2, "not UTF-8": 1}
    assert [(sample.line, sample.reason) for sample in stats.samples] == [
        (2, "not JSON"),
        (3, "not a JSON object"),
        (4, "not a JSON object"),
        (6, "not UTF-8"),
    ]
    assert rejects.getvalue() == b'not json\r\n[1, 2]\n7\n{"n": \xff}\n'


@pytest.mark.parametrize(
    "first", [b'{"n": 0', b"[INFO] starting", b"[2026-01-01] up", b"ame: 1}", b'{"n": 0, "text": "cut of', b"{]"]
)
def test_bad_first_line_does_not_hide_the_others(first):
    assert numbers(first + b"\n" + LINES.encode()) == [1, 2, 3]


def test_line_over_the_limit_is_rejected_and_reading_goes_on():
    data = b'{"n": "' + b"x" * MAX_LINE_BYTES + b'"}\n{"n": 2}\n{"n": "' + b"x" * MAX_LINE_BYTES + b'"}\n{"n": 3}\n'
    stats = ReadStats()
    assert [event["n"] for event in read_events(io.BytesIO(data), stats=stats)] == [2, 3]
    assert [(sample.line, sample.reason) for sample in stats.samples] == [(1, "too long"), (3, "too long")]


def test_answer_on_one_line_may_be_longer_than_a_line():
    hits = [{"_source": {"n": number, "pad": "x" * 1_000_000}} for number in range(18)]
    data = json.dumps({"took": 3, "hits": {"hits": hits}}).encode()
    assert len(data) > MAX_LINE_BYTES
    assert numbers(data) == list(range(18))


def test_damage_in_an_array_is_counted_and_hides_nothing():
    stats, rejects = ReadStats(), io.BytesIO()
    data = b'[{"n": 1},\n{"n": 2},\n{"n": oops},\n{"n": 4}]'
    assert [event["n"] for event in read_events(io.BytesIO(data), stats=stats, rejects=rejects)] == [1, 2, 4]
    assert (stats.read, stats.rejected) == (4, 1)
    assert stats.samples[0].line == 3
    assert rejects.getvalue() == b'{"n": oops}\n'


def test_element_that_is_not_utf8_is_rejected_alone():
    stats, rejects = ReadStats(), io.BytesIO()
    data = b'[{"n": 1}, {"n": "\xff"}, {"n": 3}]'
    assert [event["n"] for event in read_events(io.BytesIO(data), stats=stats, rejects=rejects)] == [1, 3]
    assert stats.reasons == {"not UTF-8": 1}
    assert rejects.getvalue() == b'{"n": "\xff"}\n'


def test_array_without_end_is_reported():
    stats = ReadStats()
    assert [event["n"] for event in read_events(io.BytesIO(b'[{"n": 1}'), stats=stats)] == [1]
    assert stats.rejected == 1


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_cut_file_gives_what_came_before(pack):
    data = b"".join(b'{"n": %d, "x": "%d"}\n' % (number, number**9) for number in range(50_000))
    packed = pack(data)
    stats = ReadStats()
    found = [event["n"] for event in read_events(io.BytesIO(packed[: len(packed) * 2 // 3]), stats=stats)]
    assert 10_000 < len(found) < 50_000
    assert found == list(range(len(found)))
    assert len(stats.warnings) == 1
    assert "ends early" in stats.warnings[0].reason
    assert stats.read == stats.evaluated + stats.rejected
    assert stats.rejected <= 1


def test_damaged_packing_is_one_warning():
    packed = bytearray(gzip.compress(LINES.encode()))
    packed[20] ^= 0xFF
    stats = ReadStats()
    list(read_events(io.BytesIO(bytes(packed)), stats=stats))
    assert len(stats.warnings) == 1


def test_zstd_without_a_reader_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    with pytest.raises(EventError, match="pip install zstandard"):
        list(read_events(io.BytesIO(zstandard.compress(b"{}"))))


def test_events_know_where_they_stand(tmp_path):
    path = tmp_path / "day.ndjson"
    path.write_bytes(b'\n{"_index": "i", "_id": "d", "_source": {"n": 1}}\n')
    (event,) = read_events(path)
    assert (event.source, event.index, event.id) == (EventSource(str(path), 2), "i", "d")


def test_line_of_an_element_is_that_of_its_start(tmp_path):
    path = tmp_path / "day.json"
    path.write_text('\n[\n  {\n "n": 1\n},\n\n{"n": 2},{"n": 3}\n]\n')
    assert [event.source.line for event in read_events(path)] == [3, 7, 7]


def test_directory_is_read_in_the_order_of_names(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.ndjson").write_text('{"n": 9}')
    (tmp_path / "b" / "1.json.gz").write_bytes(gzip.compress(b'{"n": 2}'))
    (tmp_path / "a.ndjson").write_text('{"n": 1}')
    (tmp_path / "c.jsonl.zst").write_bytes(zstandard.compress(b'{"n": 3}'))
    (tmp_path / "readme.txt").write_text("no events")
    assert [event["n"] for event in read_events(tmp_path)] == [1, 2, 3]


def test_glob_is_read_in_the_order_of_names(tmp_path):
    for number in (2, 1):
        (tmp_path / f"{number}.log").write_text(json.dumps({"n": number}))
    assert [event["n"] for event in read_events(str(tmp_path / "*.log"))] == [1, 2]


@pytest.mark.parametrize("name", ["none.ndjson", "*.none", "empty"])
def test_missing_input_is_said_at_once(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(EventError) as caught:
        read_events(tmp_path / name)
    assert name in str(caught.value)
    assert caught.value.diagnostics[0].id == "unreadable-file"


def test_dash_is_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINES.encode())))
    assert [event["n"] for event in read_events("-")] == [1, 2, 3]


def test_given_stream_stays_open():
    stream = io.BytesIO(LINES.encode())
    list(read_events(stream))
    assert not stream.closed


def test_reading_is_lazy():
    def endless():
        for number in itertools.count():
            yield b'{"n": %d}\n' % number

    class Endless:
        lines = endless()

        def read(self, size: int) -> bytes:
            return next(self.lines)

    events = read_events(Endless())
    assert [event["n"] for event in itertools.islice(events, 3)] == [0, 1, 2]


@given(
    st.lists(
        st.sampled_from(
            [
                b'{"n": 1}',
                b"[",
                b"]",
                b"{",
                b"}",
                b",",
                b"\n",
                b'"',
                b"\\",
                b"\xff",
                b"null",
                b" ",
                b'{"hits": {"hits": [{}]}}',
            ]
        ),
        max_size=30,
    ),
    st.sampled_from([1, 3, 1000]),
)
def test_read_is_evaluated_plus_rejected_for_any_input(parts, size):
    stats, events = ReadStats(), []
    try:
        events = list(read_events(Trickle(b"".join(parts), size), stats=stats))
    except EventError:  # `null,null` is taken for CSV
        assert stats.passed_over
    assert stats.read == stats.evaluated + stats.rejected
    assert stats.evaluated == len(events)
    assert stats.rejected == stats.reasons.total()


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xff\xfe", b"\xef\xbb\xbf"]))
def test_no_bytes_end_the_reading(data, magic):
    stats = ReadStats()
    try:
        list(read_events(io.BytesIO(magic + data), stats=stats))
    except EventError:  # the file is of a form that is not read, which is said where nothing else was
        assert stats.passed_over
        assert stats.read == 0


def test_a_file_of_another_form_alone_is_an_error():
    with pytest.raises(EventError, match="an ORC file"):
        list(read_events(io.BytesIO(b"ORC")))
