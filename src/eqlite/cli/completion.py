"""`eqlite completion`: the completion script for a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from eqlite.cli.options import require


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), required=False, metavar="{bash|zsh|fish}")
def command(shell: str | None) -> None:
    """Print the completion script for a SHELL.

    \b
    eval "$(eqlite completion bash)"
    eqlite completion fish > ~/.config/fish/completions/eqlite.fish
    """
    from eqlite.cli import cli

    require(shell, "SHELL", "the shell, bash, zsh or fish")
    assert shell is not None
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "eqlite", "_EQLITE_COMPLETE").source())
