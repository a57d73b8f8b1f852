"""Profiles for the property tests: `default` while working, `ci` the same cases every time, `fuzz` a long search."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# No deadlines: how long one example takes depends on what else the machine does. pytest's timeout ends what hangs.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=200, print_blob=True, database=None)
settings.register_profile(
    "fuzz", deadline=None, max_examples=50_000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if os.environ.get("CI") else "default")
