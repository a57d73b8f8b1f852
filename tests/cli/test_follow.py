"""`eqlite run --follow`: standard input and files that grow, in this process and in processes of their own.

Covers `execution/follow.py`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TERM": "dumb"}
SEQUENCE = "sequence by k with maxspan=1h [any where n == 1] [any where n == 2]"
needs_posix = pytest.mark.skipif(os.name == "nt", reason="needs signals and pseudo-terminals of POSIX")
ENDINGS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (getattr(signal, "SIGHUP", signal.SIGTERM), 129)]


def line(second: int, n: int, key: str = "a") -> str:
    return json.dumps({"@timestamp": second * 1000, "n": n, "k": key}) + "\n"


def listen() -> None:
    for number, _ in ENDINGS:
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def rule(tmp_path: Path) -> str:
    path = tmp_path / "rule.eql"
    path.write_text(SEQUENCE)
    return str(path)


@contextmanager
def following(*arguments: str, stdin: int | IO[Any] = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "eqlite", "run", "--follow", *arguments]
    process = subprocess.Popen(
        command,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        text=True,
        preexec_fn=listen if os.name != "nt" else None,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def write(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text)
    process.stdin.flush()


def read(process: subprocess.Popen[str]) -> str:
    """Return the next line of the output, once it is there."""
    assert process.stdout is not None
    return process.stdout.readline()


def lines_of(text: str) -> list[list[int]]:
    return [[event["source"]["line"] for event in json.loads(each)["events"]] for each in text.splitlines()]


def test_a_detection_is_written_while_the_pipe_is_open(rule: str) -> None:
    with following("-r", rule, "-") as process:
        write(process, line(1, 1))
        write(process, "oops\n" + line(2, 2))
        assert lines_of(read(process)) == [[1, 3]]
        write(process, line(3, 1) + line(4, 2))
        assert lines_of(read(process)) == [[4, 5]]
        out, said = process.communicate()
    assert (process.returncode, out) == (0, "")
    assert said.startswith("2 detections by 1 rule in 4 events")
    assert "1 line rejected, <stdin>:2: not JSON" in said


def test_rows_of_csv_are_written_one_by_one(rule: str) -> None:
    with following("-r", rule, "-", "--format", "csv", "--quiet") as process:
        assert read(process).startswith("start,end,rule_id")
        write(process, line(1, 1) + line(2, 2))
        assert "<stdin>:1 <stdin>:2" in read(process)
        out, said = process.communicate()
    assert (process.returncode, out, said) == (0, "", "")


def test_a_block_of_a_table_is_written_at_once(rule: str) -> None:
    with following("-r", rule, "-", "--format", "table") as process:
        write(process, line(1, 1) + line(2, 2))
        while "<stdin>:2" not in read(process):
            pass
        out, _ = process.communicate()
    assert "1 detection" in out


@needs_posix
@pytest.mark.parametrize(("number", "code"), ENDINGS)
@pytest.mark.parametrize("is_file", [False, True])
def test_a_signal_ends_it_with_what_is_certain(
    rule: str, tmp_path: Path, number: signal.Signals, code: int, is_file: bool
) -> None:
    """Events held for late ones are decided at the end; the start of a line is no event."""
    text = line(1, 1) + line(2, 2) + line(9, 1, "b") + line(20, 2, "b") + line(10, 1, "c") + line(9, 1, "c") + '{"n"'
    path = tmp_path / "grows.ndjson"
    path.write_text(text)
    with following("-r", rule, "--lateness", "15s", str(path) if is_file else "-") as process:
        if not is_file:
            write(process, text)
        assert lines_of(read(process)) == [[1, 2]]
        process.send_signal(number)
        out, said = process.communicate()
    assert (process.returncode, lines_of(out)) == (code, [[3, 4]])
    assert "2 detections by 1 rule in 6 events" in said
    assert "interrupted" in said
    assert "rejected" not in said
    assert "Traceback" not in said


@needs_posix
def test_a_terminal_is_followed_to_its_end(rule: str) -> None:
    import pty

    ours, theirs = pty.openpty()
    with following("-r", rule, "-", stdin=theirs) as process:
        os.close(theirs)
        os.write(ours, (line(1, 1) + line(2, 2)).encode())
        assert lines_of(read(process)) == [[1, 2]]
        os.write(ours, b"\x04")
        process.communicate()
        os.close(ours)
    assert process.returncode == 0


@needs_posix
def test_a_reader_that_leaves_ends_it_quietly(rule: str) -> None:
    with following("-r", rule, "-") as process:
        write(process, line(1, 1) + line(2, 2))
        assert read(process)
        assert process.stdout is not None
        process.stdout.close()
        write(process, line(3, 1) + line(4, 2))
        assert process.wait() == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_files_are_followed_with_their_ends(rule: str, tmp_path: Path) -> None:
    """A line without an end waits for the rest of it; a file that was cut short or replaced is read from its start."""
    first, second = tmp_path / "a.ndjson", tmp_path / "b.ndjson"
    first.write_text(line(1, 1))
    second.write_text("")
    rejects = tmp_path / "rejects"
    with following("-r", rule, "--rejects", str(rejects), str(first), str(second)) as process:
        with second.open("a") as file:
            file.write("oops\n" + line(2, 2) + line(3, 1)[:9])
        assert lines_of(read(process)) == [[1, 2]]
        with second.open("a") as file:
            file.write(line(3, 1)[9:] + line(4, 2))
        assert lines_of(read(process)) == [[3, 4]]
        second.write_text(line(5, 1) + line(6, 2))
        first_id = json.loads(text := read(process))["id"]
        assert lines_of(text) == [[1, 2]]
        second.rename(tmp_path / "b.ndjson.1")
        second.write_text(line(7, 1) + line(8, 2))
        assert lines_of(text := read(process)) == [[1, 2]]
        assert json.loads(text)["id"] != first_id
        process.terminate()
        out, said = process.communicate()
    assert out == ""
    assert "4 detections by 1 rule in 8 events" in said
    assert rejects.read_text() == "oops\n"


def test_exit_codes_are_those_of_a_run(run: Any, rule: str) -> None:
    hit = line(1, 1) + line(2, 2)
    assert run("run", "-r", rule, "--follow", "--fail-on-match", "-", stdin=hit).code == 1
    assert run("run", "-r", rule, "--follow", "-", stdin=hit).code == 0
    assert run("run", "-r", rule, "--follow", "--strict", "-", stdin=hit + "oops\n").code == 2
    assert "no event in the standard input" in run("run", "-r", rule, "--follow", "-", stdin="").err


def test_late_and_far_events_are_counted(run: Any, rule: str) -> None:
    late = run("run", "-r", rule, "--follow", "-", stdin=line(2, 1) + line(9, 1) + line(3, 2))
    assert "1 event left out of sequences: later than --lateness 0s" in late.err
    far = line(1, 1) + line(10**6, 3) + line(2, 2)
    assert len(run("run", "-r", rule, "--follow", "-", stdin=far).out.splitlines()) == 1
    assert run("run", "-r", rule, "--follow", "--max-ahead", "none", "-", stdin=far).out == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--follow", "--format", "json", "-"], "use --format ndjson, csv or table"),
        (["--follow", "--jobs", "2", "-"], "leave out --jobs"),
        (["--follow", "--lateness", "soon", "-"], "`soon` is no time span"),
        (["--lateness", "1s", "-"], "go with --follow"),
        (["--follow", "-", "examples/incident.ndjson"], "standard input is followed alone"),
        (["--follow", "nowhere.ndjson"], "no such file"),
        (["--follow", "{tmp}/packed.gz"], "it is compressed, an archive or UTF-16"),
        (["--follow", "{tmp}/pretty.json"], "it does not have a document on each line"),
        (["--follow", os.devnull], "it is no regular file"),
    ],
)
def test_what_cannot_be_followed_is_refused(
    run: Any, rule: str, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "packed.gz").write_bytes(b"\x1f\x8b\x08\x00")
    (tmp_path / "pretty.json").write_text('{\n"n": 1\n}\n')
    done = run("run", "-r", rule, *[word.replace("{tmp}", str(tmp_path)) for word in arguments])
    assert (done.code, done.out) == (2, "")
    assert said in done.err
