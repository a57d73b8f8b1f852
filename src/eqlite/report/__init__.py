"""Results in formats for people and programs: one module a format, listed in `FORMATS`.

A format is a function `write(detections, out, layout)`: it takes detections as they come, writes each at once and
keeps none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from eqlite.execution.detection import Detection
    from eqlite.rules.model import Rule

FORMATS = {
    "table": "eqlite.report.table",
    "ndjson": "eqlite.report.ndjson",
    "json": "eqlite.report.json_array",
    "csv": "eqlite.report.csv_rows",
}
"""Name for `--format`, and the module that is imported when it is asked for."""


def _no_fields(_: Rule) -> Sequence[Collection[str]]:
    return ()


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of a detection to write.

    Attributes:
        documents: the events themselves, not only their names (ndjson, json).
        names_rule: which rule it is of; not for a query, which has none.
        fields: the fields that each stage of a rule tests, for the table to show.
        color: styles for a terminal (table).
        width: columns of the table; None for those of the terminal.
    """

    documents: bool = True
    names_rule: bool = True
    fields: Callable[[Rule], Sequence[Collection[str]]] = _no_fields
    color: bool = False
    width: int | None = None


Write = Callable[["Iterable[Detection]", TextIO, Layout], None]


def writer_named(name: str) -> Write:
    """Return the write function of a format in `FORMATS`.

    >>> writer_named("ndjson").__module__
    'eqlite.report.ndjson'
    """
    write: Write = import_module(FORMATS[name]).write
    return write
