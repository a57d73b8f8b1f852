"""Rich consoles without markup, detection of the terminal, or exit on a broken pipe."""

from __future__ import annotations

import os
from typing import TextIO

from rich.console import Console


class QuietConsole(Console):
    """A console that leaves a closed pipe to the caller instead of ending the process."""

    def on_broken_pipe(self) -> None:
        """Raise the `BrokenPipeError` that is being handled."""
        raise


def console_on(stream: TextIO, *, color: bool, width: int | None = None) -> Console:
    """Return a console that styles its output only if `color` is true."""
    knows_terminal = stream.isatty() and os.environ.get("TERM") not in (None, "dumb", "unknown")
    return QuietConsole(
        file=stream,
        color_system=None if not color else "auto" if knows_terminal or os.name == "nt" else "256",
        force_terminal=color or None,
        no_color=not color,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
    )
