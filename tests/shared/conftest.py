"""The material that lies beside the checkout: read from there, never copied."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of shared material; skip without it, fail where it must be."""
    place = os.environ.get("EQLITE_SHARED")
    required = os.environ.get("EQLITE_REQUIRE_SHARED") == "1"
    if place and Path(place).is_dir():
        return Path(place)
    reason = f"EQLITE_SHARED is no folder: {place}" if place else "EQLITE_SHARED is not set"
    if required:
        pytest.fail(reason)
    pytest.skip(reason)
