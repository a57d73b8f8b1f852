"""Events: plain documents with their source, index and id."""

from __future__ import annotations

import os
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import NamedTuple

from eqlite.errors import EventError
from eqlite.events.envelopes import envelope_of, may_be_envelope, unwrap


class EventSource(NamedTuple):
    """The source of an event.

    Attributes:
        file: the file, as the user named it.
        line: its first line in the file, from 1.
    """

    file: str
    line: int


class Event(Mapping[str, object]):
    """A document with its source, index and id, as a read-only mapping over the document.

    `document` is the plain `dict` behind the mapping, for code that evaluates many events.

    Attributes:
        document: the plain document.
        index, id: those of its envelope, or None.
        source: the file and the line, or None for an event that came from no file.
        origin: the text by which it is known in the ids of detections, if not by index and id, or by file and line.
        is_alone: whether there is no other document on its line.

    >>> import eqlite
    >>> event = next(eqlite.read_events("examples/cloud_defend_events.ndjson"))
    >>> event["process"]["name"], event.index, event.id, event.source.line
    ('python3.11', 'logs-cloud_defend.process-default', 'pos-python', 1)
    """

    __slots__ = ("document", "id", "index", "is_alone", "origin", "source")

    def __init__(
        self,
        document: dict[str, object],
        *,
        index: str | None = None,
        id: str | None = None,
        source: EventSource | None = None,
        is_alone: bool = True,
        origin: str | None = None,
    ) -> None:
        """Make an event.

        Args:
            document: the plain document.
            index, id: those of its envelope.
            source: the file and the line.
            is_alone: whether there is no other document on its line.
            origin: the text by which it is known in the ids of detections.
        """
        self.document: dict[str, object] = document
        self.is_alone: bool = is_alone
        self.origin: str | None = origin
        self.index: str | None = index
        self.id: str | None = id
        self.source: EventSource | None = source

    @property
    def is_read(self) -> bool:
        """Return whether the event was read from a file or stream, so that it holds only what JSON has."""
        return self.source is not None

    def __getitem__(self, key: str) -> object:
        return self.document[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.document)

    def __len__(self) -> int:
        return len(self.document)

    def __contains__(self, key: object) -> bool:
        return key in self.document

    def __repr__(self) -> str:
        return f"Event({self.document!r}, index={self.index!r}, id={self.id!r}, source={self.source!r})"

    def keys(self) -> KeysView[str]:
        """Return the document's top-level names."""
        return self.document.keys()

    def values(self) -> ValuesView[object]:
        """Return the document's top-level values."""
        return self.document.values()

    def items(self) -> ItemsView[str, object]:
        """Return the document's top-level names and values."""
        return self.document.items()


AnyEvent = Event | Mapping[str, object]


def iterate_events(events: Iterable[AnyEvent]) -> Iterator[AnyEvent]:
    """Return an iterator over the events that a program gives.

    Raises:
        EventError: it is a single event, a text, or not iterable.
    """
    given: object = events
    if isinstance(given, Mapping):
        raise EventError("a single event was given: put it into a list, `[event]`")
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        kind = type(given).__name__
        hint = "; `read_events` reads files" if isinstance(given, (str, bytes, os.PathLike)) else ""
        raise EventError(f"events are mappings in a list or another iterable; this is a {kind}{hint}")
    return iter(events)


def document_of(event: Mapping[str, object]) -> dict[str, object]:
    """Return the plain document of an `Event`, an enveloped event or a mapping.

    Raises:
        EventError: it is no mapping, or an envelope of no document or of several.

    >>> document_of({"_source": {"user": "ann"}})
    {'user': 'ann'}
    """
    if event.__class__ is Event:
        return event.document
    if event.__class__ is not dict and not isinstance(event, Mapping):
        raise EventError(_no_mapping(event))
    if not may_be_envelope(event):
        return event if event.__class__ is dict else dict(event)
    found = unwrap(event)
    if len(found) != 1:
        form = envelope_of(event) or "a hit with inner hits"
        raise EventError(
            f"this is no event but an envelope of {len(found)}, {form}: "
            "write it to a file, which is read event by event, or give the events in it"
        )
    return found[0][0]


def _no_mapping(event: object) -> str:
    hint = "; `read_events` reads files" if isinstance(event, (str, bytes)) else ""
    return f"an event is a mapping of names to values, such as a dict; this is a {type(event).__name__}{hint}"
