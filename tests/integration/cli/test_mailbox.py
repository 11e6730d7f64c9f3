"""`orgo mailbox ..` on a real Dovecot."""

import os
import pty
import subprocess
import sys

import pytest

from tests.integration.mailbox.conftest import leaks
from tests.servers.dovecot import PASSWORD, Dovecot

pytestmark = pytest.mark.needs("dovecot")
NAME = "info@city.example"


@pytest.fixture(scope="module")
def dovecot():
    made = Dovecot()
    yield made
    made.stop()


@pytest.fixture
def configured(office, dovecot, run, monkeypatch, request):
    """An account of this test's own in the configuration; returns its user name."""
    user = f"{request.node.name[:40].replace('[', '-').strip(']')}@city.example".lower()
    (office.home / "config" / "password").write_text(PASSWORD)
    with (office.home / "config" / "config.yaml").open("a") as file:
        file.write(
            f"\n# the city's own\nimap: {{host: localhost, port: {dovecot.imap}, name: {NAME}, username: {user}, password: 'file:password'}}\n"
        )
    return user


def test_a_mailbox_is_tried_observed_explained_and_goes_live(office, dovecot, configured, run, objects):
    dovecot.put(configured, *leaks(3))
    assert run("mailbox", "test")[1] == f"{NAME}: signed in; INBOX has 3 mails\n"
    assert objects("mailbox", "fetch") == [{"mailbox": NAME, "taken": 3}]
    office.settle()

    (row,) = objects("mailbox", "list")
    assert (row["mode"], row["state"], row["observed"], row["paused"]) == ("observe", "ok", 3, False)
    found = objects("mailbox", "preview")
    assert [one["would_be"] for one in found] == ["it would open a task for works"] * 3 and found[0][
        "decision"
    ]
    assert "3" in run("mailbox", "preview", NAME)[1] and office.told() == []

    code, out, _ = run("mailbox", "go-live", NAME, "--since", "2026-09-01")
    assert code == 0 and "3 observed mails become work" in out
    office.settle()
    assert office.tasks() == 3 and "anna@city.example" in office.told()


def test_fetch_broken_tries_again_what_was_put_aside(dovecot, configured, objects, monkeypatch):
    dovecot.put(configured, *leaks(1))
    with monkeypatch.context() as it_ends_every_connection:
        it_ends_every_connection.setattr("orgo.intake.mailbox.suspects.Suspects.is_broken", lambda *_: True)
        assert objects("mailbox", "fetch") == [{"mailbox": NAME, "taken": 0}]
    assert objects("mailbox", "fetch") == [{"mailbox": NAME, "taken": 0}]
    assert objects("mailbox", "fetch", "--broken") == [{"mailbox": NAME, "taken": 1}]


def test_without_since_what_is_there_becomes_history(office, dovecot, configured, run):
    dovecot.put(configured, *leaks(2))
    run("mailbox", "fetch")
    office.settle()
    office.clock.advance(days=1000)
    run("mailbox", "go-live", NAME)
    office.settle()

    assert office.tasks() == 0 and office.told() == []


def test_pause_and_resume_are_seen(configured, run, objects):
    assert run("mailbox", "pause", NAME)[0] == 0
    assert objects("mailbox", "list")[0]["paused"] is True and "paused" in run("mailbox", "list")[1]
    assert run("mailbox", "resume", NAME)[0] == 0
    assert objects("mailbox", "list")[0]["paused"] is False


def test_only_who_manages_mail_changes_one_and_it_leaves_an_event(configured, run):
    from orgo.audit.models import Event

    assert run("mailbox", "go-live", NAME, "--as", "anna@city.example")[0] == 4
    assert not Event.objects.filter(type="mailbox.live").exists()
    run("mailbox", "go-live", NAME)
    assert Event.objects.get(type="mailbox.live").actor == "admin@city.example"


def test_a_name_that_is_none_is_answered_with_the_nearest(configured, run):
    code, _, err = run("mailbox", "test", "inof@city.example")
    assert code == 3 and f"did you mean {NAME}?" in err


def test_no_mailbox_at_all_says_what_to_do(office, run):
    code, _, err = run("mailbox", "test")
    assert code == 3 and "orgo mailbox add" in err


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (("file:password", "wrong-word"), 4, "does not let"),
        (("port: {port}", "port: 1"), 69, "info@city.example: localhost:1 "),
        (("host: localhost", "folder: Nowhere, host: localhost"), 2, "INBOX"),
    ],
)
def test_what_is_wrong_is_a_line_with_its_code(office, dovecot, configured, run, change, code, words):
    file = office.home / "config" / "config.yaml"
    file.write_text(file.read_text().replace(change[0].format(port=dovecot.imap), change[1]))
    found, out, err = run("mailbox", "test")
    assert found == code and words in err and PASSWORD not in out + err and "Traceback" not in err


# ---------------------------------------------------------------- add


@pytest.fixture
def typed(monkeypatch):
    """Standard input of the command."""
    import io
    import sys

    def give(text):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return give


def test_add_writes_a_mailbox_that_works_and_keeps_every_comment(office, dovecot, run, objects, typed):
    file = office.home / "config" / "config.yaml"
    file.write_text(f"# ours, do not touch\n{file.read_text()}# the end\n")
    before = file.read_text()
    dovecot.put("added@city.example", *leaks(1))
    typed(f"{PASSWORD}\n")
    code, out, err = run(
        "mailbox",
        "add",
        "--host",
        "localhost",
        "--port",
        str(dovecot.imap),
        "--username",
        "added@city.example",
        "--after",
        "keep",
    )
    assert code == 0, err
    assert PASSWORD not in out + err + file.read_text()
    assert file.read_text().startswith(before.rstrip())
    (secret,) = (office.home / "var" / "secrets").iterdir()
    assert secret.stat().st_mode & 0o777 == 0o600
    assert objects("mailbox", "test") == [
        {"mailbox": "added@city.example", "folder": "INBOX", "mails": 1, "read_only": ""}
    ]

    typed(f"{PASSWORD}\n")
    assert (
        run(
            "mailbox",
            "add",
            "--host",
            "localhost",
            "--port",
            str(dovecot.imap),
            "--username",
            "second@city.example",
        )[0]
        == 0
    )
    assert [row["name"] for row in objects("mailbox", "list")] == [
        "second@city.example",
        "added@city.example",
    ]
    assert "# ours, do not touch" in file.read_text() and "# the end" in file.read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--username", "x@y.example"), 2, "--host"),
        (("--host", "https://x.example/", "--username", "x@y.example", "--password-env", "HOME"), 2, "host"),
        (
            ("--host", "x.example", "--username", "x@y.example", "--password-env", "NOT_SET_ANYWHERE"),
            2,
            "NOT_SET_ANYWHERE",
        ),
        (
            (
                "--host",
                "x.example",
                "--username",
                "x@y.example",
                "--team",
                "nobody",
                "--password-env",
                "HOME",
            ),
            2,
            "nobody",
        ),
        (("--host", "x.example", "--username", "x@y.example"), 2, "--password-env"),
    ],
)
def test_add_refuses_what_would_be_wrong_and_changes_nothing(office, run, typed, words, code, said):
    file = office.home / "config" / "config.yaml"
    before = file.read_text()
    typed("")
    found, _, err = run("mailbox", "add", *words)
    assert found == code and said in err
    assert file.read_text() == before


def test_add_keeps_no_secret_of_what_it_refuses_and_overwrites_none(office, run, typed):
    secrets = office.home / "var" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "x_y.example.password").write_text("of another mailbox, x/y.example")
    words = ("mailbox", "add", "--host", "x.example", "--username", "x y.example")

    typed(f"{PASSWORD}\n")
    assert run(*words, "--team", "nobody")[0] == 2
    assert [file.name for file in secrets.iterdir()] == ["x_y.example.password"]
    typed(f"{PASSWORD}\n")
    assert run(*words)[0] == 0
    kept = {file.name: file.read_text() for file in secrets.iterdir()}
    assert kept == {
        "x_y.example.password": "of another mailbox, x/y.example",
        "x_y.example-2.password": PASSWORD,
    }
    assert "x_y.example-2.password" in (office.home / "config" / "config.yaml").read_text()


def test_add_leaves_a_list_of_one_line_to_its_owner(office, run):
    file = office.home / "config" / "config.yaml"
    file.write_text(file.read_text() + "\nmailboxes: []\n")
    code, _, err = run(
        "mailbox", "add", "--host", "x.example", "--username", "x@y.example", "--password-env", "HOME"
    )
    assert code == 2 and 'host: "x.example"' in err and file.read_text().endswith("mailboxes: []\n")


@pytest.mark.parametrize("given", [(), ("--password-env", "HOME")])
@pytest.mark.parametrize("list_of_one_line", [False, True])
def test_add_where_it_may_not_write_asks_for_no_secret_and_keeps_none(
    office, run, typed, monkeypatch, given, list_of_one_line
):
    """As in a container; the lines that it shows are the mailbox, with a variable for the password."""
    from orgo.conf import load
    from orgo.ops import mailbox_entry

    file = office.home / "config" / "config.yaml"
    if list_of_one_line:
        file.write_text(file.read_text() + "\nmailboxes: []\n")
    else:
        monkeypatch.setattr(mailbox_entry, "may_write", lambda folder: folder != file.parent)
    before = file.read_text()
    typed(f"{PASSWORD}\n")

    code, _, err = run("mailbox", "add", "--host", "x.example", "--username", "x@y.example", *given)

    assert code == 2 and "add by hand" in err and sys.stdin.readline() == f"{PASSWORD}\n"
    assert file.read_text() == before and not (office.home / "var" / "secrets").exists()
    item = err[err.index("  - ") :]
    file.write_text(before.replace("mailboxes: []", "") + f"\nmailboxes:\n{item}")
    monkeypatch.setenv("ORGO_MAILBOX_PASSWORD", PASSWORD)
    (account,) = load(office.home).accounts
    assert account.username == "x@y.example" and account.password


def test_add_writes_every_key_that_is_given(office, dovecot, run, objects, typed):
    typed(f"{PASSWORD}\n")
    code, _, err = run(
        "mailbox", "add", "--host", "localhost", "--port", str(dovecot.pop3s), "--protocol", "pop3", "--tls", "implicit",
        "--ca-file", str(dovecot.certificate), "--username", "pop@city.example",
    )  # fmt: skip
    assert code == 0, err
    assert "started anew" in err
    assert objects("mailbox", "test")[0]["mails"] == 0

    typed(f"{PASSWORD}\n")
    dovecot.put("two@city.example", *leaks(1), folder="Support")
    code, _, err = run(
        "mailbox", "add", "--host", "localhost", "--port", str(dovecot.imap), "--tls", "starttls",
        "--ca-file", str(dovecot.certificate), "--username", "two@city.example", "--folder", "INBOX", "--folder", "Support",
    )  # fmt: skip
    assert code == 0, err
    assert [row["folder"] for row in objects("mailbox", "test", "two@city.example")] == ["INBOX", "Support"]


OAUTH = (
    "mailbox", "add", "--host", "outlook.office365.com", "--username", "info@city.example", "--auth", "xoauth2",
    "--token-url", "https://login.example/token", "--client-id", "orgo", "--scope", "mail",
)  # fmt: skip


def test_add_by_tokens_keeps_the_applications_secret_in_a_file(office, run, typed):
    from orgo.conf import load

    typed("s3cret\n")
    code, out, err = run(*OAUTH)
    assert code == 0, err
    assert "s3cret" not in out + err + (office.home / "config" / "config.yaml").read_text()
    (account,) = load(office.home).accounts
    assert (account.auth, account.client_id, account.scope) == ("xoauth2", "orgo", "mail")
    assert account.client_secret and account.client_secret.get_secret_value() == "s3cret"
    assert account.password is None


def test_add_by_tokens_takes_the_accounts_consent_by_its_variable(office, run, typed, monkeypatch):
    from orgo.conf import load

    monkeypatch.setenv("CONSENT", "r3fresh")
    typed("")
    code, _, err = run(*OAUTH, "--refresh-token-env", "CONSENT")
    assert code == 0, err
    (account,) = load(office.home).accounts
    assert account.refresh_token and account.refresh_token.get_secret_value() == "r3fresh"
    assert account.client_secret is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "Outlook.Office365.com", "--username", "x@y.example", "--password-env", "HOME"), "takes no passwords"),
        (("--host", "x.example", "--username", "x@y.example", "--ca-file", "/not/there.pem"), "/not/there.pem"),
        (("--host", "x.example", "--username", "x@y.example", "--auth", "xoauth2", "--refresh-token-env", "HOME"), "token_url"),
        (("--host", "x.example", "--username", "x@y.example", "--auth", "xoauth2"), "--client-secret-env"),
    ],
)  # fmt: skip
def test_add_says_what_a_server_or_a_way_to_sign_in_needs(office, run, typed, words, said):
    file = office.home / "config" / "config.yaml"
    before = file.read_text()
    typed("")
    code, _, err = run("mailbox", "add", *words)
    assert code == 2 and said in err and "Traceback" not in err
    assert file.read_text() == before


ORGO = [sys.executable, "-c", "import sys; from orgo.cli.main import main; sys.exit(main(sys.argv[1:]))"]


@pytest.mark.of_sqlite
def test_add_asks_on_a_terminal_and_does_not_show_the_password(office, dovecot):
    """A person at a real terminal: three questions, and what is typed for the last one is not echoed."""
    from django.conf import settings

    url = f"sqlite:///{settings.DATABASES['default']['NAME']}"
    near, far = pty.openpty()
    process = subprocess.Popen(
        [*ORGO, "mailbox", "add", "--port", str(dovecot.imap)],
        env={**os.environ, "ORGO_HOME": str(office.home), "ORGO_DATABASE": url},
        stdin=far, stdout=far, stderr=far, start_new_session=True,
    )  # fmt: skip
    os.close(far)
    said = b""
    for question, answer in (
        (b"Server", b"localhost"), (b"Account", b"asked@city.example"), (b"Password", PASSWORD.encode()),
    ):  # fmt: skip
        said += _until(near, question)
        os.write(near, answer + b"\n")
    said += _until(near, b"started anew")
    assert process.wait(60) == 0
    os.close(near)
    assert PASSWORD.encode() not in said and b"orgo mailbox test asked@city.example" in said
    assert (office.home / "var" / "secrets" / "asked_city.example.password").read_text() == PASSWORD


def _until(terminal, words):
    """What a terminal shows until these words are among it, and the line's end after a question's colon."""
    shown = b""
    while words not in shown or (words[:1].isupper() and not shown.rstrip(b" ").endswith(b":")):
        shown += os.read(terminal, 1024)
    return shown
