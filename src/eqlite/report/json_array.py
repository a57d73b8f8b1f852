"""`json`: an array of the objects of `ndjson`, one object a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from eqlite.execution.detection import Detection
from eqlite.report import Layout
from eqlite.report.json_records import detection_record, to_json


def write(detections: Iterable[Detection], out: TextIO, layout: Layout) -> None:
    """Write the array."""
    separator = "["
    try:
        for detection in detections:
            out.write(f"{separator}\n{to_json(detection_record(detection, layout))}")
            separator = ","
    finally:  # what was found before an error is an array, too
        out.write("[]\n" if separator == "[" else "\n]\n")
