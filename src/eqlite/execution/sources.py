"""Sources of a run: where its blocks of lines come from, and whether they can be read a second time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol

from eqlite.errors import EventError
from eqlite.events.document import AnyEvent, Event, document_of, iterate_events
from eqlite.events.inputs import Input, is_lasting
from eqlite.events.intake import Intake, Rejected
from eqlite.events.json_decoding import NO_JSON_FORM
from eqlite.events.json_encoding import encode_document
from eqlite.events.readers import EventReader, RawBlock, iter_blocks, read_events

BLOCK_EVENTS = 512


class Source(Protocol):
    """The input of a run.

    Attributes:
        is_rereadable: `blocks` gives the same events each time, so sequences may rely on their order until it breaks.
    """

    is_rereadable: bool

    def blocks(self, intake: Intake) -> Iterator[RawBlock]:
        """Return the input in blocks of lines; what holds no event is counted by `intake`."""


class FileSource:
    """Files, folders and streams."""

    def __init__(self, inputs: Iterable[Input]) -> None:
        self.inputs = list(inputs)
        self.is_rereadable = all(map(is_lasting, self.inputs))

    def blocks(self, intake: Intake) -> Iterator[RawBlock]:
        """Return the lines of all inputs."""
        return iter_blocks(self.inputs, intake)


class DocumentSource:
    """Events that a program holds or generates."""

    def __init__(self, events: Iterable[AnyEvent]) -> None:
        self._events = events
        self.is_rereadable = isinstance(events, Sequence)

    def blocks(self, intake: Intake) -> Iterator[RawBlock]:
        """Yield the events, encoded; those with values that JSON has no form for are counted as rejected.

        Raises:
            EventError: something among the events is no mapping.
        """
        remaining = iterate_events(self._events)
        first = 1
        while chunk := list(islice(remaining, BLOCK_EVENTS)):
            lines: list[bytes] = []
            events: list[AnyEvent] = []
            for number, event in enumerate(chunk, first):
                try:
                    lines.append(_line(document_of(event)))
                except EventError as problem:
                    if not isinstance(event, Mapping):
                        raise
                    file, line = (isinstance(event, Event) and event.source) or ("<event>", number)
                    intake.stats.reject(Rejected(file, line, NO_JSON_FORM, str(problem)))
                else:
                    events.append(event)
            yield RawBlock("", first, lines, events=events)
            first += len(chunk)


def _line(document: dict[str, object]) -> bytes:
    """Return a document as a line; an empty one where its own text would be read as something else."""
    if "_source" in document:  # which in a line means a wrapping
        return b""
    return encode_document(document) or b""


def open_source(events: Iterable[AnyEvent] | str | os.PathLike[str], intake: Intake) -> tuple[Source, Intake]:
    """Return the source for what a program gives to a run, and the intake that counts for it.

    What `read_events` returns is read as the files behind it, as long as nothing was taken from it. It counts for the
    stats that were given to `read_events`.
    """
    if isinstance(events, (str, os.PathLike)):
        events = read_events(events, stats=intake.stats)
    if isinstance(events, EventReader) and not events.has_begun:
        return FileSource(events.inputs), events.intake
    return DocumentSource(events), intake
