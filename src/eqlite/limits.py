"""The limits that keep hostile rules and events from stopping a run, in one place.

Every limit has its `LimitError`; the numbers are defaults, stated in `docs/reference/limits.md`.
"""

from __future__ import annotations

MAX_QUERY_BYTES = 1 << 20
MAX_NESTING = 1_000
MAX_LIST_ITEMS = 65_536
MAX_REGEX_CHARACTERS = 1_000
MAX_REGEX_STATES = 10_000
MAX_SEQUENCE_STAGES = 256
MAX_RUNS = 100
MAX_LINE_BYTES = 16 << 20
MAX_JSON_DEPTH = 200
MAX_INTEGER_DIGITS = 4_300
MAX_DIAGNOSTICS = 100
MAX_COMBINATIONS = 100_000
MAX_SCRIPT_STEPS = 1_000_000
MAX_KEYS_PER_EVENT = 10_000
MAX_KEYS_PER_RUN = 1_000_000
FREE_KEYS_PER_EVENT = 16
MAX_CACHE_FILES = 100
MAX_CACHE_FILE_BYTES = 256 << 20
MAX_CACHE_AGE_DAYS = 30
