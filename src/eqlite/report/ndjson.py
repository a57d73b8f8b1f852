"""`ndjson`: a JSON object a line, for pipes and for `jq`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from eqlite.execution.detection import Detection
from eqlite.report import Layout
from eqlite.report.json_records import detection_record, to_json


def write(detections: Iterable[Detection], out: TextIO, layout: Layout) -> None:
    """Write a line for each detection."""
    out.writelines(to_json(detection_record(detection, layout)) + "\n" for detection in detections)
