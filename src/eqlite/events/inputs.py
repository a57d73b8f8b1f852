"""The files that an input names: itself, those that match a glob, and those of a folder that hold events."""

from __future__ import annotations

import glob
import os
import re
import stat
import sys
from collections.abc import Iterator
from typing import BinaryIO

from eqlite.diagnostics import Diagnostic
from eqlite.errors import EventError
from eqlite.events.byte_chunks import DamagedData, Readable, decode_text, decompress, read_chunks
from eqlite.events.foreign import recognise
from eqlite.events.intake import ReadStats
from eqlite.events.layout import holds_documents
from eqlite.events.unpacking import is_archive

Input = str | os.PathLike[str] | Readable

_EVENT_SUFFIXES = tuple(name + packing for name in (".ndjson", ".jsonl", ".json") for packing in ("", ".gz", ".zst"))
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_FETCH = {
    **dict.fromkeys(("http", "https", "ftp"), "curl -s {}"),
    "s3": "aws s3 cp {} -",
    "gs": "gcloud storage cat {}",
}
_SNIFFED_BYTES = 1 << 16


def is_lasting(given: Input) -> bool:
    """Return whether an input can be read a second time: files can, streams and pipes cannot."""
    if not isinstance(given, (str, os.PathLike)) or given == "-":
        return False
    return all(os.path.isfile(file) for file in expand_input(given) if isinstance(file, (str, os.PathLike)))


def expand_input(given: Input, stats: ReadStats | None = None) -> list[Input]:
    """Return the files of an input: those of a folder or glob, sorted, or the input itself.

    Of a folder, files with the suffixes of NDJSON and JSON are read, also compressed, and any other that holds JSON or
    is an archive. Files that are passed over are counted in `stats`.

    Raises:
        EventError: there is no such file, or no file with events in the folder.
    """
    if not isinstance(given, (str, os.PathLike)) or given == "-":
        if not isinstance(given, str) and not hasattr(given, "read"):
            hint = "; give several one by one" if isinstance(given, (list, tuple)) else ""
            raise EventError(f"events are read from paths and open files; this is a {type(given).__name__}{hint}")
        return [given]
    path = os.fspath(given)
    passed_over = ReadStats() if stats is None else stats
    if os.path.isdir(path):
        found = _files_of(path, passed_over)
        if not found:
            raise cannot_read(path, f"no events in the directory `{path}`: {_why_none(passed_over)}")
        return list(found)
    if os.path.lexists(path):
        return [path]
    if _URL.match(path):
        fetch = _FETCH.get(path.partition("://")[0].lower())
        advice = f"pipe it in, such as `{fetch.format(path)} | eqlite … -`" if fetch else "copy it to a file first"
        raise cannot_read(path, f"`{path}` is a URL, and eqlite reads files: {advice}")
    if glob.has_magic(path):
        matched = [match for match in sorted(glob.glob(path, recursive=True)) if _is_file(match, passed_over)]
        if matched:
            return list(matched)
        raise cannot_read(path, f"no file matches `{path}`")
    raise cannot_read(path, f"cannot read `{path}`: no such file")


def cannot_read(path: str, message: str) -> EventError:
    """Return the error for a file that cannot be read."""
    return EventError(message, diagnostics=[Diagnostic("unreadable-file", message, file=path)], file=path)


def standard_input() -> BinaryIO:
    """Return standard input.

    Raises:
        EventError: it is closed.
    """
    if sys.stdin is None:
        raise cannot_read("-", "cannot read the standard input: it is closed")
    return sys.stdin.buffer


def has_event_suffix(name: str) -> bool:
    """Return whether a file has a suffix of NDJSON or JSON, also compressed."""
    return name.lower().endswith(_EVENT_SUFFIXES)


def _files_of(folder: str, stats: ReadStats) -> list[str]:
    inside = os.path.realpath(folder) + os.sep
    found: list[str] = []
    for path in sorted(_walk(folder, stats)):
        if os.path.islink(path) and not os.path.realpath(path).startswith(inside):
            stats.pass_over(path, "a link out of the folder")
        elif _is_file(path, stats) and (has_event_suffix(path) or _holds_events(path, stats)):
            found.append(path)
    return found


def _walk(folder: str, stats: ReadStats) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        for name in sorted(folders):
            if not name.startswith(".") and os.path.islink(os.path.join(parent, name)):
                stats.pass_over(os.path.join(parent, name), "a link to a folder")
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (os.path.join(parent, name) for name in names if not name.startswith("."))


def _is_file(path: str, stats: ReadStats) -> bool:
    """Return whether a path is a plain file. Other files may block and are not opened."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        stats.pass_over(path, "a link to nothing" if os.path.islink(path) else "it cannot be read")
        return False
    if stat.S_ISREG(mode):
        return True
    if not stat.S_ISDIR(mode):
        kind = "a FIFO" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
        stats.pass_over(path, kind)
    return False


def _holds_events(path: str, stats: ReadStats) -> bool:
    """Return whether a file begins like JSON, or is an archive."""
    try:
        with open(path, "rb", buffering=0) as file:
            if is_archive(file.read(512)):
                return True
            file.seek(0)
            head = _first_bytes(decode_text(decompress(read_chunks(file))))
    except (OSError, DamagedData, EventError):
        stats.pass_over(path, "it cannot be read")
        return False
    if is_archive(head) or holds_documents(head):
        return True
    foreign = recognise(head)
    stats.pass_over(path, "no JSON documents" if foreign is None else str(foreign))
    return False


def _first_bytes(chunks: Iterator[bytes]) -> bytes:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _SNIFFED_BYTES:
            break
    return head


def _why_none(stats: ReadStats) -> str:
    if not stats.passed_over:
        return "it holds no file"
    reason, paths = next(iter(stats.passed_over.items()))
    return f"it holds no file with JSON documents; passed over, such as `{paths[0]}`: {reason}"
