"""Each end of a command has its exit code and its words."""

import json

import pytest

from orgo.cli.errors import Code, Stop, guarded
from orgo.cli.main import main
from orgo.lib.problems import BadInput, Problem


def raising(error):
    def work():
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (BadInput("the line is wrong"), 2, "orgo: the line is wrong"),
        (Stop(Code.NOT_FOUND, "no such team"), 3, "orgo: no such team"),
        (ConnectionRefusedError(111, "Connection refused"), 69, "can't be reached"),
        (FileNotFoundError(2, "No such file or directory", "a.eml"), 74, "a.eml: No such file"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_an_error_has_its_exit_code_and_words(error, code, words, capsys):
    assert guarded(raising(error), []) == code
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("no such table: task_task", 2, "orgo database migrate"),
        ("database is locked", 75, "try again"),
        ("file is not a database", 74, "restore a backup"),
        ("database disk image is malformed", 74, "restore a backup"),
        ("attempt to write a readonly database", 74, "can't be used"),
        ("database or disk is full", 74, "can't be used"),
        (
            'connection to server at "db.example", port 5432 failed: Connection refused\n\tIs it running?',
            69,
            '"db.example", port 5432',
        ),
        ('near "nothing": syntax error', 70, "defect"),
    ],
)
def test_what_a_database_says_has_its_exit_code(words, code, said, capsys, tmp_path, monkeypatch):
    from django.db.utils import OperationalError

    monkeypatch.setenv("ORGO_HOME", str(tmp_path))
    assert guarded(raising(OperationalError(words)), []) == code
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


def test_what_a_server_or_broker_refuses_is_no_defect_of_orgo(capsys):
    import psycopg
    from amqp.exceptions import AccessRefused, NotAllowed  # type: ignore[import-untyped]
    from django.db.utils import InternalError, ProgrammingError
    from redis.exceptions import AuthenticationError

    read_only, no_right = (
        InternalError("INSERT kann nicht"),
        ProgrammingError("keine Berechtigung\nLINE 1: x"),
    )
    read_only.__cause__ = psycopg.errors.ReadOnlySqlTransaction()
    no_right.__cause__ = psycopg.errors.InsufficientPrivilege()
    option = psycopg.ProgrammingError('invalid URI query parameter: "sslmod"')
    for error, code, words in (
        (read_only, 69, "takes no writes (INSERT kann nicht); name the primary"),
        (no_right, 69, "does not let Orgo's user do that (keine Berechtigung); give it the right"),
        (option, 2, 'invalid URI query parameter: "sslmod"; mend this in database:'),
        (AccessRefused("login was refused"), 69, "does not let Orgo in: "),
        (NotAllowed("vhost"), 69, "mend user, password and database or virtual host in queue:"),
        (AuthenticationError("WRONGPASS"), 69, "does not let Orgo in: WRONGPASS"),
    ):
        assert guarded(raising(error), []) == code
        err = capsys.readouterr().err
        assert words in err and len(err.splitlines()) == 1


def test_all_problems_are_said_and_with_json_also_as_objects(capsys):
    problems = [Problem("one", file="a.yaml", line=3), Problem("two")]
    assert guarded(raising(BadInput(problems)), ["--json"]) == 2
    said = capsys.readouterr()
    assert said.err.splitlines() == ["orgo: a.yaml:3: one", "orgo: two"]
    assert [json.loads(line)["error"]["message"] for line in said.out.splitlines()] == ["one", "two"]


def test_a_defect_gets_a_report_and_no_traceback(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("ORGO_HOME", str(tmp_path))
    assert guarded(raising(ZeroDivisionError("by zero")), []) == 70
    said = capsys.readouterr()
    assert "Traceback" not in said.err + said.out
    (report,) = (tmp_path / "var" / "reports").iterdir()
    assert report.stem in said.err
    assert "ZeroDivisionError" in report.read_text()


def test_a_report_has_no_secret(capsys, tmp_path, monkeypatch):
    (tmp_path / "config.yaml").write_text(
        "smtp: {host: h.example, from: a@b.example, username: a, password: swordfish}"
    )
    monkeypatch.setenv("ORGO_HOME", str(tmp_path))
    monkeypatch.setenv("MAIL_PASSWORD", "opensesame")
    from orgo.conf import load

    monkeypatch.setattr("orgo.conf.boot._current", load())
    words = "postgres://orgo:hush@db.example/orgo swordfish opensesame token=abcdef"
    assert guarded(raising(ZeroDivisionError(words)), ["task", "list"]) == 70
    (report,) = (tmp_path / "var" / "reports").iterdir()
    text = report.read_text()
    assert "orgo task list" in text
    assert "postgres://orgo:***@db.example/orgo *** *** token=***" in text
    assert not any(secret in text for secret in ("hush", "swordfish", "opensesame", "abcdef"))
    assert report.stat().st_mode & 0o077 == 0


def test_a_server_that_is_not_there_is_named_without_its_password(capsys):
    assert guarded(raising(ConnectionRefusedError("amqp://orgo:hush@mq.example:5672//")), []) == 69
    assert "amqp://orgo:***@mq.example:5672//" in capsys.readouterr().err


def test_a_password_with_signs_of_an_address_is_hidden_up_to_the_last_of_them(capsys):
    words = "no way to redis://u:Wrong@pass/99@mq.example:6379/0 from here"
    assert guarded(raising(ConnectionRefusedError(words)), []) == 69
    assert "no way to redis://u:***@mq.example:6379/0 from here" in capsys.readouterr().err


def test_a_database_that_does_not_answer_is_not_waited_for(capsys, monkeypatch, tmp_path):
    """bad input 105: exit code 69 with the address and without the password, and no layer waits for five seconds."""
    import psycopg

    from orgo.conf import database, load

    waited = []

    def nobody(url, connect_timeout):
        waited.append(connect_timeout)
        raise psycopg.OperationalError(
            'connection to server at "db.example", port 5432 failed: timeout expired'
        )

    url = "postgresql://orgo:hush@db.example/orgo"
    monkeypatch.setattr("psycopg.connect", nobody)
    config = load(tmp_path, {"ORGO_DATABASE": url})
    monkeypatch.setattr("orgo.conf.boot._current", config)

    assert guarded(lambda: database.reach(config), []) == 69
    err = capsys.readouterr().err
    assert err.startswith("orgo: the database postgresql://orgo:***@db.example/orgo can't be reached: ")
    assert '"db.example", port 5432' in err
    pool = database.settings_of(config)["OPTIONS"]["pool"]
    assert max(*waited, pool["reconnect_timeout"]) < 5


def test_a_strangers_words_do_not_move_the_cursor(capsys):
    assert guarded(raising(BadInput("\x1b[2J\u202egpj.exe")), []) == 2
    assert capsys.readouterr().err == "orgo:  [2J gpj.exe\n"


def test_a_broken_pipe_is_no_trouble(monkeypatch):
    monkeypatch.setattr("orgo.cli.errors._quiet", lambda: 0)
    assert guarded(raising(BrokenPipeError()), []) == 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["dmo"], "did you mean demo?"),
        (["demo", "--chek"], "--check"),
        (["demo", "--port", "x"], "a whole number: 1 to 65535"),
        ([], "Usage: orgo"),
        (["demo", "--json"], "--json goes with --check"),
    ],
)
def test_a_wrong_word_is_refused_with_the_nearest(argv, words, capsys):
    assert main(argv) == 2
    assert words in capsys.readouterr().err


def test_help_and_version_end_well(capsys):
    assert main(["--help"]) == 0
    assert main(["--version"]) == 0
    assert "orgo 0.1.0" in capsys.readouterr().out
