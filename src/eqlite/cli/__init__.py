"""Command line: one module a command, each a thin call of the library, loaded on demand.

Data goes to stdout, everything else to stderr. Exit codes: 0 ran, 1 findings, 2 the user's error, 3 our bug,
128 and the number of a signal that ended the reading (130 for Ctrl-C).
"""

from __future__ import annotations

import atexit
import contextlib
import difflib
import errno
import gc
import io
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import click

from eqlite import signals
from eqlite.__about__ import __version__
from eqlite.cli.stdio import detach_stdout, harden_streams, wants_color
from eqlite.errors import EqlError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
"""Errors of the system for a full disk, file or quota."""

FINDINGS, USER_ERROR, OUR_BUG = 1, 2, 3

VERBS = {
    "run": "Run rules over events and print the detections.",
    "query": "Run one EQL query over events.",
    "profile": "Measure what each clause of each rule costs.",
    "verify": "Compare answers with those of an Elasticsearch.",
    "check": "Check rules: syntax, types, fields.",
    "fmt": "Write EQL in its canonical form.",
    "show": "Show a rule as a card.",
    "ast": "Show the syntax tree, plan or code of a query.",
    "completion": "Print the completion script for a shell.",
}


class LazyVerbs(click.Group):
    """A group that imports its commands when they run, so that `--version` and `--help` stay fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command, or return None for an unknown one."""
        if name not in VERBS:
            return None
        command: click.Command = import_module(f"eqlite.cli.{name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or raise an error that suggests a similar one."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], VERBS, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(VERBS)}"
            raise click.UsageError(f"there is no command `{args[0]}`{hint}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete options, and commands without importing them."""
        from click.shell_completion import CompletionItem

        verbs = [CompletionItem(name, help=text) for name, text in VERBS.items() if name.startswith(incomplete)]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. A reader that closes the pipe early (`| head`) ends it quietly."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            detach_stdout()
            return 0

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands with their summaries, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=LazyVerbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="eqlite %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
def cli(debug: bool) -> None:
    """Elastic's EQL without an Elasticsearch: run detection rules over plain event files."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    atexit.register(gc.freeze)  # otherwise Python searches all rules for garbage before it ends
    with signals.interrupting():
        harden_streams()
        code = _run(words)
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            detach_stdout()
        except OSError as error:
            code = code or _system_error(error)
            detach_stdout()
    sys.exit(code)


def _run(words: list[str]) -> int:
    try:
        code = cli.main(words, prog_name="eqlite", standalone_mode=False)
    except click.ClickException as problem:
        _show(problem)
        return USER_ERROR
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return signals.exit_code()
    except EqlError as error:
        click.echo(_render(error), err=True)
        return USER_ERROR
    except OSError as error:  # a full disk or a missing device: the system's message names it
        return _system_error(error)
    except Exception as error:  # no traceback for users
        if isinstance(error.__cause__, KeyboardInterrupt):  # Python 3.11 wraps an interrupt while a class is created
            return signals.exit_code()
        return _bug(error, shows_traceback="--debug" in words)
    return code if isinstance(code, int) else 0


def _render(error: EqlError) -> str:
    from eqlite.report.diagnostics import render
    from eqlite.report.escaping import safe_lines

    if error.message or not error.diagnostics:
        return f"Error: {safe_lines(error.message)}"
    color = wants_color("auto", sys.stderr)
    return "\n\n".join(render(diagnostic, color=color) for diagnostic in error.diagnostics)


def _show(problem: click.ClickException) -> None:
    """Write an error of click, with file names and option values as they were given."""
    from eqlite.report.escaping import safe_lines

    text = io.StringIO()
    problem.show(text)
    click.echo(safe_lines(text.getvalue()), err=True, nl=False)


def _system_error(error: OSError) -> int:
    from eqlite.report.escaping import safe

    action = f"cannot read or write `{error.filename}`" if error.filename else "cannot read or write"
    if error.filename is None and error.errno in _FULL:
        action = "cannot write the output"
    with contextlib.suppress(OSError):  # standard error may be what cannot be written
        click.echo(safe(f"Error: {action}: {error.strerror or error}"), err=True)
    return USER_ERROR


def _bug(error: Exception, *, shows_traceback: bool) -> int:
    from eqlite.report.escaping import safe, safe_lines

    if shows_traceback:
        import traceback

        click.echo(safe_lines("".join(traceback.format_exception(error))), err=True)
    click.echo(
        safe(f"Error: internal error: {type(error).__name__}: {error}") + "\n"
        "This is a bug in eqlite. Please report it with the command and, if you can, the rule and the event"
        + ("." if shows_traceback else "; `eqlite --debug …` shows the traceback."),
        err=True,
    )
    return OUR_BUG
