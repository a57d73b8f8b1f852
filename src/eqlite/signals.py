"""Signals that end a command (Ctrl-C, SIGTERM, SIGHUP), with exit codes and without lost results.

The first signal raises `KeyboardInterrupt`, which ends the reading of events. The results so far are still written.
This module imports only the standard library, so that it can be loaded before anything else.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any, Self

ENDING = tuple(
    number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
)
"""Those signals that the platform has."""
_DEFAULTS = (signal.SIG_DFL, signal.default_int_handler)

_received = int(signal.SIGINT)


def exit_code() -> int:
    """Return the exit code of an interrupted command: 128 plus the signal, 130 for Ctrl-C."""
    return 128 + _received


def record(number: int) -> None:
    """Record the signal for the exit code.

    A closed terminal sends SIGHUP twice, so later ones are ignored.
    """
    global _received
    _received = number
    if number == getattr(signal, "SIGHUP", None):
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Hold signals back. A process started meanwhile has to call `release`."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def release() -> None:
    """Release the signals that were held back when this process was started."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def leave_at_once() -> None:
    """End the process silently on a signal, while modules are loaded and after all output."""
    for number in ENDING:
        if signal.getsignal(number) in _DEFAULTS:  # not where the signal is ignored, as under `nohup`
            signal.signal(number, _leave)


def leave_if_interrupted(code: object) -> None:
    """End the process at once, after flushing its output, if this is the exit code of a signal.

    Otherwise Python would end by SIGINT if the interrupt came while it executed a text, as `dataclasses` does.
    """
    if code in [128 + number for number in ENDING]:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):  # closed or None
                stream.flush()
        os._exit(int(str(code)))


@contextlib.contextmanager
def interrupting() -> Iterator[None]:
    """Raise `KeyboardInterrupt` on a signal. Only the main thread gets signals, so others are not affected."""
    before = {}
    with contextlib.suppress(ValueError):
        for number in ENDING:
            handler = signal.getsignal(number)
            if handler in _DEFAULTS or handler is _leave:
                before[number] = signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class AwaitedSignals:
    """A context in which signals only interrupt `wait`, so that no event is lost between reading and matching.

    A second signal interrupts at once. On Windows, which cannot wait for input and signals together, and outside the
    main thread, signals interrupt as usual.
    """

    def __init__(self) -> None:
        self._has_come = False
        self._before: dict[int, Any] = {}
        self._wakeup: tuple[int, int] | None = None

    def __enter__(self) -> Self:
        """Install the handlers, and a pipe into which Python writes each signal."""
        if os.name == "nt" or threading.current_thread() is not threading.main_thread():
            return self
        self._wakeup = os.pipe()
        for end in self._wakeup:
            os.set_blocking(end, False)
        self._wakeup_before = signal.set_wakeup_fd(self._wakeup[1], warn_on_full_buffer=False)
        for number in ENDING:
            if callable(signal.getsignal(number)):  # neither ignored nor left to the system
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the handlers, and close the pipe."""
        self._restore()
        if self._wakeup is not None:
            signal.set_wakeup_fd(self._wakeup_before)
            for end in self._wakeup:
                os.close(end)
            self._wakeup = None

    def wait(self, descriptor: int | None, seconds: float | None) -> None:
        """Wait for input at a descriptor, for at most `seconds`. None: for no input, or for any time.

        Raises:
            KeyboardInterrupt: a signal has come.
        """
        if self._wakeup is None:
            if descriptor is None and seconds:
                time.sleep(seconds)
            return
        reading = [self._wakeup[0]] if descriptor is None else [self._wakeup[0], descriptor]
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self._has_come:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select(reading, (), (), left)
            if self._wakeup[0] not in ready:
                break
            os.read(self._wakeup[0], 1 << 10)  # a signal, perhaps of another kind
        if self._has_come:
            raise KeyboardInterrupt

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - what signal handlers take
        self._has_come = True
        self._restore()
        record(number)

    def _restore(self) -> None:
        while self._before:
            signal.signal(*self._before.popitem())


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what signal handlers take
    record(number)
    raise KeyboardInterrupt


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what signal handlers take
    os._exit(128 + number)
