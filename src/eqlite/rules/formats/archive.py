"""Rule files inside archives: tar (plain, gzip, zstd) and zip, told by content, read in memory, never put on disk.

An archive is as hostile as a rule: entries and the bytes that come out of it are limited, links and sparse files are
passed over, and no name in it is ever used as a path.
"""

from __future__ import annotations

import io
import itertools
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Self

from eqlite.events.byte_chunks import DamagedData, decompress, read_chunks

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_UNPACKED_BYTES = 512 << 20
MAX_ENTRIES = 100_000

_TAR_BLOCK = 512
# What `tarfile` and `zipfile` raise on bytes that make no sense; NotImplementedError is a RuntimeError.
_DAMAGE = (
    DamagedData,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    OverflowError,
    RuntimeError,
    ValueError,
)


class Member(NamedTuple):
    """A file of an archive; `name` is None where the file in hand is no archive and stands for itself."""

    name: str | None
    data: bytes


class BadArchive(Exception):
    """An archive, or packed file, that is damaged or over a limit."""


def unpack(file: io.BufferedReader, wanted: Callable[[str], bool]) -> Iterator[Member]:
    """Yield the members whose names are wanted, in the archive's order; the file itself if it is no archive.

    Raises:
        BadArchive: it is damaged, encrypted or too large; what came before stays good.
    """
    try:
        if file.peek(4).startswith((b"PK\x03\x04", b"PK\x05\x06")):
            yield from _unzip(file, wanted)
            return
        chunks = _limit(decompress(read_chunks(file)))
        head = b""
        for chunk in chunks:
            head += chunk
            if len(head) >= _TAR_BLOCK:
                break
        rest = itertools.chain((head,), chunks)
        if head[257:262] == b"ustar":
            yield from _untar(rest, wanted)
        else:
            yield Member(None, b"".join(rest))
    except _DAMAGE as error:
        raise BadArchive(str(error).removesuffix("; what came before was read") or "damaged") from None


def _limit(chunks: Iterator[bytes]) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > MAX_UNPACKED_BYTES:
            raise BadArchive(f"more than {MAX_UNPACKED_BYTES >> 20} MiB of data")
        yield chunk


def _untar(chunks: Iterator[bytes], wanted: Callable[[str], bool]) -> Iterator[Member]:
    with tarfile.open(fileobj=io.BufferedReader(_ChunkFile(chunks)), mode="r|", tarinfo=_Entry) as archive:
        for number, entry in enumerate(archive):
            if number >= MAX_ENTRIES:
                raise BadArchive(f"more than {MAX_ENTRIES} entries")
            if entry.isreg() and not entry.issparse() and wanted(entry.name):
                content = archive.extractfile(entry)
                if content is not None:
                    yield Member(entry.name, content.read())


def _unzip(file: io.BufferedReader, wanted: Callable[[str], bool]) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise BadArchive(f"more than {MAX_ENTRIES} entries")
        # The sizes are the archive's own word: no more is unpacked than they say, so they bound what comes out.
        if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
            raise BadArchive(f"more than {MAX_UNPACKED_BYTES >> 20} MiB of data")
        for entry in entries:
            is_link = stat.S_ISLNK(entry.external_attr >> 16)
            if entry.is_dir() or is_link or not wanted(entry.filename):
                continue
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # The other methods are unpacked without a bound, whatever size the entry gives.
                raise BadArchive(f"`{entry.filename}` is neither stored nor deflated")
            with archive.open(entry) as content:
                yield Member(entry.filename, content.read(entry.file_size))


class _Entry(tarfile.TarInfo):
    """An entry whose header must make sense: `tarfile` takes a damaged one for the end of the archive."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if buf.strip(b"\0"):  # neither the end of the file nor the block of zeros that ends an archive
                raise BadArchive(str(error)) from None
            raise


class _ChunkFile(io.RawIOBase):
    """Pieces of bytes as a file to read from, which is what `tarfile` takes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        if not self._held:
            self._held = memoryview(next(self._chunks, b""))
        with memoryview(buffer).cast("B") as target:
            size = min(len(target), len(self._held))
            target[:size] = self._held[:size]
        self._held = self._held[size:]
        return size
