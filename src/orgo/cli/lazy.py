"""A group of commands that reads a command's module only when that command is called."""

import re
from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar

import click

from orgo.lib.problems import nearest

_FIRST = re.compile(r"[.;:](?:\s|$)")


class Lazy(click.Group):
    """`commands_at` says by name where a command is ("module:attribute") and its one line for --help."""

    commands_at: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they are declared."""
        return [*self.commands_at]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, read now."""
        if cmd_name not in self.commands_at:
            return None
        module, _, attribute = self.commands_at[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in --help, without reading any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in self.commands_at.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command and its arguments; an unknown one is refused with the nearest name."""
        if args[0] not in self.commands_at and not args[0].startswith("-"):
            raise click.UsageError(unknown(args[0], self.commands_at), ctx)
        return super().resolve_command(ctx, args)


def unknown(word: str, known: Mapping[str, object]) -> str:
    """The words for a command that is not there."""
    near = nearest(word, known)
    hint = f"did you mean {near}?" if near else f"commands: {', '.join(known)}"
    return f"there is no command {word!r}; {hint}"


class Group(click.Group):
    """A group whose commands are in its own module."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in --help: of each command what its own help says first, whole."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, _FIRST.split(self.commands[name].help or "")[0]) for name in self.list_commands(ctx)]
            )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As above."""
        if args[0] not in self.commands and not args[0].startswith("-"):
            raise click.UsageError(unknown(args[0], self.commands), ctx)
        return super().resolve_command(ctx, args)
