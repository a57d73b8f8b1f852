"""The entry of the command line, for `eqlite` and `python -m eqlite`.

Loading the rest takes longer than a user takes to press Ctrl-C, so signals are seen to before that.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit."""
    from eqlite import signals

    signals.leave_at_once()
    from eqlite.cli import main as run

    try:
        run()
    except SystemExit as end:
        signals.leave_if_interrupted(end.code)
        raise


if __name__ == "__main__":
    main()
