"""The files of the cache: read whole or not at all, replaced at once, and few.

A file is a checksum and data. Its name, and the checksum too, depend on all that the data depends on, so that a file of
another version, or a damaged one, counts as missing. No error of the cache ends a run.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from eqlite.__about__ import __version__
from eqlite.cache.directory import cache_folder, is_own
from eqlite.limits import MAX_CACHE_AGE_DAYS, MAX_CACHE_FILE_BYTES, MAX_CACHE_FILES

FORMAT = 1
_SUFFIX = ".cache"
_DAY_S = 86_400
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Store:
    """One file of the cache. `subject` names everything that its content depends on."""

    subject: tuple[str, ...]

    @property
    def key(self) -> bytes:
        """Return the digest of the subject, of eqlite and of Python."""
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return digest(str(FORMAT), __version__, _code(), sys.implementation.name, version, *self.subject)

    def read(self) -> bytes | None:
        """Return the data, or None if there is no undamaged file of this user."""
        folder = cache_folder()
        if folder is None:
            return None
        path = folder / self._name
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                is_good = stat.S_ISREG(status.st_mode) and is_own(status) and status.st_size <= MAX_CACHE_FILE_BYTES
                checksum = file.read(_DIGEST_BYTES) if is_good else b""
                data = file.read() if is_good else b""
            if checksum != self._checksum(data):
                return None
            if time.time() - status.st_mtime > _DAY_S:
                os.utime(path)  # it is in use
        except OSError:
            return None
        return data

    def write(self, data: bytes) -> None:
        """Replace the file at once: other processes read the old or the new data."""
        folder = cache_folder()
        if folder is None or len(data) > MAX_CACHE_FILE_BYTES - _DIGEST_BYTES:
            return
        import tempfile  # which not every run needs

        with contextlib.suppress(OSError):
            descriptor, temporary = tempfile.mkstemp(".tmp", "", folder)
            try:
                with open(descriptor, "wb") as file:  # noqa: PTH123 - not a path
                    file.write(self._checksum(data))
                    file.write(data)
                Path(temporary).replace(folder / self._name)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            _remove_old(folder)

    @property
    def _name(self) -> str:
        return f"{self.subject[0]}-{self.key.hex()[:40]}{_SUFFIX}"

    def _checksum(self, data: bytes) -> bytes:
        checksum = hashlib.sha256(self.key)
        checksum.update(data)
        return checksum.digest()


def digest(*parts: str | bytes) -> bytes:
    """Return a digest of texts that differs wherever one of them does."""
    coded = [part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part for part in parts]
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "little") + part for part in coded)).digest()


@cache
def _code() -> str:
    """Return a stamp of the source files: in a checkout, code changes without its version."""
    stamps: list[tuple[str, int, int]] = []
    for folder, _, _ in os.walk(Path(__file__).parents[2]):
        with os.scandir(folder) as entries:
            stats = [(entry.name, entry.stat()) for entry in entries if entry.name.endswith((".py", ".lark", ".tsv"))]
        stamps += [(name, status.st_size, status.st_mtime_ns) for name, status in stats]
    return digest(repr(sorted(stamps))).hex()


def _remove_old(folder: Path) -> None:
    """Remove files that are old, the least recently used of too many, and temporary ones of killed runs."""
    now = time.time()
    files = [(path.stat().st_mtime, path) for path in folder.iterdir() if path.suffix in (_SUFFIX, ".tmp")]
    newest = [(used, path) for used, path in sorted(files, reverse=True) if path.suffix == _SUFFIX]
    _remove(path for used, path in newest if now - used > MAX_CACHE_AGE_DAYS * _DAY_S)
    _remove(path for _, path in newest[MAX_CACHE_FILES:])
    _remove(path for used, path in files if path.suffix == ".tmp" and now - used > _DAY_S)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
