"""The directory of the cache, and the check that it belongs to this user alone."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

VARIABLE = "EQLITE_CACHE_DIR"


def cache_folder() -> Path | None:
    """Return the folder, or None where there is none that only this user can write to. Creates it.

    Write access there decides what rules mean. On Windows the user's profile is private by itself.
    """
    try:
        folder = _place()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if is_own(folder.stat()) else None
    except (OSError, RuntimeError, ValueError):  # no home; a name that none can have
        return None


def is_own(status: os.stat_result) -> bool:
    """Return whether a file or folder is this user's, and no other user may write to it."""
    if os.name != "posix":
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _place() -> Path:
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen).absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "eqlite" / "Cache"
    base = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):  # noqa: PTH117 - "" is no path
        return Path(base) / "eqlite"
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "eqlite"
