"""Standard streams: closed ones, narrow encodings, colours, and signals between two lines."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from types import FrameType, TracebackType
from typing import Any, Self, TextIO, TypeVar

from eqlite import signals

Item = TypeVar("Item")


def harden_streams() -> None:
    """Make every write succeed: to nowhere if a stream is closed, escaped if the encoding lacks a character."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, open(nowhere, "w", encoding="utf-8", closefd=False))  # noqa: SIM115 - open to the end
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
            if name == "stdout" and isinstance(stream.buffer, io.RawIOBase):
                sys.stdout = _buffered(stream)


def _buffered(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    """Return the stream with a buffer, even under `PYTHONUNBUFFERED`.

    Without one, the rest of a line is lost when a signal comes while the line is being written.
    """
    encoding, errors = stream.encoding, stream.errors
    raw = stream.detach()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=errors, line_buffering=raw.isatty())  # type: ignore[type-var]


def data_stdout() -> TextIO:
    """Return stdout for data that programs read, always in UTF-8."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    return sys.stdout


def result_stdout(format_name: str) -> TextIO:
    """Return stdout for results: a table suits the terminal, any other format suits programs."""
    return sys.stdout if format_name == "table" else data_stdout()


def detach_stdout() -> None:
    """Discard later output to stdout, so that the interpreter's exit does not fail on a closed pipe.

    The same for stderr where it is the same pipe (`2>&1 | head`).
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    try:
        sys.stderr.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nowhere, sys.stderr.fileno())
    os.close(nowhere)


def wants_color(choice: str, stream: TextIO) -> bool:
    """Return whether to colour the output to a stream.

    `NO_COLOR` and `FORCE_COLOR` count unless they are empty.
    """
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


class WholeLines:
    """A context in which signals that end the command wait until the current result is written.

    While they are still being looked for signals work as ever, and a second one always does: the reader of a pipe may
    have stopped reading. Does nothing outside the main thread, where Python delivers no signals.

    Attributes:
        interrupted: a signal came while results were written.
    """

    def __init__(self) -> None:
        self.interrupted = False
        self._before: dict[int, Any] = {}
        self._is_holding = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Restore the signal handlers, once everything is flushed."""
        try:
            if kind is None:
                sys.stdout.flush()
        finally:
            self._restore()

    def of(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items. Signals wait from the first item on, and end the loop between two items."""
        for item in items:
            if not self._is_holding:
                self._hold()
            yield item
            if self.interrupted:
                return

    def _hold(self) -> None:
        self._is_holding = True
        if threading.current_thread() is not threading.main_thread():
            return
        for number in signals.ENDING:
            if callable(signal.getsignal(number)):  # neither ignored nor left to the system
                self._before[number] = signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - what signal handlers take
        self.interrupted = True
        self._restore()
        signals.record(number)

    def _restore(self) -> None:
        while self._before:
            signal.signal(*self._before.popitem())
