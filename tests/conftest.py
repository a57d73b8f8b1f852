"""The material beside the checkout, and the profiles for the property tests.

`default` is for working, `ci` runs the same cases every time, `fuzz` is a long search,
`mutants` runs few examples, the same every time.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No deadlines: how long one example takes depends on what else the machine does. pytest's timeout ends what hangs.
settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=200, print_blob=True, database=None)
settings.register_profile(
    "fuzz", deadline=None, max_examples=50_000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("mutants", deadline=None, derandomize=True, max_examples=25, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_configure(config: pytest.Config) -> None:
    """Keep the user's cache out of the tests, and the tests out of it, from before any of their modules is read."""
    cache = tempfile.TemporaryDirectory(prefix="eqlite-cache-")
    os.environ["EQLITE_CACHE_DIR"] = cache.name
    config.add_cleanup(cache.cleanup)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of shared material, never copied from; skip without it, fail where it must be."""
    place = os.environ.get("EQLITE_SHARED")
    if place and Path(place).is_dir():
        return Path(place)
    reason = f"EQLITE_SHARED is no folder: {place}" if place else "EQLITE_SHARED is not set"
    if os.environ.get("EQLITE_REQUIRE_SHARED") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
