"""Secrets come by reference and never come out."""

import json
from pathlib import Path

import pytest

from orgo.conf import check, load, show
from orgo.conf.kinds import masked
from orgo.lib.problems import BadInput
from tests.unit.conf.conftest import read, wrong

CANARY = "canary-7f3a91"
SMTP = "smtp: {host: m.example, username: u@m.example, password: '%s'}\n"


def _password(home: Path, value: str, **environ: str) -> str:
    smtp = read(home, SMTP % value, **environ).smtp
    assert smtp is not None
    assert smtp.password is not None
    return smtp.password.get_secret_value()


def test_a_variable_a_file_and_nothing_else(home: Path) -> None:
    """`$X` and `~` stay as they are; `$${` is a literal `${`."""
    (home / "secret").write_text("from file\n")

    assert _password(home, "${PW}", PW="from env") == "from env"
    assert _password(home, "file:secret") == "from file"
    assert _password(home, "$PW", PW="x") == "$PW"
    assert _password(home, "a$${b}") == "a${b}"


def test_a_variable_inside_a_text_is_filled_in_once(home: Path) -> None:
    """What a variable holds is not looked at again."""
    config = read(home, "queue: redis://:${PW}@q.example:6379/0\n", PW="a${b}")

    assert config.queue == "redis://:a${b}@q.example:6379/0"


def test_a_variable_that_is_not_set_is_the_credential_of_the_service(home: Path, tmp_path: Path) -> None:
    given = tmp_path / "credentials"
    given.mkdir()
    (given / "PASS").write_text("from systemd\n")
    (given / "EMPTY").write_text("")

    assert _password(home, "${PASS}", CREDENTIALS_DIRECTORY=str(given)) == "from systemd"
    assert _password(home, "${PASS}", CREDENTIALS_DIRECTORY=str(given), PASS="set") == "set"
    with pytest.raises(BadInput, match="environment variable EMPTY is not set"):
        _password(home, "${EMPTY}", CREDENTIALS_DIRECTORY=str(given))


def test_a_reference_between_braces_without_quotes_is_explained(home: Path) -> None:
    """YAML takes the brace for its own."""
    assert "write it in quotes" in wrong(home, "smtp: {host: m.example, password: ${PW}}\n", PW="x")[0]


def test_the_environment_may_name_a_file(home: Path) -> None:
    """As containers hand secrets in."""
    (home / "pw").write_text("from file")

    assert _password(home, "${X}", X="y", ORGO_SMTP__PASSWORD="file:pw") == "from file"


def test_a_value_of_the_environment_is_taken_as_it_is(home: Path) -> None:
    """A password with ${ in it is a password."""
    assert _password(home, "${X}", X="y", ORGO_SMTP__PASSWORD="a${b}") == "a${b}"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("${NOPE}", "the environment variable NOPE is not set"),
        ("${env:NOPE}", "is no reference"),
        ("${NOPE", "is no reference"),
        ("file:nothing", "can't be used: No such file"),
        ("file:empty", "it is empty"),
        ("file:binary", "it is not UTF-8 text"),
        ("file:.", "can't be used: Is a directory"),
    ],
)
def test_what_can_not_be_filled_in_is_said_once_with_its_key(home: Path, value: str, words: str) -> None:
    """And nothing else is said of that key."""
    (home / "empty").write_text("\n")
    (home / "binary").write_bytes(b"\xff\xfe\x00")
    found = wrong(home, SMTP % value)

    assert len(found) == 1
    assert words in found[0]
    assert "smtp.password" in found[0]


def test_a_secret_in_clear_is_a_warning_and_an_error_when_strict(home: Path) -> None:
    """Also one inside a URL; by reference there is none."""
    config = read(home, SMTP % CANARY + "queue: redis://:geheim@q.example\n")

    assert [problem.key for problem in config.warnings] == ["smtp.password", "queue"]
    assert {p.severity for p in check(config, strict=True) if p.key == "smtp.password"} == {"error"}
    assert read(home, SMTP % "${PW}", PW=CANARY).warnings == ()


def test_no_secret_ever_comes_out(home: Path) -> None:
    """Not by repr, str, JSON of sources, show, warnings."""
    text = (
        SMTP % CANARY
        + f"queue: redis://:{CANARY}@q.example\ndatabase: postgresql://u:{CANARY}@d.example/o?password={CANARY}\n"
        + f"web: {{former_keys: ['{CANARY}', '{CANARY}2']}}\n"
    )
    config = read(home, text)
    said = [repr(config), str(config), repr(config._origin), json.dumps(dict(config.sources))]
    said += [str(row) for row in show(config)] + [str(problem) for problem in check(config)]

    assert CANARY not in "\n".join(said)


@pytest.mark.parametrize(
    "text",
    [
        f"smtp: {{host: m.example, password: [{CANARY}]}}",
        f"smtp: {{host: m.example, passwrod: {CANARY}}}",
        f"database: mysql://u:{CANARY}@d.example/o",
        f"queue: amqp://u:{CANARY}@q.example:port",
        f"web: {{secret_key: {CANARY}}}",
        f"password: {CANARY}",
        f"smtp:\nhost: m.example\npassword: {CANARY}",
        f'smtp: {{host: m.example, password: "{CANARY}',
        f"smtp: {{host: m.example, password: {CANARY}, password: {CANARY}}}",
        "smtp: {host: m.example, username: ${PW}\n, port: ${PW}, from: ${PW}}",
    ],
)
def test_no_message_shows_a_secret(home: Path, text: str) -> None:
    """Whatever is wrong with it or around it."""
    with pytest.raises(BadInput) as caught:
        read(home, text, PW=CANARY)

    assert CANARY not in str(caught.value)
    assert CANARY not in json.dumps([problem.as_json() for problem in caught.value.problems])


@pytest.mark.parametrize(
    "place", ["postgresql://u:{}@d.example/o", "redis://u:{}@q.example/0", "amqp://u@t:{}@q.example//"]
)
@pytest.mark.parametrize("signs", ["-100%zz", "-1%", "%00", "@Wort", "/99@x", "/99", "12#x", "1?x", "@a/b"])
def test_a_password_that_each_library_would_cut_elsewhere_is_refused_unshown(
    home: Path, place: str, signs: str
) -> None:
    key = "database" if place.startswith("postgresql") else "queue"
    with pytest.raises(BadInput, match=f"{key}: .*; write %") as caught:
        load(home, {f"ORGO_{key.upper()}": place.format(f"Geheim{signs}")})

    said = str(caught.value)
    assert "Geheim" not in said and "Wort" not in said and f"{signs}@" not in said
    assert ":***@" in said


def test_a_password_with_escapes_and_the_place_of_a_file_are_taken(home: Path) -> None:
    environ = {
        "ORGO_DATABASE": "postgresql://u:a%40b%2Fc%25@d.example/o",
        "ORGO_QUEUE": "redis://:%23@q.example/0",
    }
    assert load(home, environ).database == environ["ORGO_DATABASE"]
    assert load(home, {"ORGO_DATABASE": "sqlite:///./100%/a@b:c@d.db"}).database.endswith("a@b:c@d.db")
    assert masked("sqlite:///C:/a@b.db") == "sqlite:///C:/a@b.db"


def test_a_password_of_digits_is_asked_to_be_quoted_and_not_shown(home: Path) -> None:
    """YAML reads it as a number."""
    (found,) = wrong(home, "smtp: {host: m.example, username: u@m.example, password: 739133}")

    assert "put it in quotes" in found
    assert "739133" not in found


def test_the_secrets_of_backups_need_not_be_where_none_are_made(home: Path) -> None:
    """One that is there is taken; who asks for one that is not hears where it is."""
    text = "backup: {{key: '${{KEY}}', to: 's3://orgo-backups/city', s3: {{secret_key: 'file:none'}}, here: {}}}\n"
    backup = read(home, text.format("false")).backup
    assert backup is not None and backup.s3 is not None and backup.s3.secret_key is None
    with pytest.raises(BadInput, match="not on this machine"):
        backup.secret()
    given = read(home, text.format("false"), KEY="0" * 64).backup
    assert given is not None and given.secret() == "0" * 64
    with pytest.raises(BadInput, match="KEY is not set"):
        read(home, text.format("true"))
