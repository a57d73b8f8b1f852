"""Batches: consecutive documents of the input, decoded, with references to their events."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from eqlite.errors import EventError
from eqlite.events.answers import LONG_ANSWER_BYTES, hits_on
from eqlite.events.document import AnyEvent, Event, document_of, iterate_events
from eqlite.events.envelopes import Unwrapped, may_be_envelope
from eqlite.events.intake import Intake, Rejected
from eqlite.events.json_decoding import NO_JSON_FORM, BadJson, decode
from eqlite.events.line_documents import LineDocuments, documents_in, documents_on
from eqlite.events.readers import RawBlock
from eqlite.events.references import EventReference, References
from eqlite.limits import MAX_JSON_DEPTH
from eqlite.values.json_values import is_plain, json_value

GIVEN_EVENTS = 512
"""The number of given events in a batch."""
BATCH_LINES = 64
"""The number of lines in a batch. Their documents fit into a processor's cache: 600 take a third longer."""

Document = Mapping[str, Any]


class Batch(Protocol):
    """Consecutive documents of the input."""

    @property
    def documents(self) -> Sequence[Document]:
        """Return the documents, without their envelopes."""
        ...

    @property
    def positions(self) -> Sequence[int]:
        """Return the position of each document in the input."""
        ...

    def index_of(self, row: int) -> str | None:
        """Return the index that the envelope of a document names."""
        ...

    def reference(self, row: int) -> EventReference:
        """Return the reference to an event."""
        ...

    @property
    def read(self) -> tuple[int, int]:
        """Return the numbers of lines and of bytes that the batch was read from."""
        ...


class BlockBatch:
    """The documents on the lines of a block.

    Attributes:
        block: the lines.
    """

    __slots__ = ("_ends", "_lines", "_references", "_wrapped", "block", "documents", "positions")

    def __init__(self, block: RawBlock, first: int, intake: Intake, references: References) -> None:
        """Decode the lines, and reject those without an event. The caller counts the others once they are matched."""
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
            except BadJson:
                found = None if line.isspace() else documents_on(line.rstrip(b"\n"))
            else:
                if value.__class__ is dict and not may_be_envelope(value):
                    if not is_regular:
                        self._lines.append(index)
                    documents.append(value)
                    continue
                found = documents_in(value)
            if is_regular:
                is_regular = False
                self._lines += range(index)
            if found is not None:
                self._add(index, found, intake)
        self.positions = range(first, first + len(documents))

    def _add(self, index: int, line: LineDocuments, intake: Intake) -> None:
        """Add the documents on an unusual line, and reject what of it holds none."""
        found, problem = line
        if problem is not None:
            rejected = Rejected(self.block.file, self._number(index), problem.reason, problem.detail)
            intake.reject(rejected, self.block.lines[index].rstrip(b"\n"))
        is_alone = len(found) == 1 and problem is None
        for unwrapped in found:
            self._wrapped[len(self.documents)] = (unwrapped, is_alone)
            self._lines.append(index)
            self.documents.append(unwrapped[0])

    def _number(self, index: int) -> int:
        """Return the number of a line in the file."""
        return self.block.line + index

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
        return self._number(self.line_of(row)), self._wrapped[row][0]

    def location(self, row: int) -> tuple[int, int | None] | None:
        """Return index and offset of a document's line, None if other documents are on it.

        The offset is None if the line is not in a file as it is.
        """
        if row in self._wrapped and not self._wrapped[row][1]:
            return None
        index = self.line_of(row)
        if self.block.offset is None:
            return index, None
        if not self._ends:
            self._ends = list(itertools.accumulate(map(len, self.block.lines), initial=self.block.offset))
        return index, self._ends[index]


class AnswerBatch(BlockBatch):
    """Hits of one answer, which stands on one line: the lines of its block are their texts."""

    __slots__ = ()

    def _number(self, index: int) -> int:  # noqa: ARG002 - each hit is on the same line
        return self.block.line

    def reference(self, row: int) -> EventReference:
        """Return the reference to an event: to the text of its hit."""
        block = self.block
        return self._references.of_line(block.file, block.line, block.lines[self.line_of(row)], None, is_alone=False)

    def location(self, row: int) -> None:
        """Return None: no document is alone on its line."""


def block_batches(block: RawBlock, first: int, intake: Intake, references: References) -> Iterator[BlockBatch]:
    """Yield the documents of a block in batches. `first` is the position of the first one."""
    for kind, part in _parts_of(block):
        offset = part.offset
        for start in range(0, len(part.lines), BATCH_LINES):
            lines = part.lines[start : start + BATCH_LINES]
            line = part.line if kind is AnswerBatch else part.line + start
            batch = kind(part._replace(line=line, lines=lines, offset=offset), first, intake, references)
            first += len(batch.documents)
            offset = None if offset is None else offset + sum(map(len, lines))
            yield batch


def _parts_of(block: RawBlock) -> Iterator[tuple[type[BlockBatch], RawBlock]]:
    """Yield the lines of a block, and the hits of each long answer among them by themselves."""
    if max(map(len, block.lines), default=0) < LONG_ANSWER_BYTES:
        yield BlockBatch, block
        return
    offset = block.offset
    for number, line in enumerate(block.lines, block.line):
        hits = hits_on(line)
        if hits is None:
            yield BlockBatch, block._replace(line=number, lines=[line], offset=offset)
        else:
            yield AnswerBatch, block._replace(line=number, lines=hits, offset=None)
        offset = None if offset is None else offset + len(line)


class EventBatch:
    """Events that are in memory.

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
        """Return the index that an event names."""
        event = self.events[row]
        index = event.index if isinstance(event, Event) else event.get("_index")
        return index if isinstance(index, str) else None

    def reference(self, row: int) -> EventReference:
        """Return the reference to an event: the given one, or one that returns the event itself."""
        return self._references[row] if self._references else partial(_itself, self.events[row])

    @property
    def read(self) -> tuple[int, int]:
        """Return the number of events, and no bytes."""
        return len(self.events), 0


def _itself(event: AnyEvent) -> AnyEvent:
    return event


def given_batches(events: Iterable[AnyEvent], intake: Intake, first: int = 1) -> Iterator[Batch]:
    """Yield the events that a program gives, in batches.

    Those with values that have no JSON form are rejected. They have positions, too.

    Raises:
        EventError: one of the events is no mapping.
    """
    remaining = iterate_events(events)
    while chunk := list(itertools.islice(remaining, GIVEN_EVENTS)):
        yield given_batch(chunk, intake, first)
        first += len(chunk)


def given_batch(events: Sequence[AnyEvent], intake: Intake, first: int) -> EventBatch:
    """Return the batch of events that a program gives: see `given_batches`."""
    documents: list[Document] = []
    usable: list[AnyEvent] = []
    positions: list[int] = []
    for number, event in enumerate(events, first):
        try:
            document = document_of(event)
            if not (event.__class__ is Event and event.is_read) and not is_plain(document):
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
    """Yield events again, in batches, from their positions and references."""
    remaining = iter(events)
    while chunk := list(itertools.islice(remaining, GIVEN_EVENTS)):
        found = [reference() for _, reference in chunk]
        documents = [document_of(event) for event in found]
        yield EventBatch(found, documents, [position for position, _ in chunk], [reference for _, reference in chunk])
