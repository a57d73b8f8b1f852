"""Real documents: the files, and their lines."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

FILES = (
    "auditbeat_golden",
    "ecs_rfc_source_docs",
    "endpoint_package_samples",
    "eqllib_sysmon_art",
    "eqllib_sysmon_rta",
    "evtx_to_mitre_attack",
    "filebeat_expected",
    "integrations_security",
    "mordor_linux_sysmon_log4shell",
    "mordor_windows_sampled",
    "winlogbeat_golden",
)


def lines_of(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as file:
        yield from file


def json_lines(document: dict[str, Any]) -> list[bytes]:
    lines = [json.dumps(document).encode()]
    with suppress(UnicodeEncodeError):
        lines.append(json.dumps(document, ensure_ascii=False).encode())
    return lines
