"""Lines and ranges of files: the same for any chunks, within a limit, each exactly once.

Covers `events/splits.py`.
"""

import io
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from eqlite.events.intake import Intake, ReadSizes
from eqlite.events.lines import line_blocks
from eqlite.events.readers import iter_blocks
from eqlite.events.splits import RangeReader, ranges_of


def limited(line_bytes, rejects=None):
    return Intake(rejects=rejects, sizes=ReadSizes(max_line_bytes=line_bytes))


def split_lines(*args):
    """Return the numbered lines of all blocks, which must have their ends."""
    found = [line for first, lines, _ in line_blocks(*args) for line in enumerate(lines, first)]
    assert all(line.endswith(b"\n") for _, line in found[:-1])
    return [(number, line.rstrip(b"\n")) for number, line in found]


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [piece for piece in [*pieces, data] if piece]


@given(st.lists(st.sampled_from([b"a", b"\n", b"bb", b"\r\n"])), st.lists(st.integers(1, 5)))
def test_lines_do_not_depend_on_how_the_bytes_come(parts, sizes):
    data = b"".join(parts)
    expected = list(enumerate(data.split(b"\n"), start=1))
    if not expected[-1][1]:
        expected.pop()
    assert split_lines(iter(cut(data, sizes)), "f", Intake()) == expected


@given(
    st.lists(st.binary(max_size=8).map(lambda line: line.replace(b"\n", b"")), min_size=1), st.lists(st.integers(1, 9))
)
def test_each_line_is_yielded_or_rejected_and_kept(lines, sizes):
    rejects = io.BytesIO()
    intake = limited(4, rejects)
    data = b"\n".join(lines) + b"\n"
    yielded = split_lines(iter(cut(data, sizes)), "f", intake)
    long = [line for line in lines if len(line) > 4]
    assert yielded == [(number, line) for number, line in enumerate(lines, start=1) if len(line) <= 4]
    assert intake.stats.rejected == len(long)
    assert rejects.getvalue() == b"".join(line + b"\n" for line in long)


def test_giant_line_is_never_held_whole():
    held = 0

    class Sink:
        def write(self, data: bytes) -> None:
            nonlocal held
            held = max(held, len(data))

    chunks = (b"x" * 1000 for _ in range(5000))
    intake = limited(10_000, Sink())
    assert split_lines(chunks, "f", intake) == []
    assert held <= 11_000
    assert intake.stats.samples[0].line == 1


def test_line_after_a_giant_one_is_read():
    chunks = iter([b"{}\n" + b"x" * 50, b"y" * 50, b"\n{}", b"\n"])
    intake = limited(20)
    assert split_lines(chunks, "f", intake) == [(1, b"{}"), (3, b"{}")]
    assert [(sample.line, sample.reason) for sample in intake.stats.samples] == [(2, "too long")]


@given(st.lists(st.binary(max_size=8)), st.lists(st.integers(1, 9)))
def test_offsets_say_where_lines_stand(lines, sizes):
    data = b"\n".join(lines)
    for _, block, offset in line_blocks(iter(cut(data, sizes)), "f", limited(4)):
        text = b"".join(block)
        assert data[offset : offset + len(text)] == text


@given(st.lists(st.sampled_from(["", "{}", '{"a": 1}', "x" * 9])), st.integers(1, 20), st.sampled_from(["", "\ufeff"]))
def test_ranges_of_a_file_hold_each_line_once(lines, size, mark):
    data = (mark + "\n".join(["{}", *lines])).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.ndjson"
        path.write_bytes(data)
        found, before = [], 0
        for part in ranges_of(path, size):
            reader = RangeReader(part)
            for block in reader.blocks(Intake()):
                found += [(before + number, line) for number, line in enumerate(block.lines, block.line)]
                assert data[block.offset :].startswith(b"".join(block.lines))
            before += reader.newlines
        assert found == [
            (number, line) for block in iter_blocks([path]) for number, line in enumerate(block.lines, block.line)
        ]
