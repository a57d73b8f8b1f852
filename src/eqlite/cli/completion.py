"""`eqlite completion`: the completion script for a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script for a SHELL.

    \b
    eval "$(eqlite completion bash)"
    eqlite completion fish > ~/.config/fish/completions/eqlite.fish
    """
    from eqlite.cli import cli

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "eqlite", "_EQLITE_COMPLETE").source())
