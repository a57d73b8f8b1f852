"""The `--rejects` file: lines without a readable event."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from glob import iglob
from pathlib import Path
from typing import BinaryIO

import click

_Identity = tuple[int, int]
"""Device and number of a file: the same whatever name or link it is reached by."""


class Rejects:
    """A file for rejected lines.

    After a failed write reading continues, and `raise_problem` reports the failure at the end.
    """

    def __init__(self, path: str, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._problem: OSError | None = None

    def write(self, data: bytes) -> None:
        """Write some bytes, unless an earlier write failed."""
        if self._problem is None:
            self._attempt(lambda: self._file.write(data))

    def close(self) -> None:
        """Write the buffered lines."""
        self._attempt(self._file.close)

    def raise_problem(self) -> None:
        """Raise an error if some rejected lines could not be written."""
        if self._problem is not None:
            reason = self._problem.strerror or self._problem
            raise click.ClickException(f"cannot write all rejected lines to `{self._path}`: {reason}")

    def _attempt(self, work: Callable[[], object]) -> None:
        try:
            work()
        except OSError as problem:
            self._problem = self._problem or problem


@contextlib.contextmanager
def rejects_file(path: str | None, read: Iterable[str]) -> Iterator[Rejects | None]:
    """Open the file for rejected lines at the start, so that no older file passes for a new one.

    Args:
        path: the file; None for none.
        read: the files, folders and globs that the command reads, `-` for standard input: none of them is overwritten.
    """
    if path is None:
        yield None
        return
    _refuse_to_overwrite(path, read)
    file = Path(path).open("wb")  # noqa: SIM115 - closed below, where a full disk raises nothing
    rejects = Rejects(path, file)
    try:
        yield rejects
    finally:
        rejects.close()


def _refuse_to_overwrite(path: str, read: Iterable[str]) -> None:
    own = _identity(Path(path))
    if own is None:
        return
    for name in read:
        if own in _identities(name):
            what = "standard input" if name == "-" else f"`{name}`"
            raise click.UsageError(f"--rejects {path} would overwrite {what}: name another file")
    with contextlib.suppress(OSError, ValueError):
        if own == _identity(sys.stdout.fileno()):
            raise click.UsageError(f"--rejects {path} is where the results go: name another file")


def _identities(name: str) -> Iterator[_Identity | None]:
    """Yield the identities of all files behind a name."""
    if name == "-":
        with contextlib.suppress(OSError, ValueError):
            yield _identity(sys.stdin.fileno())
        return
    visited: set[_Identity] = set()  # links may lead round in a circle
    for found in [name] if Path(name).exists() else iglob(name, recursive=True):  # noqa: PTH207 - an absolute one, too
        yield _identity(Path(found))
        for folder, folders, files in os.walk(found, followlinks=True):
            yield from (_identity(Path(folder, file)) for file in files)
            status = Path(folder).stat()
            if (status.st_dev, status.st_ino) in visited:
                folders.clear()
            visited.add((status.st_dev, status.st_ino))


def _identity(file: Path | int) -> _Identity | None:
    """Return the identity of a regular file, or None for devices, pipes and missing files."""
    try:
        status = os.fstat(file) if isinstance(file, int) else file.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None
