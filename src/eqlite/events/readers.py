"""Reading of events from files, directories, streams and standard input, in any JSON layout.

Recognised by content, not by name: gzip and zstd, UTF-16, NDJSON, JSON arrays, documents over several lines, answers of
Elasticsearch with their hits. Everything streams. Lines without an event are counted (`ReadStats`) and written to
`rejects`, and never end the reading.
"""

from __future__ import annotations

import codecs
import io
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from eqlite.archives import TAR_BLOCK_BYTES
from eqlite.errors import EventError
from eqlite.events.answers import hits_on
from eqlite.events.bulk import BulkBody
from eqlite.events.byte_chunks import Readable, is_encoded
from eqlite.events.contents import texts_in
from eqlite.events.document import Event, EventSource
from eqlite.events.foreign import recognise
from eqlite.events.inputs import Input, cannot_read, expand_input, standard_input
from eqlite.events.intake import BinarySink, Intake, RawLine, ReadStats, Rejected
from eqlite.events.json_stream import split_values
from eqlite.events.layout import Layout, look_ahead
from eqlite.events.line_documents import documents_on
from eqlite.events.lines import line_blocks
from eqlite.events.unpacking import is_archive


class RawBlock(NamedTuple):
    r"""Consecutive raw lines of a file, each with its `\n`, blank ones included.

    Attributes:
        file: the file, as the user named it.
        line: the number of the first line.
        lines: the lines.
        offset: the offset of the first line in the file; None if the lines are not in the file as they are.
        is_alone: no other value starts earlier on the first line.
    """

    file: str
    line: int
    lines: list[bytes]
    offset: int | None = None
    is_alone: bool = True


class EventReader(Iterator[Event]):
    """An iterator over the events of files, which reads on demand: made by `read_events`.

    `RuleSet.run` takes the inputs of one that has not begun, and reads the files faster by itself.

    Internal: `inputs`, `intake` (counts), `has_begun` (whether an event was requested).
    """

    def __init__(self, inputs: Sequence[Input], intake: Intake) -> None:
        self.inputs = inputs
        self.intake = intake
        self.has_begun = False
        self._events = _read_events(_lines_of(iter_blocks(inputs, intake)), intake)

    def __iter__(self) -> Iterator[Event]:
        self.has_begun = True
        return self._events

    def __next__(self) -> Event:
        self.has_begun = True
        return next(self._events)


def read_events(*inputs: Input, rejects: BinarySink | None = None, stats: ReadStats | None = None) -> EventReader:
    r"""Return the events of all inputs, in order, read on demand.

    Args:
        inputs: paths, globs, directories (with all below, in the order of names), `-` for standard input, or files
            opened for reading.
        rejects: a binary file that gets the lines without a readable event, unchanged.
        stats: gets the counts; `read == evaluated + rejected` at any time.

    Raises:
        EventError: at once, if an input does not exist or cannot be opened, or its compression has no reader here. At
            the end, if it holds no event because it has another format.

    >>> import eqlite, io
    >>> rejects = io.BytesIO()
    >>> [event["n"] for event in eqlite.read_events(io.BytesIO(b'{"n": 1}\noops\n{"n": 2}\n'), rejects=rejects)]
    [1, 2]
    >>> rejects.getvalue()
    b'oops\n'
    """
    return EventReader(inputs, Intake(ReadStats() if stats is None else stats, rejects))


def _lines_of(blocks: Iterable[RawBlock]) -> Iterator[RawLine]:
    return (
        RawLine(file, number, text.rstrip(b"\n"))
        for file, first, lines, *_ in blocks
        for number, line in enumerate(lines, first)
        for text in hits_on(line) or (line,)
        if not text.isspace()
    )


def iter_blocks(inputs: Iterable[Input], intake: Intake | None = None) -> Iterator[RawBlock]:
    """Return the undecoded lines of all inputs in blocks, blank ones included.

    Only lines over the limit and text that cannot be split into values are rejected here. The caller decodes the lines,
    counts the events in `intake.stats.read` and reports bad lines to `intake.reject`.
    """
    intake = Intake() if intake is None else intake
    expanded = [file for given in inputs for file in expand_input(given, intake.stats)]
    return itertools.chain.from_iterable(_read_file(file, intake) for file in expanded)


def _read_events(lines: Iterable[RawLine], intake: Intake) -> Iterator[Event]:
    stats = intake.stats
    found, known = 0, _passed_over(stats)
    for file, line, data in lines:
        documents, problem = documents_on(data)
        if problem is not None:
            intake.reject(Rejected(file, line, problem.reason, problem.detail), data)
        source = EventSource(file, line)
        found += len(documents)
        for document, index, id in documents:
            stats.read += 1
            yield Event(document, index=index, id=id, source=source)
    refused = {} if found else {path: why for path, why in _passed_over(stats).items() if path not in known}
    if refused:  # named inputs or parts of them; files of folders were passed over before
        raise nothing_read(refused)


def nothing_read(refused: Mapping[str, str]) -> EventError:
    """Return the error for input without an event. It names the first refused file with the reason."""
    path, reason = next(iter(refused.items()))
    return cannot_read(path, f"no event in `{path}`: {reason}")


def _passed_over(stats: ReadStats) -> dict[str, str]:
    return {path: reason for reason, paths in stats.passed_over.items() for path in paths}


def _read_file(given: Input, intake: Intake) -> Iterator[RawBlock]:
    if isinstance(given, (str, os.PathLike)) and given != "-":
        path = os.fspath(given)
        try:
            with open(path, "rb", buffering=0) as file:
                yield from _read_stream(file, path, intake, start=start_of_text(file))
        except OSError as error:
            raise cannot_read(path, f"cannot read `{path}`: {error.strerror or error}") from error
        return
    stream: Readable = standard_input() if isinstance(given, (str, os.PathLike)) else given
    name = getattr(stream, "name", None)
    yield from _read_stream(stream, name if isinstance(name, str) else "<stream>", intake)


def start_of_text(file: io.FileIO) -> int | None:
    """Return the offset of the first line of a file, after a byte order mark.

    None for a file without plain lines: a pipe, a compressed file, an archive.
    """
    if not file.seekable():
        return None
    head = file.read(TAR_BLOCK_BYTES) or b""
    file.seek(0)
    if head.startswith(codecs.BOM_UTF8):
        return len(codecs.BOM_UTF8)
    return None if is_encoded(head) or is_archive(head) else 0


def _read_stream(stream: Readable, name: str, intake: Intake, *, start: int | None = None) -> Iterator[RawBlock]:
    for text_name, chunks in texts_in(stream, name, intake):
        yield from remembered(_read_text(chunks, text_name, intake, start), intake.stats)


def _read_text(chunks: Iterator[bytes], name: str, intake: Intake, start: int | None) -> Iterator[RawBlock]:
    head, layout = look_ahead(chunks)
    if layout is Layout.UNKNOWN and (foreign := recognise(head)) is not None:
        intake.stats.pass_over(name, str(foreign))
        return
    chunks = itertools.chain((head,), chunks)
    if layout is Layout.VALUES:
        last = 0
        for line, data in split_values(chunks, name, intake):
            yield RawBlock(name, line, [data], is_alone=line != last)
            last = line
        return
    body = BulkBody() if layout is Layout.BULK else None
    for first, lines, offset in line_blocks(chunks, name, intake):
        if body is not None:
            yield RawBlock(name, first, list(body.hits(lines)))
        else:
            yield RawBlock(name, first, lines, None if start is None else start + offset)


def remember_start(path: str, intake: Intake) -> None:
    """Store the first lines of a file in the stats, for a file whose lines are read elsewhere."""
    start, stats = ReadStats(), intake.stats
    for _ in iter_blocks([path], Intake(start, sizes=intake.sizes)):
        if not start.room or len(start.first_lines) >= stats.room:
            break
    for line in start.first_lines[: stats.room]:
        stats.remember(line)


def remembered(blocks: Iterator[RawBlock], stats: ReadStats) -> Iterator[RawBlock]:
    """Yield the blocks, and store the first lines in `stats`."""
    left = stats.room
    for block in blocks:
        for number, line in enumerate(block.lines, block.line):
            if left and not line.isspace():
                left = left - 1 if stats.remember(RawLine(block.file, number, line)) else 0
        yield block
        if left <= 0:
            break
    yield from blocks
