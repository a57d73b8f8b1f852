"""The output formats for detections: each takes them as they come and writes them to a text stream.

The register `WRITERS` is what the command line offers.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from typing import TextIO

from eqlite.events.document import Event
from eqlite.report.records import detection_record, to_json
from eqlite.rules.detection import Detection

COLUMNS = (
    "start",
    "end",
    "rule_id",
    "rule_name",
    "severity",
    "risk_score",
    "kind",
    "join_keys",
    "event_ids",
    "sources",
)


def write_ndjson(detections: Iterable[Detection], out: TextIO, *, documents: bool = True) -> None:
    """Write one JSON object a line."""
    out.writelines(to_json(detection_record(detection, documents=documents)) + "\n" for detection in detections)


def write_json(detections: Iterable[Detection], out: TextIO, *, documents: bool = True) -> None:
    """Write one JSON array, an object a line."""
    separator = "["
    for detection in detections:
        out.write(f"{separator}\n{to_json(detection_record(detection, documents=documents))}")
        separator = ","
    out.write("[]\n" if separator == "[" else "\n]\n")


def write_csv(detections: Iterable[Detection], out: TextIO, *, documents: bool = True) -> None:  # noqa: ARG001
    """Write a line for each detection, without documents; several ids and sources of one are parted by blanks."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for detection in detections:
        rule = detection.rule
        ids = [event.id or "" for event in detection.events if isinstance(event, Event)]
        sources = [f"{source.file}:{source.line}" for source in detection.sources if source is not None]
        keys = json.dumps(dict(detection.join_keys), default=str) if detection.join_keys else ""
        start, end = detection.start or "", detection.end or ""
        row = [start, end, rule.rule_id or "", rule.name, rule.severity or "", rule.risk_score, detection.kind, keys]
        writer.writerow([_writable(value) for value in (*row, " ".join(ids), " ".join(sources))])


def _writable(value: object) -> object:
    """Return a text without half surrogate pairs, which no file can hold."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


Writer = Callable[..., None]
WRITERS: dict[str, Writer] = {"ndjson": write_ndjson, "json": write_json, "csv": write_csv}
