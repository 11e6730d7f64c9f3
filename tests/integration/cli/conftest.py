"""The command line in an office."""

import json

import pytest

from orgo.cli.main import main
from tests.database import environment


@pytest.fixture
def run(office, monkeypatch, capsys):
    """Run `orgo WORDS` in the office; returns the exit code, standard output and standard error."""
    from django.conf import settings

    monkeypatch.setenv("ORGO_HOME", str(office.home))
    there = environment() or {"ORGO_DATABASE": f"sqlite:///{settings.DATABASES['default']['NAME']}"}
    for name, value in there.items():
        monkeypatch.setenv(name, value)

    def work(*words):
        code = main(list(words))
        said = capsys.readouterr()
        return code, said.out, said.err

    return work


@pytest.fixture
def objects(run):
    """Run `orgo WORDS --json`, which ends well; returns the objects."""

    def work(*words):
        code, out, err = run(*words, "--json")
        assert code == 0, err
        return [json.loads(line) for line in out.splitlines()]

    return work
