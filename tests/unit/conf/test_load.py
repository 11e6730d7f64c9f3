"""config.yaml, the environment and the machine become one Config."""

import os
from pathlib import Path

import pytest

from orgo.conf import load
from orgo.lib.durations import Duration
from orgo.lib.problems import BadInput
from tests.unit.conf.conftest import Write, read, wrong

BLUEPRINT = """\
smtp:
  host: smtp.organization.com
  port: 587
  username: orgo@organization.com
  password: ${PW}
imap:
  host: imap.organization.com
  port: 993
  username: orgo@organization.com
  password: ${PW}
"""


def test_orgo_runs_without_any_file(home: Path) -> None:
    """All is default, and the defaults listen on this machine only."""
    config = read(home)

    assert config.file is None
    assert (config.web.host, config.web.port) == ("127.0.0.1", 8000)
    assert (config.intake.smtp.host, config.intake.smtp.port) == ("127.0.0.1", 2525)
    assert config.sqlite_file == home / "var" / "orgo.db"
    assert [(level.after, level.to) for level in config.default_levels] == [
        (Duration(1, 0), "supervisor"),
        (Duration(3, 0), "administrator"),
    ]


def test_the_offline_database_is_used_where_it_is(home: Path) -> None:
    """The blueprint's `sqlite3 orgo_offline.db < schema.sql` comes first, a given database wins."""
    (home / "orgo_offline.db").touch()

    assert read(home).sqlite_file == home / "orgo_offline.db"
    assert "orgo_offline.db is there" in read(home).sources["database"]
    assert read(home, ORGO_DATABASE="sqlite:///./x.db").sqlite_file == home / "x.db"


def test_the_blueprints_form_is_read(home: Path) -> None:
    """587 means STARTTLS, 993 TLS from the first byte, From is the username."""
    config = read(home, BLUEPRINT, PW="hunter2-canary")

    assert config.smtp is not None
    assert (config.smtp.tls, config.smtp.from_address) == ("starttls", "orgo@organization.com")
    assert config.smtp.password is not None
    assert config.smtp.password.get_secret_value() == "hunter2-canary"
    assert [(box.tls, box.name, box.folders) for box in config.imap] == [
        ("implicit", "orgo@organization.com", ("INBOX",))
    ]


@pytest.mark.parametrize(
    ("host", "port", "tls"),
    [
        ("mail.example", 465, "implicit"),
        ("mail.example", 25, "starttls"),
        ("mail.example", 2525, "starttls"),
        ("127.0.0.1", 25, "none"),
        ("localhost", 1025, "none"),
        ("::1", 1025, "none"),
        ("127.0.0.1", 587, "starttls"),
    ],
)
def test_the_port_decides_how_a_server_is_spoken_to(home: Path, host: str, port: int, tls: str) -> None:
    """Never in clear over a wire, unless it is written in words."""
    smtp = read(home, f"smtp: {{host: '{host}', port: {port}, from: a@b.example}}").smtp

    assert smtp is not None
    assert smtp.tls == tls


def test_no_tls_over_a_wire_is_a_warning(home: Path) -> None:
    """It is allowed in words, and said."""
    config = read(home, "smtp: {host: mail.example, port: 25, tls: none, from: a@b.example}")

    assert ["smtp.tls"] == [problem.key for problem in config.warnings]


def test_the_environment_overrides_the_file(home: Path) -> None:
    """Nested keys by __, lists by commas, alias and field name alike."""
    config = read(
        home,
        "web: {port: 8001}\nsmtp: {host: a.example, from: a@b.example}\n",
        ORGO_WEB__PORT="9000",
        ORGO_INTAKE__SMTP__DOMAINS="a.example, b.example",
        ORGO_SMTP__FROM_ADDRESS="c@d.example",
        ORGO_QUEUE="",
    )

    assert config.web.port == 9000
    assert config.intake.smtp.domains == ("a.example", "b.example")
    assert config.smtp is not None
    assert config.smtp.from_address == "c@d.example"
    assert config.queue is None


def test_the_environment_alone_makes_a_mailbox(home: Path) -> None:
    """A container needs no file."""
    config = read(
        home, ORGO_IMAP__HOST="i.example", ORGO_IMAP__USERNAME="u@i.example", ORGO_IMAP__PASSWORD="p"
    )

    assert [box.host for box in config.imap] == ["i.example"]


def test_a_misspelt_variable_of_ours_is_an_error_and_of_others_none(home: Path) -> None:
    """Kubernetes sets ORGO_PORT for a service that is called orgo; that is nobody's mistake."""
    assert "did you mean ORGO_WEB__PORT?" in wrong(home, ORGO_WEB__PROT="1")[0]
    warned = read(
        home, ORGO_DATABSE="x", ORGO_PORT="tcp://10.0.0.1:80", ORGO_DATABASE_PORT="tcp://10.0.0.1:1"
    ).warnings
    assert [problem.hint for problem in warned] == ["did you mean ORGO_DATABASE?"]


def test_a_variable_that_the_file_names_is_no_misspelt_key(home: Path) -> None:
    key, text = "0f" * 32, 'backup: {key: "${ORGO_BACKUP_KEY}", to: kept}\n'

    assert [problem.hint for problem in read(home, ORGO_BACKUP_KEY=key).warnings] == [
        "did you mean ORGO_BACKUP?"
    ]
    assert not [
        problem
        for problem in read(home, text, ORGO_BACKUP_KEY=key).warnings
        if problem.hint == "did you mean ORGO_BACKUP?"
    ]


def test_a_variable_can_not_say_which_entry_of_a_list(home: Path) -> None:
    """With two mailboxes in the file, ORGO_IMAP__PASSWORD is refused."""
    text = "imap:\n- {host: a.example, username: u, password: file:p}\n"
    (home / "p").write_text("x")

    assert "there is a list in the file" in wrong(home, text, ORGO_IMAP__PASSWORD="x")[0]


def test_every_value_says_where_it_comes_from(home: Path) -> None:
    """File and line, the variable, or default."""
    config = read(home, BLUEPRINT + "web:\n  host: 127.0.0.1\n", PW="x", ORGO_WEB__PORT="9000")

    assert config.sources["smtp.host"] == "config.yaml:2"
    assert config.sources["smtp.password"] == "config.yaml:5 (environment PW)"
    assert config.sources["imap[0].password"] == "config.yaml:10 (environment PW)"
    assert config.sources["web.port"] == "environment ORGO_WEB__PORT"
    assert config.sources["triage"] == "default"


def test_an_empty_section_is_a_section_not_given(home: Path) -> None:
    """`web:` above commented lines, and a file of comments only."""
    assert read(home, "web:\n#  port: 1\nqueue:\n").web.port == 8000
    assert read(home, "# nothing\n").web.port == 8000


def test_all_problems_come_in_one_answer_in_the_order_of_the_file(home: Path) -> None:
    """Each with its place and key; nothing is said twice."""
    text = (
        "web:\n  port: many\nsmtp:\n  host: x y\n  port: 0\ntriag: x\norganization: {zone: Europe/Pariss}\n"
    )
    found = wrong(home, text)

    assert [line.split(": ")[:2] for line in found] == [
        ["config.yaml:2:9", "web.port"],
        ["config.yaml:4:3", "smtp.from"],
        ["config.yaml:4:9", "smtp.host"],
        ["config.yaml:5:9", "smtp.port"],
        ["config.yaml:6:1", "triag"],
        ["config.yaml:7:22", "organization.zone"],
    ]


def test_paths_count_from_the_folder_of_the_file(home: Path, write: Write) -> None:
    """rules, people, files and certificates; the watched folder from the home."""
    write("config/config.yaml", "rules: r.yaml\nfiles: docs\nintake: {folder: {path: drop}}\n")
    write("config/r.yaml", "rules: []\n")
    config = load(home, {})

    assert config.rules == home / "config" / "r.yaml"
    assert config.files == home / "config" / "docs"
    assert config.intake.folder.path == home / "drop"


def test_the_folder_of_the_rules_has_their_files(home: Path, write: Write) -> None:
    """Templates and attachments stand beside rules.yaml, else in config/."""
    assert read(home).files == home / "config"
    write("rules.yaml", "rules: []\n")
    assert read(home).files == home


def test_a_rules_file_outside_the_home_is_refused(
    home: Path, write: Write, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also by a link."""
    outside = tmp_path_factory.mktemp("outside") / "rules.yaml"
    outside.write_text("rules: []\n")
    (home / "linked.yaml").symlink_to(outside)

    assert "outside Orgo's home" in wrong(home, f"rules: {outside}")[0]
    assert "outside Orgo's home" in wrong(home, "rules: linked.yaml")[0]
    assert "no such file" in wrong(home, "rules: nothing.yaml")[0]


def test_a_config_is_frozen(home: Path) -> None:
    """Nobody changes it while Orgo runs."""
    config = read(home)

    with pytest.raises(ValueError, match="frozen"):
        config.web.port = 1  # type: ignore[misc]


def test_a_folder_in_the_place_of_the_file_is_said(home: Path) -> None:
    """Not a traceback."""
    (home / "config.yaml").mkdir()

    with pytest.raises(BadInput, match="is no file"):
        load(home, {})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_file_that_this_user_may_not_read_is_said(home: Path, write: Write) -> None:
    """bad input 60: as a service's user meets what root wrote."""
    write("config.yaml", "web: {port: 8000}").chmod(0o600)
    for folder in (home, *home.parents[:-1]):
        folder.chmod(folder.stat().st_mode | 0o055)
    os.seteuid(65534)
    try:
        with pytest.raises(BadInput) as caught:
            load(home, {})
    finally:
        os.seteuid(0)

    assert (
        str(caught.value)
        == "config.yaml: can't be read: Permission denied; it must be a file that this user may read"
    )


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("imap: {host: Outlook.Office365.com, username: a@b.example, password: '${PW}'}", "imap[0].host", "takes no passwords"),
        ("imap: {host: mail.b.example, username: a@b.example, password: '${PW}'}\ncanary: {mailbox: a@b.example}", "canary", "without smtp"),
        ("web: {host: 0.0.0.0}", "web.public_url", "links begin with http://localhost:8000,"),
        ("web: {host: '::', port: 8080}", "web.public_url", "links begin with http://localhost:8080,"),
    ],
)  # fmt: skip
def test_what_is_configured_and_can_not_work_is_a_warning(
    home: Path, text: str, key: str, words: str
) -> None:
    """The server may be changed to take passwords again, and smtp: may come by the environment: it starts."""
    (home / "config.yaml").write_text(text)
    (warning,) = load(home, {"PW": "hidden"}).warnings

    assert warning.key == key and words in warning.message


def test_a_process_holds_no_more_connections_than_it_is_told(home: Path) -> None:
    """A server allows a hundred; whoever starts ten processes says how many are for each."""
    from orgo.conf.database import settings_of

    config = read(home, "database: postgresql://u@d.example/o\ndatabase_connections: 7\n")

    assert settings_of(config)["OPTIONS"]["pool"]["max_size"] == 7
