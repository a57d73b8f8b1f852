"""Growing files: appended to, cut short, overwritten, renamed and replaced between two polls."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eqlite.events.byte_chunks import CHUNK_BYTES
from eqlite.events.growing import growing_blocks
from eqlite.events.intake import Intake

Step = Callable[[], object]


class Steps:
    """Changes to files, one in each wait of a poll; the last wait is interrupted."""

    def __init__(self, *steps: Step) -> None:
        self._steps = iter(steps)
        self.descriptors: list[int | None] = []

    def __call__(self, descriptor: int | None, seconds: float | None) -> None:
        self.descriptors.append(descriptor)
        if seconds:
            step = next(self._steps, None)
            if step is None:
                raise KeyboardInterrupt
            step()


def followed(path: Path, *steps: Step) -> list[tuple[int, bytes, bool]]:
    """Return number and text of each line, and whether its file was begun anew."""

    def read() -> Iterator[tuple[int, bytes, bool]]:
        for block, is_reread in growing_blocks([str(path)], Intake(), Steps(*steps)):
            for number, text in enumerate(block.lines, block.line):
                yield number, text, is_reread

    found: list[tuple[int, bytes, bool]] = []
    with contextlib.suppress(KeyboardInterrupt):
        found.extend(read())
    return found


def appending(path: Path, text: bytes) -> Step:
    def append() -> None:
        with path.open("ab") as file:
            file.write(text)

    return append


def replacing(path: Path, text: bytes) -> Step:
    def replace() -> None:
        path.rename(f"{path}.1")
        path.write_bytes(text)

    return replace


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "log.ndjson"
    path.write_bytes(b'\xef\xbb\xbf{"n": 1}\n{"n"')
    return path


def test_a_line_waits_for_its_end(path: Path) -> None:
    found = followed(path, appending(path, b": 2"), appending(path, b"}\n{}"))
    assert found == [(1, b'{"n": 1}\n', False), (2, b'{"n": 2}\n', False)]


def test_a_file_that_was_cut_short_is_read_again(path: Path) -> None:
    found = followed(path, lambda: path.write_bytes(b"{}\n"), appending(path, b'{"n": 2}\n'))
    assert found[1:] == [(2, b'{"n"', False), (1, b"{}\n", True), (2, b'{"n": 2}\n', True)]


def test_a_file_that_was_overwritten_is_read_again(path: Path) -> None:
    found = followed(path, lambda: path.write_bytes(b'{"m": 1}\n' * 3))
    assert [number for number, _, is_reread in found if is_reread] == [1, 2, 3]


def test_a_file_is_read_to_its_end_before_the_next(path: Path) -> None:
    """A program that rotates its log goes on with the old one until it begins the new one."""
    old = Path(f"{path}.1")
    steps = (replacing(path, b""), appending(old, b": 2}\n"), appending(path, b'{"n": 3}\n'))
    assert followed(path, *steps) == [(1, b'{"n": 1}\n', False), (2, b'{"n": 2}\n', False), (1, b'{"n": 3}\n', True)]


def test_a_file_may_be_away_for_a_while(path: Path) -> None:
    path.write_bytes(b"{}\n")
    found = followed(path, path.unlink, lambda: None, lambda: path.write_bytes(b"[]\n"))
    assert found == [(1, b"{}\n", False), (1, b"[]\n", True)]


def test_files_take_turns(tmp_path: Path) -> None:
    large, small = tmp_path / "large", tmp_path / "small"
    large.write_bytes(b'{"large": 1}\n' * 50_000)
    small.write_bytes(b"{}\n")
    blocks = growing_blocks([str(large), str(small)], Intake(), Steps())
    assert [Path(next(blocks).block.file).name for _ in range(4)] == ["large", "small", "large", "large"]
    blocks.close()  # type: ignore[attr-defined]


def test_a_long_line_is_read_without_a_poll_for_each_chunk(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * (10 * CHUNK_BYTES) + b"\n")
    waits: list[float | None] = []

    def wait(_descriptor: int | None, seconds: float | None) -> None:
        waits.append(seconds)
        if seconds:
            raise KeyboardInterrupt

    block, _ = next(growing_blocks([str(path)], Intake(), wait))
    assert sum(map(len, block.lines)) == 10 * CHUNK_BYTES + 1
    assert set(waits) == {0.0}


def replacing_by(path: Path, make: Callable[[Path], object]) -> list[Step]:
    def replace() -> None:
        path.unlink()
        make(path)

    def restore() -> None:
        path.rmdir() if path.is_dir() else path.unlink()
        path.write_bytes(b"new\n")

    return [replace, lambda: None, restore, lambda: None]


@pytest.mark.skipif(os.name != "posix", reason="needs links and FIFOs")
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path)])
def test_what_cannot_be_read_is_waited_for(tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"old\n")
    assert followed(path, *replacing_by(path, make)) == [(1, b"old\n", False), (1, b"new\n", True)]


def test_a_file_replaced_by_a_folder_is_warned_about_once(tmp_path: Path) -> None:
    path, intake = tmp_path / "log", Intake()
    path.write_bytes(b"old\n")
    with pytest.raises(KeyboardInterrupt):
        list(growing_blocks([str(path)], intake, Steps(*replacing_by(path, Path.mkdir))))
    (warning,) = intake.stats.warnings
    assert warning.reason.endswith("it is no regular file any more")
