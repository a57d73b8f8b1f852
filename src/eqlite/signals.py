"""Signals that end a command (Ctrl-C, SIGTERM, SIGHUP), with exit codes and without lost results.

The first signal raises `KeyboardInterrupt`, which ends the reading of events. The results so far are still written.
This module imports only the standard library, so that it can be loaded before anything else.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

ENDING = tuple(
    number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
)
"""The signals that the platform has."""
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


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what signal handlers take
    record(number)
    raise KeyboardInterrupt


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what signal handlers take
    os._exit(128 + number)
