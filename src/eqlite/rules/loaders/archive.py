"""Rule files inside archives: tar (plain, gzip, zstd) and zip, told by content, read in memory, never put on disk.

An archive is as hostile as a rule: entries and the bytes that come out of it are limited, links and sparse files are
passed over, and no name in it is ever used as a path.
"""

from __future__ import annotations

import io
import itertools
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from eqlite.events.chunks import DamagedData, decompress, read_chunks

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_UNPACKED_BYTES = 512 << 20
MAX_ENTRIES = 100_000

_TAR_BLOCK = 512


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
    except (DamagedData, tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise BadArchive(str(error).removesuffix("; what came before was read") or "damaged") from None


def _limit(chunks: Iterator[bytes]) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > MAX_UNPACKED_BYTES:
            raise BadArchive(f"more than {MAX_UNPACKED_BYTES >> 20} MiB of data")
        yield chunk


def _untar(chunks: Iterator[bytes], wanted: Callable[[str], bool]) -> Iterator[Member]:
    with tarfile.open(fileobj=io.BufferedReader(_ChunkFile(chunks)), mode="r|") as archive:
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
        # The sizes are the archive's own word: reading stops at them, so they bound what comes out.
        if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
            raise BadArchive(f"more than {MAX_UNPACKED_BYTES >> 20} MiB of data")
        for entry in entries:
            if entry.is_dir() or not wanted(entry.filename):
                continue
            try:
                yield Member(entry.filename, archive.read(entry))
            except (RuntimeError, NotImplementedError) as error:
                raise BadArchive(str(error)) from None


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
