"""The program on real streams: each of stdin, stdout and stderr a terminal, a pipe, a file or closed.

What a command writes to stdout must not depend on what the other streams are.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

import pytest

if os.name == "nt":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

import pty

ROOT = Path(__file__).parents[2]
RULE = "examples/suspicious_interactive_interpreter.txt"
EVENTS = ROOT / "examples/cloud_defend_events.ndjson"
KINDS = ("terminal", "pipe", "file", "closed")
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")},
    "PYTHONPATH": str(ROOT / "src"),
    "PYTHONWARNINGS": "error",
    "TERM": "xterm-256color",
    "COLUMNS": "80",
}
END_OF_INPUT = b"\x04"  # Ctrl-D, at the start of a line


class Done(NamedTuple):
    code: int
    out: bytes
    err: bytes


class Stream:
    """One standard stream of a child process. `theirs` is its end, None where it is closed."""

    def __init__(self, kind: str, data: bytes | None = None) -> None:
        self.kind = kind
        self.written = b""
        self.theirs: int | None = None
        self._thread: threading.Thread | None = None
        self._file: int | None = None
        if kind == "file":
            self._file, path = tempfile.mkstemp()
            Path(path).unlink()
            if data is not None:
                os.write(self._file, data)
                os.lseek(self._file, 0, os.SEEK_SET)
            self.theirs = os.dup(self._file)
        elif kind == "terminal":
            ours, self.theirs = pty.openpty()
            # A terminal is always read, since it echoes what is typed.
            self._start(self._read, ours)
            if data is not None:
                self._type(ours, data + END_OF_INPUT)
        elif kind == "pipe":
            reading, writing = os.pipe()
            ours, self.theirs = (reading, writing) if data is None else (writing, reading)
            self._start(*((self._read, ours) if data is None else (self._write, ours, data)))

    def _start(self, target, *arguments) -> None:
        self._thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._thread.start()

    def _type(self, ours: int, data: bytes) -> None:
        threading.Thread(target=self._write, args=(ours, data), kwargs={"keep": True}, daemon=True).start()

    def _read(self, ours: int) -> None:
        with contextlib.suppress(OSError):  # EIO: the other end of a terminal is closed
            while piece := os.read(ours, 65_536):
                self.written += piece
        os.close(ours)

    def _write(self, ours: int, data: bytes, *, keep: bool = False) -> None:
        with contextlib.suppress(OSError):  # the program may end before it has read all
            while data:
                data = data[os.write(ours, data[:4_096]) :]
        if not keep:
            os.close(ours)

    def let_go(self) -> None:
        """Close the child's end in this process."""
        if self.theirs is not None:
            os.close(self.theirs)

    def result(self) -> bytes:
        """Return what the child wrote, once it has ended; a terminal's line ends as they were."""
        if self._thread is not None:
            self._thread.join()
        if self._file is not None:
            os.lseek(self._file, 0, os.SEEK_SET)
            with os.fdopen(self._file, "rb") as file:
                return file.read()
        return self.written.replace(b"\r\n", b"\n")


def eqlite(arguments: tuple[str, ...], kinds: tuple[str, str, str], stdin: bytes = b"") -> Done:
    """Run the command line with these kinds of standard streams."""
    streams = [Stream(kinds[0], stdin), Stream(kinds[1]), Stream(kinds[2])]
    closing = " ".join(f"{number}>&-" for number, stream in enumerate(streams) if stream.kind == "closed")
    command = ["sh", "-c", f'exec "$@" {closing}', "sh", sys.executable, "-m", "eqlite", *arguments]
    given = [subprocess.DEVNULL if stream.theirs is None else stream.theirs for stream in streams]
    child = subprocess.Popen(command, stdin=given[0], stdout=given[1], stderr=given[2], env=ENVIRONMENT, cwd=ROOT)
    for stream in streams:
        stream.let_go()
    code = child.wait()
    streams[0].result()
    return Done(code, streams[1].result(), streams[2].result())


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a file over the size from which on a terminal is shown a bar."""
    path = tmp_path_factory.mktemp("events") / "large.ndjson"
    other = b'{"event": {"category": "file"}, "pad": "' + b"x" * 4_000 + b'"}\n'
    path.write_bytes(EVENTS.read_bytes() + other * 1_100)
    return str(path)


@pytest.fixture(scope="module")
def detections(large: str) -> dict[str, bytes]:
    """Return what `run` prints of the large file, and of standard input."""
    arguments = ("run", "-r", RULE, "--format", "ndjson")
    found = {
        "file": eqlite((*arguments, large), ("pipe", "pipe", "pipe")).out,
        "stdin": eqlite((*arguments, "-"), ("pipe", "pipe", "pipe"), EVENTS.read_bytes()).out,
    }
    assert all(len(text.splitlines()) == 3 for text in found.values())
    return found


@pytest.mark.parametrize("kinds", [*itertools.product(KINDS, repeat=3)], ids="-".join)
def test_run_writes_the_same_bytes_whatever_the_streams_are(
    kinds: tuple[str, str, str], large: str, detections: dict[str, bytes]
) -> None:
    arguments = ("run", "-r", RULE, "--format", "ndjson")
    runs = {"file": eqlite((*arguments, large), kinds)}
    if kinds[0] != "closed":
        runs["stdin"] = eqlite((*arguments, "-"), kinds, EVENTS.read_bytes())
    for source, done in runs.items():
        assert done.code == 0
        assert done.out == (b"" if kinds[1] == "closed" else detections[source])
        assert (b"3 detections by 1 rule" in done.err) is (kinds[2] != "closed")
        assert b"{" not in done.err


LARGE = "LARGE"
COMMANDS: tuple[tuple[str, ...], ...] = (
    *(("run", "-r", RULE, LARGE, "--color", "never", "--format", name) for name in ("table", "json", "csv")),
    ("run", "-r", RULE, LARGE, "--jobs", "2", "--format", "ndjson"),
    *(
        ("query", "process where true", LARGE, "--color", "never", "--format", name)
        for name in ("table", "ndjson", "json", "csv", "eql-response")
    ),
    ("check", "tests/diagnostics/unknown-field.eql", "--schema", "ecs", "--color", "never"),
    ("fmt", "-"),
    ("show", RULE, "--color", "never"),
    ("ast", "process where true"),
    ("completion", "bash"),
    ("--version",),
    ("--help",),
)


@pytest.mark.parametrize(
    "number", range(len(COMMANDS)), ids=lambda number: "_".join(COMMANDS[number][:1]) + f"_{number}"
)
def test_other_commands_write_the_same_bytes_pairwise(number: int, large: str) -> None:
    arguments = tuple(large if word == LARGE else word for word in COMMANDS[number])
    stdin = b"process where true\n"
    expected = eqlite(arguments, ("pipe", "pipe", "pipe"), stdin)
    assert expected.code == (1 if arguments[0] == "check" else 0)
    assert expected.out
    for each, kind in enumerate(KINDS):  # over all commands, each pair of a stream's kind with a command
        if kind == "closed" and "-" in arguments:
            continue
        kinds = (kind, KINDS[(each + number) % 4], KINDS[(each + number // 4 + 1) % 4])
        done = eqlite(arguments, kinds, stdin)
        assert done.code == expected.code, kinds
        assert done.out == (b"" if kinds[1] == "closed" else expected.out), kinds


@pytest.mark.parametrize("kinds", [("pipe", "file", "terminal"), ("terminal", "pipe", "terminal")], ids="-".join)
def test_profile_writes_to_stdout_beside_a_terminal(kinds: tuple[str, str, str], large: str) -> None:
    done = eqlite(("profile", "-r", RULE, large, "--format", "json"), kinds)
    assert done.code == 0
    assert json.loads(done.out)
    assert b"{" not in done.err
