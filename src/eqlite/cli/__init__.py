"""The command line. Each verb is a thin call of the library, in a module of its own, loaded when it is asked for.

Data goes to stdout, everything else to stderr. Exit codes: 0 ran, 1 findings, 2 the user's error, 3 our bug,
130 interrupted.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from eqlite.__about__ import __version__
from eqlite.errors import EqlError

FINDINGS, USER_ERROR, OUR_BUG, INTERRUPTED = 1, 2, 3, 130

VERBS = {
    "run": "Run rules over events; print the detections.",
    "query": "Run one EQL query over events.",
    "check": "Check rules: syntax, types, fields.",
    "fmt": "Write EQL in its canonical form.",
    "show": "Show a rule as a card.",
    "ast": "Show what a query is made of: tree, plan, code.",
    "completion": "Print the completion script for a shell.",
}


class LazyVerbs(click.Group):
    """A group whose commands are imported when they are run, so that `--version` and `--help` stay quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the verbs in the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a verb; None for one that does not exist."""
        if name not in VERBS:
            return None
        command: click.Command = import_module(f"eqlite.cli.{name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which one may have been meant."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], VERBS, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(VERBS)}"
            raise click.UsageError(f"there is no command `{args[0]}`{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the verbs with their summaries, without importing them."""
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
    code = _run(words)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go_of_stdout()
    sys.exit(code)


def _run(words: list[str]) -> int:
    try:
        code = cli.main(words, prog_name="eqlite", standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        return USER_ERROR
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        _let_go_of_stdout()
        return 0
    except EqlError as error:
        click.echo(_render(error), err=True)
        return USER_ERROR
    except Exception as error:  # whatever it is, no traceback for a user
        if "--debug" in words:
            raise
        click.echo(
            f"eqlite: internal error: {type(error).__name__}: {error}\n"
            "This is a bug in eqlite. Please report it with the command and, if you can, the rule and the event; "
            "`eqlite --debug …` shows the traceback.",
            err=True,
        )
        return OUR_BUG
    return code if isinstance(code, int) else 0


def _render(error: EqlError) -> str:
    from eqlite.report.diagnostics import render

    color = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    if error.message or not error.diagnostics:
        return f"eqlite: {error.message}"
    return "\n\n".join(render(diagnostic, color=color) for diagnostic in error.diagnostics)


def _let_go_of_stdout() -> None:
    """Point stdout nowhere, so that the interpreter does not stumble over the closed pipe at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
