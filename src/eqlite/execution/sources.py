"""Sources of a run: input in batches. Some can be read twice."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from eqlite.events.batches import Batch, block_batches, given_batches
from eqlite.events.document import AnyEvent
from eqlite.events.inputs import Input, is_lasting
from eqlite.events.intake import Intake
from eqlite.events.readers import EventReader, iter_blocks, read_events
from eqlite.events.references import EventReferences


class Source(Protocol):
    """The input of a run.

    Attributes:
        is_rereadable: `batches` can be called again, and gives the same events.
    """

    is_rereadable: bool

    def batches(self, intake: Intake) -> Iterator[Batch]:
        """Return the input in batches. Lines without an event are counted by `intake`."""


class FileSource:
    """Files, folders and streams."""

    def __init__(self, inputs: Iterable[Input]) -> None:
        self.inputs = list(inputs)
        self.is_rereadable = all(map(is_lasting, self.inputs))
        self._references = EventReferences()

    def batches(self, intake: Intake) -> Iterator[Batch]:
        """Yield the documents on the lines of all inputs."""
        first = 1
        for block in iter_blocks(self.inputs, intake):
            for batch in block_batches(block, first, intake, self._references):
                first += len(batch.documents)
                yield batch


class DocumentSource:
    """Events that a program holds or generates."""

    def __init__(self, events: Iterable[AnyEvent]) -> None:
        self._events = events
        self.is_rereadable = isinstance(events, Sequence)

    def batches(self, intake: Intake) -> Iterator[Batch]:
        """Return the events in batches. Those with values that have no JSON form are rejected.

        Raises:
            EventError: one of the events is no mapping.
        """
        return given_batches(self._events, intake)


def open_source(events: Iterable[AnyEvent] | str | os.PathLike[str], intake: Intake) -> tuple[Source, Intake]:
    """Return the source for the input that a program gives to a run, and the intake that counts it.

    For an iterator of `read_events` from which nothing was taken, the source reads its files. Its intake counts in the
    stats that were given to `read_events`.
    """
    if isinstance(events, (str, os.PathLike)):
        events = read_events(events, stats=intake.stats)
    if isinstance(events, EventReader) and not events.has_begun:
        return FileSource(events.inputs), events.intake
    return DocumentSource(events), intake
