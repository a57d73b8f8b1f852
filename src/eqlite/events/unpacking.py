"""Archives of files: tar, also compressed with gzip or zstd, and zip. They are recognised by content."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterator
from typing import BinaryIO, cast

from eqlite.archives import TAR_BLOCK_BYTES, BadArchive, Member, is_tar, is_zip, tar_members, zip_members
from eqlite.events.byte_chunks import DamagedData, Readable, decompress, read_chunks
from eqlite.limits import MAX_PIPED_ZIP_BYTES

_END_OF_MESSAGE = "; what came before was read"


def unpack(file: BinaryIO, *, max_bytes: int | None = None) -> Iterator[Member]:
    """Yield the members of an archive, or the decompressed file itself as a member without a name.

    After a member whose `chunks` raise, a zip archive continues with the next one. Any other archive ends.

    Args:
        file: read from its current position; a zip archive from its start.
        max_bytes: the limit on the unpacked bytes of all members; None for no limit.

    Raises:
        BadArchive: the archive is damaged or over a limit; the members before that are good.
        EventError: zstd data, and no decoder is installed.
    """
    head = _read(file, TAR_BLOCK_BYTES)
    budget = ByteBudget(max_bytes)
    content = itertools.chain((head,), read_chunks(file))
    if is_zip(head):
        for member in zip_members(seekable(file, content)):
            yield member._replace(chunks=_within(budget, member.chunks))
            if budget.is_spent:
                return
        return
    chunks = _within(budget, _sound(decompress(content)))
    start = b""
    while len(start) < TAR_BLOCK_BYTES and (chunk := next(chunks, b"")):
        start += chunk
    rest = itertools.chain((start,), chunks)
    if is_tar(start):
        yield from tar_members(rest)
    else:
        yield Member("", rest)


def is_archive(head: bytes) -> bool:
    """Return whether data begins like a tar or zip archive. The first `TAR_BLOCK_BYTES` are enough."""
    return is_zip(head) or is_tar(head)


class ByteBudget:
    """The limit on the unpacked bytes of an archive, over all its members.

    Attributes:
        max_bytes: the limit; None for none.
        is_spent: the members hold more than that.
    """

    def __init__(self, max_bytes: int | None) -> None:
        self.max_bytes = max_bytes
        self.is_spent = False
        self._left = math.inf if max_bytes is None else max_bytes

    def limit(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the chunks up to the limit."""
        for chunk in chunks:
            self._left -= len(chunk)
            if self._left < 0:
                self.is_spent = True
                return
            yield chunk


def _within(budget: ByteBudget, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks, or raise `BadArchive` beyond the budget."""
    yield from budget.limit(chunks)
    if budget.is_spent:
        raise BadArchive(f"more than {(budget.max_bytes or 0) >> 20} MiB of data")


def _read(file: BinaryIO, size: int) -> bytes:
    """Return the first bytes of a file. A pipe may return them in pieces."""
    data = b""
    while len(data) < size and (piece := file.read(size - len(data))):
        data += piece
    return data


def seekable(file: Readable, chunks: Iterator[bytes]) -> BinaryIO:
    """Return a seekable file. A pipe is read into memory, since its directory is at the end.

    Args:
        file: the file.
        chunks: its bytes, from the start.

    Raises:
        BadArchive: it is a pipe with more than `MAX_PIPED_ZIP_BYTES`.
    """
    is_seekable = getattr(file, "seekable", None)
    if is_seekable is not None and is_seekable() and not isinstance(file, io.TextIOBase):
        return cast("BinaryIO", file)
    held = io.BytesIO()
    for chunk in chunks:
        if held.tell() + len(chunk) > MAX_PIPED_ZIP_BYTES:
            raise BadArchive(f"a zip archive of more than {MAX_PIPED_ZIP_BYTES >> 20} MiB through a pipe")
        held.write(chunk)
    return held


def _sound(chunks: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from chunks
    except DamagedData as error:
        raise BadArchive(str(error).removesuffix(_END_OF_MESSAGE)) from None
