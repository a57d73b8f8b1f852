"""Members and errors shared by both archive readers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Member(NamedTuple):
    """A file of an archive.

    Attributes:
        name: as the archive has it: text from a stranger, to be shown escaped and never opened.
        chunks: its bytes, to be read before the next member is asked for. Raises `BadArchive` where the archive is
            damaged: the bytes that came before it are good, the member is not whole.
        unread: why there are none, such as "a link"; empty for a file that can be read.
    """

    name: str
    chunks: Iterator[bytes]
    unread: str = ""


class BadArchive(Exception):
    """An archive that is damaged or over a limit. The members before the damage are intact."""
