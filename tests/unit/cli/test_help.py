"""Every command explains itself, and the list of commands reads none of them."""

import subprocess
import sys

import click
import pytest

from orgo.cli.main import main, root


def every(command, path=()):
    """All commands below this one, with their names."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from every(command.get_command(context, name), (*path, name))


COMMANDS = dict(every(root))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_each_command_has_a_help_with_an_example(path, capsys):
    assert main([*path, "--help"]) == 0
    said = capsys.readouterr().out
    assert "Example" in said
    assert f"orgo {' '.join(path)}".strip() in said


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in COMMANDS
        if path[-1:] and path[-1] in ("list", "show", "told", "check", "status", "doctor", "route", "parse")
    ],
    ids=" ".join,
)
def test_what_reads_has_json(path):
    assert "as_json" in {parameter.name for parameter in COMMANDS[path].params}


@pytest.mark.parametrize("path", [path for path, one in COMMANDS.items() if isinstance(one, click.Group)])
def test_a_list_of_commands_says_in_a_line_of_80_columns_what_each_does(path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*path, "--help"]) == 0
    said = capsys.readouterr().out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    names = COMMANDS[path].list_commands(click.Context(COMMANDS[path]))
    assert [line.split()[0] for line in said] == names
    assert not [line for line in said if line.endswith("...")]


def test_the_list_of_commands_needs_no_django():
    words = "import sys; from orgo.cli.main import main; main(['--help']); print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
