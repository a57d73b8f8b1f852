"""Files as archives of files: tar, also packed with gzip or zstd, and zip, recognised by content."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterator
from typing import BinaryIO

from eqlite.archives import TAR_BLOCK_BYTES, BadArchive, Member, is_tar, is_zip, tar_members, zip_members
from eqlite.events.byte_chunks import DamagedData, decompress, read_chunks
from eqlite.limits import MAX_PIPED_ZIP_BYTES

_END_OF_MESSAGE = "; what came before was read"


def unpack(file: BinaryIO, *, max_bytes: int | None = None) -> Iterator[Member]:
    """Yield the members of an archive, or the unpacked file itself as a member without a name.

    A member whose `chunks` raise ends itself alone in a zip archive, and the archive in any other.

    Args:
        file: read from where it stands; a zip archive from its start.
        max_bytes: how much may come out of it altogether; without it, as much as there is.

    Raises:
        BadArchive: the archive is damaged or over a limit; the members that came before are good.
        EventError: zstd data, without a decoder installed.
    """
    head = _read(file, TAR_BLOCK_BYTES)
    if is_zip(head):
        budget = _Budget(max_bytes)
        for member in zip_members(_seekable(file, head)):
            yield member._replace(chunks=budget.limit(member.chunks))
            if budget.is_spent:
                return
        return
    chunks = _Budget(max_bytes).limit(_sound(decompress(itertools.chain((head,), read_chunks(file)))))
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


class _Budget:
    """The limit on the unpacked bytes of an archive, over all its members.

    Attributes:
        is_spent: more came out than allowed, which was raised.
    """

    def __init__(self, max_bytes: int | None) -> None:
        self._left = math.inf if max_bytes is None else max_bytes
        self._limit = f"more than {(max_bytes or 0) >> 20} MiB of data"
        self.is_spent = False

    def limit(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the chunks, or raise `BadArchive` if they exceed the limit together."""
        for chunk in chunks:
            self._left -= len(chunk)
            if self._left < 0:
                self.is_spent = True
                raise BadArchive(self._limit)
            yield chunk


def _read(file: BinaryIO, size: int) -> bytes:
    """Return the first bytes of a file, which a pipe may hand out in pieces."""
    data = b""
    while len(data) < size and (piece := file.read(size - len(data))):
        data += piece
    return data


def _seekable(file: BinaryIO, head: bytes) -> BinaryIO:
    """Return a seekable file. A pipe is read into memory, since the directory of a zip is at its end."""
    if file.seekable():
        return file
    held = io.BytesIO()
    for chunk in itertools.chain((head,), read_chunks(file)):
        if held.tell() + len(chunk) > MAX_PIPED_ZIP_BYTES:
            raise BadArchive(f"a zip archive of more than {MAX_PIPED_ZIP_BYTES >> 20} MiB through a pipe")
        held.write(chunk)
    return held


def _sound(chunks: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from chunks
    except DamagedData as error:
        raise BadArchive(str(error).removesuffix(_END_OF_MESSAGE)) from None
