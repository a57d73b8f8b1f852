"""Snapshots of streams: bytes that hold all that is open, to go on from in another process.

A header of one line, with a checksum, the version of the form and a fingerprint of the query; then plain data in
MessagePack, or in JSON where a value does not fit that (whole numbers past 64 bits, lone surrogates). Nothing in it is
code: a snapshot from a stranger can be wrong, but cannot do anything.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from eqlite.engine.match import Event as AnyEvent
from eqlite.engine.order import Ordinal
from eqlite.engine.sequences import EventHits, Link, OpenKey, Pending, Reference, SequenceMatcher, StageKeys, Waiting
from eqlite.engine.snapshot_form import SavedHits, SavedLink, SavedMatcher, SavedOrdinal, SavedPending, SavedStages
from eqlite.errors import EventError, SnapshotError
from eqlite.events.document import Event, EventSource
from eqlite.limits import MAX_JSON_DEPTH
from eqlite.values.json_values import is_plain, json_value

VERSION = 5

_MAGIC = "eqlite-stream"


def pack(payload: Mapping[str, Any], fingerprint: str) -> bytes:
    """Return plain data as the bytes of a snapshot.

    Raises:
        SnapshotError: an event holds something that no JSON document could.
    """
    try:
        form, data = "msgpack", msgspec.msgpack.encode(payload)
    except (OverflowError, UnicodeEncodeError, TypeError, RecursionError):
        try:
            form, data = "json", json.dumps(payload).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise SnapshotError(f"an event that is still needed cannot be saved: {error}") from None
    return f"{_MAGIC} {VERSION} {form} {zlib.crc32(data):08x} {fingerprint}\n".encode() + data


def unpack(snapshot: bytes, fingerprint: str) -> object:
    """Return the plain data of a snapshot.

    Raises:
        SnapshotError: it is none, is damaged, of another version or of another query.
    """
    head, _, data = bytes(snapshot).partition(b"\n")
    words = head.decode("ascii", "replace").split(" ")
    if len(words) != 5 or words[0] != _MAGIC:
        raise SnapshotError("this is no snapshot of a stream")
    _, version, form, checksum, query = words
    if version != str(VERSION):
        raise SnapshotError(
            f"the snapshot has form {version}, and this eqlite reads form {VERSION}: begin a new stream"
        )
    if query != fingerprint:
        raise SnapshotError("the snapshot is of another query, or of the same with other options: begin a new stream")
    if checksum != f"{zlib.crc32(data):08x}":
        raise SnapshotError("the snapshot is damaged: it was not written to its end, or was changed")
    try:
        payload: object = msgspec.msgpack.decode(data) if form == "msgpack" else json.loads(data)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise SnapshotError(f"the snapshot cannot be read: {error}") from None
    return payload


class EventTable:
    """The events of a snapshot, each once however many sequences it is part of."""

    def __init__(self, to_row: Callable[[Any], Any] | None = None) -> None:
        """Start with no event. `to_row` makes plain data of one, by default in the form that `decode_event` reads."""
        self.rows: list[Any] = []
        self._to_row = to_row or _row
        self._numbers: dict[int, int] = {}

    def link(self, link: Link[Any]) -> list[Any]:
        """Return a link as plain data, its event as a number."""
        position = link.ordinal[-1]
        if position not in self._numbers:
            self._numbers[position] = len(self.rows)
            self.rows.append(self._to_row(link.reference))
        return [list(link.ordinal), self._numbers[position]]


def _row(event: AnyEvent) -> Any:
    if isinstance(event, Event):
        source = None if event.source is None else list(event.source)
        return [_plain(event.document), event.index, event.id, source, event.is_alone, event.origin]
    return _plain(event)


def _plain(document: Mapping[str, Any]) -> Any:
    """Return a document as JSON has it: dates as text, decimals as numbers, as conditions read them."""
    if is_plain(document):
        return document
    try:
        return json_value(document, depth=MAX_JSON_DEPTH)
    except EventError as error:
        raise SnapshotError(f"an event that is still needed cannot be saved: {error}") from None


def decode_event(row: Any) -> AnyEvent:
    """Return the event of a row."""
    if isinstance(row, dict):
        return row
    document, index, id, source, is_alone, origin = row
    place = None if source is None else EventSource(*source)
    return Event(document, index=index, id=id, source=place, is_alone=is_alone, origin=origin)


def decode_ordinal(parts: SavedOrdinal) -> Ordinal:
    """Return an ordinal from plain data."""
    time_ns, kind, value, position = parts
    return (time_ns, kind, value, position)


def decode_link(parts: SavedLink, events: Sequence[Reference]) -> Link[Reference]:
    """Return a link from plain data."""
    return Link(decode_ordinal(parts[0]), events[parts[1]])


def dump_hits(hits: EventHits[Any], table: EventTable) -> list[Any]:
    """Return an event with its hits as plain data."""
    return [table.link(Link(hits.ordinal, hits.reference)), dump_stages(hits.stages)]


def dump_stages(stages: StageKeys) -> list[Any]:
    """Return stages and their keys as plain data."""
    return [[stage, [list(key) for key in keys]] for stage, keys in stages]


def load_hits(parts: SavedHits, events: Sequence[Reference]) -> EventHits[Reference]:
    """Return an event with its hits from plain data."""
    link = decode_link(parts[0], events)
    return EventHits(link.ordinal, link.reference, load_stages(parts[1]))


def load_stages(parts: SavedStages) -> StageKeys:
    """Return stages and their keys from plain data."""
    return tuple((stage, tuple(map(tuple, keys))) for stage, keys in parts)


def dump_matcher(matcher: SequenceMatcher[Any], table: EventTable) -> dict[str, Any]:
    """Return all that is open in a matcher as plain data."""
    return {
        "dropped": matcher.dropped,
        "next_sweep_ns": matcher.next_sweep_ns,
        "states": [
            [
                list(key),
                touched_ns,
                [None if pending is None else _dump_pending(pending, table) for pending in pendings],
                [[gap, *times] for gap, times in unwanted.items()],
            ]
            for key, touched_ns, pendings, unwanted in matcher.open_keys()
        ],
        # In the order in which they became complete, which decides between equal deadlines.
        "waiting": [
            [_dump_pending(waiting.pending, table), list(waiting.key), waiting.last_ms, waiting.deadline_ms]
            for _, _, waiting in sorted(matcher.deadlines, key=lambda entry: entry[1])
            if waiting.pending is not None
        ],
    }


def load_matcher(matcher: SequenceMatcher[Reference], saved: SavedMatcher, events: Sequence[Reference]) -> None:
    """Restore the state of a matcher."""
    matcher.dropped = saved["dropped"]
    matcher.next_sweep_ns = saved["next_sweep_ns"]
    for key, touched_ns, parts, unwanted in saved["states"]:
        pendings = [None if pending is None else _load_pending(pending, events) for pending in parts]
        times = {gap: (latest, before) for gap, latest, before in unwanted}
        matcher.open_key(OpenKey(tuple(key), touched_ns, pendings, times))
    for pending, key, last_ms, deadline_ms in saved["waiting"]:
        matcher.wait(Waiting(_load_pending(pending, events), tuple(key), last_ms, deadline_ms))


def _dump_pending(pending: Pending[Any], table: EventTable) -> list[Any]:
    return [[table.link(link) for link in pending.links], pending.lead_ms, pending.is_disturbed]


def _load_pending(parts: SavedPending, events: Sequence[Reference]) -> Pending[Reference]:
    links, lead_ms, is_disturbed = parts
    pending: Pending[Reference] | None = None
    start_ns = decode_link(links[0], events).ordinal[0]
    for ordinal, reference in (decode_link(link, events) for link in links):
        pending = Pending(ordinal, reference, pending, start_ns, lead_ms, is_disturbed)
    assert pending is not None
    return pending
