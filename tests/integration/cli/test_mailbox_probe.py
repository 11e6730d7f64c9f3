"""`orgo mailbox test --send`: a probe mail by the mail server, and into a real Dovecot."""

import json
import re
import threading

import pytest

from tests.servers.dovecot import PASSWORD

pytestmark = pytest.mark.needs("dovecot")
NAME = "info@city.example"


@pytest.fixture
def protocol():
    return "imap"


@pytest.fixture
def user(office, dovecot, run, request, protocol):
    """A mailbox that has a mail already."""
    name = f"probe-{protocol}-{request.node.originalname[-30:]}@city.example".replace("_", "-")
    (office.home / "config" / "password").write_text(PASSWORD)
    with (office.home / "config" / "config.yaml").open("a") as file:
        port = getattr(dovecot, protocol)
        keys = f"protocol: {protocol}, host: localhost, port: {port}, name: {NAME}, username: {name}"
        file.write(f"\nmailboxes: [{{{keys}, password: 'file:password', address: {NAME}}}]\n")
    dovecot.put(name, b"Subject: leak\r\n\r\nbefore\r\n")
    return name


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_a_probe_is_seen_to_arrive_and_is_no_work(office, dovecot, user, run):
    from orgo.intake.models import Mail

    office.catcher.on_caught = lambda letter: dovecot.put(user, letter.data)
    code, out, _ = run("mailbox", "test", NAME, "--send")
    assert code == 0
    assert re.search(r"a probe mail was sent \(250 .*\) and arrived in INBOX after [0-9.]+ s", out)

    assert run("mailbox", "go-live", NAME, "--since", "2020-01-01")[0] == 0
    run("mailbox", "fetch")
    office.settle()
    kept = Mail.objects.order_by("id").values_list("outcome", "reason", "task")
    assert len(kept) == 2 and kept[1] == ("ignored", "our own probe mail is back", None)


def test_one_that_a_running_orgo_has_taken_has_arrived(office, user, run):
    from django.db import connection

    from orgo.intake.models import Mail
    from orgo.intake.store import Incoming, store

    def taken(letter):
        worker = threading.Thread(target=stored, args=(letter,))
        worker.start()
        worker.join()

    def stored(letter):
        (row,) = store([Incoming(letter.data, "imap")])
        found = re.search(rb"Message-ID: (<.+?>)", letter.data)
        assert found is not None
        Mail.objects.filter(pk=row.pk).update(message_id=found[1].decode())
        connection.close()

    office.catcher.on_caught = taken
    code, out, _ = run("mailbox", "test", NAME, "--send", "--json")
    assert code == 0 and json.loads(out.splitlines()[-1])["arrived_in"] == ""


def test_one_that_does_not_arrive_is_said_with_the_servers_words(office, user, run):
    code, _, err = run("mailbox", "test", "--send", "--within", "1")
    assert (
        code == 1 and "took the probe mail (250 2.0.0 Caught as 1), and it did not arrive within 1 s" in err
    )


def test_one_that_can_not_be_sent_is_said(office, user, run):
    file = office.home / "config" / "config.yaml"
    file.write_text(re.sub(r"(?m)^(smtp: .*port: )\d+", r"\g<1>1", file.read_text()))
    code, _, err = run("mailbox", "test", "--send")
    assert code == 1 and "could not be sent" in err and "Traceback" not in err


def test_without_a_mail_server_it_is_wrong_input(office, user, run):
    file = office.home / "config" / "config.yaml"
    file.write_text(re.sub(r"(?m)^smtp: .*\n", "", file.read_text()))
    code, _, err = run("mailbox", "test", "--send")
    assert code == 2 and "smtp: is needed to send a probe mail" in err
