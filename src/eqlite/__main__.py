"""The entry of the command line, for `eqlite` and `python -m eqlite`.

Loading the rest takes longer than a user takes to press Ctrl-C, so signals are seen to before that.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit."""
    from eqlite.signals import leave_at_once

    leave_at_once()
    from eqlite.cli import main as run

    run()


if __name__ == "__main__":
    main()
