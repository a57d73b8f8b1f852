"""Pages of Markdown: the code in them, found, run, and compared with what they say comes out."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.docs.shell import Shell

LONGEST_LINE = 150

_FENCE = re.compile(r"^(?P<marks>`{3,})(?P<info>[^`\n]*)\n(?P<text>.*?)^(?P=marks)[ \t]*$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"<!-- file: (\S+) -->\n\s*\Z")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TIMES = re.compile(r"\d+\.\d\d s\b")

NOT_FOUND = re.compile(
    r"no such file|command not found|: not found|No module named|cannot open|can't open|Permission denied|Traceback \(",
    re.IGNORECASE,
)
"""What a shell and its programs say if a page forgot a step. A block marked `console not-found` says it on purpose."""


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
    """Return whether an output is the one written down; `…` stands for anything, alone on a line for any lines.

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


# --- a page -----------------------------------------------------------------------------------------------------------


@dataclass
class Difference:
    """A place where a page says something else than what happens.

    Attributes:
        is_update: whether `found` may take the place of `said`.
    """

    line: int
    said: str
    found: str
    is_update: bool = False

    def __str__(self) -> str:
        return f"line {self.line} says:\n{self.said}\nbut this happens:\n{self.found}"


@dataclass
class PageRun:
    """One run of a page's code: all Python blocks share a namespace, all console blocks one shell.

    Attributes:
        shell: the session in which console blocks are typed; its folder is where files are saved and Python runs.
        kinds: the marks of the blocks to run. A block without one has the mark "".
    """

    text: str
    shell: Shell
    kinds: frozenset[str] = frozenset({"", "not-found", "error"})
    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "__page__"})

    def differences(self) -> Iterator[Difference]:
        """Run the page; yield where it is wrong."""
        printed = ""
        for block in blocks(self.text):
            if block.file is not None:
                path = self.shell.folder / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
            if self.kinds.isdisjoint(block.words or ("",)):
                continue
            if block.language == "text" and block.follows and printed:
                if not says(block.text, printed):
                    yield Difference(
                        block.line, f"```text\n{block.text}```", f"```text\n{tidy(printed)}```", is_update=True
                    )
                printed = ""
            elif block.language == "python" and block.file is None:
                printed = yield from self._python(block)
            elif block.language == "console":
                yield from self._console(block)
            elif block.language == "eql":
                yield from self._eql(block)
        yield from self._tests()

    def _python(self, block: Block) -> Generator[Difference, None, str]:
        if ">>>" in block.text:
            yield from self._doctest(block)
            return ""
        out = io.StringIO()
        # Lines of tracebacks and of doctest are those of the page.
        code = compile("\n" * block.line + block.text, "<page>", "exec")
        try:
            with contextlib.redirect_stdout(out), contextlib.chdir(self.shell.folder):
                exec(code, self.namespace)
        except Exception as error:
            yield Difference(block.line, block.text, f"{type(error).__name__}: {error}")
        return out.getvalue()

    def _doctest(self, block: Block) -> Iterator[Difference]:
        test = doctest.DocTestParser().get_doctest(block.text, self.namespace, "page", "page", block.line)
        report = io.StringIO()
        runner = doctest.DocTestRunner(Checker(), optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
        with contextlib.chdir(self.shell.folder):
            runner.run(test, out=report.write, clear_globs=False)
        self.namespace.update(test.globs)
        if runner.failures:
            yield Difference(block.line, block.text, report.getvalue())

    def _tests(self) -> Iterator[Difference]:
        """Run the tests that the page's Python defines, as pytest would."""
        for name, value in list(self.namespace.items()):
            if name.startswith("test_"):
                try:
                    value()
                except Exception as error:
                    yield Difference(0, name, f"{type(error).__name__}: {error}")

    def _console(self, block: Block) -> Iterator[Difference]:
        installs = any(word.partition("-")[0] == "install" for word in block.words)
        for step in steps(block.text):
            output, status = self.shell.run(step.command)
            lacks = NOT_FOUND.search(output) is not None and "not-found" not in block.words
            # What an installer reports on its way is its own affair; that it fails is not.
            agrees = status == 0 if installs and not step.output else says(step.output, output)
            if lacks or not agrees:
                found = step.typed + shortened(output)
                yield Difference(block.line, step.typed + step.output, found, is_update=not lacks and not installs)

    def _eql(self, block: Block) -> Iterator[Difference]:
        import eqlite

        errors = [problem.render() for problem in eqlite.analyze(block.text) if problem.is_error]
        if bool(errors) != ("error" in block.words):
            yield Difference(block.line, block.text, "\n".join(errors) or "no error")


class Checker(doctest.OutputChecker):
    """Takes `…` for anything, as the console blocks do."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(want, got, optionflags) or says(want, got)
