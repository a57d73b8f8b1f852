"""The texts in a file: its own, decompressed, or those of the members of an archive."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from eqlite.archives import TAR_BLOCK_BYTES, BadArchive, Member, is_tar, is_zip, tar_members, zip_members
from eqlite.events.byte_chunks import DamagedData, Readable, decode_text, decompress, read_chunks
from eqlite.events.foreign import recognise
from eqlite.events.inputs import has_event_suffix
from eqlite.events.intake import FileWarning, Intake, ReadStats
from eqlite.events.layout import holds_documents
from eqlite.events.unpacking import ByteBudget, seekable
from eqlite.limits import MAX_EVENT_ARCHIVE_BYTES

_MAGIC_BYTES = 4
_SNIFFED_BYTES = 1 << 16


def texts_in(stream: Readable, name: str, intake: Intake) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield name and bytes of each text, in UTF-8.

    Members of an archive are named `archive.tar:member.ndjson`.

    Of an archive, the same members are read as of a folder. Damaged and skipped ones are recorded by `intake`.
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
    """Return whether data cannot be a tar archive, whose header begins with a name and has no line ends."""
    return b"\n" in head or head[:1] in (b"{", b"[")


def _at_least(size: int, chunks: Iterator[bytes]) -> bytes:
    head = b""
    while len(head) < size and (chunk := next(chunks, b"")):
        head += chunk
    return head


def _members(members: Iterator[Member], name: str, stats: ReadStats) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the members that hold events."""
    budget = ByteBudget(MAX_EVENT_ARCHIVE_BYTES)
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
    yield from zip_members(seekable(stream, chunks))


def _events_of(member: Member, name: str, chunks: Iterator[bytes], stats: ReadStats) -> Iterator[bytes] | None:
    """Return the text of a member, or None if it has no events."""
    chunks = decode_text(_until_damage(decompress(chunks), name, stats))
    if has_event_suffix(member.name):
        return chunks
    head = _at_least(_SNIFFED_BYTES, chunks)
    if holds_documents(head):
        return itertools.chain((head,), chunks)
    foreign = recognise(head)
    is_archive = is_zip(head) or is_tar(head)
    reason = "an archive in an archive; unpack it" if is_archive else str(foreign) if foreign else "no JSON documents"
    stats.pass_over(name, reason)
    return None


def _until_damage(chunks: Iterator[bytes], name: str, stats: ReadStats) -> Iterator[bytes]:
    """Yield the chunks up to damaged data, which adds a warning and does not end the run."""
    try:
        yield from chunks
    except DamagedData as damage:
        stats.warnings.append(FileWarning(name, str(damage)))
    except BadArchive as damage:
        stats.warnings.append(FileWarning(name, f"a damaged archive: {damage}; what came before was read"))
