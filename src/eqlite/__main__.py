"""`python -m eqlite`: the command line."""

from __future__ import annotations

from eqlite.cli import main

if __name__ == "__main__":
    main()
