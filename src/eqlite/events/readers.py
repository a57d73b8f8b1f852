"""Reads events from files, directories, streams and standard input, whatever JSON shape they have.

Told by content, not by name: gzip and zstd, UTF-16, NDJSON, JSON arrays, documents over several lines, answers of
Elasticsearch with their hits. Everything streams; what cannot be read is counted (`ReadStats`), kept (`rejects`) and
never ends the reading.
"""

from __future__ import annotations

import codecs
import glob
import io
import itertools
import os
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from eqlite.diagnostics import Diagnostic
from eqlite.errors import EventError
from eqlite.events.bulk import BulkBody
from eqlite.events.byte_chunks import DamagedData, Readable, decode_text, decompress, is_encoded, read_chunks
from eqlite.events.document import Event, EventSource
from eqlite.events.intake import BinarySink, FileWarning, Intake, ReadStats, Rejected
from eqlite.events.json_stream import split_values
from eqlite.events.layout import Layout, look_ahead
from eqlite.events.line_documents import documents_on
from eqlite.events.lines import line_blocks

Input = str | os.PathLike[str] | Readable

_EVENT_SUFFIXES = tuple(name + packing for name in (".ndjson", ".jsonl", ".json") for packing in ("", ".gz", ".zst"))


class RawLine(NamedTuple):
    r"""The undecoded text of one line, or of one value where the input is no NDJSON.

    It may hold an envelope, even one with many hits, and may end in `\r`.
    """

    file: str
    line: int
    data: bytes


class RawBlock(NamedTuple):
    r"""Some raw lines that follow each other, as a file gives them: with `\n`, and blank ones among them.

    Attributes:
        file: the file, as the user named it.
        line: the number of the first line.
        lines: the lines.
        offset: where the first of them starts in the file; None where the lines do not stand there as they are.
    """

    file: str
    line: int
    lines: list[bytes]
    offset: int | None = None


def is_lasting(given: Input) -> bool:
    """Tell whether an input can be read a second time: files can, streams and pipes cannot."""
    if not isinstance(given, (str, os.PathLike)) or given == "-":
        return False
    return all(os.path.isfile(file) for file in expand_input(given) if isinstance(file, (str, os.PathLike)))


def read_events(*inputs: Input, rejects: BinarySink | None = None, stats: ReadStats | None = None) -> Iterator[Event]:
    r"""Return the events of all inputs, in order, read while they are asked for.

    Args:
        inputs: paths, globs, directories (read through, in the order of names), `-` for standard input, or files
            opened for reading.
        rejects: gets the lines that hold no event, as they are.
        stats: gets the counts; `read == evaluated + rejected` at any time.

    Raises:
        EventError: an input does not exist or cannot be opened, at once; zstd data that nothing here can read.

    >>> import io
    >>> stats = ReadStats()
    >>> [event["n"] for event in read_events(io.BytesIO(b'{"n": 1}\noops\n{"n": 2}\n'), stats=stats)]
    [1, 2]
    >>> stats.read, stats.evaluated, stats.samples[0].line
    (3, 2, 2)
    """
    intake = Intake(ReadStats() if stats is None else stats, rejects)
    return _read_events(iter_raw(inputs, stats=intake.stats, rejects=rejects), intake)


def iter_raw(
    inputs: Iterable[Input], *, stats: ReadStats | None = None, rejects: BinarySink | None = None
) -> Iterator[RawLine]:
    """Return the undecoded lines of all inputs, blank ones left out: what `read_events` stands on.

    Only lines over the limit and text that cannot be cut into values are counted as rejected here. Whoever decodes the
    lines counts the events in `stats.read` and reports the bad lines to `Intake(stats, rejects).reject`.
    """
    return (
        RawLine(file, number, line.rstrip(b"\n"))
        for file, first, lines, _ in iter_blocks(inputs, stats=stats, rejects=rejects)
        for number, line in enumerate(lines, first)
        if not line.isspace()
    )


def iter_blocks(
    inputs: Iterable[Input], *, stats: ReadStats | None = None, rejects: BinarySink | None = None
) -> Iterator[RawBlock]:
    """Return the lines of `iter_raw` many at once: for whoever passes most of them by."""
    intake = Intake(ReadStats() if stats is None else stats, rejects)
    expanded = [file for given in inputs for file in expand_input(given)]
    return itertools.chain.from_iterable(_read_file(file, intake) for file in expanded)


def expand_input(given: Input) -> list[Input]:
    """Return the files that an input names: those of a directory or a glob, sorted; else itself.

    Raises:
        EventError: there is no such file, or none in the directory.
    """
    if not isinstance(given, (str, os.PathLike)) or given == "-":
        return [given]
    path = os.fspath(given)
    if os.path.isdir(path):
        found = sorted(_walk(path))
        if not found:
            raise cannot_read(path, f"no events in the directory `{path}`: it holds no .ndjson, .jsonl or .json file")
        return list(found)
    if os.path.lexists(path):
        return [path]
    if glob.has_magic(path):
        matched = sorted(match for match in glob.glob(path, recursive=True) if os.path.isfile(match))
        if matched:
            return list(matched)
        raise cannot_read(path, f"no file matches `{path}`")
    raise cannot_read(path, f"cannot read `{path}`: no such file")


def _read_events(lines: Iterable[RawLine], intake: Intake) -> Iterator[Event]:
    stats = intake.stats
    for file, line, data in lines:
        documents, problem = documents_on(data)
        if problem is not None:
            intake.reject(Rejected(file, line, problem.reason, problem.detail), data)
        source = EventSource(file, line)
        for document, index, id in documents:
            stats.read += 1
            yield Event(document, index=index, id=id, source=source)


def _read_file(given: Input, intake: Intake) -> Iterator[RawBlock]:
    if isinstance(given, (str, os.PathLike)) and given != "-":
        path = os.fspath(given)
        try:
            with open(path, "rb", buffering=0) as file:
                yield from _read_stream(file, path, intake, start=start_of_text(file))
        except OSError as error:
            raise cannot_read(path, f"cannot read `{path}`: {error.strerror or error}") from error
        return
    stream: Readable = sys.stdin.buffer if isinstance(given, (str, os.PathLike)) else given
    name = getattr(stream, "name", None)
    yield from _read_stream(stream, name if isinstance(name, str) else "<stream>", intake)


def start_of_text(file: io.FileIO) -> int | None:
    """Return where the lines of a file start, behind a byte order mark; None if they do not stand in it as they are."""
    if not file.seekable():
        return None
    head = file.read(len(codecs.BOM_UTF8)) or b""
    file.seek(0)
    if head == codecs.BOM_UTF8:
        return len(head)
    return None if is_encoded(head) else 0


def _read_stream(stream: Readable, name: str, intake: Intake, *, start: int | None = None) -> Iterator[RawBlock]:
    chunks = decode_text(_warn_of_damage(decompress(read_chunks(stream)), name, intake))
    head, layout = look_ahead(chunks)
    chunks = itertools.chain((head,), chunks)
    if layout is Layout.VALUES:
        for line, data in split_values(chunks, name, intake):
            yield RawBlock(name, line, [data])
        return
    body = BulkBody() if layout is Layout.BULK else None
    for first, lines, offset in line_blocks(chunks, name, intake):
        if body is not None:
            yield RawBlock(name, first, list(body.hits(lines)))
        else:
            yield RawBlock(name, first, lines, None if start is None else start + offset)


def _warn_of_damage(chunks: Iterator[bytes], name: str, intake: Intake) -> Iterator[bytes]:
    """Yield the chunks up to a damaged place; that there was one is a warning and not the end of the run."""
    try:
        yield from chunks
    except DamagedData as damage:
        intake.stats.warnings.append(FileWarning(name, str(damage)))


def _walk(directory: str) -> Iterator[str]:
    for folder, folders, names in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.lower().endswith(_EVENT_SUFFIXES) and not name.startswith("."):
                yield os.path.join(folder, name)


def cannot_read(path: str, message: str) -> EventError:
    """Return the error for a file that cannot be read."""
    return EventError(message, diagnostics=[Diagnostic("unreadable-file", message, file=path)])
