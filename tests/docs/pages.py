"""Pages of Markdown: the code in them, found, run, and compared with what they say comes out."""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COLUMNS = 96
LONGEST_RUN_S = 60
LONGEST_LINE = 150

_FENCE = re.compile(r"^(?P<marks>`{3,})(?P<info>[^`\n]*)\n(?P<text>.*?)^(?P=marks)[ \t]*$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"<!-- file: (\S+) -->\n\s*\Z")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TIMES = re.compile(r"\d+\.\d\d s\b")
_MARK = "\x1e"


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        line: of its fence in the page, from 1.
        language, words: the first word behind the fence, and the others.
        file: as which the page asks to save it, by a comment before it: `<!-- file: shell.eql -->`.
        follows: there is nothing but blank lines between the block before and this one.
    """

    line: int
    language: str
    words: tuple[str, ...]
    text: str
    file: str | None
    follows: bool


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page in order."""
    found, end = [], 0
    for fence in _FENCE.finditer(page):
        between = page[end : fence.start()]
        language, *words = fence["info"].split() or [""]
        file = _FILE.search(between)
        line = page.count("\n", 0, fence.start()) + 1
        follows = end > 0 and not between.strip()
        found.append(Block(line, language, tuple(words), fence["text"], file[1] if file else None, follows))
        end = fence.end()
    return found


def says(expected: str, found: str) -> bool:
    """Tell whether an output is the one written down, where `…` stands for anything, alone on a line for any lines.

    >>> says("read … lines", "read 17 lines"), says("a\\n…\\nz", "a\\nb\\nc\\nz"), says("a", "b")
    (True, True, False)
    """
    parts = [
        r"(?:[^\n]*\n)*?" if line.strip() == "…" else re.escape(line).replace("…", r"[^\n]*") + r"\n"
        for line in tidy(expected).splitlines()
    ]
    return re.fullmatch("".join(parts), tidy(found)) is not None


def tidy(text: str) -> str:
    """Return a text without colours, blanks at the ends of lines and empty lines at its end."""
    plain = _COLOURS.sub("", text).replace("\r\n", "\n")
    lines = [line.rstrip() for line in plain.rstrip().splitlines()]
    return "".join(f"{line}\n" for line in lines)


def shortened(text: str) -> str:
    """Return an output as a page should have it: tidy, without times, long lines cut."""
    lines = _TIMES.sub("… s", tidy(text)).splitlines()
    return "".join(f"{line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 20] + '…'}\n" for line in lines)


# --- console ----------------------------------------------------------------------------------------------------------


@dataclass
class Step:
    """A command that is typed, and what is written below it."""

    command: str
    typed: str
    output: str = ""


def steps(text: str) -> list[Step]:
    """Return the commands of a console block: lines that start with `$ `, continued by lines that start with `> `."""
    found: list[Step] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append(Step(line[2:], line + "\n"))
        elif line.startswith("> ") and found and not found[-1].output:
            found[-1].command += "\n" + line[2:]
            found[-1].typed += line + "\n"
        elif found:
            found[-1].output += line + "\n"
        else:
            raise AssertionError(f"a console block must start with `$ `: {line}")
    return found


def run_session(commands: list[str], folder: Path, environment: dict[str, str]) -> list[str]:
    """Run commands one after the other in one shell on a terminal; return what each shows there."""
    # Between the commands `$?` stays that of the one before.
    script = "".join(f"r=$?; printf '{_MARK}'; (exit $r)\n{command}\n" for command in commands)
    shown = _on_a_terminal(["sh", "-c", script], folder, environment)
    return shown.split(_MARK)[1:]


def _on_a_terminal(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, close_fds=True
    )
    os.close(theirs)
    shown, end = b"", time.monotonic() + LONGEST_RUN_S
    try:
        while time.monotonic() < end:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # Linux says so where others give an empty chunk
                break
            if not chunk:
                break
            shown += chunk
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return shown.decode()


def shell_environment(folder: Path) -> dict[str, str]:
    """Return an environment in which `eqlite` and `python` are those that run the tests."""
    programs = folder / ".programs"
    programs.mkdir()
    for name, arguments in (("eqlite", " -m eqlite"), ("python", ""), ("python3", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}"{arguments} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST", "EQLITE"))}
    return {
        **keep,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONWARNINGS": "error",
        "EQLITE_CACHE_DIR": str(folder / ".cache"),
        "COLUMNS": str(COLUMNS),
        "LINES": "60",
        "NO_COLOR": "1",
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
        "HOME": str(folder),
    }


# --- a page -----------------------------------------------------------------------------------------------------------


@dataclass
class Difference:
    """A place where a page says something else than what happens.

    `mends` tells that `found` may stand in the place of `said`.
    """

    line: int
    said: str
    found: str
    mends: bool = False

    def __str__(self) -> str:
        return f"line {self.line} says:\n{self.said}\nbut this happens:\n{self.found}"


@dataclass
class PageRun:
    """One run of a page's code: all Python blocks share a namespace, all blocks a working folder."""

    text: str
    folder: Path
    environment: dict[str, str]
    not_run: dict[str, str]
    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "__page__"})

    def differences(self) -> Iterator[Difference]:
        """Run the page; yield where it is wrong."""
        printed = ""
        for block in blocks(self.text):
            if block.file is not None:
                path = self.folder / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
            if block.language == "text" and block.follows and printed:
                if not says(block.text, printed):
                    yield Difference(
                        block.line, f"```text\n{block.text}```", f"```text\n{tidy(printed)}```", mends=True
                    )
                printed = ""
            elif block.language == "python" and block.file is None:
                printed = yield from self._python(block)
            elif block.language == "console":
                yield from self._console(block)
            elif block.language == "eql":
                yield from self._eql(block)

    def _python(self, block: Block) -> Generator[Difference, None, str]:
        if ">>>" in block.text:
            yield from self._doctest(block)
            return ""
        out = io.StringIO()
        # Lines of tracebacks and of doctest are those of the page.
        code = compile("\n" * block.line + block.text, "<page>", "exec")
        try:
            with contextlib.redirect_stdout(out):
                exec(code, self.namespace)
        except Exception as error:
            yield Difference(block.line, block.text, f"{type(error).__name__}: {error}")
        return out.getvalue()

    def _doctest(self, block: Block) -> Iterator[Difference]:
        test = doctest.DocTestParser().get_doctest(block.text, self.namespace, "page", "page", block.line)
        report = io.StringIO()
        runner = doctest.DocTestRunner(Checker(), optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
        runner.run(test, out=report.write, clear_globs=False)
        self.namespace.update(test.globs)
        if runner.failures:
            yield Difference(block.line, block.text, report.getvalue())

    def _console(self, block: Block) -> Iterator[Difference]:
        typed = [step for step in steps(block.text) if not self._is_left_out(step.command)]
        shown = run_session([step.command for step in typed], self.folder, self.environment) if typed else []
        for step, output in zip(typed, shown, strict=True):
            if not says(step.output, output):
                found = step.typed + shortened(output)
                yield Difference(block.line, step.typed + step.output, found, mends=True)

    def _is_left_out(self, command: str) -> bool:
        return any(command.startswith(start) for start in self.not_run)

    def _eql(self, block: Block) -> Iterator[Difference]:
        import eqlite

        errors = [problem.render() for problem in eqlite.analyze(block.text) if problem.is_error]
        if bool(errors) != ("error" in block.words):
            yield Difference(block.line, block.text, "\n".join(errors) or "no error")


class Checker(doctest.OutputChecker):
    """Takes `…` for anything, as the console blocks do."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(want, got, optionflags) or says(want, got)
