"""Made-up events of processes that start and connect, in time order, with a given number of open join keys.

Each key is a process on a host. First each of them starts, which opens them all; then events are drawn at random from
the open ones. A process that makes the connection of the second stage completes its sequence, one that does not do so
within maxspan is forgotten; another one starts in its place right away, so that as many keys stay open from there on.
The clock goes the faster, the fewer there are: a key is drawn as often within maxspan, whatever their number.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

MAXSPAN_SECONDS = 60
QUERY = f"""
sequence by host.id, process.entity_id with maxspan={MAXSPAN_SECONDS}s
  [process where event.type == "start" and process.name : ("powershell.exe", "rundll32.exe", "mshta.exe")]
  [network where event.action == "connection_attempted" and destination.port == 443 and
     not cidrMatch(destination.ip, "10.0.0.0/8", "127.0.0.0/8")]
"""

_START = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
_EVENTS_PER_KEY = 4
"""How many there are within maxspan for each open key."""
_KEYS_PER_HOST = 50
_NAMES = ("powershell.exe", "rundll32.exe", "mshta.exe")
_CONNECTION = (
    '"event":{"action":"connection_attempted","category":"network","dataset":"endpoint.events.network","kind":"event",'
    '"type":"start"},"network":{"direction":"egress","transport":"tcp","type":"ipv4"},"destination":'
)
# How the kinds of events go on after what is common to all; those of _OTHERS with how many there are in a hundred.
_STARTS = (
    '"event":{"action":"start","category":"process","dataset":"endpoint.events.process","kind":"event","type":"start"}'
)
_COMPLETES = _CONNECTION + '{"ip":"203.0.113.9","port":443}'
_OTHERS = (
    (5, _STARTS),  # once more: the sequence begins anew
    (15, _CONNECTION + '{"ip":"10.20.0.53","port":443}'),
    (15, _CONNECTION + '{"ip":"198.51.100.7","port":8080}'),
    (
        25,
        '"event":{"action":"creation","category":"file","dataset":"endpoint.events.file","kind":"event",'
        '"type":"creation"},"file":{"extension":"log","path":"C:\\\\ProgramData\\\\agent\\\\agent.log","size":18231}',
    ),
)
_COMPLETING = 40


@dataclass(frozen=True, slots=True)
class SequenceFile:
    """Events in a file: as many as `open_keys` that open the keys, and `count` more.

    Attributes:
        matches: the numbers of the events that complete a sequence.
    """

    path: Path
    open_keys: int
    count: int
    matches: list[int]

    def matches_among(self, count: int) -> int:
        """Return how many sequences are complete after so many events."""
        return bisect_left(self.matches, count)


def write_sequence_events(path: Path, *, open_keys: int, count: int) -> SequenceFile:
    """Write events as NDJSON."""
    matches = []
    with path.open("wb") as file:
        for number, (line, completes) in enumerate(make_sequence_events(open_keys=open_keys, count=count)):
            file.write(line)
            if completes:
                matches.append(number)
    return SequenceFile(path, open_keys, count, matches)


def make_sequence_events(*, open_keys: int, count: int, seed: int = 20260302) -> Iterator[tuple[bytes, bool]]:
    """Yield lines, each with whether it completes a sequence."""
    random = Random(seed)
    step = MAXSPAN_SECONDS * 1_000_000 // (_EVENTS_PER_KEY * open_keys)  # microseconds
    maxspan = MAXSPAN_SECONDS * 1_000_000
    kinds = [_COMPLETES] * _COMPLETING + [kind for share, kind in _OTHERS for _ in range(share)]
    places = [_Place(number) for number in range(open_keys)]
    begun: deque[tuple[int, _Place]] = deque()  # when the sequences began; the newest of a place counts
    vacant = places[::-1]
    now = 0
    for number in range(open_keys + count):
        now += random.randrange(1, 2 * step)
        while begun and (begun[0][0] != begun[0][1].begun or begun[0][0] < now - maxspan):
            since, place = begun.popleft()
            if since == place.begun:
                vacant.append(place)
                place.begun = None
        if vacant:
            place, kind = vacant.pop(), _STARTS
            place.move_in(random)
        else:
            place, kind = random.choice(places), random.choice(kinds)
        if kind is _STARTS:
            place.begun = now
            begun.append((now, place))
        elif kind is _COMPLETES:
            place.begun = None
            vacant.append(place)
        yield place.line(number, now, kind), kind is _COMPLETES


class _Place:
    """Where one process of a host runs, and after it the next."""

    def __init__(self, number: int) -> None:
        self.begun: int | None = None
        self._host = number // _KEYS_PER_HOST
        self._text = ""

    def move_in(self, random: Random) -> None:
        """Let a new process begin."""
        name = random.choice(_NAMES)
        host = f"ws-{self._host:05}"
        self._text = json.dumps(
            {
                "agent": {"id": f"5c1e7f00-aaaa-4000-8000-{self._host:012}", "type": "endpoint", "version": "9.2.0"},
                "ecs": {"version": "8.17.0"},
                "host": {
                    "id": f"{self._host:08x}-bbbb-4000-8000-0242ac120002",
                    "name": host,
                    "os": {"type": "windows"},
                },
                "process": {
                    "entity_id": f"{random.getrandbits(160):040x}",
                    "executable": f"C:\\Windows\\System32\\{name}",
                    "name": name,
                    "pid": random.randrange(4, 65_536),
                },
                "user": {"domain": "EXAMPLE", "id": f"S-1-5-21-7-{self._host}", "name": "ann"},
            },
            separators=(",", ":"),
        )[:-1]

    def line(self, number: int, now: int, kind: str) -> bytes:
        """Return an event of the process."""
        time = (_START + timedelta(microseconds=now)).isoformat(timespec="microseconds")[:-6]
        return f'{self._text},"@timestamp":"{time}Z","message":"event {number}",{kind}}}\n'.encode()
