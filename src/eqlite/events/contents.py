"""The texts in a file: its own, unpacked, or those of the members of an archive."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from typing import BinaryIO, cast

from eqlite.archives import TAR_BLOCK_BYTES, BadArchive, Member, is_tar, is_zip, tar_members, zip_members
from eqlite.events.byte_chunks import DamagedData, Readable, decode_text, decompress, read_chunks
from eqlite.events.foreign import recognise
from eqlite.events.inputs import has_event_suffix
from eqlite.events.intake import FileWarning, Intake, ReadStats
from eqlite.events.layout import holds_documents
from eqlite.limits import MAX_EVENT_ARCHIVE_BYTES, MAX_PIPED_ZIP_BYTES

_MAGIC_BYTES = 4
_LOOKED_AT_BYTES = 1 << 16


def texts_in(stream: Readable, name: str, intake: Intake) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield name and bytes of each text, in UTF-8.

    Members of an archive are named `archive.tar:member.ndjson`.

    Of an archive are read the members that would be read of a folder. What is damaged, or not read, is counted by
    `intake`.
    """
    stats = intake.stats
    chunks = read_chunks(stream, intake.sizes.chunk_bytes)
    first = _at_least(_MAGIC_BYTES, chunks)
    chunks = itertools.chain((first,), chunks)
    if is_zip(first):
        yield from _members(_zip_members(stream, chunks), name, stats)
        return
    chunks = _until_damage(decompress(chunks), name, stats)
    first = next(chunks, b"")
    while len(first) < TAR_BLOCK_BYTES and not _is_text(first) and (more := next(chunks, b"")):
        first += more
    chunks = itertools.chain((first,), chunks)
    if is_tar(first):
        yield from _members(tar_members(chunks), name, stats)
    else:
        yield name, decode_text(chunks)


def _is_text(head: bytes) -> bool:
    """Return whether data is certainly no tar archive, whose header begins with a name and has no line ends."""
    return b"\n" in head or head[:1] in (b"{", b"[")


def _at_least(size: int, chunks: Iterator[bytes]) -> bytes:
    head = b""
    while len(head) < size and (chunk := next(chunks, b"")):
        head += chunk
    return head


def _members(members: Iterator[Member], name: str, stats: ReadStats) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the members that hold events."""
    budget = _Budget()
    try:
        for member in members:
            full_name = f"{name}:{member.name}"
            if any(part.startswith((".", "__MACOSX")) for part in member.name.split("/") if part not in (".", "..")):
                continue
            if member.unread:
                stats.pass_over(full_name, member.unread)
                continue
            chunks = _events_of(member, full_name, budget.limit(_until_damage(member.chunks, full_name, stats)), stats)
            if chunks is not None:
                yield full_name, chunks
            if budget.is_spent:
                reason = f"more than {MAX_EVENT_ARCHIVE_BYTES >> 30:,} GiB of data; the rest was not read"
                stats.warnings.append(FileWarning(name, reason))
                return
    except BadArchive as error:
        stats.warnings.append(FileWarning(name, f"a damaged archive: {error}; what came before was read"))


def _zip_members(stream: Readable, chunks: Iterator[bytes]) -> Iterator[Member]:
    yield from zip_members(_seekable(stream, chunks))


def _events_of(member: Member, name: str, chunks: Iterator[bytes], stats: ReadStats) -> Iterator[bytes] | None:
    """Return the text of a member, or None if it has no events."""
    chunks = decode_text(_until_damage(decompress(chunks), name, stats))
    if has_event_suffix(member.name):
        return chunks
    head = _at_least(_LOOKED_AT_BYTES, chunks)
    if holds_documents(head):
        return itertools.chain((head,), chunks)
    foreign = recognise(head)
    is_archive = is_zip(head) or is_tar(head)
    reason = "an archive in an archive; unpack it" if is_archive else str(foreign) if foreign else "no JSON documents"
    stats.pass_over(name, reason)
    return None


class _Budget:
    """The limit on the unpacked bytes of an archive."""

    def __init__(self) -> None:
        self._left = MAX_EVENT_ARCHIVE_BYTES
        self.is_spent = False

    def limit(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the chunks as long as all of them are no more than allowed."""
        for chunk in chunks:
            self._left -= len(chunk)
            if self._left < 0:
                self.is_spent = True
                return
            yield chunk


def _until_damage(chunks: Iterator[bytes], name: str, stats: ReadStats) -> Iterator[bytes]:
    """Yield the chunks up to damaged data, which adds a warning and does not end the run."""
    try:
        yield from chunks
    except DamagedData as damage:
        stats.warnings.append(FileWarning(name, str(damage)))
    except BadArchive as damage:
        stats.warnings.append(FileWarning(name, f"a damaged archive: {damage}; what came before was read"))


def _seekable(stream: Readable, chunks: Iterator[bytes]) -> BinaryIO:
    """Return a seekable file. A pipe is read into memory, since the directory of a zip is at its end."""
    is_seekable = getattr(stream, "seekable", None)
    if is_seekable is not None and is_seekable() and not isinstance(stream, io.TextIOBase):
        return cast("BinaryIO", stream)
    held = io.BytesIO()
    for chunk in chunks:
        if held.tell() + len(chunk) > MAX_PIPED_ZIP_BYTES:
            raise BadArchive(f"a zip archive of more than {MAX_PIPED_ZIP_BYTES >> 20} MiB through a pipe")
        held.write(chunk)
    return held
