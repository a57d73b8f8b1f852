"""Batches: some documents that follow each other in the input, decoded, and how to get their events again."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from eqlite.errors import EventError
from eqlite.events.document import AnyEvent, Event, document_of, iterate_events
from eqlite.events.envelopes import Unwrapped, may_be_envelope
from eqlite.events.intake import Intake, Rejected
from eqlite.events.json_decoding import NO_JSON_FORM, BadJson, decode
from eqlite.events.line_documents import documents_on
from eqlite.events.readers import RawBlock
from eqlite.events.references import EventReference, References
from eqlite.limits import MAX_JSON_DEPTH
from eqlite.values.json_values import is_plain, json_value

GIVEN_EVENTS = 512
"""How many events of a program make a batch."""
BATCH_LINES = 64
"""How many lines make a batch: their documents fit into a processor's cache. Of 600 they take a third longer."""

Document = Mapping[str, Any]


class Batch(Protocol):
    """Some documents."""

    @property
    def documents(self) -> Sequence[Document]:
        """Return the documents, without what was around them."""
        ...

    @property
    def positions(self) -> Sequence[int]:
        """Return the position of each in the input."""
        ...

    def index_of(self, row: int) -> str | None:
        """Return the index that the envelope of a document names."""
        ...

    def reference(self, row: int) -> EventReference:
        """Return the reference to an event."""
        ...

    @property
    def read(self) -> tuple[int, int]:
        """Return the numbers of lines and of bytes that it was read from."""
        ...


class BlockBatch:
    """The documents on the lines of a block.

    Attributes:
        block: the lines.
    """

    __slots__ = ("_ends", "_lines", "_references", "_wrapped", "block", "documents", "positions")

    def __init__(self, block: RawBlock, first: int, intake: Intake, references: References) -> None:
        """Decode the lines, and reject those that hold no event. The caller counts the others once they are matched."""
        documents: list[Document] = []
        self.block = block
        self.documents = documents
        self._lines: list[int] = []  # the line of each document, as an index; empty where each line holds one
        self._wrapped: dict[int, tuple[Unwrapped, bool]] = {}
        self._references = references
        self._ends: list[int] = []
        is_regular = True
        for index, line in enumerate(block.lines):
            try:
                value = decode(line)
                if isinstance(value, dict) and not may_be_envelope(value):
                    if not is_regular:
                        self._lines.append(index)
                    documents.append(value)
                    continue
            except BadJson:
                pass
            if is_regular:
                is_regular = False
                self._lines += range(index)
            if not line.isspace():
                self._add_documents_on(index, line, intake)
        self.positions = range(first, first + len(documents))

    def _add_documents_on(self, index: int, line: bytes, intake: Intake) -> None:
        data = line.rstrip(b"\n")
        found, problem = documents_on(data)
        if problem is not None:
            rejected = Rejected(self.block.file, self.block.line + index, problem.reason, problem.detail)
            intake.reject(rejected, data)
        is_alone = len(found) == 1 and problem is None
        for unwrapped in found:
            self._wrapped[len(self.documents)] = (unwrapped, is_alone)
            self._lines.append(index)
            self.documents.append(unwrapped[0])

    def index_of(self, row: int) -> str | None:
        """Return the index that the envelope of a document names."""
        return self._wrapped[row][0][1] if row in self._wrapped else None

    def reference(self, row: int) -> EventReference:
        """Return the reference to an event."""
        location = self.location(row)
        if location is None:
            return self._references.of_document(self.block.file, *self.document_on(row))
        index, offset = location
        block = self.block
        return self._references.of_line(
            block.file, block.line + index, block.lines[index], offset, is_alone=block.is_alone
        )

    @property
    def read(self) -> tuple[int, int]:
        """Return the numbers of lines and of bytes."""
        return len(self.block.lines), sum(map(len, self.block.lines))

    def line_of(self, row: int) -> int:
        """Return the index of the line on which a document stands."""
        return self._lines[row] if self._lines else row

    def document_on(self, row: int) -> tuple[int, Unwrapped]:
        """Return the number of a document's line, and one of several documents on it."""
        return self.block.line + self.line_of(row), self._wrapped[row][0]

    def location(self, row: int) -> tuple[int, int | None] | None:
        """Return index and offset of a document's line, None if it is not alone there.

        The offset is None for a line of no file.
        """
        if row in self._wrapped and not self._wrapped[row][1]:
            return None
        index = self.line_of(row)
        if self.block.offset is None:
            return index, None
        if not self._ends:
            self._ends = list(itertools.accumulate(map(len, self.block.lines), initial=self.block.offset))
        return index, self._ends[index]


def block_batches(block: RawBlock, first: int, intake: Intake, references: References) -> Iterator[BlockBatch]:
    """Yield the documents on the lines of a block in batches. `first` is the position of the first one."""
    offset = block.offset
    for start in range(0, len(block.lines), BATCH_LINES):
        lines = block.lines[start : start + BATCH_LINES]
        part = block._replace(line=block.line + start, lines=lines, offset=offset)
        batch = BlockBatch(part, first, intake, references)
        first += len(batch.documents)
        offset = None if offset is None else offset + sum(map(len, lines))
        yield batch


class EventBatch:
    """Events that are there already.

    Attributes:
        events: the events.
    """

    __slots__ = ("_references", "documents", "events", "positions")

    def __init__(
        self,
        events: Sequence[AnyEvent],
        documents: Sequence[Document],
        positions: Sequence[int],
        references: Sequence[EventReference] = (),
    ) -> None:
        self.events = events
        self.documents = documents
        self.positions = positions
        self._references = references

    def index_of(self, row: int) -> str | None:
        """Return the index that an event says it is of."""
        event = self.events[row]
        index = event.index if isinstance(event, Event) else event.get("_index")
        return index if isinstance(index, str) else None

    def reference(self, row: int) -> EventReference:
        """Return the reference to an event: the one it came with, or one to the event itself."""
        return self._references[row] if self._references else partial(_itself, self.events[row])

    @property
    def read(self) -> tuple[int, int]:
        """Return the number of events, and no bytes."""
        return len(self.events), 0


def _itself(event: AnyEvent) -> AnyEvent:
    return event


def given_batches(events: Iterable[AnyEvent], intake: Intake, first: int = 1) -> Iterator[Batch]:
    """Yield the events that a program gives in batches.

    Those that hold values which JSON has no form for are counted as rejected. They have positions, too.

    Raises:
        EventError: something among the events is no mapping.
    """
    remaining = iterate_events(events)
    while chunk := list(itertools.islice(remaining, GIVEN_EVENTS)):
        yield given_batch(chunk, intake, first)
        first += len(chunk)


def given_batch(events: Sequence[AnyEvent], intake: Intake, first: int) -> EventBatch:
    """Return events that a program gives as a batch: see `given_batches`."""
    documents: list[Document] = []
    usable: list[AnyEvent] = []
    positions: list[int] = []
    for number, event in enumerate(events, first):
        try:
            document = document_of(event)
            if not is_plain(document):
                document = json_value(document, depth=MAX_JSON_DEPTH)
        except EventError as problem:
            if not isinstance(event, Mapping):
                raise
            file, line = (isinstance(event, Event) and event.source) or ("<event>", number)
            intake.stats.reject(Rejected(file, line, NO_JSON_FORM, str(problem)))
            continue
        documents.append(document)
        usable.append(event)
        positions.append(number)
    return EventBatch(usable, documents, positions)


def referenced_batches(events: Iterable[tuple[int, EventReference]]) -> Iterator[Batch]:
    """Yield events again in batches, by their positions and references."""
    remaining = iter(events)
    while chunk := list(itertools.islice(remaining, GIVEN_EVENTS)):
        found = [reference() for _, reference in chunk]
        documents = [document_of(event) for event in found]
        yield EventBatch(found, documents, [position for position, _ in chunk], [reference for _, reference in chunk])
