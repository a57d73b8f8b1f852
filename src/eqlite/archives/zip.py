"""Members of a zip archive, in the order of its directory.

Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from eqlite.archives.model import BadArchive, Member
from eqlite.limits import MAX_ARCHIVE_ENTRIES

_CHUNK_BYTES = 1 << 16
_ENTRY_MAGIC, _LOCAL_MAGIC, _END_MAGIC = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"
_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_MAX_COMMENT_BYTES = (1 << 16) - 1
_IN_EXTRA_FIELD = (1 << 32) - 1
_ENCRYPTED, _UTF_8 = 1, 1 << 11
_STORED, _DEFLATED = 0, 8


def is_zip(head: bytes) -> bool:
    """Return whether data begins as a zip archive does, be it one without members."""
    return head.startswith((_LOCAL_MAGIC, _END_MAGIC))


def zip_members(file: BinaryIO, *, max_entries: int = MAX_ARCHIVE_ENTRIES) -> Iterator[Member]:
    """Yield the files of a zip archive, without its folders. The file has to be seekable.

    Raises:
        BadArchive: it is damaged, has more than `max_entries` entries, or entries that share their bytes.
    """
    size = file.seek(0, os.SEEK_END)
    directory = _find_directory(file, size)
    place, packed_bytes = directory.start, 0
    if directory.entries > max_entries:
        raise BadArchive(f"more than {max_entries:,} entries")
    for _ in range(directory.entries):
        entry = _read_entry(file, place, directory)
        place += entry.directory_bytes
        # Entries of one and the same data are how 42 kB become petabytes.
        packed_bytes += entry.packed_bytes + entry.directory_bytes
        if packed_bytes > size:
            raise BadArchive("its entries share their bytes")
        if not entry.name.endswith("/"):
            unread = _reason_not_to_read(entry)
            yield Member(entry.name, iter(()) if unread else _content(file, entry), unread)
    if place != directory.end:
        raise BadArchive("its directory has not as many entries as it says")


class _Directory(NamedTuple):
    """The position of the directory, its number of entries, and the offset of the archive in the file."""

    start: int
    end: int
    entries: int
    shift: int


class _Entry(NamedTuple):
    name: str
    flags: int
    method: int
    mode: int
    checksum: int
    packed_bytes: int
    bytes: int
    place: int
    directory_bytes: int


def _find_directory(file: BinaryIO, size: int) -> _Directory:
    """Return the position of the directory, from the record at the end of the file."""
    start = max(0, size - _END.size - _MAX_COMMENT_BYTES)
    tail = _read(file, start, size - start)
    found = tail.rfind(_END_MAGIC, 0, len(tail) - _END.size + len(_END_MAGIC))
    if found < 0:
        raise BadArchive("it ends early: there is no directory of its members")
    _, _, _, _, entries, length, offset, _ = _END.unpack_from(tail, found)
    end = start + found
    locator = _read(file, end - _LOCATOR.size, _LOCATOR.size) if end >= _LOCATOR.size else b""
    if locator.startswith(b"PK\x06\x07"):
        end -= _LOCATOR.size + _END_64.size
        record = _read(file, max(end, 0), _END_64.size)
        if end < 0 or not record.startswith(b"PK\x06\x06"):
            raise BadArchive("its directory is damaged")
        *_, entries, length, offset = _END_64.unpack(record)
    if offset + length > end:
        raise BadArchive("its directory is damaged")
    return _Directory(end - length, end, entries, end - length - offset)


def _read_entry(file: BinaryIO, place: int, directory: _Directory) -> _Entry:
    head = _read(file, place, _ENTRY.size)
    if not head.startswith(_ENTRY_MAGIC) or place + _ENTRY.size > directory.end:
        raise BadArchive("its directory is damaged")
    _, _, _, flags, method, _, _, checksum, packed, unpacked, *lengths, _, _, attributes, offset = _ENTRY.unpack(head)
    name_bytes, extra_bytes, comment_bytes = lengths
    variable = _read(file, place + _ENTRY.size, name_bytes + extra_bytes)
    unpacked, packed, offset = _wide_numbers(variable[name_bytes:], unpacked, packed, offset)
    name = variable[:name_bytes].decode("utf-8" if flags & _UTF_8 else "cp437", "replace")
    return _Entry(
        name=name,
        flags=flags,
        method=method,
        mode=attributes >> 16,
        checksum=checksum,
        packed_bytes=packed,
        bytes=unpacked,
        place=offset + directory.shift,
        directory_bytes=_ENTRY.size + name_bytes + extra_bytes + comment_bytes,
    )


def _wide_numbers(extra: bytes, *numbers: int) -> tuple[int, ...]:
    """Return sizes and offset, those that do not fit into 32 bits from the extra field of zip64."""
    place = 0
    while place + 4 <= len(extra) and _IN_EXTRA_FIELD in numbers:
        kind, length = struct.unpack_from("<2H", extra, place)
        if kind == 1:
            count = numbers.count(_IN_EXTRA_FIELD)
            if length < 8 * count or place + 4 + length > len(extra):
                raise BadArchive("its directory is damaged")
            wide = iter(struct.unpack_from(f"<{count}Q", extra, place + 4))
            return tuple(next(wide) if number == _IN_EXTRA_FIELD else number for number in numbers)
        place += 4 + length
    return numbers


def _reason_not_to_read(entry: _Entry) -> str:
    if stat.S_ISLNK(entry.mode):
        return "a link"
    if entry.flags & _ENCRYPTED:
        return "encrypted"
    if entry.method not in (_STORED, _DEFLATED):
        return "neither stored nor deflated"
    return ""


def _content(file: BinaryIO, entry: _Entry) -> Iterator[bytes]:
    """Yield the content of a file.

    The sizes in its entry bound the content and have to be true.
    """
    checksum, size = 0, 0
    for piece in _unpacked(file, entry):
        size += len(piece)
        if size > entry.bytes:
            break
        checksum = zlib.crc32(piece, checksum)
        yield piece
    if size != entry.bytes or checksum != entry.checksum:
        raise BadArchive(f"`{entry.name}` is damaged")


def _unpacked(file: BinaryIO, entry: _Entry) -> Iterator[bytes]:
    head = _read(file, entry.place, _LOCAL.size)
    if not head.startswith(_LOCAL_MAGIC):
        raise BadArchive(f"`{entry.name}` is damaged")
    *_, name_bytes, extra_bytes = _LOCAL.unpack(head)
    place, left = entry.place + _LOCAL.size + name_bytes + extra_bytes, entry.packed_bytes
    inflater = zlib.decompressobj(-zlib.MAX_WBITS) if entry.method == _DEFLATED else None
    while left:
        data = _read(file, place, min(left, _CHUNK_BYTES))
        place += len(data)
        left -= len(data)
        if inflater is None:
            yield data
        while inflater is not None and data:
            try:
                yield inflater.decompress(data, _CHUNK_BYTES)
            except zlib.error:
                raise BadArchive(f"`{entry.name}` is damaged") from None
            data = inflater.unconsumed_tail
    if inflater is not None:
        yield inflater.flush()


def _read(file: BinaryIO, place: int, size: int) -> bytes:
    try:
        file.seek(place)
    except (OverflowError, ValueError):  # beyond what a file can be long
        raise BadArchive("its directory is damaged") from None
    data = file.read(size)
    if len(data) < size:
        raise BadArchive("it ends early")
    return data
