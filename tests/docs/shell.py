"""A bash session on a terminal, as the reader of a page has it."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

ROOT = Path(__file__).parents[2]
COLUMNS = 96

_MARK = "\x1e"
_END = re.compile(f"{_MARK}(\\d+) ([^{_MARK}]*){_MARK}")
# Commands come on a descriptor of their own, ended by NUL. `eval` runs them in this shell, so `cd`, `export` and an
# entered environment stay; `$?` stays that of the command before.
_LOOP = """
status=0
while IFS= read -r -d '' -u {input} command; do
    (exit $status)
    eval "$command" {input}<&-
    status=$?
    printf '\\x1e%d %s\\x1e' $status "$PWD"
done
"""


class Answer(NamedTuple):
    """What one command shows on the terminal, and its exit status."""

    output: str
    status: int


class Shell:
    """One bash session: `cd`, exports and shell settings last from command to command.

    Attributes:
        folder: the working folder after the last command.
    """

    def __init__(self, folder: Path, environment: dict[str, str], *, patience_s: float = 300) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self.folder = folder
        self._patience_s = patience_s
        self._screen, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
        commands, self._keyboard = os.pipe()
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-c", _LOOP.format(input=commands)],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            pass_fds=(commands,),
            start_new_session=True,
        )
        os.close(terminal)
        os.close(commands)

    def run(self, command: str) -> Answer:
        """Type a command; return what it shows until it ends."""
        os.write(self._keyboard, command.encode() + b"\0")
        shown, end = b"", time.monotonic() + self._patience_s
        while time.monotonic() < end:
            if not select.select([self._screen], [], [], 1)[0]:
                continue
            chunk = b""
            with contextlib.suppress(OSError):  # Linux raises at the end, where others give an empty chunk
                chunk = os.read(self._screen, 65536)
            if not chunk:
                raise AssertionError(f"the shell ended with: {command}\n{shown.decode(errors='replace')}")
            shown += chunk
            if done := _END.search(text := shown.decode(errors="replace")):
                self.folder = Path(done[2])
                return Answer(text[: done.start()], int(done[1]))
        raise AssertionError(f"no end after {self._patience_s} s: {command}\n{shown.decode(errors='replace')}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._keyboard)
        os.close(self._screen)


def environment_with_eqlite(home: Path) -> dict[str, str]:
    """Return an environment in which `eqlite` and `python` are those that run the tests."""
    programs = _programs(home, ("eqlite", sys.executable, "-m eqlite"), ("python", sys.executable, ""))
    return {
        **_environment(home),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONWARNINGS": "error",
    }


def environment_of_a_newcomer(home: Path) -> dict[str, str]:
    """Return an environment with `python3`, and without eqlite or any virtual environment.

    Downloads are shared with the account that runs the tests.
    """
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    programs = _programs(home, ("python3", str(base), ""))
    path = [
        folder
        for folder in os.environ["PATH"].split(os.pathsep)
        if not Path(folder).is_relative_to(ROOT) and not (Path(folder) / "eqlite").exists()
    ]
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return {
        **_environment(home),
        "PATH": os.pathsep.join([str(programs), *path]),
        "XDG_CACHE_HOME": cache,
    }


def checkout(to: Path) -> Path:
    """Copy the files of the checkout, as a fresh clone has them; return the copy's folder."""
    made = shutil.ignore_patterns(".git", ".venv*", "__pycache__", ".*_cache", ".hypothesis", "build", "dist", "site")
    shutil.copytree(ROOT, to, symlinks=True, ignore=made)
    return to


def _programs(home: Path, *programs: tuple[str, str, str]) -> Path:
    folder = home / ".programs"
    folder.mkdir(parents=True)
    for name, interpreter, arguments in programs:
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{interpreter}" {arguments} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    return folder


def _environment(home: Path) -> dict[str, str]:
    ours = ("COV", "PYTEST", "EQLITE", "PYTHON", "VIRTUAL_ENV", "PYENV_VERSION", "XDG_", "MAKE")
    keep = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {
        **keep,
        "EQLITE_CACHE_DIR": str(home / ".cache-of-eqlite"),
        "COLUMNS": str(COLUMNS),
        "LINES": "60",
        "NO_COLOR": "1",
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
        "HOME": str(home),
    }
