"""The manners of a process: closed and full streams, signals, encodings, what is loaded, what a shell completes."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from eqlite.cli import cli

ROOT = Path(__file__).parents[2]
RULE = str(ROOT / "examples/suspicious_interactive_interpreter.txt")
EVENTS = str(ROOT / "examples/cloud_defend_events.ndjson")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONWARNINGS": "error"}
EQLITE = [sys.executable, "-m", "eqlite"]
FORMATS = ("table", "ndjson", "json", "csv")

posix = pytest.mark.skipif(os.name == "nt", reason="needs signals and terminals of POSIX")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a file whose matches fill every pipe: 4 MB."""
    path = tmp_path_factory.mktemp("events") / "many.ndjson"
    line = '{"event": {"category": "process"}, "process": {"name": "a"}, "pad": "' + "x" * 4_000 + '"}\n'
    path.write_text(line * 1_000, encoding="utf-8")
    return str(path)


def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    options = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "env": ENVIRONMENT, **options}
    return subprocess.Popen([*EQLITE, *arguments], **options)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_standard_error_that_is_full_is_no_crash(many: str) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = start("query", "any where true", many, "--format", "ndjson", stdout=subprocess.PIPE, stderr=full)
        assert done.communicate()[0].endswith(b"}\n")
    assert done.returncode == 2


@pytest.mark.parametrize("more", [[], ["--follow"]])
def test_a_closed_standard_input_is_said(more: list[str]) -> None:
    command = shlex.join([*EQLITE, "run", "-r", "examples/rules", *more, "-"])
    done = subprocess.run(f"{command} <&-", shell=True, capture_output=True, env=ENVIRONMENT)
    assert (done.returncode, done.stderr) == (2, b"Error: cannot read the standard input: it is closed\n")


@pytest.mark.parametrize("name", FORMATS)
def test_a_reader_that_leaves_ends_the_run_quietly(many: str, name: str) -> None:
    writer = start("query", "any where true", many, "--format", name, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    with writer.stdout:
        assert writer.stdout.readline()
    _, said = writer.communicate()
    assert (writer.returncode, said) == (0, b"")


@posix
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("name", ["ndjson", "json", "csv"])
def test_ctrl_c_while_writing_leaves_whole_lines(many: str, name: str, unbuffered: str) -> None:
    environment = {**ENVIRONMENT, "PYTHONUNBUFFERED": unbuffered}
    arguments = ("query", "any where true", many, "--format", name)
    writer = start(*arguments, stdout=subprocess.PIPE, bufsize=0, env=environment)
    assert writer.stdout is not None
    first = writer.stdout.readline()
    writer.send_signal(signal.SIGINT)  # it waits for the pipe to be emptied: there are 4 MB to write
    rest, said = writer.communicate()
    assert b"interrupted: not all matches were written" in said
    text = (first + rest).decode()
    assert writer.returncode == 130
    assert text.endswith("\n")
    if name == "json":
        assert len(json.loads(text)) < 1_000
    elif name == "ndjson":
        assert 0 < len([json.loads(line) for line in text.splitlines()]) < 1_000


@posix
@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_closed_stream_is_no_bug(closed: str) -> None:
    number = {"stdout": 1, "stderr": 2}[closed]
    script = f'exec "$0" "$@" {number}>&-'
    done = subprocess.run(
        ["sh", "-c", script, *EQLITE, "run", "-r", RULE, EVENTS], capture_output=True, env=ENVIRONMENT
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert len(done.stdout.splitlines()) == (0 if closed == "stdout" else 3)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("name", FORMATS)
def test_a_full_disk_is_told_and_is_no_bug(many: str, name: str) -> None:
    for events in (EVENTS, many):
        with Path("/dev/full").open("wb") as full:
            writer = start("query", "any where true", events, "--format", name, stdout=full)
            _, said = writer.communicate()
        assert writer.returncode == 2
        assert b"No space left on device" in said
        assert b"bug" not in said


def test_data_is_utf_8_whatever_the_stream_speaks() -> None:
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "latin-1"}
    event = '{"a": "😀é"}\n'.encode()
    for name in ("ndjson", "csv"):
        done = subprocess.run(
            [*EQLITE, "query", "any where true", "-", "--format", name],
            input=event,
            capture_output=True,
            env=environment,
        )
        assert done.returncode == 0
        assert name == "csv" or "😀é" in done.stdout.decode()


def test_a_table_takes_a_stream_that_knows_ascii_only() -> None:
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*EQLITE, "run", "-r", RULE, EVENTS, "--format", "table"], capture_output=True, env=environment
    )
    assert done.returncode == 0
    assert b"medium | risk 47" in done.stdout


@posix
def test_a_terminal_gets_a_coloured_table_without_a_bar(many: str) -> None:
    import pty

    ours, theirs = pty.openpty()
    environment = {name: value for name, value in ENVIRONMENT.items() if name not in ("NO_COLOR", "COLUMNS")}
    big = str(Path(many).with_name("big.ndjson"))
    Path(big).write_bytes(Path(many).read_bytes().replace(b'"a"', b'"b"') * 2 + Path(EVENTS).read_bytes())
    running = start("run", "-r", RULE, big, stdout=theirs, stderr=theirs, env={**environment, "TERM": "xterm-256color"})
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # EIO: the other end is closed
        while piece := os.read(ours, 65_536):
            shown += piece
    os.close(ours)
    assert running.wait() == 0
    if running.stderr is not None:
        running.stderr.close()
    text = shown.decode()
    bar, title, table = text.partition("Detections")
    assert title
    assert "lines" in bar
    assert "lines" not in table
    assert "\x1b[33mmedium" in table
    assert click.unstyle(table).count("medium · risk 47") == 3
    assert "3 detections by 1 rule in 2,008 events" in table


def test_no_events_on_a_terminal_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from eqlite.cli import main

    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda _: True})())
    with pytest.raises(SystemExit) as exited:
        main(["run", "-r", RULE])
    assert exited.value.code == 2
    assert "pipe NDJSON into the command" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["nothing"]])
def test_what_needs_no_verb_loads_none(arguments: list[str]) -> None:
    code = (
        "import sys; from eqlite.cli import main\n"
        f"try: main({arguments!r})\n"
        "finally: print(sorted({'lark', 'rich', 'msgspec', 'eqlite.query'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.stdout.splitlines()[-1] == "[]"


def test_data_formats_do_not_load_rich() -> None:
    code = (
        "import sys; from eqlite.cli import main\n"
        f"try: main(['run', '-r', {RULE!r}, {EVENTS!r}])\n"
        "finally: print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.stdout.splitlines()[-1] == "False"


def test_our_bugs_are_told_as_such_and_shown_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from eqlite.cli import check, main

    def broken(*_: object, **__: object) -> None:
        raise AssertionError("that cannot be")

    monkeypatch.setattr(check, "read_rules", broken)
    for arguments, has_traceback in ((["check", RULE], False), (["--debug", "check", RULE], True)):
        with pytest.raises(SystemExit) as exited:
            main(arguments)
        said = capsys.readouterr().err
        assert exited.value.code == 3
        assert "internal error: AssertionError: that cannot be" in said
        assert "Please report it" in said
        assert ("Traceback" in said) is has_traceback


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["", "ru"], ["run"]),
        (["run", "--fail"], ["--fail-on-match"]),
        (["check", "--format", ""], ["full", "concise", "json"]),
    ],
)
def test_shells_complete_verbs_options_and_values(words: list[str], offered: list[str]) -> None:
    from click.shell_completion import ShellComplete

    *before, incomplete = [word for word in words if word] if words[0] == "" else words
    found = ShellComplete(cli, {}, "eqlite", "_EQLITE_COMPLETE").get_completions(before, incomplete)
    assert [item.value for item in found] == offered


def test_files_are_left_to_the_shell() -> None:
    from click.shell_completion import ShellComplete

    complete = ShellComplete(cli, {}, "eqlite", "_EQLITE_COMPLETE").get_completions
    for before in (["run", "-r"], ["run"], ["check"], ["fmt"], ["show"], ["query", "any where true"]):
        assert [item.type for item in complete(before, "examp")] == ["file"]
