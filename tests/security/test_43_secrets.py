"""S43: a secret of the configuration is in no log, no error, no answer and no row."""

import json
import logging
from pathlib import Path

import pytest

from orgo.conf.logging import Form, set_up
from tests.warm import ROOT, warm

CANARY = "canary-7f3a-secret"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text(
        "smtp: {host: 127.0.0.1, port: 1, username: a@x.example, password: '${PASS}', tls: none}\n"
        "imap: {host: 127.0.0.1, port: 2, username: a@x.example, password: '${PASS}', tls: none}\n"
        "database: sqlite:///./var/orgo.db\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ["config", "show"],
        ["config", "show", "--json"],
        ["config", "check"],
        ["doctor"],
        ["doctor", "--json"],
        ["init", "--yes"],
        ["status"],
        ["web", "--port", "x"],
    ],
)
def test_no_command_says_a_secret(home: Path, words: list[str]) -> None:
    environment = {"PATH": "/usr/bin:/bin", "PASS": CANARY, "ORGO_HOME": str(home), "LC_ALL": "C.UTF-8"}
    done = warm().run([str(ROOT / "orgo"), *words], environment, home)

    assert CANARY not in done.stdout + done.stderr
    for file in home.rglob("*"):
        if file.is_file():
            assert CANARY.encode() not in file.read_bytes(), file


def test_a_secret_prints_as_stars_wherever_it_is_put(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    from orgo.conf import load

    config = load(home, {"PASS": CANARY})
    logging.getLogger("orgo").warning("%s %r %s", config, config.smtp, config.accounts)

    assert (
        config.smtp is not None
        and config.smtp.password is not None
        and config.smtp.password.get_secret_value() == CANARY
    )
    assert (
        CANARY not in caplog.text
        and CANARY not in repr(config)
        and CANARY not in json.dumps(config.model_dump(mode="json"), default=str)
    )


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_error_in_the_log_has_no_variables_in_it(form: Form, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where rich is installed, which would print the variables of each call."""

    def sign_in(password: str) -> None:
        raise OSError("no answer")

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        set_up(form)
        try:
            sign_in(CANARY)
        except OSError:
            logging.getLogger("orgo").exception("it failed")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)

    said = capsys.readouterr().err
    assert "no answer" in said and "sign_in" in said and CANARY not in said
