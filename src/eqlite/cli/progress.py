"""Progress of a command on a terminal, written to stderr and erased at the end.

Rich's live displays take over `sys.stdout` and `sys.stderr` by default, even where only stderr is a terminal, and then
print results to the display's console. Every display here is made with `redirect_stdout=False` and
`redirect_stderr=False`: the streams belong to the results.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

Item = TypeVar("Item")
_LEAST_BYTES = 4 << 20
_MANY_RULES = 50
_SHORT_S = 1.0
_PACKED = (".gz", ".zst")


class Progress:
    """A progress bar over the bytes of the input.

    It stays hidden without a terminal, or for little input.
    """

    def __init__(self, files: list[str], *, quiet: bool) -> None:
        sizes = [Path(file).stat().st_size for file in files if file != "-" and Path(file).is_file()]
        is_small = sum(sizes) < _LEAST_BYTES and "-" not in files
        self.update: Callable[[int, int], None] | None = None
        self._stop: Callable[[], None] = lambda: None
        if not quiet and sys.stderr.isatty() and not is_small:
            is_known = "-" not in files and not any(file.endswith(_PACKED) for file in files)
            self._show(sum(sizes) if is_known else None)

    def until_found(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items, and erase the bar before the first, so that they do not mix on one terminal."""
        try:
            for item in items:
                self._stop()
                yield item
        finally:
            self._stop()

    def end(self) -> None:
        """Remove the bar if it is shown."""
        self._stop()

    def _show(self, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.fields[events]:,} lines"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        bar = Bar(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False)
        task = bar.add_task("", total=total, events=0)
        bar.start()
        self._stop = bar.stop
        self.update = lambda lines, size: bar.update(task, completed=size, events=lines)


@contextlib.contextmanager
def compiling(count: int, *, quiet: bool) -> Iterator[None]:
    """Show a spinner on a terminal while many rules are compiled, which takes seconds."""
    if quiet or count < _MANY_RULES or not sys.stderr.isatty():
        yield
        return
    with _spinner(f"compiling {count:,} rules"):
        yield


@contextlib.contextmanager
def measuring(reading: Progress, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Yield a callback for the number of events measured, which replaces the bar."""
    started = time.monotonic()
    status = _spinner()

    def show(events: int) -> None:
        if not quiet and sys.stderr.isatty() and time.monotonic() - started > _SHORT_S:
            reading.end()
            status.update(_text(f"{events:,} events measured"))
            status.start()

    try:
        yield show
    finally:
        reading.end()
        status.stop()


def _spinner(text: str = "") -> Live:
    """Return a spinner with a text.

    `Console.status` cannot leave stdout alone.
    """
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    return Live(
        _text(text),
        console=console,
        transient=True,
        refresh_per_second=12.5,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def _text(text: str) -> RenderableType:
    from rich.spinner import Spinner

    return Spinner("dots", text=text, style="status.spinner")
