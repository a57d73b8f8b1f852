"""Snapshots of streams: bytes that hold all that is open, to go on from in another process.

A header of one line, with a checksum, the version of the form and a fingerprint of the query; then plain data in
MessagePack, or in JSON where a value does not fit that (whole numbers past 64 bits, lone surrogates). Nothing in it is
code: a snapshot from a stranger can be wrong, but cannot do anything.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from eqlite.engine.keys import Key
from eqlite.engine.match import Event as AnyEvent
from eqlite.engine.order import Ordinal
from eqlite.engine.sequences import (
    EventHits,
    KeyState,
    Link,
    OpenKey,
    Pending,
    Reference,
    SequenceMatcher,
    StageKeys,
    Waiting,
)
from eqlite.engine.snapshot_form import SavedHits, SavedLink, SavedMatcher, SavedOrdinal, SavedPending, SavedStages
from eqlite.errors import EventError, SnapshotError
from eqlite.events.document import Event, EventSource
from eqlite.limits import MAX_JSON_DEPTH
from eqlite.values.json_values import is_plain, json_value

VERSION = 5


class Form(NamedTuple):
    """A form of saved data.

    Attributes:
        magic: its first word.
        version: its version.
        name: its name in messages.
        whole: what it is a part of.
        remedy: the advice where it cannot be read.
    """

    magic: str
    version: int
    name: str
    whole: str
    remedy: str


STREAM = Form("eqlite-stream", VERSION, "snapshot", "a stream", "begin a new stream")


def pack(payload: object, fingerprint: str, form: Form = STREAM) -> bytes:
    """Return plain data as the bytes of a snapshot.

    Raises:
        SnapshotError: an event holds something that no JSON document could.
    """
    try:
        coding, data = "msgpack", msgspec.msgpack.encode(payload)
    except (OverflowError, UnicodeEncodeError, TypeError, RecursionError):
        try:
            coding, data = "json", json.dumps(payload).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise SnapshotError(f"an event that is still needed cannot be saved: {error}") from None
    return f"{form.magic} {form.version} {coding} {zlib.crc32(data):08x} {fingerprint}\n".encode() + data


def fingerprint_of(snapshot: bytes) -> str | None:
    """Return the fingerprint in the header of a snapshot. None if there is none."""
    words = bytes(snapshot[:200]).partition(b"\n")[0].decode("ascii", "replace").split(" ")
    return words[4] if len(words) == 5 else None


def unpack(snapshot: bytes, fingerprint: str, form: Form = STREAM) -> object:
    """Return the plain data of a snapshot.

    Raises:
        SnapshotError: it is none, is damaged, of another version or of another query.
    """
    head, _, data = bytes(snapshot).partition(b"\n")
    words = head.decode("ascii", "replace").split(" ")
    _, version, name, whole, remedy = form
    if len(words) != 5 or words[0] != form.magic:
        raise SnapshotError(f"this is no {name} of {whole}")
    _, found, coding, checksum, query = words
    if found != str(version):
        raise SnapshotError(f"the {name} has form {found}, and this eqlite reads form {version}: {remedy}")
    if query != fingerprint:
        raise SnapshotError(f"the {name} is of another query, or of the same with other options: {remedy}")
    if checksum != f"{zlib.crc32(data):08x}":
        raise SnapshotError(f"the {name} is damaged: it was not written to its end, or was changed")
    try:
        payload: object = msgspec.msgpack.decode(data) if coding == "msgpack" else json.loads(data)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise SnapshotError(f"the {name} cannot be read: {error}") from None
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
        "states": [_dump_open(found, table) for found in matcher.open_keys()],
        # In the order in which they became complete, which decides between equal deadlines.
        "waiting": _dump_waiting((entry[-1] for entry in sorted(matcher.deadlines, key=itemgetter(1))), table),
    }


def dump_open_key(matcher: SequenceMatcher[Any], key: Key, table: EventTable) -> dict[str, Any]:
    """Return all that is open in a matcher under one key as plain data."""
    state = matcher.states.get(key)
    waiting: Iterable[Waiting[Any]] = (isinstance(state, KeyState) and state.waiting) or ()
    return {
        "dropped": 0,
        "next_sweep_ns": None,
        "states": [] if state is None else [_dump_open(found, table) for found in matcher.open_keys([key])],
        "waiting": _dump_waiting(waiting, table),
    }


def _dump_open(found: OpenKey[Any], table: EventTable) -> list[Any]:
    pendings = [None if pending is None else _dump_pending(pending, table) for pending in found.pendings]
    return [list(found.key), found.touched_ns, pendings, [[gap, *times] for gap, times in found.unwanted.items()]]


def _dump_waiting(several: Iterable[Waiting[Any]], table: EventTable) -> list[Any]:
    return [
        [_dump_pending(waiting.pending, table), list(waiting.key), waiting.last_ms, waiting.deadline_ms]
        for waiting in several
        if waiting.pending is not None
    ]


def load_matcher(matcher: SequenceMatcher[Reference], saved: SavedMatcher, events: Sequence[Reference]) -> None:
    """Restore the state of a matcher."""
    matcher.dropped = saved["dropped"]
    matcher.next_sweep_ns = saved["next_sweep_ns"]
    load_open_keys(matcher, saved, events)


def load_open_keys(matcher: SequenceMatcher[Reference], saved: SavedMatcher, events: Sequence[Reference]) -> None:
    """Add open keys to those of a matcher."""
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
