"""Whatever ends a run: what was found is written whole, nothing is left running, and the exit code says what it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs signals of POSIX")

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
EQLITE = [sys.executable, "-m", "eqlite"]
RULE = "process where n == 1"
EVENT = b'{"@timestamp": 1, "event": {"category": "process"}, "n": 1, "pad": "' + b"x" * 900 + b'"}\n'
PIPE_BYTES = 1 << 20
"""More than any pipe holds: what is written before so much more has been read at the other end."""
COUNT = 4_000

CODES = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (getattr(signal, "SIGHUP", signal.SIGTERM), 129)]


def listen() -> None:
    """Hear of signals in a process to come, also where the tests run in the background, which ignores some."""
    for number, _ in CODES:
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def running(tmp_path: Path, *options: str, events: bytes) -> Iterator[subprocess.Popen[bytes]]:
    """Start a run that reads a pipe, and wait until it has read all events but the last of them."""
    rule = tmp_path / "rule.eql"
    rule.write_text(RULE)
    process = subprocess.Popen(
        [*EQLITE, "run", "-r", str(rule), "-", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        preexec_fn=listen,
    )
    assert process.stdin is not None
    try:
        process.stdin.write(events + b" " * PIPE_BYTES)
        process.stdin.flush()
        yield process
    finally:
        process.kill()
        process.communicate()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize(("number", "code"), CODES)
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("format_name", ["ndjson", "json"])
def test_what_was_found_is_written_whole(
    tmp_path: Path, jobs: str, number: signal.Signals, code: int, format_name: str
) -> None:
    with running(tmp_path, "--jobs", jobs, "--format", format_name, events=EVENT * COUNT) as process:
        process.send_signal(number)
        out, said = process.communicate()  # to the end of both: nothing else holds them open
    assert process.returncode == code, said
    found = json.loads(out) if format_name == "json" else [json.loads(line) for line in out.splitlines()]
    assert COUNT // 2 < len(found) <= COUNT
    assert f" in {len(found):,} events".encode() in said  # all of which match
    assert b"interrupted" in said
    assert b"Traceback" not in said


def test_no_process_outlives_a_run_that_was_killed(tmp_path: Path) -> None:
    with running(tmp_path, "--jobs", "2", events=EVENT * COUNT) as process:
        process.kill()
        process.communicate()  # ends when the last process has closed its end


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks /proc for children")
@pytest.mark.parametrize("format_name", ["ndjson", "json"])
def test_a_killed_worker_loses_nothing_that_was_found(tmp_path: Path, format_name: str) -> None:
    with running(tmp_path, "--jobs", "2", "--format", format_name, events=EVENT * COUNT) as process:
        for child in children(process.pid):
            os.kill(child, signal.SIGKILL)
        out, said = process.communicate()
    assert process.returncode == 2
    assert b"was killed" in said
    found = json.loads(out) if format_name == "json" else [json.loads(line) for line in out.splitlines()]
    assert len(found) <= COUNT
    assert b"Traceback" not in said


def signalled_while_loading(
    folder: Path, module: str, text: str, number: signal.Signals, *arguments: str
) -> tuple[subprocess.Popen[bytes], bytes]:
    """Send a signal to a command that is held up in a module of the given text, and return its messages."""
    started = folder / "started"
    os.mkfifo(started)
    (folder / f"{module}.py").write_text(f"open({str(started)!r}, 'w').close()\n{text}\n")
    process = subprocess.Popen(
        [*EQLITE, *arguments],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**ENVIRONMENT, "PYTHONPATH": f"{folder}{os.pathsep}{ENVIRONMENT['PYTHONPATH']}"},
        preexec_fn=listen,
    )
    started.read_bytes()
    process.send_signal(number)
    _, said = process.communicate()
    return process, said


@pytest.mark.parametrize(("number", "code"), CODES)
def test_a_signal_while_modules_are_loaded_is_quiet(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """A module that the command line loads first holds it up until the signal is there."""
    process, said = signalled_while_loading(tmp_path, "click", "while True: pass", number, "--version")
    assert (process.returncode, said) == (code, b"")


@pytest.mark.parametrize(("number", "code"), CODES)
def test_a_signal_while_a_text_is_executed_keeps_its_code(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """Python ends by SIGINT after an interrupt in `exec` of a text, whatever is caught. Modules are full of them."""
    text = "exec('while True: pass')"
    process, said = signalled_while_loading(tmp_path, "lark", text, number, "query", RULE, "-")
    assert (process.returncode, said.strip()) == (code, b"interrupted")


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """As under `nohup`."""
    rule = tmp_path / "rule.eql"
    rule.write_text(RULE)
    process = subprocess.Popen(
        [*EQLITE, "run", "-r", str(rule), "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert process.stdin is not None
    process.stdin.write(EVENT + b" " * PIPE_BYTES)
    process.stdin.flush()
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate(EVENT)
    assert (process.returncode, len(out.splitlines())) == (0, 2)
