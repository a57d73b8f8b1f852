"""The command line run in this process, and outputs compared with files.

`EQLITE_UPDATE_EXPECTED=1` writes the files anew; look at the difference before it is committed.
"""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from eqlite.cli import main

ROOT = Path(__file__).parents[2]
EXPECTED = Path(__file__).parent / "expected"


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_counts() -> None:
    """Let commands that tests start hear of Ctrl-C, also where the tests run in the background, which ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Input(io.BytesIO):
    """Standard input, with the name that it has for the process."""

    name = "<stdin>"


Run = Callable[..., Done]


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing of the terminal that runs the tests show in what they see."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(ROOT)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs `eqlite` with arguments and gives exit code, stdout and stderr."""

    def run(*arguments: str, stdin: str | bytes = b"") -> Done:
        data = stdin.encode("utf-8", "surrogatepass") if isinstance(stdin, str) else stdin
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(Input(data), encoding="utf-8"))
        capsys.readouterr()
        with pytest.raises(SystemExit) as exited:
            main(arguments)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Done(int(exited.value.code or 0), out, err)

    return run


@pytest.fixture
def same_as_file() -> Callable[[str, str], None]:
    """Return a function that compares a text with a file of expected output."""

    def compare(text: str, name: str) -> None:
        path = EXPECTED / name
        if os.environ.get("EQLITE_UPDATE_EXPECTED") == "1":
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare
