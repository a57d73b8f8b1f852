"""The rules of an archive, compiled with the cache, in a new process: `python -m benchmarks.cache_worker ARCHIVE`.

Prints the CPU seconds from the start of the process, imports and all.
"""

from __future__ import annotations

import sys
import time

from eqlite.ruleset import load_rules

if __name__ == "__main__":
    load_rules(sys.argv[1], cache=True).compile()
    print(time.process_time())
